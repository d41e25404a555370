"""The size of the text on a page: its x-height in pixels, which decides what enlargement a page needs.

Method. The lines of text are measured (text_lines.py) once coarsely, then again at the scale that brings the text
to TARGET px: small touching letters are enlarged, large pages made cheap. The answer is the median over the page; where
the sizes found spread so much that some are of no text, it is the size that covers most. Where they spread, the page is
measured on its side too, and that is taken if they spread less there and the lines are longer: what is no line of text
falls into short pieces. A page with too little text of one size has none.

What was measured, and how far it may be off, is in docs/text-size.md. A page takes 0.02 to 0.35 s, the most when it is
large and its print small.
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
from docsr.page import Pixels

TARGET = 14.0
"""x-height in px at which the second measurement is made."""

TRUSTED = (9.5, 24.0)
"""A coarse x-height in here, in px of the scaled page, needs no second measurement."""

COARSE_PIXELS, FINE_PIXELS = 2_000_000, 1_500_000
"""The most pixels looked at in the coarse and the fine measurement."""

LOST = 0.25
"""Where a finer look shows so few of the letters, what was seen before counts: a picture filled its view."""

SHRUNK = 0.45
"""And where what it shows is so many times as large: between dots that had touched there is paper now."""

CLOSER = 3.0
"""Where no text is found, it is looked for once more at this scale (less on a large page)."""

DOTS = 6.0
"""The dots of a printed picture look like text that is smaller, or of many sizes."""

A_FEW = 4.0
"""Lines of fewer letters are what a page on its side has, and where their sizes differ, pictures."""

MAX_ENLARGEMENT = 5.0

MOST_SPREAD = 0.15
"""Text whose size spreads more may be the letters of lines that run up or down; pages that stand seldom reach it."""

LEAST = 5.0
"""A page whose text is in all fewer times as long as high has none."""

MANY, A_LINE = 25.0, 0.2
"""On a page less than so many x-heights wide more is asked for, except where one is so much of its height."""

A_SENTENCE = 12.0
"""Length of a line, in x-heights, that is text even on a page of many sizes."""

MIXED = 0.6
"""Where sizes spread more, some are of no text: the size is that of what covers most, by pieces of about one size."""

INK = 0.0003
"""A page with less ink, as a share of its pixels, is blank: a word is more."""

STRIP = 20
"""So many times as long as wide, a picture is no page that may lie on its side."""

SMALLEST, LARGEST = 2.0, 400.0
"""x-heights in px outside these are not reported."""


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
    found = _standing_or_lying(grey)
    if found is None or found.x_height < DOTS or found.spread > MOST_SPREAD:
        page = without_screens(grey)
        if page is not grey:
            return _standing_or_lying(page)
    closer = min(CLOSER, (COARSE_PIXELS / grey.size) ** 0.5)
    if found is None and closer > 1.5:  # a word whose letters touch
        found = _measured(grey, closer)
        if found is not None and (found.spread > MIXED / 2 or found.letters < A_FEW * found.lines):
            return None
    return found


def _standing_or_lying(grey: Pixels) -> TextSize | None:
    found = _measured(grey, min(1.0, (COARSE_PIXELS / grey.size) ** 0.5))
    doubtful = found is None or found.spread > MOST_SPREAD or found.letters < A_FEW * found.lines
    if doubtful and max(grey.shape) < STRIP * min(grey.shape):
        turned = _measured(np.ascontiguousarray(np.rot90(grey)), min(1.0, (COARSE_PIXELS / grey.size) ** 0.5))
        if found is None or (turned is not None and _reads_better(turned, found)):
            return turned
    return found


def has_ink(pixels: Pixels) -> bool:
    """Whether a page shows marks that may be letters, found to be text or not; a blank one, noise and all, has none.

    Args:
        pixels: as :func:`measure` takes them.
    """
    if min(pixels.shape[:2]) < 8:
        return False
    grey = grey_of(pixels)
    grey = _resized(grey, min(1.0, (COARSE_PIXELS / grey.size) ** 0.5))
    return any(cv2.countNonZero(mask) > INK * mask.size for mask, _ in letters_of(ink_of(grey)))


def _reads_better(turned: TextSize, found: TextSize) -> bool:
    if turned.letters < found.letters / 4:  # what few pieces happen to be of one size
        return False
    return turned.spread < found.spread and turned.letters / turned.lines > found.letters / found.lines


def _measured(page: Pixels, scale: float) -> TextSize | None:
    """The text size of lines that run across, looked for at ``scale``."""
    grey, pieces = page, _pieces(page, scale)
    found, seen = _summary(pieces, scale), pieces
    if scale < 1 and (found is None or found.x_height * scale < 5):  # perhaps too small to be seen when reduced
        grey, scale = _window(grey, pieces, scale, COARSE_PIXELS, 1.0)[0], 1.0
        pieces = _pieces(grey, scale)
        found, seen = (_summary(pieces, scale), pieces) if _enough(pieces) else (found, seen)
    for _ in range(2):
        if found is None or TRUSTED[0] <= found.x_height * scale <= TRUSTED[1]:
            break
        finer = float(np.clip(TARGET / found.x_height, 0.02, MAX_ENLARGEMENT))
        grey, letters = _window(grey, pieces, scale, FINE_PIXELS, finer)
        scale, pieces = finer, _pieces(grey, finer)
        finest = _summary(pieces, scale)
        if finest is None or _letters(pieces) < LOST * letters or finest.x_height < SHRUNK * found.x_height:
            break
        found, seen = finest, pieces
    if found is None or not SMALLEST <= found.x_height <= LARGEST:
        return None
    if found.spread > MIXED / 2 and found.letters < A_FEW * found.lines:
        return None
    return found if _are_text(seen, found.x_height, page.shape) else None


def _are_text(pieces: list[Piece], x_height: float, shape: tuple[int, ...]) -> bool:
    """Whether there is enough text of the commonest size; more is asked for where only a few letters fit into a row.

    Where most is of other sizes, there must be a line of some length: the dots of a printed picture form short ones.
    """
    alike, _ = of_one_size(pieces)
    lengths: dict[tuple[int, int], float] = defaultdict(float)
    for piece, one in zip(pieces, alike, strict=True):
        if one:
            lengths[piece.line] += piece.reach / piece.size
    if x_height > A_LINE * shape[0]:  # a word or a line cut out, with little round it
        return sum(lengths.values()) >= 1.0
    weights = np.array([piece.weight for piece in pieces])
    if weights[alike].sum() < 0.45 * weights.sum() and max(lengths.values(), default=0.0) < A_SENTENCE:
        return False
    return sum(lengths.values()) >= LEAST * max(1.0, x_height * MANY / shape[1])


def _resized(grey: Pixels, scale: float) -> Pixels:
    if scale == 1:
        return grey
    size = max(8, round(grey.shape[1] * scale)), max(8, round(grey.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(grey, size, interpolation=how).astype(np.uint8)


def _window(grey: Pixels, pieces: list[Piece], scale: float, limit: int, finer: float) -> tuple[Pixels, float]:
    """Cut the rows with the most text, so many (16 at least) that ``limit`` pixels remain at scale ``finer``.

    Also tell how many letters were seen in them.
    """
    rows = max(16, int(limit / (grey.shape[1] * finer * finer)))
    grey = grey[:, : max(16, int(4 * limit / (rows * finer * finer)))]  # of an endless strip, its beginning
    if rows >= grey.shape[0]:
        return grey, _letters(pieces)
    weights = np.zeros(grey.shape[0] + 1)
    for piece in pieces:
        weights[min(int(piece.row / scale) + 1, grey.shape[0])] += piece.weight
    if not pieces:  # the rows that vary most are likeliest to hold text
        weights[1:] = np.concatenate([grey[top : top + 256].std(axis=1) for top in range(0, len(grey), 256)])
    total = np.cumsum(weights)
    within = total[rows:] - total[:-rows]
    best = np.flatnonzero(within > within.max() - 1e-6)
    start = int(best[len(best) // 2])  # a row stands for the line that begins there: not at the edge
    return grey[start : start + rows], float(total[start + rows] - total[start]) if pieces else 0.0


def _summary(pieces: list[Piece], scale: float) -> TextSize | None:
    """Pool pieces measured at ``scale`` into a text size in px of the page."""
    if not _enough(pieces):
        return None
    letters = _letters(pieces)
    low, middle, high = quartiles(pieces)
    if high - low > MIXED * middle:
        alike, _ = of_one_size(pieces)
        _, middle, _ = quartiles([piece for piece, one in zip(pieces, alike, strict=True) if one])
    lines = len({piece.line for piece in pieces})
    return TextSize(middle / scale, lines, letters, (high - low) / middle)


def _enough(pieces: list[Piece]) -> bool:
    return _letters(pieces) >= 4


def _letters(pieces: list[Piece]) -> float:
    return sum(piece.weight for piece in pieces)


def _pieces(grey: Pixels, scale: float) -> list[Piece]:
    """Measure the text in px of the page brought to ``scale``."""
    noise = noise_of(grey) if scale > 1 else 0.0  # which enlarging hides, but does not take away
    return pieces_of(_resized(grey, scale), noise)
