"""Pairs of several factors, in colour, turned, and pairs that the source had."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from docsr.errors import UsageError
from docsr.pairs.dataset import PairDataset
from docsr.pairs.degrade import Degrade
from docsr.pairs.store import StoreHeader
from docsr.pairs.store_writer import StoreWriter
from docsr.train_config import DataConfig, DegradeConfig
from tests.pairs import make_store, patches

PLAIN: dict[str, Any] = {"clean": 1.0, "warp": 0.0}


def colour_store(folder, lr_factor=None):
    """Text in red on yellow; the LR of prepared pairs is every fourth pixel."""
    grey = patches(6, 64)
    hr = np.stack([np.full_like(grey, 200), grey, grey // 2], axis=-1)
    writer = StoreWriter(folder, 64)
    writer.add("train", hr, hr[:, ::4, ::4] if lr_factor else None)
    writer.close(StoreHeader("images", 64, None, train=6, colours=3, lr_factor=lr_factor))
    return folder


def dataset(folder, factors=(2,), colours=1, turn=1, **options):
    return PairDataset(folder, "train", DataConfig(lr_patch=8, **options), factors, 0, colours=colours, turn=turn)


def test_factors_take_turns(tmp_path):
    pairs = dataset(make_store(tmp_path), factors=(2, 4, 8), turn=3)
    sizes = [tuple(pairs[number][1].shape[1:]) for number in range(12)]
    assert sizes == [(16, 16)] * 3 + [(32, 32)] * 3 + [(64, 64)] * 3 + [(16, 16)] * 3
    assert all(pairs[number][0].shape == (1, 8, 8) for number in range(12))


@pytest.mark.parametrize("lr_factor", [None, 4])
def test_colour_is_kept_or_made_grey(tmp_path, lr_factor):
    store = colour_store(tmp_path, lr_factor)
    lr, hr = dataset(store, (4,), colours=3)[0]
    assert (lr.shape, hr.shape) == ((3, 8, 8), (3, 32, 32))
    grey_lr, grey_hr = dataset(store, (4,))[0]
    assert (grey_lr.shape, grey_hr.shape) == ((1, 8, 8), (1, 32, 32))
    if lr_factor:  # the same draws: the same place
        weights = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
        torch.testing.assert_close((hr * weights).sum(0, keepdim=True), grey_hr, atol=0.01, rtol=0)


def test_prepared_pairs_are_cut_at_the_same_place(tmp_path):
    pairs = dataset(colour_store(tmp_path, 4), (4,), colours=3, degrade={"blur": 1.0, "noise": 1.0})
    for number in range(20):
        lr, hr = pairs[number]
        assert torch.equal(hr[:, ::4, ::4], lr), "nothing degrades what the source degraded"


def test_both_sides_are_turned_alike(tmp_path):
    pairs = dataset(colour_store(tmp_path, 4), (4,), colours=3, flip=True, rotate=True)
    plain = dataset(colour_store(tmp_path / "again", 4), (4,), colours=3)
    ways = [(flip, turns) for flip in (False, True) for turns in range(4)]
    seen = set()
    for number in range(40):
        for flip, turns in ways:
            lr, hr = (torch.rot90(image.flip(2) if flip else image, turns, (1, 2)) for image in plain[number])
            if torch.equal(hr, pairs[number][1]):
                assert torch.equal(lr, pairs[number][0])
                seen.add((flip, turns))
                break
        else:
            pytest.fail("HR was changed in another way")
    assert seen == set(ways)


def test_what_does_not_fit_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="are grey: prepare them with --colour"):
        dataset(make_store(tmp_path / "grey"), colours=3)
    store = colour_store(tmp_path / "pairs", 4)
    with pytest.raises(UsageError, match="are pairs of the factor 4, not 2"):
        dataset(store)
    with pytest.raises(UsageError, match="are pairs of the factor 4, not 2, 4"):
        dataset(store, (2, 4))


@pytest.mark.parametrize(("kernel", "resample"), [("bicubic", Image.Resampling.BICUBIC), ("area", None)])
@pytest.mark.parametrize("clean", [0.0, 1.0])
def test_one_kernel_for_all_patches(kernel, resample, clean):
    nothing = dict.fromkeys(
        ("blur", "contrast", "noise", "jpeg", "sharpen", "ink_spread", "bleed_through", "bilevel"), 0
    )
    degrade = Degrade(DegradeConfig.model_validate({**nothing, "warp": 0, "clean": clean, "kernel": kernel}), 4)
    patch = patches(1, 64)[0]
    expected = cv2.resize(patch, (16, 16), interpolation=cv2.INTER_AREA)
    if resample is not None:
        expected = np.asarray(Image.fromarray(patch).resize((16, 16), resample))
    _, lr = degrade(patch, np.random.default_rng(0))
    np.testing.assert_allclose(lr.astype(int), expected.astype(int), atol=1)


def test_every_degradation_bears_colour():
    always = dict.fromkeys(
        ("blur", "contrast", "noise", "jpeg", "sharpen", "ink_spread", "bleed_through", "bilevel"), 1
    )
    degrade = Degrade(DegradeConfig.model_validate({**always, "warp": 1, "clean": 0}), 2)
    colour = np.stack([patches(1, 64)[0]] * 3, axis=-1)
    for seed in range(8):
        hr, lr = degrade(colour, np.random.default_rng(seed))
        assert (hr.shape, lr.shape) == ((64, 64, 3), (32, 32, 3))
        assert (lr == lr[..., :1]).all(), "one bit: black or white, no colours"


def test_paper_that_is_warped_stays_white():
    degrade = Degrade(DegradeConfig(warp=1, clean=1, rotation_degrees=(-9, 9)), 2)
    for white in (np.full((64, 64), 255, np.uint8), np.full((64, 64, 3), 255, np.uint8)):
        for seed in range(8):
            hr, lr = degrade(white, np.random.default_rng(seed))
            assert (hr == 255).all()
            assert (lr == 255).all()
