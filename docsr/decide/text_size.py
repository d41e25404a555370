"""Measure the text size of a page: its x-height in pixels, which decides how much the page is enlarged.

Method: the lines of text (text_lines.py) are measured once coarsely, then again at the scale that brings the text to
TARGET px. This enlarges small touching letters and makes large pages cheap. The result is the median over the page. If
the sizes spread so much that some cannot be text, it is the size that covers the largest area. If the sizes spread, the
page is also measured on its side. That measurement is used if its sizes spread less and its lines are longer, since
anything but a line of text falls into short pieces. A page with too little text of one size has no result.

The method's accuracy is in docs/text-size.md. A page takes 0.02 to 0.35 s, the most if it is large and its print small.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import cv2
import numpy as np

from docsr.decide.backgrounds import grey_of
from docsr.decide.halftones import without_screens
from docsr.decide.ink import ink_of, letters_of, noise_of
from docsr.decide.text_lines import Piece, of_one_size, pieces_of, quartiles
from docsr.page import Pixels, resize

TARGET = 14.0
"""x-height in px at which the second measurement is made."""

TRUSTED = (9.5, 24.0)
"""A coarse x-height in this range, in px of the scaled page, needs no second measurement."""

COARSE_PIXELS, FINE_PIXELS = 2_000_000, 1_500_000
"""The most pixels used in the coarse and in the fine measurement."""

LOST = 0.25
"""If the fine measurement finds less than this share of the letters, the coarse one counts: a picture filled the view
of the fine one."""

SHRUNK = 0.45
"""The coarse measurement also counts if the fine x-height is below this share of it: dots that touched are now
separate."""

CLOSER = 3.0
"""If no text is found, the search is repeated at this scale (a smaller one on a large page)."""

DOTS = 6.0
"""Text with a smaller x-height in px, or of many sizes, may be the dots of a printed picture."""

A_FEW = 4.0
"""Lines with fewer letters on average suggest a page on its side or, if their sizes differ, pictures."""

MAX_ENLARGEMENT = 5.0

MOST_SPREAD = 0.15
"""Text whose size spreads more may come from lines that run up or down. Upright pages seldom reach this."""

LEAST = 5.0
"""A page counts as without text if the total length of its text is less than this many times its height."""

MANY, A_LINE = 25.0, 0.2
"""A page narrower than MANY x-heights needs more text, unless the x-height exceeds the share A_LINE of its height."""

A_SENTENCE = 12.0
"""Length of a line, in x-heights, from which it counts as text even on a page of many sizes."""

MIXED = 0.6
"""If sizes spread more than this, some are not text. The result is then the size whose pieces cover the most area."""

INK = 0.0003
"""A page with less ink, as a share of its pixels, counts as blank. A word has more."""

TALLEST_TURNED = 4.5
"""How many times as tall the letters of a page on its side may be as what was measured before it was turned."""

STRIP = 20
"""An image at least this many times as long as wide is not tested as a page on its side."""

SMALLEST, LARGEST = 2.0, 400.0
"""x-heights in px outside this range are not reported."""


@dataclass(frozen=True, slots=True)
class TextSize:
    """The text size of a page.

    Attributes:
        x_height: height of a lower-case x in px: the median over the page, weighted by text length.
        lines: number of measured line segments.
        letters: about how many letters they have.
        spread: the 25-75 % range of the x-height over the text, divided by ``x_height``; 0 if all text has one size.
    """

    x_height: float
    lines: int
    letters: float
    spread: float


def measure(pixels: Pixels) -> TextSize | None:
    """Measure the x-height of a page, which may lie on its side.

    Args:
        pixels: H x W grey or H x W x 3 RGB, uint8; dark on light or light on dark.

    Returns:
        The text size in px of ``pixels``, or None if no text is found.
    """
    if min(pixels.shape[:2]) < 8:
        return None
    grey = grey_of(pixels)
    found = _measured_either_way(grey)
    if found is None or found.x_height < DOTS or found.spread > MOST_SPREAD:
        page = without_screens(grey)
        if page is not grey:
            return _measured_either_way(page)
    closer = min(CLOSER, (COARSE_PIXELS / grey.size) ** 0.5)
    if found is None and closer > 1.5:  # a word whose letters touch
        found = _measured(grey, closer)
        if found is not None and (found.spread > MIXED / 2 or found.letters < A_FEW * found.lines):
            return None
    return found


def _measured_either_way(grey: Pixels) -> TextSize | None:
    found = _measured(grey, min(1.0, (COARSE_PIXELS / grey.size) ** 0.5))
    doubtful = found is None or found.spread > MOST_SPREAD or found.letters < A_FEW * found.lines
    if doubtful and max(grey.shape) < STRIP * min(grey.shape):
        turned = _measured(np.ascontiguousarray(np.rot90(grey)), min(1.0, (COARSE_PIXELS / grey.size) ** 0.5))
        if found is None or (turned is not None and _reads_better(turned, found)):
            return turned
    return found


def has_ink(pixels: Pixels) -> bool:
    """Return whether a page has marks that may be letters, even if no text was found. A blank, noisy page has none.

    Args:
        pixels: as in :func:`measure`.
    """
    if min(pixels.shape[:2]) < 8:
        return False
    grey = grey_of(pixels)
    grey = _resized(grey, min(1.0, (COARSE_PIXELS / grey.size) ** 0.5))
    return any(cv2.countNonZero(mask) > INK * mask.size for mask, _ in letters_of(ink_of(grey)))


def _reads_better(turned: TextSize, found: TextSize) -> bool:
    if turned.letters < found.letters / 4:  # a few pieces can have one size by chance
        return False
    if turned.x_height > TALLEST_TURNED * found.x_height:  # columns of numbers look like lines of tall letters
        return False
    return turned.spread < found.spread and turned.letters / turned.lines > found.letters / found.lines


def _measured(page: Pixels, scale: float) -> TextSize | None:
    """Return the text size of horizontal lines, searched at ``scale``."""
    grey, pieces = page, _pieces(page, scale)
    found, measured = _summary(pieces, scale), pieces
    if scale < 1 and (found is None or found.x_height * scale < 5):  # the text may be too small on the reduced page
        grey, scale = _window(grey, pieces, scale, COARSE_PIXELS, 1.0)[0], 1.0
        pieces = _pieces(grey, scale)
        found, measured = (_summary(pieces, scale), pieces) if _can_be_measured(pieces) else (found, measured)
    for _ in range(2):
        if found is None or TRUSTED[0] <= found.x_height * scale <= TRUSTED[1]:
            break
        finer = float(np.clip(TARGET / found.x_height, 0.02, MAX_ENLARGEMENT))
        grey, letters = _window(grey, pieces, scale, FINE_PIXELS, finer)
        scale, pieces = finer, _pieces(grey, finer)
        finest = _summary(pieces, scale)
        if finest is None or _letters(pieces) < LOST * letters or finest.x_height < SHRUNK * found.x_height:
            break
        found, measured = finest, pieces
    if found is None or not SMALLEST <= found.x_height <= LARGEST:
        return None
    if found.spread > MIXED / 2 and found.letters < A_FEW * found.lines:
        return None
    return found if _is_enough_text(measured, found.x_height, page.shape) else None


def _is_enough_text(pieces: list[Piece], x_height: float, shape: tuple[int, ...]) -> bool:
    """Return whether there is enough text of the commonest size. A narrow page, with few letters in a row, needs more.

    If most text has other sizes, one line must be long: the dots of a printed picture form short lines.
    """
    alike, _ = of_one_size(pieces)
    lengths: dict[tuple[int, int], float] = defaultdict(float)
    for piece, is_alike in zip(pieces, alike, strict=True):
        if is_alike:
            lengths[piece.line] += piece.reach / piece.size
    if x_height > A_LINE * shape[0]:  # the image is one word or line, with little around it
        return sum(lengths.values()) >= 1.0
    weights = np.array([piece.weight for piece in pieces])
    if weights[alike].sum() < 0.45 * weights.sum() and max(lengths.values(), default=0.0) < A_SENTENCE:
        return False
    return sum(lengths.values()) >= LEAST * max(1.0, x_height * MANY / shape[1])


def _resized(grey: Pixels, scale: float) -> Pixels:
    if scale == 1:
        return grey
    size = max(8, round(grey.shape[1] * scale)), max(8, round(grey.shape[0] * scale))
    return resize(grey, *size)


def _window(grey: Pixels, pieces: list[Piece], scale: float, limit: int, finer: float) -> tuple[Pixels, float]:
    """Cut out the rows with the most text, at least 16 rows and about ``limit`` pixels at scale ``finer``.

    Returns:
        The rows, and how many letters were found in them.
    """
    rows = max(16, int(limit / (grey.shape[1] * finer * finer)))
    grey = grey[:, : max(16, int(4 * limit / (rows * finer * finer)))]  # of a very long strip, only the beginning
    if rows >= grey.shape[0]:
        return grey, _letters(pieces)
    weights = np.zeros(grey.shape[0] + 1)
    for piece in pieces:
        weights[min(int(piece.row / scale) + 1, grey.shape[0])] += piece.weight
    if not pieces:  # the rows that vary most are most likely to hold text
        weights[1:] = np.concatenate([grey[top : top + 256].std(axis=1) for top in range(0, len(grey), 256)])
    total = np.cumsum(weights)
    within = total[rows:] - total[:-rows]
    best = np.flatnonzero(within > within.max() - 1e-6)
    start = int(best[len(best) // 2])  # the middle, because lines begin at their row: none should touch the edge
    return grey[start : start + rows], float(total[start + rows] - total[start]) if pieces else 0.0


def _summary(pieces: list[Piece], scale: float) -> TextSize | None:
    """Pool pieces measured at ``scale`` into a text size in px of the page."""
    if not _can_be_measured(pieces):
        return None
    letters = _letters(pieces)
    low, middle, high = quartiles(pieces)
    if high - low > MIXED * middle:
        alike, _ = of_one_size(pieces)
        _, middle, _ = quartiles([piece for piece, is_alike in zip(pieces, alike, strict=True) if is_alike])
    lines = len({piece.line for piece in pieces})
    return TextSize(middle / scale, lines, letters, (high - low) / middle)


def _can_be_measured(pieces: list[Piece]) -> bool:
    return _letters(pieces) >= 4


def _letters(pieces: list[Piece]) -> float:
    return sum(piece.weight for piece in pieces)


def _pieces(grey: Pixels, scale: float) -> list[Piece]:
    """Measure the text in px of the page brought to ``scale``."""
    noise = noise_of(grey) if scale > 1 else 0.0  # enlarging hides the noise but does not remove it
    return pieces_of(_resized(grey, scale), noise)
