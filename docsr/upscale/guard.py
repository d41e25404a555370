"""Compare a network's output with the page, and replace by bicubic what the page does not support.

The output is reduced to half the page's resolution and compared in windows of 10 px of the page (18 px for one-bit
pages), around every second pixel. The difference is the standard deviation of the output from its best fit by the page
and the blurred page. So the output may be lighter, darker, sharper or of higher contrast, but not different otherwise.
If the difference exceeds a bound in more than a single spot, something was invented; the bound is higher for a noisy
page. If the page varies and the output does not follow it, something was lost. Both are replaced by bicubic
interpolation, faded over a few px to avoid seams.

Places with only dark pixels nearby are replaced too: a scanner's surround, the inside of a black area, text on a dark
background or in shadow. Networks learn from patches with white paper; without any, they turn black to grey and break
letters.

The bounds are measured (docs/guard.md shows what they find). On text in nine typefaces and on pages of the benchmark's
suites, the shipped networks need a bound of 12 without noise, 15 with noise, and 19 for one bit; the bounds used are a
little higher. The true high-resolution page differs by 1, 13 and, for small text in one bit, up to 29.
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
"""Grey levels (0-255): the bound without noise, its increase per level of noise, the most noise that counts, and the
bound's increase for one-bit pages."""

LEAST_CORRELATION = 0.4
"""Smallest correlation of the output with the page, where the page varies by more than twice the bound."""

DARK, DARKER = 128.0, 90.0
"""Grey levels (0-255). If all nearby pixels are below DARK, the network's output is replaced in part; below DARKER,
completely."""

_HALF = 2
# In px at half the page's resolution: sides of windows; radius within which all must exceed the bound; radius of the
# area that is replaced; radius of the fade.
_WINDOW, _ONE_BIT_WINDOW = 5, 9
_LEAST, _SPREAD, _FADE = 1, 4, 2
_NEAR = 4  # radius searched for light pixels: within 8 px of the page from light, networks keep black as black
_REACH = 1 + _ONE_BIT_WINDOW // 2 + _LEAST + _SPREAD + _FADE + 1
_RIDGE = 0.25
_SAMPLE = 1_000_000
_MARGIN = 4
_STRIP = 64  # rows of the page that are blended at a time, in 32-bit floats
_QUARTILE = 0.3186  # first quartile of the absolute values of normal noise with standard deviation 1
_LAPLACE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)

Floats: TypeAlias = NDArray[np.float32]


@dataclass(slots=True)
class PutBack:
    """Numbers of output pixels that were checked, and that were replaced by bicubic (faded ones count in part).

    Pixels replaced only because they are dark do not count: they do not suggest invention.
    """

    checked: int = 0
    replaced: float = 0.0

    @property
    def part(self) -> float:
        """The replaced share, 0 to 1."""
        return self.replaced / self.checked if self.checked else 0.0


def guarded(page: Page, large: Bands, share: PutBack) -> Bands:
    """Replace by bicubic what only one of ``large`` and ``page`` shows, and what is dark.

    Args:
        page: the original page. Pages below 2 x 2 px are not checked.
        large: the network's output for it, an integer factor as large, in bands that begin at multiples of tiles.GRID
            rows of the page.
        share: the counts, updated while bands are iterated.

    Returns:
        The same page in the same bands. Each band is yielded once enough rows below it have been read.
    """
    if min(page.width, page.height) < _HALF:
        return large
    return replace(large, bands=_Guard(page, large.width // page.width, share).bands(large))


class _Guard:
    def __init__(self, page: Page, factor: int, share: PutBack) -> None:
        self._page, self._factor, self._share = page, factor, share
        self._one_bit = is_one_bit(page)
        self._bound = bound_of(page, self._one_bit)
        self._rows = page.height // _HALF
        self._new = np.empty((0, page.width // _HALF), np.float32)  # the output's half-resolution rows still needed
        self._first, self._seen = 0, 0

    def bands(self, large: Bands) -> Iterator[Pixels]:
        waiting: deque[tuple[int, Pixels]] = deque()
        top = 0
        for band in large.bands:
            self._add(band)
            waiting.append((top, band))
            top += len(band) // self._factor
            while waiting and self._can_be_checked(*waiting[0]):
                yield self._guarded_band(*waiting.popleft())
        while waiting:
            yield self._guarded_band(*waiting.popleft())

    def _can_be_checked(self, top: int, band: Pixels) -> bool:
        return self._seen >= min((top + len(band) // self._factor) // _HALF + 1 + _REACH, self._rows)

    def _add(self, band: Pixels) -> None:
        """Reduce a band to half the page's resolution and keep it."""
        if len(band) >= _HALF * self._factor:
            new = _halved(luminance(band), _HALF * self._factor)
            self._new = np.concatenate([self._new, new])
            self._seen += len(new)

    def _bicubic_weights(self, first: int, end: int) -> tuple[Floats, Floats]:
        """Return two planes of weights (0 to 1) of bicubic: for what the page does not support, and for the dark.

        They cover the half-resolution rows ``first`` to ``end``, which may lie outside the page.
        """
        start, stop = max(0, first - _REACH), min(self._rows, end + _REACH)
        self._new, self._first = self._new[start - self._first :], start
        rows = self._page.pixels[max(0, start - 1) * _HALF : (stop + 1) * _HALF]
        page = _halved(luminance(rows), _HALF)
        softer = cv2.blur(page, (3, 3), borderType=cv2.BORDER_REPLICATE) - page
        cut = slice(start - max(0, start - 1), start - max(0, start - 1) + stop - start)
        window = _ONE_BIT_WINDOW if self._one_bit else _WINDOW
        mismatch = mismatches(page[cut], softer[cut], self._new[: stop - start], window, self._bound)
        wider = np.asarray(cv2.dilate(mismatch, _square(_SPREAD), borderType=cv2.BORDER_REPLICATE), np.float32)
        inside = np.clip(np.arange(first, end), 0, self._rows - 1) - start
        return _faded(wider)[inside], _faded(in_the_dark(page[cut]))[inside]

    def _guarded_band(self, top: int, band: Pixels) -> Pixels:
        height = len(band) // self._factor
        first, end = top // _HALF, -(-(top + height) // _HALF)
        mismatch, dark = self._bicubic_weights(first - 1, end + 1)
        self._share.checked += len(band) * band.shape[1]
        weights_half = np.maximum(mismatch, dark)
        if not weights_half.any():
            return band
        marked = np.flatnonzero(weights_half.any(axis=1))
        rows = slice(max(0, int(marked[0]) - 1), min(int(marked[-1]) + 2, len(weights_half)))
        start = (first - 1 + rows.start) * _HALF
        begin, stop = max(top, start), min(top + height, (first - 1 + rows.stop) * _HALF)
        cut = slice((begin - start) * self._factor, (stop - start) * self._factor)
        weights = self._enlarged(weights_half[rows])[cut]
        counted = self._enlarged(weights_half[rows] - dark[rows])[cut] if dark.any() else weights
        self._share.replaced += float(counted.sum(dtype=np.float64))
        result = band.copy()
        place = result[(begin - top) * self._factor : (stop - top) * self._factor]
        for row in range(begin, stop, _STRIP):
            last = min(row + _STRIP, stop)
            strip = slice((row - begin) * self._factor, (last - begin) * self._factor)
            place[strip] = self._blended(row, last, place[strip], weights[strip])
        return result

    def _enlarged(self, half: Floats) -> Floats:
        """Enlarge weights from half the page's resolution to that of the output."""
        wide = np.pad(half, ((0, 0), (0, self._page.width % _HALF)), mode="edge")
        scale = _HALF * self._factor
        large = cv2.resize(wide, (wide.shape[1] * scale, wide.shape[0] * scale), interpolation=cv2.INTER_LINEAR)
        return np.asarray(large[:, : self._page.width * self._factor], np.float32)

    def _blended(self, top: int, end: int, band: Pixels, weights: Floats) -> Pixels:
        """Blend the output for the page's rows ``top`` to ``end`` with bicubic."""
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


def mismatches(page: Floats, softer: Floats, new: Floats, window: int, bound: float) -> Floats:
    """Mark where the page does not support the output, or where the output does not follow the page: 1, elsewhere 0.

    Args:
        page: the page at half its resolution.
        softer: the change that a blur would make to it.
        new: the output at the same size.
        window: side of the compared windows, in px of these planes.
        bound: the largest standard deviation of ``new`` from its best fit by the two others.
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
    """Return how dark the surroundings of each pixel are, 0 to 1. ``page`` is at half resolution, in levels 0-255."""
    lightest = cv2.dilate(page, _square(_NEAR), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(np.clip((DARK - lightest) / (DARK - DARKER), 0, 1), np.float32)


def is_one_bit(page: Page) -> bool:
    """Return whether more than 98 % of a page's pixels are black or white."""
    grey = _sample(page)
    return float(((grey == 0) | (grey == 255)).mean()) > 0.98


def bound_of(page: Page, one_bit: bool) -> float:
    """Return how far the output may differ from the page's best fit, a standard deviation in grey levels (0-255).

    Noise is measured as in Immerkaer ("Fast Noise Variance Estimation", 1996), but by the quartile instead of the mean,
    so that text does not count as noise.
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
    """Reduce ``times`` by area averaging. Leftover columns at the right and rows at the bottom are cut off."""
    height, width = grey.shape[0] // times, grey.shape[1] // times
    cut = grey[: height * times, : width * times]
    return cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
