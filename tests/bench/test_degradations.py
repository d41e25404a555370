from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docsr.bench.degradations import DEGRADATIONS, SHAPES, WEB, lower
from docsr.errors import PageError, UsageError
from docsr.page import Page
from tests.pairs import text_page

ROOT = Path(__file__).parents[2]

greys = st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1)).map(
    lambda shape: np.random.default_rng(shape[2]).integers(0, 256, shape[:2]).astype(np.uint8)
)


@pytest.mark.parametrize("name", DEGRADATIONS)
@settings(max_examples=25, deadline=None)
@given(grey=greys, seed=st.integers(0, 2**32 - 1))
def test_a_degradation_keeps_shape_type_and_its_input(name, grey, seed):
    before = grey.copy()
    one, two = (DEGRADATIONS[name](grey, seed) for _ in range(2))
    assert one.shape == grey.shape
    assert one.dtype == np.uint8
    assert np.array_equal(one, two), "the same seed gives the same pixels"
    assert np.array_equal(grey, before)


def test_a_page_of_the_web_is_sharpened_and_not_quite_black():
    page = np.full((120, 200), 255, np.uint8)
    page[40:80, 60:140] = 0
    found = DEGRADATIONS["webscan"](page, 0).astype(float)
    middle = found[55:65, 80:120].mean()
    assert 30 < middle < 80
    assert found[40:45, 70:130].mean(axis=1).min() < middle - 5, "darker at the border than inside"
    assert found[:20].mean() > 250


def test_the_parameters_of_webscan_are_those_that_were_found():
    found = json.loads((ROOT / "benchmarks" / "results" / "webscan.json").read_text(encoding="utf-8"))
    assert asdict(WEB) == found["parameters"]
    means = {name: parts["mean"] for name, parts in found["distances"].items()}
    assert min(means, key=lambda name: means[name]) == "webscan", "nearest to pages that were scanned low"


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_a_page_is_lowered_the_same_way_each_time(name):
    page = Page(text_page(40, 900, 420)[0], (300, 300))
    one, two, other = (lower(page, 75, name, seed) for seed in (1, 1, 2))
    lines = round(75 / SHAPES.get(name, 1))
    assert (one.width, one.height, one.dpi) == (225, round(420 * lines / 300), (75, lines))
    assert np.array_equal(one.pixels, two.pixels)
    assert np.array_equal(one.pixels, other.pixels) == (name != "scan")
    assert set(np.unique(one.pixels)) <= {0, 255} or "fax" not in name


def test_colour_becomes_grey_and_unequal_axes_become_equal():
    page = Page(np.full((100, 200, 3), (255, 0, 0), np.uint8), (200, 100))
    small = lower(page, 50, "clean", 0)
    assert small.pixels.shape == (50, 50)
    assert small.pixels[0, 0] == 76


def test_what_cannot_be_lowered():
    with pytest.raises(PageError, match="does not say its resolution: give --hr-dpi"):
        lower(Page(np.zeros((9, 9), np.uint8), None), 75, "clean", 0)
    with pytest.raises(PageError, match="it has 72 dpi and cannot be reduced to 75"):
        lower(Page(np.zeros((9, 9), np.uint8), (72, 72)), 75, "clean", 0)
    with pytest.raises(UsageError, match="did you mean 'scan'"):
        lower(Page(np.zeros((9, 9), np.uint8), (300, 300)), 75, "scam", 0)
