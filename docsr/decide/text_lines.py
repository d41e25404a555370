"""The lines of text on a page, measured piece by piece.

The ink that may be letters (ink.py) is closed horizontally into line segments. The rows of each segment, in
pieces short enough for a skewed scan, give an ink profile; the two cuts that best split it into three constant levels
(least squares) are the x-line and the baseline, since ascenders and descenders hold much less ink than what lies
between. Where nothing rises or hangs, these are capitals or digits, whose height is CAPITALS times the x-height.
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

from docsr.decide.ink import Floats, Mask, ink_of, letters_of
from docsr.page import Pixels

CAPITALS = 1.38
"""Height of capitals and digits over the x-height: 1.33 (DejaVu Sans), 1.38 (Liberation Sans), 1.48 (Times)."""

NUMBERS = 0.25
"""A page is looked at as one of numbers where nothing rises above the body in so much of it."""

CAPITALS_BESIDE = (1.2, 1.65)
"""So many times the x-height of a page's lower case a piece is high where it holds capitals or digits."""

LEAST_BODY = 0.36
"""The least x-height over ascender to descender; lower bands are serifs or bars of letters."""

STROKES, LONG = 5.0, 7.0
"""A line in which ink begins fewer times, or which is fewer times as long as high, counts less: it may be no text."""

A_WORD = 12.0
"""Text that is in all fewer times as long as high may be parts of a picture."""

ALIKE = 0.25
"""Sizes whose logarithms differ less are of one size of text."""

Indices: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text line.

    Its x-height and its reach (px; less where it may be no text), weight (about the number of letters), line, the row
    of its segment, and whether something rises above the body (True), so that this has lower-case letters, or not
    (None: it is known for capitals).
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

    ``level`` is the mean of its rows, ``strokes`` how many times ink begins in one of them, ``clear`` the share of the
    profile's variance that it explains.
    """

    top: int
    base: int
    profile: Floats
    reach: int
    level: float
    strokes: float
    clear: float

    @property
    def topless(self) -> bool:
        """True when nothing rises above the body: capitals or digits, or lower case without b, d, f, h, k, l and t."""
        size = self.base - self.top
        return self._empty(max(0, round(self.top - 0.36 * size)), max(0, round(self.top - 0.14 * size)))

    @property
    def ends_at_base(self) -> bool:
        """True when nothing hangs below it: if nothing rises either, these are capitals or digits."""
        size = self.base - self.top
        return self._empty(round(self.base + 0.14 * size), round(self.base + 0.32 * size))

    def _empty(self, first: int, end: int) -> bool:
        """Whether all these rows hold less than a tenth of what a row of the body does."""
        return bool(self.profile[first:end].max(initial=0.0) < 0.1 * self.level)


def pieces_of(grey: Pixels, noise: float = 0.0) -> list[Piece]:
    """Find the text on a page and measure it piece by piece, in its px.

    Args:
        grey: H x W uint8.
        noise: as :func:`docsr.decide.ink.ink_of` takes it.
    """
    found = [_measured_pieces(mask, letter) for mask, letter in letters_of(ink_of(grey, noise))]
    return max(found, key=_covered) if len(found) > 1 else found[0] if found else []


def quartiles(pieces: list[Piece]) -> tuple[float, float, float]:
    """The size up to which a quarter, half and three quarters of the text lie."""
    sizes = np.array([piece.size for piece in pieces])
    weights = np.array([piece.weight for piece in pieces])
    order = np.argsort(sizes)
    share = (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()
    low, middle, high = np.interp((0.25, 0.5, 0.75), share, sizes[order]).tolist()
    return low, middle, high


def _covered(pieces: list[Piece]) -> float:
    """How many letters long text of the commonest size is, times that size ** 1.5: dots are many, but small.

    Where it is shorter than A_WORD, as what parts of a picture form, it counts less.
    """
    if not pieces:
        return 0.0
    alike, areas = of_one_size(pieces)
    same = [piece for piece, one in zip(pieces, alike, strict=True) if one]
    word = min(1.0, sum(piece.reach / piece.size for piece in same) / A_WORD)
    return float(areas.max() * np.median([piece.size for piece in same]) ** -0.5) * word**2


def of_one_size(pieces: list[Piece]) -> tuple[NDArray[np.bool_], Floats]:
    """Tell which pieces have about each one's size, and what area those cover together in px."""
    logs = np.log([piece.size for piece in pieces])
    order = np.argsort(logs)
    areas = np.array([piece.size * piece.reach for piece in pieces])
    total = np.concatenate(([0.0], np.cumsum(areas[order])))
    first = np.searchsorted(logs[order], logs - ALIKE)
    last = np.searchsorted(logs[order], logs + ALIKE)
    best = int(np.argmax(total[last] - total[first])) if pieces else 0
    return (np.abs(logs - logs[best]) <= ALIKE) if pieces else np.zeros(0, np.bool_), total[last] - total[first]


def _measured_pieces(mask: Mask, letter: float) -> list[Piece]:
    """Measure the lines of what may be letters of a typical height ``letter``."""
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((1, 2 * round(0.6 * letter) + 1), np.uint8))
    _, _, boxes, _ = cv2.connectedComponentsWithStats(closed, connectivity=4)
    pieces: list[Piece] = []
    for number, (x, y, width, height, area) in enumerate(boxes[1:].tolist()):
        if height < 0.6 * letter or width < 1.2 * min(height, 2 * letter) or area < 0.15 * width * height:
            continue
        segment = mask[max(0, y - 2) : y + height + 2, x : x + width]
        pieces += _measure_segment(segment, letter, number, y)
    return _without_capitals(pieces)


def _without_capitals(pieces: list[Piece]) -> list[Piece]:
    """On a page of numbers, bring what is as high as capitals beside its lower case to the x-height of that."""
    lower_case = [piece for piece in pieces if piece.rises]
    topless = sum(piece.weight for piece in pieces if piece.rises is False)
    if not lower_case or topless < NUMBERS * sum(piece.weight for piece in pieces):
        return pieces
    low, middle, high = quartiles(lower_case)
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


def _measure_segment(segment: Mask, letter: float, number: int, row: int) -> list[Piece]:
    """Measure a segment (one line, or some that touch) in pieces about ten letters wide, for it may be skewed."""
    width = segment.shape[1]
    parts = max(1, round(width / (11 * letter)))
    lines: dict[int, list[_Fit]] = defaultdict(list)
    for left, right in pairwise([width * part // parts for part in range(parts + 1)]):
        ink = cv2.reduce(segment[:, left:right], 1, cv2.REDUCE_SUM, dtype=cv2.CV_64F)
        profile: Floats = ink.ravel() / (right - left)
        for index, (top, end) in enumerate(_lines(profile, letter)):
            body = _x_and_base_line(profile[top:end])
            if body is not None and right - left > 1.2 * (body[1] - body[0]):
                x_line, base, level, clear = body
                runs = segment[top + x_line : top + base, left:right]
                strokes = np.count_nonzero(runs[:, 1:] > runs[:, :-1]) / len(runs)
                lines[index].append(_Fit(x_line, base, profile[top:end], right - left, level, strokes, clear))
    pieces = []
    for index, fits in lines.items():
        topless = [fit.topless for fit in fits]
        capitals = all(topless) and all(fit.ends_at_base for fit in fits)
        likeness = _likeness(fits)
        for fit, without_tops in zip(fits, topless, strict=True):
            size = (fit.base - fit.top) / (CAPITALS if capitals else 1.0)
            sure = 0.4 if capitals and width < 8 * size else 1.0
            rises = None if capitals else not without_tops
            pieces.append(Piece(size, likeness * fit.reach, sure * fit.reach / letter, (number, index), row, rises))
    return pieces


def _likeness(fits: list[_Fit]) -> float:
    """How much a line is like text, 0 to 1: long for its height, made of strokes, with a clear x-line and baseline."""
    long = sum(fit.reach / (fit.base - fit.top) for fit in fits) / LONG
    strokes = sum(fit.strokes for fit in fits) / STROKES
    clear = (sum(fit.clear for fit in fits) / len(fits) - 0.4) / 0.4
    return min(1.0, long) ** 2 * min(1.0, strokes) ** 2 * min(1.0, max(0.0, clear))


@lru_cache(maxsize=128)
def _bodies(rows: int, least: int) -> tuple[Indices, Indices, Floats, Floats]:
    """Where the body of the letters may begin and end in so many rows; 1 / (how many it takes, how many lie above)."""
    top, base = np.triu_indices(rows + 1, k=least)
    return top, base, 1 / (base - top), 1 / np.maximum(np.arange(rows + 1), 1)


def _x_and_base_line(profile: Floats) -> tuple[int, int, float, float] | None:
    """Split a row profile into three constant levels.

    Returns:
        Where the middle one begins and ends, in rows, its level, and the share of the variance that the three explain.
    """
    n = len(profile)
    if n < 5:
        return None
    extent = np.count_nonzero(profile)
    total = np.zeros(n + 1)
    profile.cumsum(out=total[1:])
    top, base, inside, outside = _bodies(n, max(2, round(LEAST_BODY * extent)))
    if not len(top):
        return None
    body, rest = total[base] - total[top], total[-1] - total
    levels = body * body * inside + (total * total * outside)[top] + (rest * rest * outside[::-1])[base]
    best = int(levels.argmax())
    a, b, ink, all_ink = int(top[best]), int(base[best]), float(body[best]), float(total[-1])
    level = ink / (b - a)
    if not (all_ink > 0 and level > 1.35 * (all_ink - ink) / max(n - b + a, 1) and 0.12 < level < 0.95):
        return None
    mean = all_ink**2 / n
    return a, b, level, (float(levels[best]) - mean) / max(float(profile @ profile) - mean, 1e-9)
