"""Reduce a page to one channel in which all letters are dark on a light background.

A page may be dark in one part and light in another (a sheet on a scanner's black surface, a white heading on a bar),
and its lighting may be uneven. Backgrounds differ from strokes in being wide and empty somewhere.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from docsr.page import Pixels

REDUCTION = 4
"""Backgrounds are searched on the page reduced by this factor."""

PLAIN_STEP = 24
"""Grey levels that a part of the page must span to show which background it has."""

STRONGER = 4.0
"""A page is analysed in colour if its squared colour contrast exceeds its squared luminance contrast by this factor."""

_LUMINANCE = np.array([0.299, 0.587, 0.114])

PLAIN = 0.12
"""The largest standard deviation of a plain background, divided by the contrast around it. Small print has at least
twice that."""

DECISIVE = 0.12
"""A page is light if the share of its pixels nearer to light exceeds a half by this much, and dark if it is this much
below."""

PAPER = 0.4
"""On plain paper, the lightest pixel around any place is this near to the page's lightest, over the page's contrast."""

UTMOST, MOSTLY = 0.2, 0.6
"""A background lies within UTMOST of the darkest or lightest level around it (over the contrast) in at least a MOSTLY
share of its plain parts."""

Flags: TypeAlias = NDArray[np.bool_]
Floats32: TypeAlias = NDArray[np.float32]


def grey_of(pixels: Pixels) -> Pixels:
    """Return the channel with the most contrast: luminance, or colour if only that sets letters off their background.

    Args:
        pixels: H x W grey or H x W x 3 RGB, uint8.
    """
    pixels = np.ascontiguousarray(pixels)
    if pixels.ndim == 2:
        return pixels
    step = max(1, round((pixels.shape[0] * pixels.shape[1] / 200_000) ** 0.5))  # about 200,000 pairs of neighbours
    left, right = pixels[::step, :-1:step], pixels[::step, 1::step]
    steps = cv2.subtract(right, left, dtype=cv2.CV_32F).reshape(-1, 3)
    spread = (steps.T @ steps).astype(np.float64)
    strength, axes = np.linalg.eigh(spread)
    of_luminance = float(_LUMINANCE @ spread @ _LUMINANCE / (_LUMINANCE @ _LUMINANCE))
    if strength[-1] <= STRONGER * of_luminance:
        return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8)
    shown = cv2.transform(pixels.astype(np.float32), axes[:, -1:].T.astype(np.float32))
    low, high = np.percentile(shown[::step, ::step], (0.1, 99.9))
    scaled: Pixels = ((shown - low) * (255 / max(high - low, 1.0))).clip(0, 255).astype(np.uint8)
    return scaled


def dark_on_light(grey: Pixels) -> tuple[Pixels, Pixels, Flags | None]:
    """Invert a page where its letters are lighter than their background.

    Returns:
        The page, the same page reduced by REDUCTION, and a mask of the seams between dark and light backgrounds, which
        are neither letter nor background (None if there are no seams).
    """
    small = _reduced(grey)
    if _is_paper(small):
        return grey, small, None
    dark, light, lightness = _backgrounds(grey, small)
    if not (dark.any() and light.any()):
        if dark.any() or light.any():
            is_dark = bool(dark.any())
        else:
            is_dark = lightness < 0.5 if abs(lightness - 0.5) > DECISIVE else _mostly_dark(grey, small)
        turned_page = ~grey if is_dark else grey
        return turned_page, _reduced(turned_page) if is_dark else small, None
    to_dark, to_light = (cv2.distanceTransform((~plane).astype(np.uint8), cv2.DIST_L2, 3) for plane in (dark, light))
    nearer_dark = (to_dark < to_light).astype(np.uint8)
    seam = cv2.morphologyEx(nearer_dark, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    size = grey.shape[1], grey.shape[0]
    turned, between = (cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST) for plane in (nearer_dark, seam))
    turned_page = cv2.bitwise_xor(grey, 255 * turned).astype(np.uint8)
    return turned_page, _reduced(turned_page), between.astype(bool)


def _reduced(grey: Pixels) -> Pixels:
    return cv2.resize(grey, None, fx=1 / REDUCTION, fy=1 / REDUCTION, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _is_paper(small: Pixels) -> bool:
    """Return whether a page is light everywhere, without dark backgrounds. This check is fast."""
    low, high = np.percentile(small[::2, ::2], (0.1, 99.9))
    square = np.ones((_square(small),) * 2, np.uint8)
    return bool(cv2.dilate(small, square).min() > high - PAPER * (high - low))


def _mostly_dark(grey: Pixels, small: Pixels) -> bool:
    """Return whether the most common grey is nearer to the darkest than to the lightest."""
    histogram = np.convolve(np.bincount(small.ravel(), minlength=256), np.ones(9), mode="same")
    return int(np.argmax(histogram)) < float(np.percentile(grey[::3, ::3], (0.1, 99.9)).mean())


def _backgrounds(grey: Pixels, small: Pixels) -> tuple[Flags, Flags, float]:
    """Return masks of the dark and of the light backgrounds, and the share of light pixels.

    A background is a connected part on one side of the local mid-grey that is plain somewhere. The share is that of
    pixels nearer to the lightest level around them, of all where the page has contrast.
    """
    half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.uint8)
    size, reach = (small.shape[1], small.shape[0]), max(9, min(small.shape) // 8) | 1
    near, window = np.ones((3, 3), np.uint8), np.ones((reach, reach), np.uint8)
    low, high = (
        morph(cv2.resize(morph(half, near), size, interpolation=cv2.INTER_NEAREST), window).astype(np.int16)
        for morph in (cv2.erode, cv2.dilate)
    )
    contrast = high - low
    above = cv2.GaussianBlur(small, (0, 0), 0.8).astype(np.int16) - low
    contrasted, uneven = contrast >= PLAIN_STEP, _unevenness(half, size, _square(small))
    plain = uneven < PLAIN * contrast
    dark = _wide(contrasted & (2 * above < contrast), plain, above < UTMOST * contrast)
    light = _wide(contrasted & (2 * above >= contrast), plain, contrast - above < UTMOST * contrast)
    lighter = int(np.count_nonzero(contrasted & (2 * above >= contrast))) / max(1, int(np.count_nonzero(contrasted)))
    return dark, light, lighter


def _square(small: Pixels | Flags) -> int:
    """Return the side, in reduced px, of a square that no stroke of a letter fills."""
    return int(max(5, min(small.shape) // 25)) | 1


def _unevenness(half: Pixels, size: tuple[int, int], square: int) -> Floats32:
    """Return the standard deviation of the grey levels around each pixel of a page reduced to ``size``."""
    exact = half.astype(np.float32)
    mean, squares = (
        cv2.blur(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), (square, square))
        for plane in (exact, exact * exact)
    )
    return np.sqrt(np.maximum(squares - mean * mean, 0)).astype(np.float32)


def _wide(side: Flags, plain: Flags, utmost: Flags) -> Flags:
    """Keep the parts that hold a plain square and cover at least 2 % of the page.

    Their plain pixels must be about as dark or as light as anything near; in a picture they can have any grey.
    """
    square = _square(side)
    marks = side.astype(np.uint8)
    seeds = cv2.erode(marks, np.ones((square, square), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    number, labels, stats, _ = cv2.connectedComponentsWithStats(marks, connectivity=4)
    wide = np.zeros(number, np.bool_)
    wide[np.unique(labels[(seeds > 0) & plain])] = True
    wide &= stats[:, cv2.CC_STAT_AREA] >= 0.02 * side.size
    even, ends = (np.bincount(labels[plane], minlength=number) for plane in (plain, plain & utmost))
    wide &= ends >= MOSTLY * even
    wide[0] = False
    backgrounds: Flags = wide[labels]
    return backgrounds
