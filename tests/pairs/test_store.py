from __future__ import annotations

import json

import numpy as np
import pytest

from docsr.errors import TrainingError
from docsr.pairs import store
from docsr.pairs.store import HEADER, PatchStore, StoreHeader, StoreWriter, read_header


def numbered(count: int, start: int = 0):
    return np.stack([np.full((8, 8), n, np.uint8) for n in range(start, start + count)])


def test_more_than_one_shard(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "SHARD", 4)
    writer = StoreWriter(tmp_path / "store", 8)
    writer.add("train", numbered(3))
    writer.add("val", numbered(2, 100))
    writer.add("train", numbered(7, 3))
    header = StoreHeader("images", 8, 24.0, train=10, val=2, documents=3, pages=3, skipped=("one.png: blank",))
    writer.close(header)
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == [
        HEADER,
        "train-00000.npy",
        "train-00001.npy",
        "train-00002.npy",
        "val-00000.npy",
    ]
    train, val = PatchStore(tmp_path / "store", "train"), PatchStore(tmp_path / "store", "val")
    assert [int(train[n][0, 0]) for n in range(len(train))] == list(range(10))
    assert [int(val[n][0, 0]) for n in range(len(val))] == [100, 101]
    assert train.header == header


def test_an_unfinished_folder_is_refused(tmp_path):
    StoreWriter(tmp_path / "store", 8).add("train", numbered(3))
    with pytest.raises(TrainingError, match="make one with docsr prepare"):
        PatchStore(tmp_path / "store", "train")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"skipped": [], "colour": 3}'])
def test_a_damaged_header_is_refused(tmp_path, text):
    (tmp_path / HEADER).write_text(text)
    with pytest.raises(TrainingError, match="missing or damaged"):
        read_header(tmp_path)


@pytest.mark.parametrize("keep", [0, 20, 200])
def test_a_damaged_shard_is_named(tmp_path, keep):
    writer = StoreWriter(tmp_path, 8)
    writer.add("train", numbered(9))
    writer.close(StoreHeader("images", 8, None, train=9))
    assert json.loads((tmp_path / HEADER).read_text())["train"] == 9
    path = tmp_path / "train-00000.npy"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(TrainingError, match=r"train-00000\.npy is damaged"):
        PatchStore(tmp_path, "train")
