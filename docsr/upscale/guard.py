"""What a network makes is compared with the page it was made from; what is not borne out by it is taken back.

Brought back to half the page's resolution, windows of 10 px of the page (18 where there is one bit) are compared,
around every other pixel: how far the new picture is from the best mixture of the page and of a blurred page, a standard
deviation. So it may be lighter or darker, with more contrast and sharper, as it should be, but not otherwise. Where it
is farther than a bound, which is higher where the page is noisy, and not in a single spot, something was invented;
where the page varies and the new picture does not follow it, something was lost. Such places become bicubic
interpolation, fading over a few px, so that there is no seam.

So do places where all that is near is dark: a scanner's surround, the inside of a black area, text on a dark ground or
in shadow. Networks learn from patches that have white paper on them; without any, they make black grey and break
letters.

The bounds are measured (docs/guard.md shows what they find): on text in nine typefaces and on pages of the benchmark's
suites the shipped networks need 12 where there is no noise, 15 where there is, and 19 where there is one bit; each has
some more. The truth itself has 1, 13 and, of small text in one bit, up to 29.
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
from docsr.upscalers.interpolation import enlarge

LEAST_BOUND, PER_NOISE, MOST_NOISE, ONE_BIT = 14.0, 6.0, 0.5, 12.0
"""Levels of 0-255: the bound without noise, more for each level of noise, the most noise believed, more for one bit."""

LEAST_CORRELATION = 0.4
"""Where the page varies by more than twice the bound, the new picture must follow it by so much."""

DARK, DARKER = 128.0, 90.0
"""Levels of 0-255: where all that is near is below the first, the network is taken back in part, below the second
whole."""

_HALF = 2
# Of half the page's resolution: sides of windows; how far from it all must be too far as well; how far is put back.
_WINDOW, _ONE_BIT_WINDOW = 5, 9
_LEAST, _SPREAD, _FADE = 1, 4, 2
_NEAR = 4  # how far light is looked for: within 8 px of the page from it, networks make black black
_REACH = 1 + _ONE_BIT_WINDOW // 2 + _LEAST + _SPREAD + _FADE + 1
_RIDGE = 0.25
_SAMPLE = 1_000_000
_MARGIN = 4
_STRIP = 64  # rows of the page that are blended at a time, in 32 bits
_QUARTILE = 0.3186  # of the absolute values of normal noise of deviation 1
_LAPLACE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)

Floats: TypeAlias = NDArray[np.float32]


@dataclass(slots=True)
class PutBack:
    """How many pixels of the new picture were looked at, and put back (those that fade, in part).

    What is put back because all is dark there is not counted: it is no sign that something was invented.
    """

    looked: int = 0
    back: float = 0.0

    @property
    def part(self) -> float:
        """From 0 to 1."""
        return self.back / self.looked if self.looked else 0.0


def guarded(page: Page, large: Bands, share: PutBack) -> Bands:
    """Put back what ``large`` shows and ``page`` does not, or the other way round, and what is in the dark.

    Args:
        page: at least 2 x 2 px; smaller ones are left alone.
        large: made from it, an integer factor as large, in bands that begin at multiples of tiles.GRID of it.
        share: where the parts that were put back are added, as bands are taken.

    Returns:
        The same page in the same bands; each is given when the next one was looked at.
    """
    if min(page.width, page.height) < _HALF:
        return large
    return replace(large, bands=_Guard(page, large.width // page.width, share).over(large))


class _Guard:
    def __init__(self, page: Page, factor: int, share: PutBack) -> None:
        self._page, self._factor, self._share = page, factor, share
        self._one_bit = is_one_bit(page)
        self._bound = bound_of(page, self._one_bit)
        self._rows = page.height // _HALF
        self._new = np.empty((0, page.width // _HALF), np.float32)  # half rows that are still needed
        self._first, self._seen = 0, 0

    def over(self, large: Bands) -> Iterator[Pixels]:
        waiting: deque[tuple[int, Pixels]] = deque()
        top = 0
        for band in large.bands:
            self._look(band)
            waiting.append((top, band))
            top += len(band) // self._factor
            while waiting and self._decided(*waiting[0]):
                yield self._mended(*waiting.popleft())
        while waiting:
            yield self._mended(*waiting.popleft())

    def _decided(self, top: int, band: Pixels) -> bool:
        return self._seen >= min((top + len(band) // self._factor) // _HALF + 1 + _REACH, self._rows)

    def _look(self, band: Pixels) -> None:
        """Keep a band at half the page's resolution."""
        if len(band) >= _HALF * self._factor:
            new = _halved(luminance(band), _HALF * self._factor)
            self._new = np.concatenate([self._new, new])
            self._seen += len(new)

    def _bad(self, first: int, end: int) -> tuple[Floats, Floats]:
        """How much is to be put back of the half rows ``first`` to ``end``, which may lie outside the page: 0 to 1.

        Once for what the page does not bear out, once for what is in the dark.
        """
        start, stop = max(0, first - _REACH), min(self._rows, end + _REACH)
        self._new, self._first = self._new[start - self._first :], start
        rows = self._page.pixels[max(0, start - 1) * _HALF : (stop + 1) * _HALF]
        page = _halved(luminance(rows), _HALF)
        softer = cv2.blur(page, (3, 3), borderType=cv2.BORDER_REPLICATE) - page
        cut = slice(start - max(0, start - 1), start - max(0, start - 1) + stop - start)
        window = _ONE_BIT_WINDOW if self._one_bit else _WINDOW
        unborne = unlike(page[cut], softer[cut], self._new[: stop - start], window, self._bound)
        wider = np.asarray(cv2.dilate(unborne, _square(_SPREAD), borderType=cv2.BORDER_REPLICATE), np.float32)
        asked = np.clip(np.arange(first, end), 0, self._rows - 1) - start
        return _faded(wider)[asked], _faded(in_the_dark(page[cut]))[asked]

    def _mended(self, top: int, band: Pixels) -> Pixels:
        height = len(band) // self._factor
        first, end = top // _HALF, -(-(top + height) // _HALF)
        unborne, dark = self._bad(first - 1, end + 1)
        self._share.looked += len(band) * band.shape[1]
        bad = np.maximum(unborne, dark)
        if not bad.any():
            return band
        marked = np.flatnonzero(bad.any(axis=1))
        rows = slice(max(0, int(marked[0]) - 1), min(int(marked[-1]) + 2, len(bad)))
        start = (first - 1 + rows.start) * _HALF
        begin, stop = max(top, start), min(top + height, (first - 1 + rows.stop) * _HALF)
        cut = slice((begin - start) * self._factor, (stop - start) * self._factor)
        weights = self._enlarged(bad[rows])[cut]
        counted = self._enlarged(bad[rows] - dark[rows])[cut] if dark.any() else weights
        self._share.back += float(counted.sum(dtype=np.float64))
        mended = band.copy()
        place = mended[(begin - top) * self._factor : (stop - top) * self._factor]
        for row in range(begin, stop, _STRIP):
            last = min(row + _STRIP, stop)
            strip = slice((row - begin) * self._factor, (last - begin) * self._factor)
            place[strip] = self._blended(row, last, place[strip], weights[strip])
        return mended

    def _enlarged(self, half: Floats) -> Floats:
        """Bring weights from half the page's resolution to that of the new picture."""
        wide = np.pad(half, ((0, 0), (0, self._page.width % _HALF)), mode="edge")
        scale = _HALF * self._factor
        large = cv2.resize(wide, (wide.shape[1] * scale, wide.shape[0] * scale), interpolation=cv2.INTER_LINEAR)
        return np.asarray(large[:, : self._page.width * self._factor], np.float32)

    def _blended(self, top: int, end: int, band: Pixels, weights: Floats) -> Pixels:
        """Bring what stands on the page's rows ``top`` to ``end`` nearer to bicubic."""
        start = max(0, top - _MARGIN)
        rows = self._page.pixels[start : end + _MARGIN].astype(np.float32)
        cut = (top - start) * self._factor
        smooth = enlarge(rows, self._factor)[cut : cut + len(band)]
        weights = weights if band.ndim == 2 else weights[..., None]
        return np.asarray(np.rint(np.clip(band + weights * (smooth - band), 0, 255)), np.uint8)


def _faded(half: Floats) -> Floats:
    return np.asarray(cv2.blur(half, (2 * _FADE + 1,) * 2, borderType=cv2.BORDER_REPLICATE), np.float32)


def _square(reach: int) -> Pixels:
    return np.ones((2 * reach + 1,) * 2, np.uint8)


def unlike(page: Floats, softer: Floats, new: Floats, window: int, bound: float) -> Floats:
    """Say where the new picture is not borne out by the page, or does not follow it: 1, elsewhere 0.

    Args:
        page: what it was made from.
        softer: how a blur would change it.
        new: as large.
        window: what is looked at together, in px of these.
        bound: how far ``new`` may be from the best mixture of the two others, a standard deviation.
    """

    def mean(plane: Floats) -> Floats:
        return np.asarray(cv2.blur(plane, (window, window), borderType=cv2.BORDER_REPLICATE), np.float32)

    p, s, n = mean(page), mean(softer), mean(new)
    pp, ss, nn = mean(page * page) - p * p + _RIDGE, mean(softer * softer) - s * s + _RIDGE, mean(new * new) - n * n
    pn, sn, ps = mean(page * new) - p * n, mean(softer * new) - s * n, mean(page * softer) - p * s
    whole = np.maximum(pp * ss - ps * ps, _RIDGE * pp)
    of_page, of_softer = pn * ss - sn * ps, sn * pp - pn * ps
    kept = np.maximum(pn, 0) ** 2 / pp
    kept = np.where(of_page > 0, np.maximum(kept, (of_page * pn + of_softer * sn) / whole), kept)
    follows = pn >= LEAST_CORRELATION * np.sqrt(pp * np.maximum(nn, bound**2))
    far = np.asarray(nn - kept > bound**2, np.uint8)
    invented = cv2.erode(far, _square(_LEAST), borderType=cv2.BORDER_REPLICATE) > 0
    return np.asarray(invented | ((pp > (2 * bound) ** 2) & ~follows), np.float32)


def in_the_dark(page: Floats) -> Floats:
    """Say how far all is dark around a place of a page at half its resolution (0-255): from 0 to 1."""
    lightest = cv2.dilate(page, _square(_NEAR), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(np.clip((DARK - lightest) / (DARK - DARKER), 0, 1), np.float32)


def is_one_bit(page: Page) -> bool:
    """Whether there is next to nothing but black and white."""
    grey = _sample(page)
    return float(((grey == 0) | (grey == 255)).mean()) > 0.98


def bound_of(page: Page, one_bit: bool) -> float:
    """Return how far a new picture may vary otherwise than the page, in levels of 0-255 (a standard deviation).

    Noise is measured as Immerkaer does ("Fast Noise Variance Estimation", 1996), by the quartile in place of the mean,
    for text is no noise.
    """
    if one_bit:
        return LEAST_BOUND + ONE_BIT
    grey = _sample(page).astype(np.float32)
    noise = float(np.quantile(np.abs(cv2.filter2D(grey, -1, _LAPLACE)), 0.25)) / 6 / _QUARTILE
    return LEAST_BOUND + PER_NOISE * min(noise, MOST_NOISE)


def _sample(page: Page) -> Pixels:
    """Return rows from the middle of the page, in grey."""
    step = max(1, page.height * page.width // _SAMPLE)
    rows = max(3, page.height // step)
    start = (page.height - rows) // 2
    return luminance(page.pixels[max(0, start) : max(0, start) + rows])


def _halved(grey: Pixels, times: int) -> Floats:
    """Reduce ``times`` by area; what is left over at the right and at the bottom is left out."""
    height, width = grey.shape[0] // times, grey.shape[1] // times
    cut = grey[: height * times, : width * times]
    return cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
