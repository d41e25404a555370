from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from docsr.errors import TrainingError, UsageError
from docsr.pairs import store_writer
from docsr.pairs.store import HEADER, UNFINISHED, PatchStore, StoreHeader, outside_stores, read_header
from docsr.pairs.store_writer import StoreWriter


def numbered(count: int, start: int = 0):
    return np.stack([np.full((8, 8), n, np.uint8) for n in range(start, start + count)])


def test_more_than_one_shard(tmp_path, monkeypatch):
    monkeypatch.setattr(store_writer, "SHARD", 4)
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
    with pytest.raises(UsageError, match=r"not a finished folder of patches \(store\.json is missing\)"):
        PatchStore(tmp_path / "store", "train")
    with pytest.raises(UsageError, match="none does not exist"):
        PatchStore(tmp_path / "none", "train")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"skipped": [], "colour": 3}'])
def test_a_damaged_header_is_refused(tmp_path, text):
    (tmp_path / HEADER).write_text(text)
    with pytest.raises(TrainingError, match=r"store\.json is damaged"):
        read_header(tmp_path)


def sharded(folder, monkeypatch):
    """Ten training patches, 0 to 9, in three shards."""
    monkeypatch.setattr(store_writer, "SHARD", 4)
    writer = StoreWriter(folder, 8)
    writer.add("train", numbered(10))
    writer.close(StoreHeader("images", 8, None, train=10))
    return folder


@pytest.mark.parametrize("now", [3, 5, 512])
def test_a_patch_is_found_whatever_the_length_of_a_shard(tmp_path, monkeypatch, now):
    folder = sharded(tmp_path, monkeypatch)
    monkeypatch.setattr(store_writer, "SHARD", now)  # of another version of docsr
    train = PatchStore(folder, "train")
    assert [int(train[n][0, 0]) for n in range(len(train))] == list(range(10))
    for beyond in (10, -1):
        with pytest.raises(IndexError):
            train[beyond]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_shard_that_is_gone_is_told(tmp_path, monkeypatch, number):
    (sharded(tmp_path, monkeypatch) / f"train-{number:05d}.npy").unlink()
    with pytest.raises(TrainingError, match=r"holds [68] train patches where its store\.json says 10: remove it"):
        PatchStore(tmp_path, "train")


@pytest.mark.parametrize("other", [np.zeros((4, 9, 9), np.uint8), np.zeros((4, 8, 8)), np.zeros(4, np.uint8)])
def test_a_shard_of_something_else_is_told(tmp_path, monkeypatch, other):
    np.save(sharded(tmp_path, monkeypatch) / "train-00001.npy", other)
    with pytest.raises(TrainingError, match=r"train-00001\.npy does not hold patches of 8 x 8 px"):
        PatchStore(tmp_path, "train")


def test_the_fingerprint_tells_patches_apart(tmp_path):
    def written(name, patches, x_height=24.0):
        writer = StoreWriter(tmp_path / name, 8)
        writer.add("train", patches)
        writer.close(StoreHeader("images", 8, x_height, train=len(patches)))
        return PatchStore(tmp_path / name, "train").fingerprint()

    first = written("a", numbered(5))
    assert first == written("b", numbered(5))
    others = [written("c", numbered(5, 1)), written("d", numbered(6)), written("e", numbered(5), x_height=20.0)]
    assert first not in others


# What a new store may be written over


def test_only_an_unfinished_store_is_emptied_and_only_of_its_own_files(tmp_path):
    StoreWriter(tmp_path, 8).add("train", np.zeros((600, 8, 8), np.uint8))  # a shard is written, and then the run dies
    (tmp_path / "pages").mkdir()
    theirs = [tmp_path / "notes-1.npy", tmp_path / "pages" / "scan.png", tmp_path / "pages" / "1-a.txt"]
    ours = [
        tmp_path / "pages" / "00-scan.png",
        tmp_path / "pages" / "00-scan.txt",
        tmp_path / ".docsr-0123456789abcdef.npy",
    ]
    for path in (*theirs, *ours):
        path.write_text("x")
    StoreWriter(tmp_path, 8).close(StoreHeader("images", 8, None))
    assert all(path.exists() for path in theirs)
    assert not any(path.exists() for path in (*ours, tmp_path / "train-00000.npy"))
    assert not (tmp_path / UNFINISHED).exists()


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path):
    scan = tmp_path / "pages" / "00-scan.png"
    scan.parent.mkdir()
    scan.write_text("irreplaceable")
    with pytest.raises(UsageError, match="is not empty"):
        StoreWriter(tmp_path, 8)
    assert scan.read_text() == "irreplaceable"
    assert [path.name for path in tmp_path.iterdir()] == ["pages"]


def test_files_in_stores_are_told_from_scans(tmp_path):
    for name in ("done", "begun"):
        writer = StoreWriter(tmp_path / "deep" / name, 8)
        if name == "done":
            writer.close(StoreHeader("images", 8, None))
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / HEADER).write_text('{"what": "a shop has stores too"}')
    scans = [tmp_path / "a.png", tmp_path / "shop" / "b.png", tmp_path / "deep" / "c.png"]
    pages = [tmp_path / "deep" / name / "pages" / "00-a.png" for name in ("done", "begun")]
    assert outside_stores([*scans, *pages], tmp_path) == scans
    assert outside_stores(pages[:1], pages[0].parent) == pages[:1]  # asked for by name


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


def test_lr_and_colour_are_kept_with_their_hr(tmp_path, monkeypatch):
    monkeypatch.setattr(store_writer, "SHARD", 4)
    writer = StoreWriter(tmp_path / "store", 8)
    hr = np.stack([np.full((8, 8, 3), n, np.uint8) for n in range(6)])
    writer.add("train", hr, hr[:, :2, :2] + 100)
    header = StoreHeader("div2k", 8, None, train=6, colours=3, lr_factor=4)
    writer.close(header)
    train = PatchStore(tmp_path / "store", "train")
    assert train.header == header
    assert [train[n].shape for n in range(6)] == [(8, 8, 3)] * 6
    assert [train.lr(n).shape for n in range(6)] == [(2, 2, 3)] * 6
    assert all(int(train.lr(n)[0, 0, 0]) == int(train[n][0, 0, 0]) + 100 for n in range(6))
    (tmp_path / "store" / "train-lr-00001.npy").unlink()
    with pytest.raises(TrainingError, match="lacks LR patches of train"):
        PatchStore(tmp_path / "store", "train")


def test_a_store_goes_where_it_was_begun_whatever_its_path_leads_to_then(tmp_path):
    (tmp_path / "real").mkdir()
    store_of(tmp_path / "other", numbered(3))
    before = {path.name: path.read_bytes() for path in (tmp_path / "other").iterdir()}
    (tmp_path / "out").symlink_to("real")
    writer = StoreWriter(tmp_path / "out", 8)
    writer.add("train", numbered(5))
    (tmp_path / "out").unlink()
    (tmp_path / "out").symlink_to("other")
    writer.close(StoreHeader("images", 8, None, train=5))
    assert len(PatchStore(tmp_path / "real", "train")) == 5
    assert {path.name: path.read_bytes() for path in (tmp_path / "other").iterdir()} == before
    assert {path.name for path in (tmp_path / "real").iterdir()} == {HEADER, "train-00000.npy"}


def store_of(folder, numbers, kind="images", **header):
    writer = StoreWriter(folder, 8)
    writer.add("train", numbers)
    writer.close(StoreHeader(kind, 8, **{"x_height": 24.0, "train": len(numbers), "documents": 1, **header}))


def test_stores_in_one_folder_are_a_store(tmp_path):
    store_of(tmp_path / "a", numbered(3), skipped=("one.png: blank",))
    store_of(tmp_path / "b", numbered(2, 100), kind="fonts")
    (tmp_path / "notes").mkdir()
    both = PatchStore(tmp_path, "train")
    assert [int(both[n][0, 0]) for n in range(len(both))] == [0, 1, 2, 100, 101]
    assert both.header == StoreHeader("images+fonts", 8, 24.0, train=5, documents=2, skipped=("one.png: blank",))
    assert both.fingerprint() not in {PatchStore(tmp_path / name, "train").fingerprint() for name in "ab"}
    assert [int(one[0, 0]) for one in map(pickle.loads(pickle.dumps(both)).__getitem__, (0, 4))] == [0, 101]


def test_stores_that_do_not_go_together_are_refused(tmp_path):
    store_of(tmp_path / "a", numbered(3))
    store_of(tmp_path / "b", numbered(2), colours=3)
    with pytest.raises(UsageError, match=r"b has colours 3, the patches beside it 1: prepare them alike"):
        PatchStore(tmp_path, "train")


def test_stores_without_a_text_size_do_not_go_with_others(tmp_path):
    store_of(tmp_path / "a", numbered(3))
    store_of(tmp_path / "b", numbered(2), x_height=None)
    with pytest.raises(UsageError, match="some were prepared with --as-is"):
        PatchStore(tmp_path, "train")


def test_stores_of_several_text_sizes_tell_that_of_each_patch(tmp_path):
    store_of(tmp_path / "a", numbered(3))
    store_of(tmp_path / "b", numbered(2), x_height=28.0)
    both = PatchStore(tmp_path, "train")
    assert [both.x_height(number) for number in range(5)] == [24.0] * 3 + [28.0] * 2
    assert both.x_heights == {24.0, 28.0}
    assert both.header.x_height == 28.0


def test_a_damaged_store_among_several_is_named(tmp_path):
    store_of(tmp_path / "a", numbered(3))
    store_of(tmp_path / "b", numbered(2), train=9)
    with pytest.raises(TrainingError, match=r"b holds 2 train patches where its .* says 9"):
        PatchStore(tmp_path, "train")


def test_images_beside_a_store_are_no_part_of_it(tmp_path):
    store_of(tmp_path / "p", numbered(3))
    inside, beside = tmp_path / "p" / "pages" / "a.png", tmp_path / "scan.png"
    assert outside_stores([inside, beside], tmp_path) == [beside]
