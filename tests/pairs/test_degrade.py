from __future__ import annotations

import cv2
import numpy as np
import pytest

from docsr.pairs.degrade import Degrade
from docsr.train_config import DegradeConfig
from tests.pairs import patches

FACTORS = (2, 3, 4, 8)
PROBABILITIES = [
    "warp",
    "ink_spread",
    "bleed_through",
    "blur",
    "contrast",
    "sharpen",
    "noise",
    "jpeg",
    "reduced_bilevel",
    "fax",
    "bilevel",
]
NOTHING = {"clean": 0.0, **dict.fromkeys(PROBABILITIES, 0.0)}


@pytest.mark.parametrize("factor", FACTORS)
def test_the_same_seed_gives_the_same_pair(factor):
    hr = patches(1, 96)[0]
    degrade, other = (Degrade(DegradeConfig(), factor) for _ in range(2))
    for seed in range(5):
        first = degrade(hr, np.random.default_rng(seed))
        again = other(hr, np.random.default_rng(seed))
        assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


@pytest.mark.slow_but_one_in(2)
@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("option", PROBABILITIES)
def test_every_option_alone(option, factor):
    hr = patches(1, 96)[0]
    before = hr.copy()
    degrade = Degrade(DegradeConfig(**{**NOTHING, option: 1.0}), factor)
    plain = Degrade(DegradeConfig(**NOTHING), factor)
    changed = False
    for seed in range(4):
        out, lr = degrade(hr, np.random.default_rng(seed))
        assert out.shape == hr.shape
        assert lr.shape == (96 // factor, 96 // factor)
        assert out.dtype == lr.dtype == np.uint8
        assert option == "warp" or np.array_equal(out, hr)
        changed |= not np.array_equal(lr, plain(hr, np.random.default_rng(seed))[1])
    assert changed
    assert np.array_equal(hr, before)


@pytest.mark.parametrize("factor", FACTORS)
def test_all_options_together(factor):
    everything = DegradeConfig(**{**NOTHING, **dict.fromkeys(PROBABILITIES[:-3], 1.0)})
    _, lr = Degrade(everything, factor)(patches(1, 96)[0], np.random.default_rng(3))
    assert lr.shape == (96 // factor, 96 // factor)
    assert lr.std() > 2


@pytest.mark.parametrize("factor", FACTORS)
def test_a_clean_pair_is_the_area_down_sampling(factor):
    hr = patches(1, 96)[0]
    config = DegradeConfig(clean=1.0, warp=0.0)
    out, lr = Degrade(config, factor)(hr, np.random.default_rng(0))
    assert np.array_equal(out, hr)
    assert np.array_equal(lr, cv2.resize(hr, (96 // factor, 96 // factor), interpolation=cv2.INTER_AREA))


def test_a_warp_is_the_same_for_both_sides():
    config = DegradeConfig(**{**NOTHING, "warp": 1.0, "clean": 1.0})
    hr, lr = Degrade(config, 2)(patches(1, 96)[0], np.random.default_rng(0))
    assert np.array_equal(lr, cv2.resize(hr, (48, 48), interpolation=cv2.INTER_AREA))


def test_bilevel_is_black_and_white():
    _, lr = Degrade(DegradeConfig(**{**NOTHING, "bilevel": 1.0}), 2)(patches(1, 96)[0], np.random.default_rng(0))
    assert set(np.unique(lr)) == {0, 255}


def test_a_fax_has_half_the_lines_in_one_bit_and_loses_some():
    hr, lost = patches(1, 96)[0], 0
    for seed in range(12):
        made = [
            Degrade(DegradeConfig(**{**NOTHING, "fax": 1.0, "noise": noise}, noise_sigma=(0, 0)), 2)(
                hr, np.random.default_rng(seed)
            )[1]
            for noise in (0.0, 1.0)
        ]
        assert all(len(np.unique(lr)) > 2 for lr in made)  # made square
        lost += not np.array_equal(made[0], made[1])
    assert lost > 3


def test_bilevel_leaves_blank_noisy_paper_blank():
    config = DegradeConfig(**{**NOTHING, "bilevel": 1.0, "contrast": 1.0, "noise": 1.0}, noise_sigma=(0.03, 0.03))
    blank = np.full((96, 96), 255, np.uint8)
    for seed in range(10):
        _, lr = Degrade(config, 2)(blank, np.random.default_rng(seed))
        assert (lr == 0).mean() < 0.02
