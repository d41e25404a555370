"""Remove halftone screens: the dots of printed pictures look like letters but are not text.

A screen repeats in two directions at right angles with the same pitch. So the spectrum of a part of the page has a peak
and, a quarter turn from it, another of about the same height. Lines of text repeat in one direction only.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from docsr.page import Pixels

TILE = 128
"""Side of the tested tiles, in px."""

SAMPLES = 5
"""Number of tiles, those that vary most, that are tested first. If none is a screen, the page counts as without."""

SLOWEST = 8
"""A screen repeats more often than this within a tile."""

SHARE = 0.27
"""In a tile of a screen, both peaks hold more than this share of the power above SLOWEST. In text, at most 0.25."""

LEAST = 12.0
"""The least standard deviation, in grey levels, of a tile that is not empty."""


def without_screens(grey: Pixels) -> Pixels:
    """Return the page with each tile of a halftone screen set to its mean grey, or all of it if most tiles are screens.

    Args:
        grey: H x W uint8.
    """
    height, width = grey.shape
    if min(height, width) < TILE:
        return grey
    corners = [(top, left) for top in _starts(height) for left in _starts(width)]
    spread = np.array([_tile(grey, corner)[::4, 1::4].std() for corner in corners])
    varied = [int(index) for index in np.argsort(spread)[::-1] if spread[index] > LEAST]
    if not any(_is_screen(_tile(grey, corners[index])) for index in varied[:SAMPLES]):
        return grey
    screens = [index for index in varied if _is_screen(_tile(grey, corners[index]))]
    if len(screens) > len(varied) / 2:
        return np.full_like(grey, int(grey.mean()))
    shown = grey.copy()
    for index in screens:
        part = _tile(shown, corners[index])
        part[:] = _tile(grey, corners[index]).mean()
    return shown


def _starts(length: int) -> list[int]:
    return [*range(0, length - TILE, TILE), length - TILE]


def _tile(grey: Pixels, corner: tuple[int, int]) -> Pixels:
    top, left = corner
    return grey[top : top + TILE, left : left + TILE]


def _is_screen(tile: Pixels) -> bool:
    """Return whether the lower of the two peaks, counted twice, holds enough of the power."""
    shown = (tile - np.float32(tile.mean())) * _WINDOW
    real, imaginary = cv2.split(cv2.dft(shown, flags=cv2.DFT_COMPLEX_OUTPUT))
    power = (real * real + imaginary * imaginary) * _FAST
    y, x = divmod(int(power[: TILE // 2].argmax()), TILE)
    both = min(_near(power, y, x), _near(power, x, -y))
    return 4 * both > SHARE * float(power.sum()) > 0  # two peaks, each with its mirror image


def _near(power: NDArray[np.float32], y: int, x: int) -> float:
    around = np.arange(-1, 2)
    return float(power[np.ix_((y + around) % TILE, (x + around) % TILE)].sum())


_WINDOW: NDArray[np.float32] = np.outer(np.hanning(TILE), np.hanning(TILE)).astype(np.float32)
_FREQUENCY = np.fft.fftfreq(TILE, 1 / TILE)
_FAST: NDArray[np.float32] = (np.hypot(*np.meshgrid(_FREQUENCY, _FREQUENCY)) > SLOWEST).astype(np.float32)
