from __future__ import annotations

import pickle
from itertools import islice

import numpy as np
import pytest
import torch

from docsr.config import DataConfig
from docsr.errors import UsageError
from docsr.pairs.dataset import Counting, PairDataset, crop, scale_range, stream
from docsr.pairs.store import PatchStore, StoreHeader
from tests.pairs import make_store, patches


def dataset(folder, seed=0, **options):
    return PairDataset(folder, "train", DataConfig(lr_patch=16, **options), 2, seed)


def test_a_sample_depends_on_seed_and_number_only(tmp_path):
    store = make_store(tmp_path)
    first, again, other = dataset(store), dataset(store), dataset(store, seed=1)
    for number in (0, 5, 10_000):
        lr, hr = first[number]
        assert lr.shape == (1, 16, 16)
        assert hr.shape == (1, 32, 32)
        assert lr.dtype == hr.dtype == torch.float32
        assert 0 <= float(hr.min()) <= float(hr.max()) <= 1
    for number in (10_000, 5, 0):  # another order
        assert all(torch.equal(a, b) for a, b in zip(first[number], again[number], strict=True))
    assert not torch.equal(first[0][1], other[0][1])
    assert not torch.equal(first[0][1], first[1][1])


def test_a_worker_gives_the_same_batches(tmp_path):
    pairs = dataset(make_store(tmp_path))
    alone = list(islice(stream(pairs, 2, 0, start=6), 3))
    helped = list(islice(stream(pairs, 2, 1, start=6), 3))
    for mine, theirs in zip(alone, helped, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(mine, theirs, strict=True))
    assert torch.equal(alone[0][1][0], pairs[6][1])
    assert torch.equal(alone[2][1][1], pairs[11][1])


def test_a_worker_is_not_sent_the_patches(tmp_path):
    store = PatchStore(make_store(tmp_path, train=64), "train")
    data = pickle.dumps(store)
    assert len(data) < 2_000
    assert np.array_equal(pickle.loads(data)[63], store[63])


def test_counting_starts_where_told():
    assert list(islice(Counting(7), 3)) == [7, 8, 9]


def test_scale_range():
    header = StoreHeader("images", 64, 24.0)
    low, high = scale_range(DataConfig(x_height=(18.0, 24.0)), header, 32)
    assert (low, high) == (0.75, 1.0)
    assert scale_range(DataConfig(x_height=(6.0, 12.0)), header, 32) == (0.5, 0.5)  # no smaller than the patch allows
    assert scale_range(DataConfig(), header, 64) == (1.0, 1.0)


def test_scale_range_refuses():
    header = StoreHeader("images", 64, 24.0)
    with pytest.raises(UsageError, match=r"lower data\.lr_patch"):
        scale_range(DataConfig(), header, 65)
    with pytest.raises(UsageError, match="larger text than the prepared 24 px"):
        scale_range(DataConfig(x_height=(30.0, 40.0)), header, 32)


@pytest.mark.parametrize("scale", [(1.0, 1.0), (0.5, 1.0), (0.5, 0.5)])
def test_crop_has_the_size_asked_for(scale):
    random = np.random.default_rng(0)
    for _ in range(10):
        assert crop(patches(1, 64)[0], 32, scale, random).shape == (32, 32)
