"""Pages of different size brought to the same coordinates."""

from __future__ import annotations

import numpy as np
import pytest

from docsr.page import Page
from docsr.upscale.page import upscale_page
from docsr.upscalers.interpolation import CLASSICAL
from docsr.viewer.sheet import make_sheet, shape_off


def page(width: int, height: int, dpi: tuple[float, float] | None = None) -> Page:
    return Page(np.random.default_rng(width).integers(0, 256, (height, width), np.uint8), dpi)


def names(sheet) -> list[str]:
    return [variant.name for variant in sheet.variants]


def test_the_smaller_one_is_lr_and_gets_bicubic_wherever_it_is_given():
    small, large = page(40, 30), page(80, 60)
    sheet = make_sheet("a", small, large, maker="docsr")
    assert names(sheet) == ["LR", "bicubic", "docsr"]
    assert (sheet.left, sheet.right, sheet.size) == (0, 2, (80, 60))
    turned = make_sheet("a", large, small, maker="docsr")
    assert names(turned) == ["LR", "bicubic", "before"]
    assert (turned.left, turned.right, turned.size) == (2, 0, (80, 60))


def test_bicubic_is_the_one_of_docsr():
    small = page(40, 30, (75, 75))
    made = make_sheet("a", small, page(160, 120)).variants[1].page
    expected = upscale_page(small, CLASSICAL["bicubic"](4))
    assert np.array_equal(made.pixels, expected.pixels)
    assert made.dpi == (300, 300)


@pytest.mark.parametrize("size", [(100, 75), (101, 76), (1200, 900), (79, 60)])
def test_bicubic_has_the_size_of_the_larger_one_whatever_that_is(size):
    made = make_sheet("a", page(40, 30), page(*size)).variants[1].page
    assert (made.width, made.height) == size


def test_pages_of_one_size_are_before_and_after():
    sheet = make_sheet("a", page(40, 30), page(41, 31), page(80, 60))
    assert names(sheet) == ["before", "after", "HR"]
    assert sheet.notes == []
    same = page(40, 30)
    assert make_sheet("a", same, Page(same.pixels.copy())).notes == ["both files hold the same picture"]


def test_a_fax_is_shown_with_square_pixels():
    assert make_sheet("a", page(50, 30, (200, 100)), page(100, 60, (400, 200))).size == (100, 120)


def test_shapes_are_compared_on_paper():
    fax = page(200, 100, (200, 100))
    assert shape_off(fax, page(300, 300, (300, 300))) == pytest.approx(0)
    assert shape_off(fax, page(300, 300)) == pytest.approx(1)


def test_it_starts_where_the_pages_differ():
    blank = np.full((600, 800), 255, np.uint8)
    marked = blank.copy()
    marked[500:520, 650:700] = 0
    x, y = make_sheet("a", Page(blank), Page(marked)).start
    assert abs(x * 800 - 675) < 240
    assert abs(y * 600 - 510) < 100
