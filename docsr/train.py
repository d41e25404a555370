"""Train a network on patches and save checkpoints (``docsr train``)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import NoReturn, Protocol

import yaml
from torch.utils.tensorboard import SummaryWriter

from docsr.errors import Interrupted, TrainingError, UsageError
from docsr.io.paths.atomic import atomic_write
from docsr.losses import ContentLoss
from docsr.pairs.dataset import Pair, PairDataset, StepLayout, stream
from docsr.pairs.store import PatchStore
from docsr.system.temporary import need_temporary_folder
from docsr.text.wording import counted
from docsr.train_config import DegradeConfig, TrainConfig
from docsr.training.clock import Clock, Means
from docsr.training.curves import draw_curves
from docsr.training.processes import Processes, joined
from docsr.training.state import CHECKPOINT, STATE, TrainingState
from docsr.training.stopping import Stop, Stopped, stop_signals
from docsr.training.updates import COUNTERS, Updates
from docsr.training.validation import Validation

CONFIG, LOG, CURVES, KEPT, STRIPS = "config.yaml", "tensorboard", "curves.png", "kept", "strips"
"""Names of what a run leaves in its folder, besides the state and the checkpoint."""


class Observer(Protocol):
    """Receives the progress of a run; the command line prints it."""

    def on_step(self, step: int, scalars: dict[str, float]) -> None:
        """Receive the scalars of a logged step."""

    def on_validation(self, step: int, scores: dict[str, float]) -> None:
        """Receive the scores of a validation."""

    def on_validating(self, done: int, total: int) -> None:
        """Receive how many patches and pages of a validation are done."""

    def on_warning(self, sentence: str) -> None:
        """Receive a sentence about something that is left out while the run goes on."""


def train(
    config: TrainConfig,
    patches: Path,
    out: Path,
    observer: Observer,
    *,
    resume: bool = False,
    resume_at: int | None = None,
) -> Path:
    """Train a network on the patch store ``patches``; return the checkpoint, ``out/checkpoint.safetensors``.

    Under torchrun all processes call this function: they share the batches of each step, and the first process writes
    files and reports progress.

    Args:
        config: the run's options.
        patches: folder made by ``docsr prepare``.
        out: the run's folder.
        observer: receives the progress.
        resume: continue the run in ``out``.
        resume_at: continue from this kept step (``output.keep_every``) instead of the latest one, and drop later steps.

    Raises:
        UsageError: ``out`` holds a run, or a file that would be replaced, and ``resume`` is not given; there is no run
            to resume; options do not fit each other or the run; or ``patches`` is no folder of patches.
        CheckpointError: weights or a saved state that cannot be used.
        TrainingError: there are no patches, a worker died, another process is gone, or updates are not finite numbers
            (the last good state is kept).
        NoTemporaryFolder: there is no temporary folder, which torch needs.
        Interrupted: Ctrl-C or SIGTERM; the state is saved.
    """
    need_temporary_folder()
    if os.path.exists(out / STATE) and not resume and resume_at is None:
        raise UsageError(f"{out} holds a run already: go on with --resume, or choose another --out")
    if not resume and resume_at is None:
        _refuse_other_files(out)
    with joined() as processes:
        return _train(config, patches, out, observer, processes, _state_folder(out, resume, resume_at))


def _refuse_other_files(out: Path) -> None:
    """Raise a UsageError if a new run would replace a file that belongs to no run."""
    for path in (out / CONFIG, out / CHECKPOINT, out / CURVES):
        if os.path.lexists(path):
            raise UsageError(f"{path} exists already and belongs to no run that could go on: choose another --out")


def _state_folder(out: Path, resume: bool, at: int | None) -> Path | None:
    """Return the folder of the saved state to resume from, None for a new run. UsageError for a step not kept."""
    if at is None:
        return out if resume else None
    steps = _kept_steps(out)
    if at not in steps:
        listed = ", ".join(map(str, steps)) or "none (output.keep_every)"
        raise UsageError(f"step {at} was not kept in {out}: it has {listed}")
    return _kept_folder(out, at)


def _kept_folder(out: Path, step: int) -> Path:
    return out / KEPT / f"{step:07d}"


def _strip_name(step: int) -> str:
    return f"step-{step:07d}.png"


def _kept_steps(out: Path) -> list[int]:
    return sorted(int(path.parent.name) for path in (out / KEPT).glob(f"*/{STATE}") if path.parent.name.isdigit())


def _train(
    config: TrainConfig,
    patches: Path,
    out: Path,
    observer: Observer,
    processes: Processes,
    saved: Path | None,
) -> Path:
    store = PatchStore(patches, "train")
    if not len(store):
        raise TrainingError(f"{patches} holds no training patches")
    state = TrainingState(config, processes.device, patches=store.fingerprint(), resumed=saved is not None)
    share = StepLayout(config.data.batch, config.schedule.accumulate, processes.rank, processes.size)
    dataset = PairDataset(
        patches, "train", config.data, state.generator.factors, config.seed, colours=config.colours, turn=share.step
    )
    if saved is not None:
        state.load(saved)
    content = ContentLoss(config.loss).to(processes.device)
    validation = Validation(config, patches, observer.on_warning) if processes.first else None
    x_height = _lr_x_height(dataset, config.factor)
    updates = Updates(config, state, content, processes)
    updates.try_out()
    run = Run(config, state, updates, validation, out, x_height, observer, share)
    if processes.first:
        out.mkdir(parents=True, exist_ok=True)
        with atomic_write(out / CONFIG) as file:
            file.write(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False).encode())
    if saved != out:
        run.save()  # so that even a run that is killed at once can be resumed
        run.remove_later_steps()
    if processes.first and store.header.lr_factor is not None and config.data.degrade != DegradeConfig():
        observer.on_warning("data.degrade is not used: these patches have an LR of their own")
    if processes.first and state.taken is not None:
        observer.on_warning("{} of the network's {} tensors start from those of init".format(*state.taken))
    if (before := state.resize_steps(share.step)) and processes.first:
        observer.on_warning(f"a step has {counted(share.step, 'patch')} from now on instead of {before}")
    run.go(stream(dataset, share, config.data.workers, start=state.samples))
    return out / CHECKPOINT


class Run:
    """The loop of one run."""

    def __init__(
        self,
        config: TrainConfig,
        state: TrainingState,
        updates: Updates,
        validation: Validation | None,
        out: Path,
        x_height: tuple[float, float] | None,
        observer: Observer,
        share: StepLayout,
    ) -> None:
        self.config, self.state, self.updates, self.validation = config, state, updates, validation
        self.out, self.x_height, self.observer, self.share = out, x_height, observer, share
        self.processes = updates.processes

    def go(self, pairs: Generator[Pair, None, None]) -> None:
        """Step to the end, or until a signal stops the run; then close ``pairs``."""
        # Hide what an interrupted run logged after its last checkpoint; the step of the checkpoint itself stays.
        purged = self.state.step + 1
        log = SummaryWriter(str(self.out / LOG), purge_step=purged) if self.processes.first else None
        try:
            with stop_signals() as stopped, log or nullcontext(), closing(pairs) as batches:
                self.loop(batches, stopped, log)
        except Interrupted:
            if self.processes.first:  # the log file is complete now
                draw_curves(self.out / LOG, self.out / CURVES)
            raise

    def loop(self, batches: Iterator[Pair], stopped: Stop, writer: SummaryWriter | None) -> None:
        """Step until the schedule ends; save, validate and log on the way."""
        state, output, steps = self.state, self.config.output, self.config.schedule.steps
        clock, means = Clock(), Means()
        while state.step < steps:
            clock.begin()
            own = [self.next_batch(batches, stopped) for _ in range(self.share.batches)]
            clock.waited()
            scalars = self.updates.step(own)
            clock.stepped()
            means.add(scalars)
            state.step += 1
            state.samples += self.share.step
            if writer is not None and (state.step % output.log_every == 0 or state.step == steps):
                logged = means.read() | {name: scalars[name] for name in COUNTERS}
                logged |= clock.read() | self.processes.memory()
                self.observer.on_step(state.step, logged)
                for name, value in logged.items():
                    writer.add_scalar(f"train/{name}", value, state.step)
            if self.processes.any(stopped()) and state.step < steps:
                self.stop()
            if state.step % output.checkpoint_every == 0 or state.step == steps:
                self.save()
            if output.keep_every is not None and state.step % output.keep_every == 0:
                self.save(_kept_folder(self.out, state.step))
            if writer is not None and (state.step % output.validate_every == 0 or state.step == steps):
                self.validate(writer, stopped)

    def next_batch(self, batches: Iterator[Pair], stopped: Stop) -> Pair:
        """Return the next batch; save the state if the workers died, since no update is half done here."""
        try:
            return next(batches)
        except TrainingError:
            if stopped():  # the signal that stops the run reached a worker before it could ignore it
                self.stop()
            self.save()
            raise

    def stop(self) -> NoReturn:
        """Save the state and end the run."""
        self.save()
        raise Interrupted(
            f"stopped at step {self.state.step} of {self.config.schedule.steps}; --resume goes on from there"
        )

    def save(self, folder: Path | None = None) -> None:
        """Write the state and the checkpoint into ``folder``, by default the run's; only the first process writes."""
        if self.processes.first:
            folder = folder or self.out
            folder.mkdir(parents=True, exist_ok=True)
            self.state.save(folder, self.x_height)

    def remove_later_steps(self) -> None:
        """Remove kept states and pictures of later steps, which belong to the history before this resume."""
        if not self.processes.first:
            return
        later = [step for step in _kept_steps(self.out) if step > self.state.step]
        for step in later:
            shutil.rmtree(_kept_folder(self.out, step))
        for picture in (self.out / STRIPS).glob("step-*.png"):
            if picture.name > _strip_name(self.state.step):
                picture.unlink()
        if later:
            self.observer.on_warning(f"the kept steps {', '.join(map(str, later))} are removed: they will be made anew")

    def validate(self, writer: SummaryWriter, stopped: Stop) -> None:
        """Score the averaged weights and write a picture; a signal ends the validation at once, and then the run."""
        try:
            with stopped.at_once():
                self.score(writer)
        except Stopped:
            if self.processes.size == 1:
                self.stop()
            # The other processes are at the next step already, or wait at the end: all stop together, as after a step.
            self.observer.on_warning("the validation is left out because the run was asked to stop")

    def score(self, writer: SummaryWriter) -> None:
        """Score the averaged weights and write a picture."""
        assert self.validation is not None
        network, step, device = self.state.averaged, self.state.step, self.processes.device
        scores = self.validation.run(network, device, self.observer.on_validating)
        self.observer.on_validation(step, scores)
        for name, value in scores.items():
            writer.add_scalar(f"validation/{name}", value, step)
        picture = self.validation.strip(network, device, self.out / STRIPS / _strip_name(step))
        if picture is not None:
            writer.add_image("LR_bicubic_SR_HR", picture, step, dataformats="HW" if picture.ndim == 2 else "HWC")
        writer.flush()
        draw_curves(self.out / LOG, self.out / CURVES)


def _lr_x_height(dataset: PairDataset, factor: int) -> tuple[float, float] | None:
    """Return the range of x-heights in px on the LR side of training pairs; None if unknown."""
    sizes = [
        stored * scale / factor
        for (of, stored), scales in dataset.scales.items()
        for scale in scales
        if of == factor and stored is not None
    ]
    return (round(min(sizes), 2), round(max(sizes), 2)) if sizes else None
