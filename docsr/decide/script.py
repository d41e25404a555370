"""Tell the script of a page, such as Latin or Cyrillic, from small squares of its text.

The page is brought to an x-height of X_HEIGHT px. The squares with the most ink of letters are given to a small network
(script.onnx), which has one answer for each of SCRIPTS. Its answers are summed over the squares. Latin is the default:
another script is told only if there is enough evidence for it. `benchmarks.research.train_script` trained the network;
`benchmarks.measure.script` measures it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from docsr.decide.backgrounds import dark_on_light, grey_of
from docsr.decide.ink import Mask, ink_of, letters_of
from docsr.languages import LATIN
from docsr.page import Pixels, resize

NETWORK = Path(__file__).with_name("script.onnx")

OTHER = "Zzzz"
"""The code (ISO 15924) of a script that is none of the others: Bengali, Tamil, Ethiopic, ..."""

SCRIPTS = (
    LATIN, "Cyrl", "Grek", "Arab", "Hebr", "Deva", "Thai", "Hani", "Jpan", "Kore", "Geor", "Armn", OTHER,
)  # fmt: skip
"""What the network answers, as codes of ISO 15924, in the order of its outputs."""

X_HEIGHT = 8.0
"""x-height in px of the page that the network sees."""

SIDE, STEP = 96, 48
"""Side of a square, and the grid on which squares are tried, in px of the page that the network sees."""

MOST = 8
"""The most squares of a page."""

INKED = 0.03
"""The least share of a square that is ink of letters."""

MOST_PIXELS = 1_500_000
"""The most pixels that are searched for squares, in px of the page that the network sees: the middle of the page."""

ENOUGH = 0.5
"""A script other than Latin is told if its evidence exceeds Latin's by this, as a mean over the squares. The unit is
the natural logarithm of a ratio of probabilities."""

SURELY_LATIN = 3.5
"""A page that does not look Latin is Latin after all, on its side or upside down, if the evidence for that exceeds
this."""

AGREE = 0.6
"""The least share of squares for which that script is more probable than Latin."""

Floats32: TypeAlias = NDArray[np.float32]


def script_of(pixels: Pixels, x_height: float | None) -> str | None:
    """Return the script of a page, as a code of ISO 15924, or None if there is too little evidence.

    Args:
        pixels: H x W grey or H x W x 3 RGB, uint8, with square pixels; dark on light or light on dark, on any side.
        x_height: x-height of the page's text in px (docsr.decide.text_size), or None for a page without text.

    Returns:
        One of SCRIPTS, or None. OTHER means that the text is not Latin, and that it is not known which script it is.
    """
    if x_height is None or x_height <= 0:
        return None
    squares = squares_of(pixels, x_height)
    if not len(squares):
        return None
    script = told(scores_of(squares))
    if script in {LATIN, None}:
        return script
    turned = (np.ascontiguousarray(np.rot90(squares, turn, (1, 2))) for turn in (1, 2, 3))
    return LATIN if any(_evidence(scores_of(way)).mean() < -SURELY_LATIN for way in turned) else script


def told(scores: Floats32) -> str | None:
    """Return the script that scores tell: N x SCRIPTS natural logarithms of probabilities, one row a square."""
    best = int(scores.mean(axis=0).argmax())
    if best == 0:
        return LATIN
    evidence = _evidence(scores)
    if evidence.mean() < ENOUGH or (evidence > 0).mean() < AGREE:
        return None
    return SCRIPTS[best]


def _evidence(scores: Floats32) -> Floats32:
    """Return how much more probable it is that each square is not Latin, as a natural logarithm."""
    evidence: Floats32 = np.logaddexp.reduce(scores[:, 1:], axis=1) - scores[:, 0]
    return evidence


def squares_of(pixels: Pixels, x_height: float) -> Floats32:
    """Return the squares of a page with the most ink of letters, N x SIDE x SIDE in [0, 1], N at most MOST.

    The ink of a square is near 0 and its paper near 1. The arguments are those of :func:`script_of`.
    """
    grey = _at_one_size(grey_of(pixels), X_HEIGHT / x_height)
    if min(grey.shape) < 8:
        return np.zeros((0, SIDE, SIDE), np.float32)
    down, across = (max(0, SIDE - side) for side in grey.shape)
    grey = np.pad(grey, ((0, down), (0, across)), mode="edge")
    letters = letters_of(ink_of(grey))
    if not letters:
        return np.zeros((0, SIDE, SIDE), np.float32)
    grey = dark_on_light(grey)[0]
    places = _places(letters[0][0])
    squares = [_levelled(grey[y : y + SIDE, x : x + SIDE]) for y, x in places]
    return np.stack(squares) if squares else np.zeros((0, SIDE, SIDE), np.float32)


def _at_one_size(grey: Pixels, scale: float) -> Pixels:
    """Resize a page by ``scale``; of a large one only the middle."""
    most = MOST_PIXELS / scale**2
    if grey.size > most:
        height, width = grey.shape
        rows, columns = min(height, max(int(most / width), round(SIDE / scale))), width
        if rows * columns > most:
            columns = max(int(most // rows), round(SIDE / scale))
        top, left = (height - rows) // 2, (width - columns) // 2
        grey = grey[top : top + rows, left : left + columns]
    size = max(8, round(grey.shape[1] * scale)), max(8, round(grey.shape[0] * scale))
    return resize(grey, *size)


def _places(letters: Mask) -> list[tuple[int, int]]:
    """Return the corners (y, x) of squares that do not overlap by more than half, those with the most ink first."""
    total = cv2.integral(letters)
    y, x = (np.append(np.arange(0, side - SIDE, STEP), side - SIDE) for side in letters.shape)
    ends_y, ends_x = y + SIDE, x + SIDE
    ink = (
        total[np.ix_(ends_y, ends_x)] - total[np.ix_(y, ends_x)] - total[np.ix_(ends_y, x)] + total[np.ix_(y, x)]
    ).astype(np.float64)
    places: list[tuple[int, int]] = []
    while len(places) < MOST and ink.max(initial=0.0) >= INKED * SIDE * SIDE:
        row, column = np.unravel_index(int(ink.argmax()), ink.shape)
        places.append((int(y[row]), int(x[column])))
        near = np.ix_(np.abs(y - y[row]) < SIDE, np.abs(x - x[column]) < SIDE)
        ink[near] = 0.0
    return places


def _levelled(square: Pixels) -> Floats32:
    """Bring the ink of a square to 0 and its paper to 1."""
    low, high = np.percentile(square, (2, 85))
    levelled: Floats32 = ((square - low) / max(high - low, 24.0)).clip(0, 1.2).astype(np.float32)
    return levelled


def scores_of(squares: Floats32) -> Floats32:
    """Return N x SCRIPTS natural logarithms of probabilities, of squares from :func:`squares_of`."""
    session = _session()
    scores: Floats32 = np.asarray(session.run(None, {session.get_inputs()[0].name: squares[:, None]})[0])
    return scores


@cache
def _session() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(NETWORK.read_bytes(), options, providers=["CPUExecutionProvider"])
