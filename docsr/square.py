"""Make a page's pixels square before its text is measured, a network sees it, or it is written.

A standard fax has 204 x 98 dpi, a fine one 204 x 196 (ITU-T T.4); some scanners also sample one axis more finely. Text
on such a page is squashed, while networks, OCR and the measurement of text size expect letters of the usual shape.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final, Literal, TypeAlias

from docsr.errors import PageError
from docsr.io.limits import most_pixels
from docsr.page import Dpi, Page, Pixels, resize

SQUARE = 0.02
"""Largest relative difference of x and y resolution that counts as equal: formats round dpi, PDF pages round sizes."""

STANDARD_FAX, FINE_FAX = 204 / 98, 204 / 196
"""Height over width of a fax's pixels (ITU-T T.4, in whole dpi)."""

MOST = 4.5
"""Largest believable ratio of a pixel's sides (a fax of 408 x 98 dpi has 4.2). A file that states more is ignored."""

Raster: TypeAlias = Literal["kept", "finer", "even"]
KEPT: Final = "kept"
FINER: Final = "finer"
EVEN: Final = "even"
"""``finer``: the coarser axis gets the resolution of the finer one. ``even``: both axes get a resolution in between,
so that the page has about as many pixels as before. ``kept``: pixels keep their shape."""


def pixel_shape(density: Dpi | None) -> float:
    """Return a pixel's height over its width: 2.08 for a fax of 204 x 98 dpi, or for 204 : 98 in an unknown unit.

    The result is 1.0 if the pixels are square, or if the resolution is unknown or not believable.
    """
    if density is None:
        return 1.0
    shape = density[0] / density[1]
    longer = max(shape, 1 / shape)
    return shape if 1 + SQUARE < longer <= MOST else 1.0


def square_dpi(dpi: Dpi, raster: Raster) -> float:
    """Return the resolution in dpi that square pixels have in a raster."""
    return max(dpi) if raster == FINER else math.sqrt(dpi[0] * dpi[1])


def squared_size(width: int, height: int, density: Dpi | None, raster: Raster = FINER) -> tuple[int, int]:
    """Return the (width, height) in px that a page of this size and resolution has in a raster."""
    if density is None or raster == KEPT or pixel_shape(density) == 1.0:
        return width, height
    to = square_dpi(density, raster)
    return max(1, round(width * to / density[0])), max(1, round(height * to / density[1]))


def squared(page: Page, raster: Raster = FINER) -> Page:
    """Return the page with square pixels.

    Args:
        page: grey or RGB, of any dpi or aspect. A page with square pixels is returned unchanged.
        raster: the resolution of the square pixels; ``kept`` returns the page unchanged.

    Raises:
        PageError: the result would have more than docsr.io.limits.most_pixels() pixels.
    """
    density = page.density
    if density is None or raster == KEPT or pixel_shape(density) == 1.0:
        return page
    width, height = squared_size(page.width, page.height, density, raster)
    if width * height > most_pixels():
        name = "the image" if page.source is None else str(page.source)
        size = f"{width} x {height} px with square pixels, more than {most_pixels():,}"
        raise PageError(f"{name}: it would become {size}: allow more, or keep its pixels with --keep-pixel-shape")
    dpi = None if page.dpi is None else (square_dpi(page.dpi, raster),) * 2
    return replace(page, pixels=resampled(page.pixels, width, height), dpi=dpi, aspect=None, bilevel=False)


def resampled(pixels: Pixels, width: int, height: int) -> Pixels:
    """Resample an image to another size: bicubic on an axis that grows, area averaging on one that shrinks."""
    return resize(resize(pixels, width, pixels.shape[0]), width, height)
