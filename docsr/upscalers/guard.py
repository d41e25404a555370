"""What a network makes is compared with the page it was made from; what is not borne out by it is taken back.

Brought back to half the page's resolution, blocks of BLOCK px of both are compared, each with its neighbours: how much
of the new picture varies otherwise than the page does, lighter or darker and with more or less contrast as it may be
(a network whitens paper and blackens ink, and that is wanted). What has more of that than a bound, which follows from
the page's noise, was invented; where the page varies and the new picture does not follow it, something was lost. Such
blocks become bicubic interpolation, fading over one block, so that there is no seam.

The bounds stand above what the truth itself has: a sharp page against its blurred scan of 75 dpi differs by up to 10
levels (one bit: 20), and two networks on such pages by up to 7 (13). A wrong letter has 25 to 55 levels where x-heights
are 9 px, and is found; at 4 px it has 9, as much as the blur, and is not: there only words that are not on the page, or
strokes where there is none, are found.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from docsr.page import Bands, Page, Pixels, luminance
from docsr.upscalers.classical import enlarge

BLOCK = 8
"""Side of a block in px of the page; bands begin at multiples of it (docsr.tiles.GRID)."""

LEAST_BOUND, PER_NOISE, MOST_NOISE, ONE_BIT = 10.0, 2.0, 8.0, 12.0
"""Levels of 0-255: the bound without noise, more for each level of noise, the most noise believed, more for one bit."""

LEAST_CORRELATION = 0.4
"""Where the page varies by more than twice the bound, the new picture must follow it by so much."""

_HALF, _CELLS = 2, 4
_SAMPLE = 1_000_000
_MARGIN = 4
_LAPLACE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)

Floats: TypeAlias = NDArray[np.float32]


@dataclass(slots=True)
class Share:
    """How many pixels of the new picture were looked at, and put back (those that fade, in part)."""

    looked: int = 0
    back: float = 0.0

    @property
    def part(self) -> float:
        """From 0 to 1."""
        return self.back / self.looked if self.looked else 0.0


def guarded(page: Page, large: Bands, share: Share) -> Bands:
    """Put back what ``large`` shows and ``page`` does not, or the other way round.

    Args:
        page: at least 2 x 2 px; smaller ones are left alone.
        large: made from it, an integer factor as large, in bands that begin at multiples of BLOCK of the page.
        share: where the parts that were put back are added, as bands are taken.

    Returns:
        The same page in the same bands; each is given when the next one was looked at.
    """
    if min(page.width, page.height) < _HALF:
        return large
    return replace(large, bands=_Guard(page, large.width // page.width, share).over(large))


class _Guard:
    def __init__(self, page: Page, factor: int, share: Share) -> None:
        self._page, self._factor, self._share = page, factor, share
        self._bound = bound_of(page)
        self._rows = -(-page.height // BLOCK)
        self._moments = dict[int, Floats]()  # of each row of blocks that is still needed, columns x 5
        self._seen = 0

    def over(self, large: Bands) -> Iterator[Pixels]:
        waiting: deque[tuple[int, Pixels]] = deque()
        top = 0
        for band in large.bands:
            height = len(band) // self._factor
            self._look(self._page.pixels[top : top + height], band)
            waiting.append((top, band))
            top += height
            while waiting and self._decided(*waiting[0]):
                yield self._mended(*waiting.popleft())
        while waiting:
            yield self._mended(*waiting.popleft())

    def _decided(self, top: int, band: Pixels) -> bool:
        end = -(-(top + len(band) // self._factor) // BLOCK)
        return self._seen >= min(end + 2, self._rows)

    def _look(self, rows: Pixels, band: Pixels) -> None:
        """Keep the moments of a band's blocks."""
        blocks = -(-rows.shape[0] // BLOCK), -(-rows.shape[1] // BLOCK)
        page, new = _halved(luminance(rows), _HALF), _halved(luminance(band), _HALF * self._factor)
        values = np.stack([page, new, page * page, new * new, page * new], axis=-1)
        high, wide = (count * _CELLS - have for count, have in zip(blocks, page.shape, strict=True))
        values = np.pad(values, ((0, high), (0, wide), (0, 0)), mode="edge")
        means = values.reshape(blocks[0], _CELLS, blocks[1], _CELLS, 5).mean(axis=(1, 3))
        self._moments |= dict(enumerate(means, self._seen))
        self._seen += blocks[0]

    def _bad(self, first: int, end: int) -> Floats:
        """Say which blocks of the rows ``first`` to ``end`` (which may lie outside the page) are not borne out."""
        clipped = np.clip(np.arange(first - 1, end + 1), 0, self._rows - 1)
        moments = np.stack([self._moments[row] for row in clipped.tolist()])
        mean = cv2.blur(moments, (3, 3), borderType=cv2.BORDER_REPLICATE)[1:-1]
        page, new, page_2, new_2, both = np.moveaxis(mean, -1, 0)
        of_page, of_new, common = page_2 - page**2, new_2 - new**2, both - page * new
        kept = np.maximum(common, 0) ** 2 / np.maximum(of_page, 1e-3)
        invented = of_new - kept > self._bound**2
        follows = common >= LEAST_CORRELATION * np.sqrt(of_page * np.maximum(of_new, self._bound**2))
        lost = (of_page > (2 * self._bound) ** 2) & ~follows
        return np.asarray(invented | lost, np.float32)

    def _mended(self, top: int, band: Pixels) -> Pixels:
        height = len(band) // self._factor
        first, end = top // BLOCK, -(-(top + height) // BLOCK)
        bad = self._bad(first - 1, end + 1)
        self._moments = {row: of for row, of in self._moments.items() if row >= end - 2}
        self._share.looked += len(band) * band.shape[1]
        if not bad.any():
            return band
        scale = BLOCK * self._factor
        weights = cv2.resize(bad, (bad.shape[1] * scale, bad.shape[0] * scale), interpolation=cv2.INTER_LINEAR)
        weights = weights[scale : scale + len(band), : band.shape[1]]
        self._share.back += float(weights.sum(dtype=np.float64))
        return self._blended(top, height, band, np.asarray(weights, np.float32))

    def _blended(self, top: int, height: int, band: Pixels, weights: Floats) -> Pixels:
        start = max(0, top - _MARGIN)
        rows = self._page.pixels[start : top + height + _MARGIN].astype(np.float32)
        cut = (top - start) * self._factor
        smooth = enlarge(rows, self._factor)[cut : cut + len(band)]
        weights = weights if band.ndim == 2 else weights[..., None]
        return np.asarray(np.rint(np.clip(band + weights * (smooth - band), 0, 255)), np.uint8)


def bound_of(page: Page) -> float:
    """Return how far a new picture may vary otherwise than the page, in levels of 0-255 (a standard deviation).

    Noise is measured as Immerkaer does ("Fast Noise Variance Estimation", 1996), by the median in place of the mean,
    for text is no noise.
    """
    step = max(1, page.height * page.width // _SAMPLE)
    rows = max(3, page.height // step)
    start = (page.height - rows) // 2
    grey = luminance(page.pixels[start : start + rows])
    noise = 1.4826 * float(np.median(np.abs(cv2.filter2D(grey.astype(np.float32), -1, _LAPLACE)))) / 6
    one_bit = float(((grey == 0) | (grey == 255)).mean()) > 0.98
    return LEAST_BOUND + PER_NOISE * min(noise, MOST_NOISE) + ONE_BIT * one_bit


def _halved(grey: Pixels, times: int) -> Floats:
    """Reduce a band ``times`` by area; what is left over at the right and at the bottom is left out."""
    if len(grey) < times:
        grey = np.repeat(grey, 2, axis=0)
    height, width = grey.shape[0] // times, grey.shape[1] // times
    cut = grey[: height * times, : width * times]
    return cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
