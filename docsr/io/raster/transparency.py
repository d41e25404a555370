"""Choose the background for transparent pixels: white, or black if visible content would vanish on white."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from docsr.io.read_errors import Unreadable
from docsr.page import Pixels, luminance

BAND_ROWS = 256
"""Rows to convert at a time where a conversion needs wider numbers, to save memory."""

WHITE, BLACK = 255, 0

_FAINT = 32
"""A pixel that differs less from its background is invisible on it."""

_VISIBLE = 26
"""Alpha, of 255; a pixel with less shows nothing."""

_SHARE, _ENOUGH = 0.02, 2500
"""A shape is seen if at least this share of its pixels is; above 2500 pixels, this share of 2500 is enough."""

_SOLID = 0.999
"""A shape that fills more than this share of its bounding box is paper or a rule; nothing is lost if it vanishes."""

_LOSABLE = 0.02
"""The largest share of the area of all shapes that may be lost on the better background."""

_MOST_EXAMINED = 1 << 22
"""px; larger pages are reduced before shapes are looked for."""

Mask = NDArray[np.bool_]


def on_background(layers: Pixels) -> Pixels:
    """Composite H x W x 2 (grey, alpha) or H x W x 4 (RGB, alpha) on the background that shows the content.

    Raises:
        Unreadable: no background shows all of it.
    """

    def rows(top: int, end: int) -> Pixels:
        return layers[top:end]

    background = background_under(rows, layers.shape[0])
    result = np.empty((*layers.shape[:2], layers.shape[2] - 1), np.uint8)
    for top in range(0, layers.shape[0], BAND_ROWS):
        band = composed(layers[top : top + BAND_ROWS], background)
        result[top : top + BAND_ROWS] = band.reshape(*band.shape[:2], -1)
    return result[..., 0] if result.shape[2] == 1 else result


def composed(layers: Pixels, background: int) -> Pixels:
    """Composite H x W x 2 or H x W x 4 on a uniform grey background; return H x W or H x W x 3."""
    band = layers.astype(np.uint32)
    alpha = band[..., -1:]
    result: Pixels = ((band[..., :-1] * alpha + background * (255 - alpha) + 127) // 255).astype(np.uint8)
    return result[..., 0] if result.shape[2] == 1 else result


def background_under(rows: Callable[[int, int], Pixels], height: int) -> int:
    """Return WHITE, or BLACK if visible shapes such as letters would vanish on white.

    A shape is a connected set of visible pixels; a sheet with the writing on it is one shape.

    Args:
        rows: returns H x W x 2 or H x W x 4 pixels, alpha last, from a first row up to (not including) a last one.
        height: px.

    Raises:
        Unreadable: some shapes would vanish on white, and others on black.
    """
    parts = list(_visibility_masks(rows, height))
    visible, on_white, on_black = (np.concatenate(masks) for masks in zip(*parts, strict=True))
    if visible.all():
        return WHITE
    count, labels, stats, _ = cv2.connectedComponentsWithStats(visible.astype(np.uint8), connectivity=8)
    area = stats[:, cv2.CC_STAT_AREA]
    counts = area < _SOLID * stats[:, cv2.CC_STAT_WIDTH] * stats[:, cv2.CC_STAT_HEIGHT]
    counts[0] = False  # the invisible pixels

    def lost(shown: Mask) -> int:
        seen = np.bincount(labels[shown & visible], minlength=count)
        return int(area[counts & (seen < _SHARE * np.minimum(area, _ENOUGH))].sum())

    lost_on_white, lost_on_black = lost(on_white), lost(on_black)
    if min(lost_on_white, lost_on_black) > _LOSABLE * int(area[counts].sum()):
        raise Unreadable(
            "parts of its content on a transparent background are white and others black, so no background shows both "
            "(save it on a grey one)"
        )
    return BLACK if lost_on_black < lost_on_white else WHITE


def _visibility_masks(rows: Callable[[int, int], Pixels], height: int) -> Iterator[tuple[Mask, Mask, Mask]]:
    """Yield, a few rows at a time, masks of what is visible at all, on white and on black; large pages are reduced."""
    step = 1
    for top in range(0, height, BAND_ROWS):
        band = rows(top, min(top + BAND_ROWS, height))
        while height * band.shape[1] > _MOST_EXAMINED * step * step and step < BAND_ROWS:
            step *= 2
        alpha = band[..., -1].astype(np.uint16)
        light = luminance(band[..., 0] if band.shape[2] == 2 else np.ascontiguousarray(band[..., :3]))
        masks = alpha >= _VISIBLE, alpha * (255 - light) >= _FAINT * 255, alpha * light >= _FAINT * 255
        on_all = [_reduced(mask, step) for mask in masks]
        yield on_all[0], on_all[1], on_all[2]


def _reduced(mask: Mask, step: int) -> Mask:
    """Reduce a mask: a square is set if any pixel in it is set."""
    if step == 1:
        return mask
    height, width = mask.shape
    padded = np.pad(mask, ((0, -height % step), (0, -width % step)))
    squares = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step)
    reduced: Mask = np.asarray(squares.any(axis=(1, 3)))
    return reduced
