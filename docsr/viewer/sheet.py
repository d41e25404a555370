"""Bring the variants of one page, the given ones and bicubic, to the same coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

import cv2
import numpy as np

from docsr.choices import FACTORS
from docsr.ocr.base import Word
from docsr.page import Page, Pixels, luminance, resize
from docsr.upscale.page import upscale_page
from docsr.upscalers.interpolation import CLASSICAL

SAME_SIZE = 1.1
"""If the sides of two pictures differ by less than this factor, neither enlarges the other."""

SAME_SHAPE = 0.02
"""Part by which the shapes of two pictures of the same page may differ."""

_SMALL = 800
"""Width in px at which the place is searched where two pictures differ most."""

_WINDOW = (100, 240)
"""Height and width of that place at this width."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way that a page can look.

    Attributes:
        name: name of the variant, such as ``bicubic``.
        origin: where it comes from, for a reader: a file.
        page: its pixels.
        words: words that were read in it; None if it was not read.
    """

    name: str
    origin: str
    page: Page
    words: Sequence[Word] | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page to look at.

    Attributes:
        title: names the page, for a reader.
        size: width and height in px at which all variants are shown at 100 %.
        variants: two or more; all show the same area of the paper.
        left, right: numbers of the variants that are shown there first.
        start: (x, y) in parts of the page: where these two differ most.
        notes: sentences about the page.
    """

    title: str
    size: tuple[float, float]
    variants: Sequence[Variant]
    left: int
    right: int
    start: tuple[float, float]
    notes: list[str] = field(default_factory=list)


def make_sheet(title: str, before: Page, after: Page, hr: Page | None = None, *, maker: str | None = None) -> Sheet:
    """Put pages with the same content side by side, with the bicubic enlargement of the smaller one.

    Args:
        title: names the pages, for a reader.
        before: the page before.
        after: the page after, larger or smaller.
        hr: the original of higher resolution, if there is one.
        maker: what made ``after``, if that is known.
    """
    scale = max(after.width / before.width, after.height / before.height)
    if 1 / SAME_SIZE < scale < SAME_SIZE:
        variants = [_variant("before", before), _variant(maker or "after", after)]
        left, right = 0, 1
    else:
        small, large = (before, after) if scale > 1 else (after, before)
        name = (maker or "after") if scale > 1 else "before"
        bicubic = Variant("bicubic", "made for this page", _bicubic(small, large))
        variants = [_variant("LR", small), bicubic, _variant(name, large)]
        left, right = (0, 2) if scale > 1 else (2, 0)
    if hr is not None:
        variants.append(_variant("HR", hr))
    size = _shown_size(max(before, after, key=lambda page: page.width * page.height))
    same = before.pixels.shape == after.pixels.shape and np.array_equal(before.pixels, after.pixels)
    notes = ["both files hold the same picture"] if same else []
    return Sheet(title, size, variants, left, right, _start(before, after), notes)


def shape_off(page: Page, other: Page) -> float:
    """Return the part by which the shapes of two pages differ on paper; 0 if they are equal."""
    by_dpi = page.dpi is not None and other.dpi is not None
    shapes = [_shape(each, by_dpi) for each in (page, other)]
    return max(shapes) / min(shapes) - 1


def _shape(page: Page, by_dpi: bool) -> float:
    dpi = page.dpi if by_dpi and page.dpi is not None else (1.0, 1.0)
    return (page.width / dpi[0]) / (page.height / dpi[1])


def _variant(name: str, page: Page) -> Variant:
    origin = "" if page.source is None else str(page.source)
    return Variant(name, origin, page)


def _bicubic(small: Page, large: Page) -> Page:
    """Return ``small`` at the size of ``large``, enlarged by docsr's own bicubic."""
    wanted = ceil(max(large.width / small.width, large.height / small.height) - 0.01)
    factor = next((factor for factor in FACTORS if factor >= wanted), FACTORS[-1])
    page = upscale_page(small, CLASSICAL["bicubic"](factor))
    return page.resized(resize(page.pixels, large.width, large.height))


def _shown_size(page: Page) -> tuple[float, float]:
    """Return width and height in px of a page after its pixels are made square."""
    x, y = page.dpi or (1.0, 1.0)
    return page.width * max(x, y) / x, page.height * max(x, y) / y


def _start(before: Page, after: Page) -> tuple[float, float]:
    """Return the middle of the place where two pages differ most, in parts of the page."""
    width = min(_SMALL, before.width, after.width)
    size = width, max(1, round(width * before.height / before.width))
    small = [cv2.resize(luminance(page.pixels), size, interpolation=cv2.INTER_AREA) for page in (before, after)]
    change: Pixels = np.asarray(cv2.absdiff(*small), np.uint8)
    rows, columns = busiest(change, _WINDOW)
    return (
        round((columns.start + columns.stop) / 2 / size[0], 4),
        round((rows.start + rows.stop) / 2 / size[1], 4),
    )


def busiest(change: Pixels, window: tuple[int, int]) -> tuple[slice, slice]:
    """Return the window (height and width in px, cut to the picture) with the largest sum in an H x W picture."""
    height, width = (min(wanted, have) for wanted, have in zip(window, change.shape, strict=True))
    sums = cv2.integral(change)
    windows = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    y, x = np.unravel_index(int(windows.argmax()), windows.shape)
    return slice(int(y), int(y) + height), slice(int(x), int(x) + width)
