"""The randomization test and Holm's correction, against an independent implementation and by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import permutation_test

from docsr.metrics import chance
from docsr.metrics.chance import beyond_chance, holm, randomization_p

PAGES = st.lists(st.integers(-30, 30), max_size=9)


@given(PAGES)
def test_it_is_the_share_of_all_signs(differences):
    totals = [sum(sign * one for sign, one in zip(signs, differences, strict=True)) for signs in signs_of(differences)]
    share = np.mean([abs(total) >= abs(sum(differences)) for total in totals])
    assert randomization_p(differences) == pytest.approx(share, rel=1e-5)


def signs_of(differences: list[int]) -> list[tuple[int, ...]]:
    return list(product((-1, 1), repeat=len(differences)))


@pytest.mark.parametrize("seed", range(3))
def test_it_is_that_of_scipy(seed):
    differences = np.random.default_rng(seed).integers(-40, 60, 10)
    found = permutation_test((differences,), np.sum, permutation_type="samples", n_resamples=10_000)
    assert randomization_p(differences.tolist()) == pytest.approx(found.pvalue, rel=1e-5)


@given(PAGES)
def test_it_does_not_matter_which_arm_comes_first_nor_what_pages_without_a_difference_there_are(differences):
    p_value = randomization_p(differences)
    assert min(1, 2 / 2 ** len(differences)) <= p_value * 1.00001
    assert p_value <= 1
    assert randomization_p([-one for one in differences]) == p_value
    assert randomization_p([0, *reversed(differences), 0]) == pytest.approx(p_value, rel=1e-5)


def test_six_pages_that_agree_are_as_sure_as_six_pages_can_be():
    assert randomization_p([1, 2, 3, 40, 5, 6]) == 2 / 64
    assert randomization_p([0] * 20) == randomization_p([]) == 1


def test_arms_that_read_alike_differ_beyond_chance_in_five_of_a_hundred_cases():
    """Differences are skewed in size, and as often for one arm as for the other."""
    random = np.random.default_rng(5)
    draws = random.choice([-1, 1], (2_000, 12)) * random.lognormal(2, 1, (2_000, 12)).round().astype(int)
    called = np.mean([randomization_p(one.tolist()) < 0.05 for one in draws])
    assert called == pytest.approx(0.05, abs=0.012)


def test_many_pages_are_taken_as_normal(monkeypatch):
    differences = np.random.default_rng(6).integers(-40, 44, 400).tolist()
    exact = randomization_p(differences)
    monkeypatch.setattr(chance, "_MOST_STEPS", 1)
    assert 0.001 < exact < 0.5
    assert randomization_p(differences) == pytest.approx(exact, rel=0.03)


def test_holm_by_hand():
    """Holm's own rule: the smallest times four, the next times three, and none below the one before it."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1, 1]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=12), st.randoms())
def test_holm_lies_between_no_correction_and_bonferroni_s(p_values, random):
    corrected = holm(p_values)
    for before, after in zip(p_values, corrected, strict=True):
        assert before <= after <= 1
    if p_values:
        least = min(p_values)
        assert min(corrected) == pytest.approx(min(1, least * len(p_values)))
    order = list(range(len(p_values)))
    random.shuffle(order)
    assert holm([p_values[place] for place in order]) == [corrected[place] for place in order]


def test_a_mark_is_lost_among_many_comparisons():
    alone = {"a": (0.1, 0.03)}
    assert beyond_chance(alone) == {"a": 1}
    assert beyond_chance({"a": (-0.1, 0.03)}) == {"a": -1}
    assert beyond_chance(alone | {"b": (0.1, 0.5)}) == {"a": 0, "b": 0}
    assert beyond_chance({"a": (-0.2, 0.001), "b": (0.1, 0.5)}) == {"a": -1, "b": 0}
