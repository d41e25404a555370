from __future__ import annotations

import numpy as np
import pytest

from docsr.bench.degradations import DEGRADATIONS, SHAPES, lower
from docsr.errors import PageError, UsageError
from docsr.page import Page
from tests.pairs import text_page


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
