"""The patch store: what ``docsr prepare`` writes and ``docsr train`` reads.

A folder with ``train-00000.npy``, ``val-00000.npy``, ... (N x size x size, or N x size x size x 3 in colour; uint8,
memory-mapped), beside them ``train-lr-00000.npy``, ... where the source has LR of its own, ``pages/`` with a few
validation pages and their reference text where it has that, and ``store.json``, written last: a folder without it is
not finished. From the first moment until then the folder holds ``.docsr-store``, which says that what is in it
was made by ``docsr prepare`` and may be thrown away.
"""

from __future__ import annotations

import hashlib
import json
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from docsr.errors import TrainingError, UsageError
from docsr.io.files import atomic_write
from docsr.page import Pixels

SHARD = 512
HEADER = "store.json"
UNFINISHED = ".docsr-store"
PAGES = "pages"
LR = "-lr"
"""What the name of a shard of LR patches has after its split."""
_OURS = (
    ("", re.compile(r"(train|val)(-lr)?-\d{5}\.npy|\.docsr-(?!store$).+")),
    (PAGES, re.compile(r"\d{2,}-.*\.(png|txt)|\.docsr-.+")),
)
"""Folder, and the names that docsr prepare gives to files in it (its temporary files among them)."""


@dataclass(frozen=True)
class StoreHeader:
    """What a store holds.

    Attributes:
        kind: the source it was prepared from.
        size: side of a stored patch in px.
        x_height: the text size that pages were normalised to, in px; None when they were left as they are.
        train, val: numbers of patches.
        documents, pages: what was read.
        colours: 1 (grey) or 3 (RGB).
        lr_factor: HR size over LR size where the source has LR of its own; None: LR is made while training.
        skipped: one sentence for each document that gave nothing, and for each page that was read and gave nothing.
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


class StoreWriter:
    """Collects patches into shards; each shard is written whole or not at all.

    The folder is a new or empty one, or one that an earlier run began and did not finish, which is emptied.

    Raises:
        UsageError: the folder holds anything else.
        PageError: the folder cannot be written to.
    """

    def __init__(self, folder: Path, size: int) -> None:
        check_new(folder)
        with atomic_write(folder / UNFINISHED):
            pass  # an empty file
        _empty(folder)
        self.folder = folder
        self.size = size
        self.counts = {"train": 0, "val": 0}
        self._shards: Counter[str] = Counter()
        self._pending: dict[str, list[Pixels]] = defaultdict(list)

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
        with atomic_write(self.folder / HEADER) as path:
            path.write_text(json.dumps(asdict(header), indent=1) + "\n", encoding="utf-8")
        (self.folder / UNFINISHED).unlink()

    def _flush(self, name: str, count: int) -> None:
        pending = self._pending[name]
        shard, self._pending[name] = pending[:count], pending[count:]
        file_name = f"{name}-{self._shards[name]:05d}.npy"
        with atomic_write(self.folder / file_name) as path, path.open("wb") as file:
            np.save(file, np.stack(shard))
        self._shards[name] += 1


def check_new(folder: Path) -> None:
    """Refuse a folder that a store must not be written to.

    Raises:
        UsageError: it holds a finished store, or something that docsr prepare did not put there.
    """
    if (folder / HEADER).exists():
        raise UsageError(f"{folder} holds prepared patches already: remove it or choose another folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / UNFINISHED).is_file():
        raise UsageError(f"{folder} is not empty, and what it holds would mix with the patches: choose another --out")


def _empty(folder: Path) -> None:
    """Remove what an unfinished run left, and nothing else."""
    for below, ours in _OURS:
        for path in (folder / below).glob("*"):
            if ours.fullmatch(path.name) and path.is_file():
                path.unlink()


def outside_stores(paths: Iterable[Path], root: Path) -> list[Path]:
    """The files below ``root`` that no store holds, finished or not: pages of a store are no scans."""

    @cache
    def is_stored(folder: Path) -> bool:
        return _is_store(folder) or (folder != root and root in folder.parents and is_stored(folder.parent))

    return [path for path in paths if not is_stored(path.parent)]


def _is_store(folder: Path) -> bool:
    if (folder / UNFINISHED).is_file():
        return True
    try:
        read_header(folder)
    except (TrainingError, UsageError):
        return False
    return True


class PatchStore:
    """Random access to the patches of one split.

    Raises:
        UsageError: the folder is no store, or not a finished one.
        TrainingError: it is damaged: a file cannot be read, or is missing.
    """

    def __init__(self, folder: Path, split: str) -> None:
        self.header = read_header(folder)
        self.folder = folder
        self.split = split
        self._open()

    def __getstate__(self) -> dict[str, Any]:
        """Without the patches: a pickled memory map is the whole file, and a worker opens its own."""
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
        patch: Pixels = shards[number][index - self._ends[number]]  # from the shard's end
        return patch

    def fingerprint(self) -> str:
        """What tells this split from another: the size of its text and patches, and some of its patches themselves."""
        digest = hashlib.sha256(f"{self.header.size} {self.header.x_height}".encode())
        for shard in (*self._shards, *self._lr_shards):
            digest.update(str(shard.shape).encode() + shard[0].tobytes() + shard[-1].tobytes())
        return digest.hexdigest()

    def _open(self) -> None:
        """Memory-map the files and count their patches."""
        header = self.header
        self._shards = self._open_shards(self.split, header.size)
        self._lr_shards: list[NDArray[np.uint8]] = []
        self._ends = list(accumulate(len(shard) for shard in self._shards))
        told: int = getattr(header, self.split)
        lacking = "" if len(self) == told else f"holds {len(self)} {self.split} patches where its {HEADER} says {told}"
        if header.lr_factor is not None:
            self._lr_shards = self._open_shards(f"{self.split}{LR}", header.size // header.lr_factor)
            if [len(shard) for shard in self._lr_shards] != [len(shard) for shard in self._shards]:
                lacking = lacking or f"lacks LR patches of {self.split}"
        if lacking:
            raise TrainingError(f"{self.folder} {lacking}: remove it and run docsr prepare again")

    def _open_shards(self, name: str, size: int) -> list[NDArray[np.uint8]]:
        shape = (size, size) if self.header.colours == 1 else (size, size, self.header.colours)
        return [_open_shard(path, shape) for path in sorted(self.folder.glob(f"{name}-[0-9]*.npy"))]


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


def read_header(folder: Path) -> StoreHeader:
    """Read ``store.json``.

    Raises:
        UsageError: the folder does not exist, or docsr prepare did not finish (or never began) it.
        TrainingError: the file is damaged.
    """
    path = folder / HEADER
    if not folder.is_dir():
        raise UsageError(f"the folder of patches {folder} does not exist: make one with docsr prepare")
    if not path.is_file():
        raise UsageError(f"{folder} is not a finished folder of patches ({HEADER} is missing): run docsr prepare")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return StoreHeader(**{**values, "skipped": tuple(values["skipped"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(f"{path} is damaged: remove {folder} and run docsr prepare again") from error
