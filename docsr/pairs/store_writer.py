"""Write a patch store: shard by shard, then the header."""

from __future__ import annotations

import json
import os
import re
from collections import Counter, defaultdict
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from docsr.errors import UsageError
from docsr.io.paths.atomic import atomic_write
from docsr.io.paths.folders import OutputFolder, Place
from docsr.io.paths.journal import remove
from docsr.page import Pixels
from docsr.pairs.store import HEADER, LR, PAGES, UNFINISHED, StoreHeader

SHARD = 512
_OURS = (
    ("", re.compile(r"(train|val)(-lr)?-\d{5}\.npy|\.docsr-(?!store$).+")),
    (PAGES, re.compile(r"\d{2,}-.*\.(png|txt)|\.docsr-.+")),
)
"""Folder, and the names that docsr prepare gives to files in it, including its temporary files."""


class StoreWriter:
    """Collect patches into shards; each shard is written whole or not at all.

    The folder must be new or empty, or left by an unfinished run, in which case it is emptied. It is opened once, so
    all files go there even if its path leads elsewhere later.

    Raises:
        UsageError: the folder holds anything else.
        PageError: the folder cannot be written to.
    """

    def __init__(self, folder: Path, size: int) -> None:
        check_new(folder)
        self._out = OutputFolder(folder)
        with atomic_write(self.place(UNFINISHED)):
            pass  # an empty file
        _remove_unfinished(folder)
        self.size = size
        self.counts = {"train": 0, "val": 0}
        self._shards: Counter[str] = Counter()
        self._pending: dict[str, list[Pixels]] = defaultdict(list)

    def place(self, name: str) -> Place:
        """Return the place of a file of the store, by its path below the folder."""
        return Place(self._out, name)

    def add(self, split: str, patches: NDArray[np.uint8], lr: NDArray[np.uint8] | None = None) -> None:
        """Add N x size x size (x 3) patches, with their own LR patches if there are any, to 'train' or 'val'."""
        self.counts[split] += len(patches)
        for name, arrays in ((split, patches), (f"{split}{LR}", lr)):
            if arrays is not None:
                self._pending[name].extend(arrays)
            while len(self._pending[name]) >= SHARD:
                self._flush(name, SHARD)

    def close(self, header: StoreHeader) -> None:
        """Write the remaining patches and the header."""
        for name, remaining in self._pending.items():
            if remaining:
                self._flush(name, len(remaining))
        with atomic_write(self.place(HEADER)) as file:
            file.write(f"{json.dumps(asdict(header), indent=1)}\n".encode())
        remove(self._out, UNFINISHED)

    def _flush(self, name: str, count: int) -> None:
        pending = self._pending[name]
        shard, self._pending[name] = pending[:count], pending[count:]
        with atomic_write(self.place(f"{name}-{self._shards[name]:05d}.npy")) as file:
            np.save(file, np.stack(shard))
        self._shards[name] += 1


def check_new(folder: Path) -> None:
    """Refuse a folder that must not become a store.

    Raises:
        UsageError: it holds a finished store, or files that docsr prepare did not put there.
    """
    if os.path.exists(folder / HEADER):
        raise UsageError(f"{folder} holds prepared patches already: remove it or choose another folder")
    if os.path.isdir(folder) and any(folder.iterdir()) and not os.path.isfile(folder / UNFINISHED):
        raise UsageError(f"{folder} is not empty, and its files would mix with the patches: choose another --out")


def _remove_unfinished(folder: Path) -> None:
    """Remove the files of an unfinished run, and no others."""
    for below, ours in _OURS:
        for path in (folder / below).glob("*"):
            if ours.fullmatch(path.name) and os.path.isfile(path):
                path.unlink()
