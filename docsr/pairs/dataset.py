"""An endless, seeded stream of (LR, HR) training pairs.

Sample ``n`` depends on the seed and ``n`` alone, not on workers or on what came before: resuming a run is going on
counting.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from docsr.config import DataConfig
from docsr.errors import UsageError
from docsr.page import Pixels
from docsr.pairs.degrade import Degrade
from docsr.pairs.store import PatchStore, StoreHeader

Pair = tuple[Tensor, Tensor]
DEFAULT_SPREAD = 0.85
TRIES = 3
BLANK_DEVIATION = 25.0


class PairDataset(Dataset[Pair]):
    """Pairs of one split of a store: LR 1 x P x P and HR 1 x fP x fP, float32 in [0, 1]."""

    def __init__(self, folder: Path, split: str, config: DataConfig, factor: int, seed: int) -> None:
        self.store = PatchStore(folder, split)
        self.hr_patch = config.lr_patch * factor
        self.scale = scale_range(config, self.store.header, self.hr_patch)
        self.degrade = Degrade(config.degrade, factor)
        self.seed = seed

    def __getitem__(self, number: int) -> Pair:
        """Sample ``number`` of the stream (it may exceed the number of patches)."""
        random = np.random.default_rng([self.seed, number])
        for _ in range(TRIES):
            patch = self.store[int(random.integers(len(self.store)))]
            piece = crop(patch, self.hr_patch, self.scale, random)
            if piece.std() > BLANK_DEVIATION:
                break
        hr, lr = self.degrade(piece, random)
        return _tensor(lr), _tensor(hr)

    def __len__(self) -> int:
        return len(self.store)


class Counting(Sampler[int]):
    """start, start + 1, ... without end."""

    def __init__(self, start: int) -> None:
        self.start = start

    def __iter__(self) -> Iterator[int]:
        number = self.start
        while True:
            yield number
            number += 1


def scale_range(config: DataConfig, header: StoreHeader, hr_patch: int) -> tuple[float, float]:
    """Scales (low, high) at which stored patches are used, so that their x-height is as configured.

    Raises:
        UsageError: the stored patches are too small for ``hr_patch``, or their text is smaller than asked for.
    """
    if hr_patch > header.size:
        raise UsageError(
            f"training needs HR patches of {hr_patch} px and the prepared ones have {header.size}: "
            "lower data.lr_patch or prepare with a larger --patch"
        )
    low, high = DEFAULT_SPREAD, 1.0
    if config.x_height is not None and header.x_height is not None:
        low, high = (x / header.x_height for x in config.x_height)
    if low > 1.0:
        raise UsageError(f"data.x_height asks for larger text than the prepared {header.x_height:g} px")
    smallest = hr_patch / header.size
    return max(low, smallest), min(max(high, smallest), 1.0)


def crop(patch: Pixels, size: int, scale: tuple[float, float], random: np.random.Generator) -> Pixels:
    """A size x size piece of ``patch`` after scaling by a factor drawn log-uniformly from ``scale``."""
    drawn = float(np.exp(random.uniform(np.log(scale[0]), np.log(scale[1]))))
    window = min(patch.shape[0], max(size, round(size / drawn)))
    y, x = (int(random.integers(patch.shape[0] - window + 1)) for _ in range(2))
    piece = patch[y : y + window, x : x + window]
    if window == size:
        return np.ascontiguousarray(piece)
    return np.asarray(cv2.resize(piece, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def stream(dataset: PairDataset, batch: int, workers: int, start: int) -> Iterator[Pair]:
    """Batches (LR N x 1 x P x P, HR N x 1 x fP x fP) from sample ``start`` on, without end."""
    loader = DataLoader(
        dataset,
        batch_size=batch,
        sampler=Counting(start),
        num_workers=workers,
        worker_init_fn=_one_thread,
        prefetch_factor=8 if workers else None,
        multiprocessing_context="spawn" if workers else None,
    )
    yield from loader


def _one_thread(_: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the loop, which saves first
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def _tensor(image: Pixels) -> Tensor:
    return torch.from_numpy(image.astype(np.float32) / 255).unsqueeze(0)
