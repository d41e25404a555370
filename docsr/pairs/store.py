"""The patch store: what ``docsr prepare`` writes and ``docsr train`` reads.

A folder with ``train-00000.npy``, ``val-00000.npy``, ... (N x size x size, uint8, memory-mapped), ``pages/`` with a few
validation pages and their reference text where the source has it, and ``store.json``, written last: a folder without
it is not finished.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from docsr.errors import TrainingError
from docsr.io.files import atomic_write
from docsr.page import Pixels

SHARD = 512
HEADER = "store.json"


@dataclass(frozen=True)
class StoreHeader:
    """What a store holds.

    Attributes:
        kind: the source it was prepared from.
        size: side of a stored patch in px.
        x_height: the text size that pages were normalised to, in px; None when they were left as they are.
        train, val: numbers of patches.
        documents, pages: what was read.
        skipped: one sentence for each document or page that gave nothing.
    """

    kind: str
    size: int
    x_height: float | None
    train: int = 0
    val: int = 0
    documents: int = 0
    pages: int = 0
    skipped: tuple[str, ...] = field(default=())


class StoreWriter:
    """Collects patches into shards; each shard is written whole or not at all."""

    def __init__(self, folder: Path, size: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.size = size
        self.counts = {"train": 0, "val": 0}
        self._shards = {"train": 0, "val": 0}
        self._pending: dict[str, list[Pixels]] = {"train": [], "val": []}

    def add(self, split: str, patches: NDArray[np.uint8]) -> None:
        """Add N x size x size patches to 'train' or 'val'."""
        self._pending[split].extend(patches)
        self.counts[split] += len(patches)
        while len(self._pending[split]) >= SHARD:
            self._flush(split, SHARD)

    def close(self, header: StoreHeader) -> None:
        """Write what is left and the header."""
        for split in self._pending:
            if self._pending[split]:
                self._flush(split, len(self._pending[split]))
        with atomic_write(self.folder / HEADER) as path:
            path.write_text(json.dumps(asdict(header), indent=1) + "\n", encoding="utf-8")

    def _flush(self, split: str, count: int) -> None:
        pending = self._pending[split]
        shard, self._pending[split] = pending[:count], pending[count:]
        name = f"{split}-{self._shards[split]:05d}.npy"
        with atomic_write(self.folder / name) as path, path.open("wb") as file:
            np.save(file, np.stack(shard))
        self._shards[split] += 1


class PatchStore:
    """Random access to the patches of one split."""

    def __init__(self, folder: Path, split: str) -> None:
        self.header = read_header(folder)
        self.folder = folder
        self.split = split
        self._shards = _open_shards(folder, split)

    def __getstate__(self) -> dict[str, Any]:
        """Without the patches: a pickled memory map is the whole file, and a worker opens its own."""
        return {name: value for name, value in vars(self).items() if name != "_shards"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._shards = _open_shards(self.folder, self.split)

    def __len__(self) -> int:
        return sum(len(shard) for shard in self._shards)

    def __getitem__(self, index: int) -> Pixels:
        """Return patch ``index``: size x size, uint8 (a view of the file)."""
        patch: Pixels = self._shards[index // SHARD][index % SHARD]
        return patch


def _open_shards(folder: Path, split: str) -> list[NDArray[np.uint8]]:
    """Memory-map the files of a split; a damaged one is a TrainingError."""
    shards = []
    for path in sorted(folder.glob(f"{split}-*.npy")):
        try:
            shards.append(np.load(path, mmap_mode="r"))
        except (OSError, ValueError, EOFError) as error:
            raise TrainingError(f"{path} is damaged: remove {folder} and run docsr prepare again") from error
    return shards


def read_header(folder: Path) -> StoreHeader:
    """Read ``store.json``; a folder that docsr prepare did not finish is a TrainingError."""
    try:
        values = json.loads((folder / HEADER).read_text(encoding="utf-8"))
        return StoreHeader(**{**values, "skipped": tuple(values["skipped"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(
            f"{folder} is not a folder of patches ({HEADER} is missing or damaged): make one with docsr prepare"
        ) from error
