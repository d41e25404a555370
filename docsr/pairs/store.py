"""Read the patch store, which ``docsr prepare`` writes and ``docsr train`` reads.

A store is a folder with ``train-00000.npy``, ``val-00000.npy``, ... (N x size x size, or N x size x size x 3 in colour;
uint8, memory-mapped). It also has ``train-lr-00000.npy``, ... if the source has LR of its own, ``pages/`` with a few
validation pages and their reference text if there is any, and ``store.json``. That file is written last: a folder
without it is not finished. Until then the folder holds ``.docsr-store``, which says that ``docsr prepare`` made its
files and may delete them.

A folder of such folders is a store, too, with the patches of all of them. They must have one size and kind of pixel.
"""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from docsr.errors import TrainingError, UsageError
from docsr.page import Pixels
from docsr.text.parsing import read_json
from docsr.text.wording import counted

HEADER = "store.json"
UNFINISHED = ".docsr-store"
PAGES = "pages"
LR = "-lr"
"""Follows the split in the name of a shard of LR patches."""


@dataclass(frozen=True)
class StoreHeader:
    """The contents of a store.

    Attributes:
        kind: the source of its pages.
        size: side of a stored patch in px.
        x_height: the text size in px to which pages were brought; None if they kept their size. Of several stores
            together, the largest.
        train, val: numbers of patches.
        documents, pages: numbers of documents and pages read.
        colours: 1 (grey) or 3 (RGB).
        lr_factor: HR size over LR size if the source has LR of its own; None: LR is made during training.
        skipped: a sentence for each document that gave nothing, and for each page that was read and gave nothing.
    """

    kind: str
    size: int
    x_height: float | None
    train: int = 0
    val: int = 0
    documents: int = 0
    pages: int = 0
    colours: int = 1
    lr_factor: int | None = None
    skipped: tuple[str, ...] = field(default=())


def outside_stores(paths: Iterable[Path], root: Path) -> list[Path]:
    """Return the files below ``root`` that are in no store, finished or not: pages of a store are not scans."""

    @cache
    def is_stored(folder: Path) -> bool:
        return _is_store(folder) or (folder != root and root in folder.parents and is_stored(folder.parent))

    return [path for path in paths if not is_stored(path.parent)]


def _is_store(folder: Path) -> bool:
    if os.path.isfile(folder / UNFINISHED):
        return True
    try:
        _read_one(folder)
    except TrainingError:
        return False
    return True


class PatchStore:
    """Give random access to the patches of one split; ``x_heights`` are the text sizes of its parts.

    Raises:
        UsageError: the folder is no store, or is not finished.
        TrainingError: the store is damaged: a file is missing or cannot be read.
    """

    def __init__(self, folder: Path, split: str) -> None:
        self.header = read_header(folder)
        self.folder = folder
        self.split = split
        self._open()

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the patches: a pickled memory map is the whole file, and each worker opens its own."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._open()

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, index: int) -> Pixels:
        """Return patch ``index`` (from 0): size x size or size x size x 3, uint8 (a view of the file)."""
        return self._of(self._shards, index)

    def lr(self, index: int) -> Pixels:
        """Return the LR of patch ``index``, in a store that has ``lr_factor``."""
        return self._of(self._lr_shards, index)

    def _of(self, shards: list[NDArray[np.uint8]], index: int) -> Pixels:
        number = bisect_right(self._ends, index)
        patch: Pixels = shards[number][index - self._ends[number]]  # a negative index, from the shard's end
        return patch

    def x_height(self, index: int) -> float | None:
        """Return the text size to which the page of patch ``index`` was brought."""
        return self._x_heights[bisect_right(self._ends, index)]

    def fingerprint(self) -> str:
        """Return a hash that identifies this split: its text and patch sizes, and some of its patches."""
        digest = hashlib.sha256(f"{self.header.size} {self._x_heights}".encode())
        for shard in (*self._shards, *self._lr_shards):
            digest.update(str(shard.shape).encode() + shard[0].tobytes() + shard[-1].tobytes())
        return digest.hexdigest()

    def _open(self) -> None:
        """Memory-map the files and count their patches."""
        self._shards: list[NDArray[np.uint8]] = []
        self._lr_shards: list[NDArray[np.uint8]] = []
        self._x_heights: list[float | None] = []  # of each shard
        self.x_heights: set[float | None] = set()
        for folder in store_folders(self.folder):
            header = _read_one(folder)
            self.x_heights.add(header.x_height)
            self._open_folder(folder, header)
        self._ends = list(accumulate(len(shard) for shard in self._shards))

    def _open_folder(self, folder: Path, header: StoreHeader) -> None:
        shards, lr_shards = _open_shards(folder, header, self.split, header.size), []
        stated, counts = getattr(header, self.split), sum(map(len, shards))
        held = counted(counts, f"{self.split} patch")
        lacking = "" if counts == stated else f"holds {held} where its {HEADER} says {stated}"
        if header.lr_factor is not None:
            lr_shards = _open_shards(folder, header, f"{self.split}{LR}", header.size // header.lr_factor)
            if [len(shard) for shard in lr_shards] != [len(shard) for shard in shards]:
                lacking = lacking or f"lacks LR patches of {self.split}"
        if lacking:
            raise TrainingError(f"{folder} {lacking}: remove it and run docsr prepare again")
        self._shards += shards
        self._x_heights += [header.x_height] * len(shards)
        self._lr_shards += lr_shards


def _open_shards(folder: Path, header: StoreHeader, name: str, size: int) -> list[NDArray[np.uint8]]:
    shape = (size, size) if header.colours == 1 else (size, size, header.colours)
    return [_open_shard(path, shape) for path in sorted(folder.glob(f"{name}-[0-9]*.npy"))]


def _open_shard(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    try:
        shard: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise TrainingError(f"{path} is damaged: remove {path.parent} and run docsr prepare again") from error
    if shard.dtype != np.uint8 or not shard.ndim or not len(shard) or shard.shape[1:] != shape:
        wanted = " x ".join(map(str, shape))
        raise TrainingError(
            f"{path} does not hold patches of {wanted} px: remove {path.parent} and run docsr prepare again"
        )
    return shard


def store_folders(folder: Path) -> list[Path]:
    """Return the folder itself, or the finished stores directly below it.

    Raises:
        UsageError: the folder does not exist, or holds no finished store.
    """
    if not os.path.isdir(folder):
        raise UsageError(f"the folder of patches {folder} does not exist: make one with docsr prepare")
    if os.path.isfile(folder / HEADER):
        return [folder]
    stores = sorted(path.parent for path in folder.glob(f"*/{HEADER}"))
    if not stores or os.path.isfile(folder / UNFINISHED):
        raise UsageError(f"{folder} is not a finished folder of patches ({HEADER} is missing): run docsr prepare")
    return stores


def read_header(folder: Path) -> StoreHeader:
    """Read the header of a store, or the combined header of several.

    Raises:
        UsageError: as :func:`store_folders`, or the stores have patches of different kinds.
        TrainingError: a header is damaged.
    """
    headers = {store: _read_one(store) for store in store_folders(folder)}
    first = next(iter(headers.values()))
    for other, header in headers.items():
        for name in ("size", "colours", "lr_factor"):
            expected, actual = getattr(first, name), getattr(header, name)
            if expected != actual:
                raise UsageError(f"{other} has {name} {actual}, the patches beside it {expected}: prepare them alike")
        if (header.x_height is None) != (first.x_height is None):
            raise UsageError(
                f"of {other} and the patches beside it, only some were prepared with --as-is: prepare them alike"
            )
    sums = {
        name: sum(getattr(header, name) for header in headers.values())
        for name in ("train", "val", "documents", "pages")
    }
    kinds = "+".join(dict.fromkeys(header.kind for header in headers.values()))
    largest = max((header.x_height for header in headers.values() if header.x_height is not None), default=None)
    skipped = tuple(chain(*(header.skipped for header in headers.values())))
    return replace(first, kind=kinds, x_height=largest, skipped=skipped, **sums)


def _read_one(folder: Path) -> StoreHeader:
    path = folder / HEADER
    try:
        values = read_json(path.read_text(encoding="utf-8"))
        return StoreHeader(**{**values, "skipped": tuple(values["skipped"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(f"{path} is damaged: remove {folder} and run docsr prepare again") from error
