"""The size of the text on a page: its x-height in pixels, which decides what enlargement a page needs.

Method. The ink that may be letters (docsr/ink.py) is closed horizontally into line segments. The rows of each segment,
in pieces short enough for a skewed scan, give an ink profile; the two cuts that best split it into three constant
levels (least squares) are the x-line and the baseline, since ascenders and descenders hold much less ink than what lies
between. Where nothing rises or hangs, these are capitals or digits, whose height is CAPITALS times the x-height. The
page is measured once coarsely, then again at the scale that brings its text to TARGET px: small touching letters are
enlarged, large pages made cheap. Where the sizes found spread much, the page is measured on its side too, and that is
taken if they spread less there and the lines are longer: what is no line of text falls into short pieces.

Measured error (9 sizes from 4 to 40 px, six typefaces: sans, serif and monospace of DejaVu and Liberation; clean,
blurred, noisy, JPEG, faint, inverted, one-bit, ruled, with a picture, skewed by 1.2 degrees): median 3.6 % of truth,
worst 29 %, at 4 px with blur, noise, low contrast and JPEG 40 at once; worst 17 % otherwise. tests/test_textsize.py
measures much the same. A page takes 0.02 to 0.35 s, the most when it is large and its print small.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from docsr.grounds import grey_of
from docsr.ink import Floats, Mask, ink_of, letters_of, noise_of
from docsr.page import Pixels

TARGET = 14.0
"""x-height in px at which the second measurement is made."""

TRUSTED = (9.5, 24.0)
"""A coarse x-height in here, in px of the scaled page, needs no second measurement."""

CAPITALS = 1.38
"""Height of capitals and digits over the x-height: 1.33 (DejaVu Sans), 1.38 (Liberation Sans), 1.48 (Times)."""

NUMBERS = 0.25
"""A page is looked at as one of numbers where nothing rises above the body in so much of it."""

CAPITALS_BESIDE = (1.2, 1.65)
"""So many times the x-height of a page's lower case a piece is high where it holds capitals or digits."""

COARSE_PIXELS, FINE_PIXELS = 2_000_000, 1_500_000
"""The most pixels looked at in the coarse and the fine measurement."""

MAX_ENLARGEMENT = 5.0
LEAST_BODY = 0.36
"""The least x-height over ascender to descender; lower bands are serifs or bars of letters."""

MOST_SPREAD = 0.15
"""Text whose size spreads more may be the letters of lines that run up or down; pages that stand seldom reach it."""

STROKES, LONG, LEAST = 5.0, 7.0, 5.0
"""A line in which ink begins fewer times, or which is fewer times as long as high, counts less: it may be no text. A
page with text that is in all fewer times as long as high has none."""

MANY, A_LINE = 25.0, 0.2
"""On a page less than so many x-heights wide more is asked for, except where one is so much of its height."""

MIXED = 0.6
"""Where sizes spread more, some are of no text: the size is that of what covers most, by pieces of about one size."""

ALIKE = 0.25
"""Sizes whose logarithms differ less are of one size of text."""

STRIP = 20
"""So many times as long as wide, a picture is no page that may lie on its side."""

SMALLEST, LARGEST = 2.0, 400.0
"""x-heights in px outside these are not reported."""

Indices: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class TextSize:
    """The text size of a page.

    Attributes:
        x_height: height of a lower-case x in px: the median over the page, weighted by text length.
        lines: line segments that were measured.
        letters: about how many letters these have.
        spread: the 25-75 % range of the x-height over the text, divided by ``x_height``; 0 when all is one size.
    """

    x_height: float
    lines: int
    letters: float
    spread: float


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of a text line.

    Its x-height and its reach (px; less where it may be no text), weight (about the number of letters), line, the row of
    its segment, and whether something rises above the body (True), so that this has lower-case letters, or not (None:
    it is known for capitals).
    """

    size: float
    reach: float
    weight: float
    line: tuple[int, int]
    row: int
    rises: bool | None


@dataclass(frozen=True, slots=True)
class _Fit:
    """The body of the letters, rows ``top`` to ``base`` of a row profile taken over ``reach`` columns.

    ``strokes`` is how many times ink begins in a row of it, ``clear`` the share of the profile's variance that it
    explains.
    """

    top: int
    base: int
    profile: Floats
    reach: int
    strokes: float
    clear: float

    @property
    def topless(self) -> bool:
        """True when nothing rises above the body: capitals or digits, or lower case without b, d, f, h, k, l and t."""
        size = self.base - self.top
        high = self.profile[max(0, round(self.top - 0.36 * size)) : max(0, round(self.top - 0.14 * size))]
        return bool((high < self._least).all())

    @property
    def bare(self) -> bool:
        """True when nothing hangs below it either: capitals or digits."""
        size = self.base - self.top
        low = self.profile[round(self.base + 0.14 * size) : round(self.base + 0.32 * size)]
        return self.topless and bool((low < self._least).all())

    @property
    def _least(self) -> float:
        return float(0.1 * self.profile[self.top : self.base].mean())


def measure(pixels: Pixels) -> TextSize | None:
    """Measure the x-height of a page, or of one that lies on its side.

    Args:
        pixels: H x W grey or H x W x 3 RGB, uint8; dark on light or light on dark.

    Returns:
        The text size in px of ``pixels``, or None when no text is found.
    """
    if min(pixels.shape[:2]) < 8:
        return None
    grey = grey_of(pixels)
    found = _measured(grey)
    if (found is None or found.spread > MOST_SPREAD) and max(grey.shape) < STRIP * min(grey.shape):
        turned = _measured(np.ascontiguousarray(np.rot90(grey)))
        if found is None or (turned is not None and _reads_better(turned, found)):
            return turned
    return found


def _reads_better(turned: TextSize, found: TextSize) -> bool:
    return turned.spread < found.spread and turned.letters / turned.lines > found.letters / found.lines


def _measured(page: Pixels) -> TextSize | None:
    """The text size of lines that run across."""
    grey, scale = page, min(1.0, (COARSE_PIXELS / page.size) ** 0.5)
    pieces = _pieces(grey, scale)
    found, seen = _summary(pieces, scale), pieces
    if scale < 1 and (found is None or found.x_height * scale < 5):  # perhaps too small to be seen when reduced
        grey, scale = _window(grey, pieces, scale, COARSE_PIXELS, 1.0), 1.0
        pieces = _pieces(grey, scale)
        found, seen = (_summary(pieces, scale), pieces) if _enough(pieces) else (found, seen)
    for _ in range(2):
        if found is None or TRUSTED[0] <= found.x_height * scale <= TRUSTED[1]:
            break
        finer = float(np.clip(TARGET / found.x_height, 0.02, MAX_ENLARGEMENT))
        grey = _window(grey, pieces, scale, FINE_PIXELS, finer)
        scale, pieces = finer, _pieces(grey, finer)
        found, seen = (_summary(pieces, scale), pieces) if _enough(pieces) else (found, seen)
    if found is None or not SMALLEST <= found.x_height <= LARGEST:
        return None
    return found if _are_text(seen, found.x_height, page.shape) else None


def _are_text(pieces: list[_Piece], x_height: float, shape: tuple[int, ...]) -> bool:
    """Whether there is enough text of the commonest size; more is asked for where only a few letters fit into a row."""
    alike, _ = _alike(pieces)
    length = sum(piece.reach / piece.size for piece, one in zip(pieces, alike, strict=True) if one)
    a_word = x_height > A_LINE * shape[0]  # cut out, with little round it
    return length >= (1.0 if a_word else LEAST * max(1.0, x_height * MANY / shape[1]))


def _resized(grey: Pixels, scale: float) -> Pixels:
    if scale == 1:
        return grey
    size = max(8, round(grey.shape[1] * scale)), max(8, round(grey.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(grey, size, interpolation=how).astype(np.uint8)


def _window(grey: Pixels, pieces: list[_Piece], scale: float, limit: int, finer: float) -> Pixels:
    """Cut the rows with the most text, so many (16 at least) that ``limit`` pixels remain at scale ``finer``."""
    rows = max(16, int(limit / (grey.shape[1] * finer * finer)))
    grey = grey[:, : max(16, int(4 * limit / (rows * finer * finer)))]  # of an endless strip, its beginning
    if rows >= grey.shape[0]:
        return grey
    weights = np.zeros(grey.shape[0] + 1)
    for piece in pieces:
        weights[min(int(piece.row / scale) + 1, grey.shape[0])] += piece.weight
    if not pieces:  # the rows that vary most are likeliest to hold text
        weights[1:] = np.concatenate([grey[top : top + 256].std(axis=1) for top in range(0, len(grey), 256)])
    total = np.cumsum(weights)
    start = int(np.argmax(total[rows:] - total[:-rows]))
    start = max(0, min(start - rows // 20, grey.shape[0] - rows))
    return grey[start : start + rows]


def _summary(pieces: list[_Piece], scale: float) -> TextSize | None:
    """Pool pieces measured at ``scale`` into a text size in px of the page."""
    if not _enough(pieces):
        return None
    letters = sum(piece.weight for piece in pieces)
    low, middle, high = _quartiles(pieces)
    if high - low > MIXED * middle:
        alike, _ = _alike(pieces)
        _, middle, _ = _quartiles([piece for piece, one in zip(pieces, alike, strict=True) if one])
    lines = len({piece.line for piece in pieces})
    return TextSize(middle / scale, lines, letters, (high - low) / middle)


def _enough(pieces: list[_Piece]) -> bool:
    return sum(piece.weight for piece in pieces) >= 4


def _quartiles(pieces: list[_Piece]) -> tuple[float, float, float]:
    """The size up to which a quarter, half and three quarters of the text lie."""
    sizes = np.array([piece.size for piece in pieces])
    weights = np.array([piece.weight for piece in pieces])
    order = np.argsort(sizes)
    share = (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()
    low, middle, high = np.interp((0.25, 0.5, 0.75), share, sizes[order]).tolist()
    return low, middle, high


def _pieces(grey: Pixels, scale: float) -> list[_Piece]:
    """Find the text on a page and measure it piece by piece, in px of the page brought to ``scale``."""
    noise = noise_of(grey) if scale > 1 else 0.0  # which enlarging hides, but does not take away
    found = [_measured_pieces(mask, letter) for mask, letter in letters_of(ink_of(_resized(grey, scale), noise))]
    return max(found, key=_covered, default=[])


def _covered(pieces: list[_Piece]) -> float:
    """The area that text of the commonest size covers, times that size, in px: dots are many, but small."""
    if not pieces:
        return 0.0
    alike, areas = _alike(pieces)
    return float(areas.max() * np.median([piece.size for piece, one in zip(pieces, alike, strict=True) if one]))


def _alike(pieces: list[_Piece]) -> tuple[NDArray[np.bool_], Floats]:
    """Tell which pieces have about each one's size, and what area those cover together in px."""
    logs = np.log([piece.size for piece in pieces])
    order = np.argsort(logs)
    areas = np.array([piece.size * piece.reach for piece in pieces])
    total = np.concatenate(([0.0], np.cumsum(areas[order])))
    first = np.searchsorted(logs[order], logs - ALIKE)
    last = np.searchsorted(logs[order], logs + ALIKE)
    best = int(np.argmax(total[last] - total[first])) if pieces else 0
    return (np.abs(logs - logs[best]) <= ALIKE) if pieces else np.zeros(0, np.bool_), total[last] - total[first]


def _measured_pieces(mask: Mask, letter: float) -> list[_Piece]:
    """Measure the lines of what may be letters of a typical height ``letter``."""
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((1, 2 * round(0.6 * letter) + 1), np.uint8))
    _, _, boxes, _ = cv2.connectedComponentsWithStats(closed, connectivity=4)
    pieces: list[_Piece] = []
    for number, (x, y, width, height, area) in enumerate(boxes[1:].tolist()):
        if height < 0.6 * letter or width < 1.2 * min(height, 2 * letter) or area < 0.15 * width * height:
            continue
        segment = mask[max(0, y - 2) : y + height + 2, x : x + width]
        pieces += _measure_segment(segment, letter, number, y)
    return _without_capitals(pieces)


def _without_capitals(pieces: list[_Piece]) -> list[_Piece]:
    """On a page of numbers, bring what is as high as capitals beside its lower case to the x-height of that."""
    lower_case = [piece for piece in pieces if piece.rises]
    topless = sum(piece.weight for piece in pieces if piece.rises is False)
    if not lower_case or topless < NUMBERS * sum(piece.weight for piece in pieces):
        return pieces
    low, middle, high = _quartiles(lower_case)
    if high - low > 0.3 * middle:
        return pieces
    low, high = (ratio * middle for ratio in CAPITALS_BESIDE)
    return [
        replace(piece, size=piece.size / CAPITALS) if piece.rises is False and low < piece.size < high else piece
        for piece in pieces
    ]


def _lines(profile: Floats, letter: float) -> list[tuple[int, int]]:
    """Return where the text lines in a row profile begin and end: cut at the emptiest rows between touching lines."""
    rows = np.flatnonzero(profile)
    if not len(rows):
        return []
    first, end = max(0, int(rows[0]) - 2), min(len(profile), int(rows[-1]) + 3)
    if end - first < 2.6 * letter:
        return [(first, end)]
    smooth = cv2.GaussianBlur(profile[:, None], (0, 0), 0.4 * letter).ravel()
    inner = smooth[1:-1]
    low = np.flatnonzero((inner < smooth[:-2]) & (inner <= smooth[2:]) & (inner < 0.75 * smooth.max())) + 1
    cuts = [first, *(cut for cut in low.tolist() if first < cut < end), end]
    return [(top, bottom) for top, bottom in pairwise(cuts) if bottom - top >= 0.6 * letter]


def _measure_segment(segment: Mask, letter: float, number: int, row: int) -> list[_Piece]:
    """Measure a segment (one line, or some that touch) in pieces about ten letters wide, for it may be skewed."""
    width = segment.shape[1]
    edges = np.linspace(0, width, max(1, round(width / (11 * letter))) + 1).astype(int)
    lines: dict[int, list[_Fit]] = defaultdict(list)
    for left, right in pairwise(edges.tolist()):
        profile = segment[:, left:right].sum(axis=1, dtype=np.float64) / (right - left)
        for index, (top, end) in enumerate(_lines(profile, letter)):
            body = _x_and_base_line(profile[top:end])
            if body is not None and right - left > 1.2 * (body[1] - body[0]):
                runs = segment[top + body[0] : top + body[1], left:right]
                strokes = np.count_nonzero(runs[:, 1:] > runs[:, :-1]) / len(runs)
                lines[index].append(_Fit(body[0], body[1], profile[top:end], right - left, strokes, body[2]))
    pieces = []
    for index, fits in lines.items():
        capitals = all(fit.bare for fit in fits)
        likeness = _likeness(fits)
        for fit in fits:
            size = (fit.base - fit.top) / (CAPITALS if capitals else 1.0)
            sure = 0.4 if capitals and width < 8 * size else 1.0
            rises = None if capitals else not fit.topless
            pieces.append(_Piece(size, likeness * fit.reach, sure * fit.reach / letter, (number, index), row, rises))
    return pieces


def _likeness(fits: list[_Fit]) -> float:
    """How much a line is like text, 0 to 1: long for its height, made of strokes, with a clear x-line and baseline."""
    long = sum(fit.reach / (fit.base - fit.top) for fit in fits) / LONG
    strokes = sum(fit.strokes for fit in fits) / STROKES
    clear = (float(np.mean([fit.clear for fit in fits])) - 0.4) / 0.4
    return min(1.0, long) ** 2 * min(1.0, strokes) ** 2 * min(1.0, max(0.0, clear))


@lru_cache(maxsize=128)
def _bodies(rows: int, least: int) -> tuple[Indices, Indices]:
    """Where the body of the letters may begin and end in so many rows."""
    top, base = np.triu_indices(rows + 1, k=least)
    return top, base


def _x_and_base_line(profile: Floats) -> tuple[int, int, float] | None:
    """Split a row profile into three constant levels.

    Returns:
        Where the middle one begins and ends, in rows, and the share of the variance that the three explain.
    """
    n = len(profile)
    if n < 5:
        return None
    extent = np.count_nonzero(profile)
    total = np.concatenate(([0.0], np.cumsum(profile)))
    top, base = _bodies(n, max(2, round(LEAST_BODY * extent)))
    if not len(top):
        return None
    inside = (total[base] - total[top]) ** 2 / (base - top)
    above = total[top] ** 2 / np.maximum(top, 1)
    below = (total[-1] - total[base]) ** 2 / np.maximum(n - base, 1)
    levels = inside + above + below
    best = int(np.argmax(levels))
    a, b = int(top[best]), int(base[best])
    level = (total[b] - total[a]) / (b - a)
    outside = (total[-1] - total[b] + total[a]) / max(n - b + a, 1)
    spans = total[-1] - total[0] > 0 and level > 1.35 * outside and 0.12 < level < 0.95
    mean = total[-1] ** 2 / n
    clear = (levels[best] - mean) / max(float(profile @ profile) - mean, 1e-9)
    return (a, b, float(clear)) if spans else None
