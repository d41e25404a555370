"""Pictures printed as dots: the screen of a printed picture is no text, however much its dots look like letters.

A screen repeats in two directions at right angles, with one pitch. So the spectrum of a part of the page has a peak
and, a quarter turn from it, another of about its height. Lines of text repeat in one direction alone.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from docsr.page import Pixels

TILE = 128
"""Side of the parts that are looked at, in px."""

SAMPLES = 5
"""So many of the parts that vary most are looked at first; where none is a screen, the page is taken to have none."""

SLOWEST = 8
"""A screen repeats more often than so within a part."""

SHARE = 0.27
"""Both peaks hold so much of what varies faster than that in a part of a screen; in text they hold 0.25 at most."""

LEAST = 12.0
"""The standard deviation of a part that shows anything, in grey levels."""


def without_screens(grey: Pixels) -> Pixels:
    """Return the page with what is printed as a screen in its mean grey; all of it where most is.

    Args:
        grey: H x W uint8.
    """
    height, width = grey.shape
    if min(height, width) < TILE:
        return grey
    corners = [(top, left) for top in _starts(height) for left in _starts(width)]
    spread = np.array([_tile(grey, corner)[::4, 1::4].std() for corner in corners])
    varied = [int(one) for one in np.argsort(spread)[::-1] if spread[one] > LEAST]
    if not any(_is_screen(_tile(grey, corners[one])) for one in varied[:SAMPLES]):
        return grey
    found = [one for one in varied if _is_screen(_tile(grey, corners[one]))]
    if len(found) > len(varied) / 2:
        return np.full_like(grey, int(grey.mean()))
    shown = grey.copy()
    for one in found:
        part = _tile(shown, corners[one])
        part[:] = _tile(grey, corners[one]).mean()
    return shown


def _starts(length: int) -> list[int]:
    return [*range(0, length - TILE, TILE), length - TILE]


def _tile(grey: Pixels, corner: tuple[int, int]) -> Pixels:
    top, left = corner
    return grey[top : top + TILE, left : left + TILE]


def _is_screen(tile: Pixels) -> bool:
    """Whether the lower of the two peaks, counted twice, holds enough of the power."""
    shown = (tile - np.float32(tile.mean())) * _WINDOW
    real, imaginary = cv2.split(cv2.dft(shown, flags=cv2.DFT_COMPLEX_OUTPUT))
    power = (real * real + imaginary * imaginary) * _FAST
    y, x = divmod(int(power[: TILE // 2].argmax()), TILE)
    both = min(_near(power, y, x), _near(power, x, -y))
    return 4 * both > SHARE * float(power.sum()) > 0  # each has a mirror image


def _near(power: NDArray[np.float32], y: int, x: int) -> float:
    around = np.arange(-1, 2)
    return float(power[np.ix_((y + around) % TILE, (x + around) % TILE)].sum())


_WINDOW: NDArray[np.float32] = np.outer(np.hanning(TILE), np.hanning(TILE)).astype(np.float32)
_FREQUENCY = np.fft.fftfreq(TILE, 1 / TILE)
_FAST: NDArray[np.float32] = (np.hypot(*np.meshgrid(_FREQUENCY, _FREQUENCY)) > SLOWEST).astype(np.float32)
