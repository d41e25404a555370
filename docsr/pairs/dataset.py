"""Stream (LR, HR) training pairs without end, by seed.

Sample ``n`` depends on the seed and ``n`` alone, not on the workers or on earlier samples. A resumed run only needs to
continue counting.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing import active_children
from multiprocessing.context import SpawnContext
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from docsr.errors import TrainingError, UsageError
from docsr.page import Pixels, luminance
from docsr.pairs.degrade import Degrade
from docsr.pairs.store import PatchStore
from docsr.pool import tell_alone, why_alone
from docsr.train_config import DataConfig

Pair = tuple[Tensor, Tensor]
DEFAULT_SPREAD = 0.85
"""Default for the smallest scale: text size is measured to some 10 %, so a network must tolerate that much."""
TRIES = 3
"""Number of pieces drawn before a blank one is accepted: most samples should teach, and some should be paper."""
BLANK_DEVIATION = 25.0
"""Standard deviation, of 255, below which a piece has hardly a letter: that of paper with its noise is lower."""
_DEAD_WORKER = "DataLoader worker (pid"
"""Start of torch's message about a worker that died; its messages about errors in a worker start differently."""


class PairDataset(Dataset[Pair]):
    """Pairs of one split of a store: LR C x P x P and HR C x fP x fP, float32 in [0, 1].

    Args:
        folder: the store.
        split: 'train' or 'val'.
        config: how patches become pairs.
        factors: factors of the pairs; with several, each applies to ``turn`` samples, then the next one does.
        seed: seed of every draw.
        colours: 1 makes grey pairs of any patches, 3 needs patches in colour.
        turn: number of samples in a row with the same factor: those of one step.

    Raises:
        UsageError: the store's patches do not fit: they are too small, grey, or pairs of another factor.
    """

    def __init__(
        self,
        folder: Path,
        split: str,
        config: DataConfig,
        factors: Sequence[int],
        seed: int,
        *,
        colours: int = 1,
        turn: int = 1,
    ) -> None:
        self.store = PatchStore(folder, split)
        header = self.store.header
        if colours > header.colours:
            raise UsageError(f"the patches in {folder} are grey: prepare them with --colour to train on RGB")
        if header.lr_factor is not None and set(factors) != {header.lr_factor}:
            asked = ", ".join(map(str, factors))
            raise UsageError(f"the patches in {folder} are pairs of the factor {header.lr_factor}, not {asked}")
        self.config, self.seed, self.colours, self.turn = config, seed, colours, turn
        self.factors = tuple(factors)
        self.scales = {
            (factor, x_height): scale_range(config, header.size, x_height, config.lr_patch * factor)
            for factor in factors
            for x_height in self.store.x_heights
        }
        self.degrade = {factor: Degrade(config.degrade, factor) for factor in factors}

    def __getitem__(self, number: int) -> Pair:
        """Return sample ``number`` of the stream (it may exceed the number of patches)."""
        random = np.random.default_rng([self.seed, number])
        factor = self.factors[number // self.turn % len(self.factors)]
        make = self._degraded if self.store.header.lr_factor is None else self._prepared
        hr, lr = _flip_and_rotate(*make(factor, random), self.config, random)
        return _tensor(lr), _tensor(hr)

    def validation(self, count: int) -> list[Pair]:
        """Return up to ``count`` fixed pairs: degraded pieces of patches, or each of the source's own pairs once.

        The source's pairs are taken from all over the store, since neighbours show the same picture.
        """
        if self.store.header.lr_factor is None:
            return [self[number] for number in range(count if len(self) else 0)]
        numbers = np.linspace(0, len(self) - 1, min(count, len(self))).astype(int)
        sides = ((self.store.lr(number), self.store[number]) for number in map(int, numbers))
        return [(_tensor(self._in_colours(lr)), _tensor(self._in_colours(hr))) for lr, hr in sides]

    def __len__(self) -> int:
        return len(self.store)

    def _degraded(self, factor: int, random: np.random.Generator) -> tuple[Pixels, Pixels]:
        """Return (HR, LR) of a piece that is not blank, degraded here."""
        for _ in range(TRIES):
            number = int(random.integers(len(self.store)))
            scale = self.scales[factor, self.store.x_height(number)]
            piece = crop(self._in_colours(self.store[number]), self.config.lr_patch * factor, scale, random)
            if piece.std() > BLANK_DEVIATION:
                break
        return self.degrade[factor](piece, random)

    def _prepared(self, factor: int, random: np.random.Generator) -> tuple[Pixels, Pixels]:
        """Return (HR, LR) of the same place in a pair of the source."""
        number, size = int(random.integers(len(self.store))), self.config.lr_patch
        lr, hr = self._in_colours(self.store.lr(number)), self._in_colours(self.store[number])
        y, x = (int(random.integers(length - size + 1)) for length in lr.shape[:2])
        place, large = (slice(y, y + size), slice(x, x + size)), size * factor
        y, x = y * factor, x * factor
        return hr[y : y + large, x : x + large], lr[place]

    def _in_colours(self, patch: Pixels) -> Pixels:
        return luminance(patch) if self.colours == 1 else patch


def _flip_and_rotate(hr: Pixels, lr: Pixels, config: DataConfig, random: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Mirror and rotate both images alike, if the configuration asks for it."""
    if config.flip and random.random() < 0.5:
        hr, lr = hr[:, ::-1], lr[:, ::-1]
    turns = int(random.integers(4)) if config.rotate else 0
    return np.rot90(hr, turns), np.rot90(lr, turns)


@dataclass(frozen=True, slots=True)
class StepLayout:
    """Which samples of a step belong to this process.

    Attributes:
        batch: number of samples in a batch.
        batches: number of batches in a step (gradient accumulation).
        rank: number of the process, from 0.
        processes: number of processes.
    """

    batch: int
    batches: int = 1
    rank: int = 0
    processes: int = 1

    @property
    def step(self) -> int:
        """Return the number of samples in a step of all processes."""
        return self.batch * self.batches * self.processes


class Counting(Sampler[int]):
    """Yield the sample numbers of a process from ``start`` on, without end; lower ranks have earlier ones in a step."""

    def __init__(self, start: int, share: StepLayout) -> None:
        self.start, self.share = start, share

    def __iter__(self) -> Iterator[int]:
        share = self.share
        own = share.batch * share.batches
        for step in count(self.start + own * share.rank, share.step):
            yield from range(step, step + own)


def scale_range(config: DataConfig, size: int, x_height: float | None, hr_patch: int) -> tuple[float, float]:
    """Return the scales (low, high) that bring patches of ``size`` and ``x_height`` px to the configured text size.

    Patches are never enlarged: in a range of text sizes, patches of small text serve the lower part.

    Raises:
        UsageError: the stored patches are too small for ``hr_patch``, or their text is smaller than configured.
    """
    if hr_patch > size:
        raise UsageError(
            f"training needs HR patches of {hr_patch} px and the prepared ones have {size}: "
            "lower data.lr_patch or prepare with a larger --patch"
        )
    low, high = DEFAULT_SPREAD, 1.0
    if config.x_height is not None:
        if x_height is None:
            raise UsageError("data.x_height needs patches of known x-height, but these were prepared with --as-is")
        low, high = (x / x_height for x in config.x_height)
    if low > 1.0:
        raise UsageError(f"data.x_height asks for larger text than the prepared {x_height:g} px")
    smallest = hr_patch / size
    return max(low, smallest), min(max(high, smallest), 1.0)


def crop(patch: Pixels, size: int, scale: tuple[float, float], random: np.random.Generator) -> Pixels:
    """Return a size x size piece of ``patch`` after scaling by a factor drawn log-uniformly from ``scale``."""
    drawn = float(np.exp(random.uniform(np.log(scale[0]), np.log(scale[1]))))
    window = min(patch.shape[0], max(size, round(size / drawn)))
    y, x = (int(random.integers(patch.shape[0] - window + 1)) for _ in range(2))
    piece = patch[y : y + window, x : x + window]
    if window == size:
        return np.ascontiguousarray(piece)
    return np.asarray(cv2.resize(piece, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def stream(dataset: PairDataset, share: StepLayout, workers: int, start: int) -> Generator[Pair, None, None]:
    """Yield batches (LR N x C x P x P, HR N x C x fP x fP) of a process from sample ``start`` on; close it at the end.

    If no workers can be started, batches are prepared in this process, and a warning says so.

    Raises:
        TrainingError: a worker died; it is raised between two steps.
    """
    why = why_alone() if workers else None
    if why is not None:
        tell_alone(why, ", which prepares batches too")
        workers = 0
    loader = DataLoader(
        dataset,
        batch_size=share.batch,
        sampler=Counting(start, share),
        num_workers=workers,
        worker_init_fn=_start_worker,
        prefetch_factor=8 if workers else None,
        multiprocessing_context=Context() if workers else None,
    )
    others = set(active_children())
    with _no_error_in_signal_handler():
        batches = iter(loader)
    started = set(active_children()) - others
    try:
        yield from batches
    except RuntimeError as error:
        if not str(error).startswith(_DEAD_WORKER):
            raise
        raise TrainingError(
            "a process that prepares batches died (out of memory?): go on with --resume, and with --set data.workers=0 "
            "if it dies again"
        ) from error
    finally:
        del batches  # torch ends its workers and waits: one killed at work might hold a lock for ever
        for worker in started:  # workers ignore SIGTERM, with which torch and Python would end the rest
            worker.kill()


class _Flag:
    """Replace an event of torch without a lock: a worker killed while it holds one would stop all others."""

    def __init__(self, context: SpawnContext) -> None:
        self._value = context.RawValue("b", 0)

    def set(self) -> None:
        self._value.value = 1

    def is_set(self) -> bool:
        return bool(self._value.value)


class Context(SpawnContext):
    """Start the workers of torch, with an event that tells them to end."""

    def Event(self) -> Any:
        """Return the event."""
        return _Flag(self)


@contextmanager
def _no_error_in_signal_handler() -> Iterator[None]:
    """Keep torch from reporting a dead worker by an exception in the handler of SIGCHLD.

    Such an exception may interrupt an update, whose state then cannot be saved. The queue of batches reports it too.
    """
    if not hasattr(signal, "SIGCHLD") or threading.current_thread() is not threading.main_thread():
        yield  # torch installs no handler here either
        return
    before = signal.getsignal(signal.SIGCHLD)
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, before)


def _start_worker(_: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # sent to all processes at once: the loop saves first, then ends this one
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def _tensor(image: Pixels) -> Tensor:
    planes = image[None] if image.ndim == 2 else np.moveaxis(image, -1, 0)
    return torch.from_numpy(np.ascontiguousarray(planes, np.float32) / np.float32(255))
