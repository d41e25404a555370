"""Patches -> degrade -> generator and discriminator steps -> checkpoint (``docsr train``)."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NoReturn, Protocol

import torch
import yaml
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from docsr.config import TrainConfig
from docsr.errors import Interrupted, TrainingError, UsageError
from docsr.io.files import atomic_write
from docsr.losses import ADVERSARIAL, ContentLoss
from docsr.pairs.dataset import Pair, PairDataset, stream
from docsr.pairs.store import PatchStore
from docsr.training.curves import draw_curves
from docsr.training.schedule import Skips, SpikeGuard, learning_rate
from docsr.training.state import CHECKPOINT, STATE, TrainingState
from docsr.training.validation import Validation

CONFIG, LOG, CURVES = "config.yaml", "tensorboard", "curves.png"
"""What a run leaves in its folder, beside state and checkpoint."""


class Observer(Protocol):
    """Hears how a run goes on; the command line prints it."""

    def on_step(self, step: int, scalars: dict[str, float]) -> None:
        """Scalars of a logged step."""

    def on_validation(self, step: int, scores: dict[str, float]) -> None:
        """Scores of a validation."""

    def on_warning(self, sentence: str) -> None:
        """Something is left out, and the run goes on."""


def train(config: TrainConfig, patches: Path, out: Path, observer: Observer, *, resume: bool = False) -> Path:
    """Train a network on the patch store ``patches``; return the checkpoint, ``out/checkpoint.safetensors``.

    Raises:
        UsageError: ``out`` holds a run and ``resume`` is not given, there is none to resume, options do not fit each
            other or the run, or ``patches`` is no folder of patches.
        CheckpointError: weights or a saved state that cannot be used.
        TrainingError: no patches, a worker that died, or updates that are no numbers (the last good state is kept).
        Interrupted: Ctrl-C or SIGTERM; the state is saved.
    """
    if (out / STATE).exists() and not resume:
        raise UsageError(f"{out} holds a run already: go on with --resume, or choose another --out")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    store = PatchStore(patches, "train")
    if not len(store):
        raise TrainingError(f"{patches} holds no training patches")
    state = TrainingState(config, device, patches=store.fingerprint(), resumed=resume)
    batch, factors = config.data.batch, state.generator.factors
    dataset = PairDataset(patches, "train", config.data, factors, config.seed, colours=config.colours, turn=batch)
    if resume:
        state.load(out)
    content = ContentLoss(config.loss).to(device)
    validation = Validation(config, patches, observer.on_warning)
    run = Run(config, state, content, validation, device, out, _lr_x_height(dataset, config.factor), observer)
    out.mkdir(parents=True, exist_ok=True)
    with atomic_write(out / CONFIG) as path:
        path.write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False), encoding="utf-8")
    if not resume:
        run.save()  # a run that is killed at once can be resumed too
    pairs = stream(dataset, batch, config.data.workers, start=state.step * batch)
    # What an interrupted run logged after its last checkpoint is hidden; the step of the checkpoint itself counts.
    log = SummaryWriter(str(out / LOG), purge_step=state.step + 1)
    with _stop_signals() as stopped, log as writer, closing(pairs) as batches:
        run.loop(batches, stopped, writer)
    return out / CHECKPOINT


class Run:
    """The loop of one run."""

    def __init__(
        self,
        config: TrainConfig,
        state: TrainingState,
        content: ContentLoss,
        validation: Validation,
        device: torch.device,
        out: Path,
        x_height: tuple[float, float] | None,
        observer: Observer,
    ) -> None:
        self.config, self.state, self.content, self.validation = config, state, content, validation
        self.device, self.out, self.x_height, self.observer = device, out, x_height, observer
        # Found now, so that a wrong name does not wait for the GAN phase.
        self.adversarial = ADVERSARIAL.find(config.loss.adversarial)
        self.skips = Skips()

    def loop(self, batches: Iterator[Pair], stopped: Callable[[], bool], writer: SummaryWriter) -> None:
        """Step until the schedule ends, saving, validating and logging on the way."""
        state, output, steps = self.state, self.config.output, self.config.schedule.steps
        while state.step < steps:
            lr, hr = self.next_batch(batches, stopped)
            scalars = self.step(lr.to(self.device), hr.to(self.device))
            state.step += 1
            if state.step % output.log_every == 0 or state.step == steps:
                self.observer.on_step(state.step, scalars)
                for name, value in scalars.items():
                    writer.add_scalar(f"train/{name}", value, state.step)
            if stopped() and state.step < steps:
                self.stop()
            if state.step % output.checkpoint_every == 0 or state.step == steps:
                self.save()
            if state.step % output.validate_every == 0 or state.step == steps:
                self.validate(writer)

    def next_batch(self, batches: Iterator[Pair], stopped: Callable[[], bool]) -> Pair:
        """The next batch; when there is none for want of workers, the state is saved: no update is half done here."""
        try:
            return next(batches)
        except TrainingError:
            if stopped():  # the signal that stops the run reached a worker before it could ignore it
                self.stop()
            self.save()
            raise

    def stop(self) -> NoReturn:
        """Save and end the run."""
        self.save()
        raise Interrupted(
            f"stopped at step {self.state.step} of {self.config.schedule.steps}; --resume goes on from there"
        )

    def save(self) -> None:
        """Write the state and the checkpoint."""
        self.state.save(self.out, self.x_height)

    def step(self, lr: Tensor, hr: Tensor) -> dict[str, float]:
        """One generator update (and, in the GAN phase, one discriminator update before it)."""
        config, state = self.config, self.state
        rate = learning_rate(config.schedule, state.step)
        critic = state.discriminator if self.in_gan_phase() else None
        if state.step == config.schedule.gan_start:
            state.spikes = SpikeGuard(config.schedule.spike)  # with other terms the loss has another level
        state.generator.at(hr.shape[-1] // lr.shape[-1]).train()
        with self.autocast():
            sr = state.generator(lr)
        sr = sr.float()
        scalars: dict[str, float] = {}
        if critic is not None:
            scalars["discriminator"] = self.discriminator_step(critic, sr.detach(), hr, rate)
        terms = self.terms(critic, sr, hr)
        loss = torch.stack([term.float() for term in terms.values()]).sum()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingError(
                f"the loss is not a number at step {state.step}: lower schedule.learning_rate and start a new --out "
                f"with --set init={self.out / CHECKPOINT}"
            )
        rate *= config.schedule.learning_rate
        taken = not state.spikes.is_spike(value) and self.update(state.optimiser, state.generator, loss, rate)
        if taken:
            state.ema.update_parameters(state.generator)
        self.skips.add("generator", taken=taken)
        scalars |= {name: float(term.detach()) for name, term in terms.items()}
        return scalars | {"loss": value, "learning_rate": rate, "skipped": self.skips.total}

    def terms(self, critic: nn.Module | None, sr: Tensor, hr: Tensor) -> dict[str, Tensor]:
        """The weighted terms of the generator's loss by name."""
        with self.autocast():
            terms: dict[str, Tensor] = self.content(sr, hr, pixel_only=self.in_pixel_phase())
            if critic is not None:
                fooled = self.adversarial.generator(critic(sr).float())
                terms["adversarial"] = self.config.loss.adversarial_weight * fooled
        return terms

    def discriminator_step(self, critic: nn.Module, sr: Tensor, hr: Tensor, rate: float) -> float:
        """Teach the discriminator this batch; return its loss."""
        critic.train()
        config = self.config.loss
        with self.autocast():
            real, fake = critic(hr), critic(sr)
        labels = (torch.empty_like(real).uniform_(*ends) for ends in (config.real_labels, config.fake_labels))
        loss = self.adversarial.discriminator(real.float(), fake.float(), *(label.float() for label in labels))
        optimiser = self.state.critic_optimiser
        assert optimiser is not None
        taken = self.update(optimiser, critic, loss, self.config.schedule.discriminator_learning_rate * rate)
        self.skips.add("discriminator", taken=taken)
        return float(loss.detach())

    def update(self, optimiser: torch.optim.Optimizer, network: nn.Module, loss: Tensor, rate: float) -> bool:
        """Backward, clip, step; False when the gradient is not finite and the step is left out."""
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(network.parameters(), self.config.schedule.clip)
        finite = bool(torch.isfinite(norm))
        if finite:  # else the weights would be lost, and the next checkpoint with them
            optimiser.step()
        return finite

    def validate(self, writer: SummaryWriter) -> None:
        """Score the averaged weights and leave a picture."""
        network, step = self.state.averaged, self.state.step
        scores = self.validation.run(network, self.device)
        self.observer.on_validation(step, scores)
        for name, value in scores.items():
            writer.add_scalar(f"validation/{name}", value, step)
        picture = self.validation.strip(network, self.device, self.out / "strips" / f"step-{step:07d}.png")
        if picture is not None:
            writer.add_image("LR_bicubic_SR_HR", picture, step, dataformats="HW" if picture.ndim == 2 else "HWC")
        writer.flush()
        draw_curves(self.out / LOG, self.out / CURVES)

    def in_gan_phase(self) -> bool:
        """True from ``schedule.gan_start`` on."""
        start = self.config.schedule.gan_start
        return start is not None and self.state.step >= start

    def in_pixel_phase(self) -> bool:
        """True before ``schedule.gan_start``, where there is one."""
        return self.config.schedule.gan_start is not None and not self.in_gan_phase()

    def autocast(self) -> torch.autocast:
        """Mixed precision where configured."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.schedule.bf16)


def _lr_x_height(dataset: PairDataset, factor: int) -> tuple[float, float] | None:
    """Text size of the LR side of training pairs, in px."""
    stored = dataset.store.header.x_height
    if stored is None:
        return None
    low, high = dataset.scales[factor]
    return round(stored * low / factor, 2), round(stored * high / factor, 2)


@contextmanager
def _stop_signals() -> Iterator[Callable[[], bool]]:
    """Turn SIGINT and SIGTERM into a question that the loop asks between steps."""
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag.is_set
        return
    before = {number: signal.signal(number, lambda *_: flag.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield flag.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
