"""Find the lines of text on a page and measure them piece by piece.

The ink that may be letters (ink.py) is closed horizontally into line segments. Each segment is cut into pieces short
enough for a skewed scan, and the rows of a piece give an ink profile. The two cuts that best split the profile into
three constant levels (least squares) are the x-line and the baseline, since ascenders and descenders hold much less ink
than the body between them. A line without both consists of capitals or digits, which are CAPITALS times the x-height.
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
"""Height of capitals and digits over the x-height. It is 1.33 (DejaVu Sans), 1.38 (Liberation Sans), 1.48 (Times)."""

NUMBERS = 0.25
"""A page counts as one of numbers if nothing rises above the body in at least this share of its text."""

CAPITALS_BESIDE = (1.2, 1.65)
"""Range of the height of a piece of capitals or digits, over the x-height of the page's lower case."""

LEAST_BODY = 0.36
"""The least x-height, as a share of ascender to descender. Lower bands are serifs or bars of letters."""

STROKES, LONG = 5.0, 7.0
"""A line counts less, because it may not be text, if its rows have fewer than STROKES strokes or if its length is less
than LONG times its height."""

A_WORD = 12.0
"""Text whose total length is less than this many times its height may be parts of a picture."""

ALIKE = 0.25
"""Text sizes count as equal if their logarithms differ by at most this."""

Indices: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text line.

    Attributes:
        size: its x-height in px.
        reach: its length in px, reduced if it may not be text.
        weight: about its number of letters.
        line: the numbers of its segment and of its line in the segment.
        row: the top row of its segment.
        rises: True if something rises above the body, so that it has lower-case letters; False if nothing does; None if
            it was identified as capitals or digits.
    """

    size: float
    reach: float
    weight: float
    line: tuple[int, int]
    row: int
    rises: bool | None


@dataclass(frozen=True, slots=True)
class _Fit:
    """The body of the letters: rows ``top`` to ``base`` of a row profile over ``reach`` columns.

    ``level`` is the mean of its rows, ``strokes`` the mean number of strokes that begin in a row, and ``clear`` the
    share of the profile's variance that the fit explains.
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
        """True if nothing rises above the body: capitals, digits, or lower case without b, d, f, h, k, l and t."""
        size = self.base - self.top
        return self._empty(max(0, round(self.top - 0.36 * size)), max(0, round(self.top - 0.14 * size)))

    @property
    def ends_at_base(self) -> bool:
        """True if nothing hangs below the body. If nothing rises either, these are capitals or digits."""
        size = self.base - self.top
        return self._empty(round(self.base + 0.14 * size), round(self.base + 0.32 * size))

    def _empty(self, first: int, end: int) -> bool:
        """Return whether each of these rows holds less than a tenth of the ink of a body row."""
        return bool(self.profile[first:end].max(initial=0.0) < 0.1 * self.level)


def pieces_of(grey: Pixels, noise: float = 0.0) -> list[Piece]:
    """Find the text on a page and measure it piece by piece, in px of ``grey``.

    Args:
        grey: H x W uint8.
        noise: as in :func:`docsr.decide.ink.ink_of`.
    """
    found = [_measured_pieces(mask, letter) for mask, letter in letters_of(ink_of(grey, noise))]
    return max(found, key=_text_score) if len(found) > 1 else found[0] if found else []


def quartiles(pieces: list[Piece]) -> tuple[float, float, float]:
    """Return the weighted quartiles of the text size: at a quarter, half and three quarters of the text."""
    sizes = np.array([piece.size for piece in pieces])
    weights = np.array([piece.weight for piece in pieces])
    order = np.argsort(sizes)
    share = (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()
    low, middle, high = np.interp((0.25, 0.5, 0.75), share, sizes[order]).tolist()
    return low, middle, high


def _text_score(pieces: list[Piece]) -> float:
    """Return a score: the length, in letters, of the text of the commonest size, times size ** 1.5.

    The power is there because dots are many but small. Text shorter than A_WORD, like parts of a picture, counts less.
    """
    if not pieces:
        return 0.0
    alike, areas = of_one_size(pieces)
    same = [piece for piece, is_alike in zip(pieces, alike, strict=True) if is_alike]
    word = min(1.0, sum(piece.reach / piece.size for piece in same) / A_WORD)
    return float(areas.max() * np.median([piece.size for piece in same]) ** -0.5) * word**2


def of_one_size(pieces: list[Piece]) -> tuple[NDArray[np.bool_], Floats]:
    """Return which pieces have about the commonest size, and for each piece the area in px of all of about its size."""
    logs = np.log([piece.size for piece in pieces])
    order = np.argsort(logs)
    areas = np.array([piece.size * piece.reach for piece in pieces])
    total = np.concatenate(([0.0], np.cumsum(areas[order])))
    first = np.searchsorted(logs[order], logs - ALIKE)
    last = np.searchsorted(logs[order], logs + ALIKE)
    best = int(np.argmax(total[last] - total[first])) if pieces else 0
    return (np.abs(logs - logs[best]) <= ALIKE) if pieces else np.zeros(0, np.bool_), total[last] - total[first]


def _measured_pieces(mask: Mask, letter: float) -> list[Piece]:
    """Measure the lines of a mask of letters with the typical height ``letter``."""
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
    """On a page of numbers, convert pieces as high as capitals to the x-height of the page's lower case."""
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
    """Return where text lines begin and end in a row profile, cutting touching lines at the emptiest rows between."""
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
    """Measure a segment (one line or several that touch) in pieces about ten letters wide, as it may be skewed."""
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
    """Return how much a line resembles text, 0 to 1: long for its height, many strokes, clear x-line and baseline."""
    long = sum(fit.reach / (fit.base - fit.top) for fit in fits) / LONG
    strokes = sum(fit.strokes for fit in fits) / STROKES
    clear = (sum(fit.clear for fit in fits) / len(fits) - 0.4) / 0.4
    return min(1.0, long) ** 2 * min(1.0, strokes) ** 2 * min(1.0, max(0.0, clear))


@lru_cache(maxsize=128)
def _bodies(rows: int, least: int) -> tuple[Indices, Indices, Floats, Floats]:
    """Return all first and end rows that the body may have in ``rows`` rows, and the factors for means over rows.

    The factors are 1 / the number of body rows, and 1 / the number of rows above each row.
    """
    top, base = np.triu_indices(rows + 1, k=least)
    return top, base, 1 / (base - top), 1 / np.maximum(np.arange(rows + 1), 1)


def _x_and_base_line(profile: Floats) -> tuple[int, int, float, float] | None:
    """Split a row profile into three constant levels.

    Returns:
        First and end row of the middle level, its level, and the share of variance that the three levels explain; or
        None if the profile does not look like text.
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
