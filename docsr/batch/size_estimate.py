"""How large an output will be, told before it is made: bands of the page are enlarged by bicubic and coded."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from docsr.io.document import PDF, encoded_size
from docsr.page import Page, Pixels

BANDS, ROWS = 10, 20
"""So many bands of so many rows of the page as it came stand for it; a lower page is taken whole."""

LOSSLESS = frozenset({"png", "tiff", "bmp"})
"""Formats in which nothing is lost: paper that is white in the page, and after a network not quite white, takes as much
again there. On four pages of which 85-97 % are white a network's PNG was 1.8-2.1 times bicubic's, on one with a noisy
ground 0.9 times; JPEG and WebP hardly see it."""

LARGEST_ESTIMATED = 1 << 26
"""px of a band that are held at most; it takes a page of some 400,000 px across to reach that."""

_WHITE = 255


def expected_bytes(
    page: Page, size: tuple[int, int], form: str, quality: int, *, one_bit: bool = False, by_network: bool = False
) -> int | None:
    """Return about how many bytes a page will take that is brought to ``size``; half or twice as many are possible.

    Bands that lie evenly over the page are enlarged by bicubic, and coded as the writer of the format does.

    Args:
        page: as it came.
        size: (width, height) in px of what it becomes.
        form: the format, as :func:`docsr.io.document.write_document` takes it.
        quality: 1 to 100, of JPEG and WebP.
        one_bit: whether it will have one bit per pixel.
        by_network: whether a network enlarges it.

    Returns:
        The estimate, or None where a band would be too large to be tried.
    """
    width, height = size
    coding = "jpg" if form == PDF and by_network and not one_bit else form  # black and white alone would be lossless
    seen = coded = 0
    for band in _bands(page.pixels):
        rows = max(1, round(len(band) * height / page.height))
        if rows * width > LARGEST_ESTIMATED:
            return None
        large = Page(np.asarray(cv2.resize(band, (width, rows), interpolation=cv2.INTER_CUBIC), np.uint8)).in_bands()
        coded += encoded_size((large.in_black_and_white() if one_bit else large).whole(), coding, quality)
        seen += rows
    white = float((page.pixels == _WHITE).mean()) if by_network and form in LOSSLESS and not one_bit else 0.0
    return round((1 + white) * coded * height / seen)


def _bands(pixels: Pixels) -> Iterator[Pixels]:
    rows = len(pixels)
    if rows <= BANDS * ROWS:
        yield pixels
        return
    for place in range(BANDS):
        top = round((place + 0.5) * rows / BANDS - ROWS / 2)
        yield np.ascontiguousarray(pixels[top : top + ROWS])
