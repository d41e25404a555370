"""Patches -> degrade -> generator and discriminator steps -> checkpoint (``docsr train``)."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import torch
import yaml
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from docsr.config import TrainConfig
from docsr.errors import Interrupted, TrainingError, UsageError
from docsr.io.files import atomic_write
from docsr.losses import ADVERSARIAL, Adversarial, ContentLoss
from docsr.pairs.dataset import Pair, PairDataset, stream
from docsr.training.schedule import learning_rate
from docsr.training.state import CHECKPOINT, STATE, TrainingState
from docsr.training.validation import Validation

CONFIG = "config.yaml"


class Observer(Protocol):
    """Hears how a run goes on; the command line prints it."""

    def on_step(self, step: int, scalars: dict[str, float]) -> None:
        """Scalars of a logged step."""

    def on_validation(self, step: int, scores: dict[str, float]) -> None:
        """Scores of a validation."""


def train(config: TrainConfig, patches: Path, out: Path, observer: Observer, *, resume: bool = False) -> Path:
    """Train a network on the patch store ``patches``; return the checkpoint, ``out/checkpoint.safetensors``.

    Raises:
        UsageError: ``out`` holds a run and ``resume`` is not given, or options do not fit each other.
        TrainingError: no patches, or a loss that is not a number (the last good state is kept).
        Interrupted: Ctrl-C or SIGTERM; the state is saved.
    """
    if (out / STATE).exists() and not resume:
        raise UsageError(f"{out} holds a run already: go on with --resume, or choose another --out")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dataset = PairDataset(patches, "train", config.data, config.factor, config.seed)
    if not len(dataset):
        raise TrainingError(f"{patches} holds no training patches")
    state = TrainingState(config, device, resumed=resume)
    if resume:
        state.load(out)
    content = ContentLoss(config.loss).to(device)
    validation = Validation(config, patches)
    out.mkdir(parents=True, exist_ok=True)
    with atomic_write(out / CONFIG) as path:
        path.write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False), encoding="utf-8")
    if not resume:
        state.save(out, _lr_x_height(dataset, config.factor))  # a run that is killed at once can be resumed too
    run = Run(config, state, content, validation, device, out, _lr_x_height(dataset, config.factor), observer)
    batches = stream(dataset, config.data.batch, config.data.workers, start=state.step * config.data.batch)
    with _stop_signals() as stopped, SummaryWriter(str(out / "tensorboard"), purge_step=state.step) as writer:
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

    def loop(self, batches: Iterator[Pair], stopped: Callable[[], bool], writer: SummaryWriter) -> None:
        """Step until the schedule ends, saving, validating and logging on the way."""
        state, output, steps = self.state, self.config.output, self.config.schedule.steps
        while state.step < steps:
            lr, hr = next(batches)
            scalars = self.step(lr.to(self.device), hr.to(self.device))
            state.step += 1
            if state.step % output.log_every == 0 or state.step == steps:
                self.observer.on_step(state.step, scalars)
                for name, value in scalars.items():
                    writer.add_scalar(f"train/{name}", value, state.step)
            if stopped() and state.step < steps:
                state.save(self.out, self.x_height)
                raise Interrupted(f"stopped at step {state.step} of {steps}; --resume goes on from there")
            if state.step % output.checkpoint_every == 0 or state.step == steps:
                state.save(self.out, self.x_height)
            if state.step % output.validate_every == 0 or state.step == steps:
                self.validate(writer)

    def step(self, lr: Tensor, hr: Tensor) -> dict[str, float]:
        """One generator update (and, in the GAN phase, one discriminator update before it)."""
        config, state = self.config, self.state
        rate = learning_rate(config.schedule, state.step)
        state.generator.train()
        with self.autocast():
            sr = state.generator(lr)
        sr = sr.float()
        scalars: dict[str, float] = {}
        if self.in_gan_phase() and state.discriminator is not None:
            scalars["discriminator"] = self.discriminator_step(state.discriminator, sr.detach(), hr, rate)
        with self.autocast():
            terms = self.content(sr, hr)
            if self.in_gan_phase() and state.discriminator is not None:
                logits = state.discriminator(sr).float()
                terms["adversarial"] = config.loss.adversarial_weight * self.game().generator(logits)
        loss = torch.stack([term.float() for term in terms.values()]).sum()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingError(
                f"the loss is not a number at step {state.step}: lower schedule.learning_rate and --resume from "
                f"the last checkpoint in {self.out}"
            )
        if not state.spikes.is_spike(value):
            self.update(state.optimiser, state.generator, loss, config.schedule.learning_rate * rate)
            state.ema.update_parameters(state.generator)
        scalars |= {name: float(term.detach()) for name, term in terms.items()}
        return scalars | {"loss": value, "learning_rate": config.schedule.learning_rate * rate}

    def discriminator_step(self, critic: nn.Module, sr: Tensor, hr: Tensor, rate: float) -> float:
        """Teach the discriminator this batch; return its loss."""
        critic.train()
        with self.autocast():
            real, fake = critic(hr), critic(sr)
        loss = self.game().discriminator(real.float(), fake.float())
        optimiser = self.state.critic_optimiser
        assert optimiser is not None
        self.update(optimiser, critic, loss, self.config.schedule.discriminator_learning_rate * rate)
        return float(loss.detach())

    def update(self, optimiser: torch.optim.Optimizer, network: nn.Module, loss: Tensor, rate: float) -> None:
        """Backward, clip, step."""
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(network.parameters(), self.config.schedule.clip)
        if torch.isfinite(norm):  # else the weights would be lost, and the next checkpoint with them
            optimiser.step()

    def validate(self, writer: SummaryWriter) -> None:
        """Score the averaged weights and leave a picture."""
        network, step = self.state.ema.module, self.state.step
        scores = self.validation.run(network, self.device)
        self.observer.on_validation(step, scores)
        for name, value in scores.items():
            writer.add_scalar(f"validation/{name}", value, step)
        picture = self.validation.strip(network, self.device, self.out / "strips" / f"step-{step:07d}.png")
        if picture is not None:
            writer.add_image("LR_bicubic_SR_HR", picture, step, dataformats="HW")

    def in_gan_phase(self) -> bool:
        """True from ``schedule.gan_start`` on."""
        start = self.config.schedule.gan_start
        return start is not None and self.state.step >= start

    def game(self) -> Adversarial:
        """The configured adversarial losses."""
        return ADVERSARIAL.find(self.config.loss.adversarial)

    def autocast(self) -> torch.autocast:
        """Mixed precision where configured."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.schedule.bf16)


def _lr_x_height(dataset: PairDataset, factor: int) -> tuple[float, float] | None:
    """Text size of the LR side of training pairs, in px."""
    stored = dataset.store.header.x_height
    if stored is None:
        return None
    low, high = dataset.scale
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
