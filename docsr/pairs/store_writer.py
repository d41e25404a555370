"""Writing a patch store: shard by shard, the header last."""

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
"""Folder, and the names that docsr prepare gives to files in it (its temporary files among them)."""


class StoreWriter:
    """Collects patches into shards; each shard is written whole or not at all.

    The folder is a new or empty one, or one that an earlier run began and did not finish, which is emptied. It is
    opened once: whatever its path leads to later, all goes there.

    Raises:
        UsageError: the folder holds anything else.
        PageError: the folder cannot be written to.
    """

    def __init__(self, folder: Path, size: int) -> None:
        check_new(folder)
        self._out = OutputFolder(folder)
        with atomic_write(self.place(UNFINISHED)):
            pass  # an empty file
        _empty(folder)
        self.size = size
        self.counts = {"train": 0, "val": 0}
        self._shards: Counter[str] = Counter()
        self._pending: dict[str, list[Pixels]] = defaultdict(list)

    def place(self, name: str) -> Place:
        """Return where a file of the store goes, by its path below the folder."""
        return Place(self._out, name)

    def add(self, split: str, patches: NDArray[np.uint8], lr: NDArray[np.uint8] | None = None) -> None:
        """Add N x size x size (x 3) patches, with their own LR patches where they have them, to 'train' or 'val'."""
        self.counts[split] += len(patches)
        for name, mine in ((split, patches), (f"{split}{LR}", lr)):
            if mine is not None:
                self._pending[name].extend(mine)
            while len(self._pending[name]) >= SHARD:
                self._flush(name, SHARD)

    def close(self, header: StoreHeader) -> None:
        """Write what is left and the header."""
        for name, left in self._pending.items():
            if left:
                self._flush(name, len(left))
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
    """Refuse a folder that a store must not be written to.

    Raises:
        UsageError: it holds a finished store, or something that docsr prepare did not put there.
    """
    if os.path.exists(folder / HEADER):
        raise UsageError(f"{folder} holds prepared patches already: remove it or choose another folder")
    if os.path.isdir(folder) and any(folder.iterdir()) and not os.path.isfile(folder / UNFINISHED):
        raise UsageError(f"{folder} is not empty, and what it holds would mix with the patches: choose another --out")


def _empty(folder: Path) -> None:
    """Remove what an unfinished run left, and nothing else."""
    for below, ours in _OURS:
        for path in (folder / below).glob("*"):
            if ours.fullmatch(path.name) and os.path.isfile(path):
                path.unlink()
