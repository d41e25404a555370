"""The one way a page goes through an upscaler: tile by tile, luminance by the network, chroma by bicubic.

Every command and integration calls :func:`upscale_page`; memory is the page in, the page out and one tile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from docsr.errors import PageError
from docsr.io.decode import MAX_PIXELS
from docsr.page import Page, Pixels, Plane
from docsr.tiles import plan_tiles
from docsr.upscalers.base import Upscaler
from docsr.upscalers.classical import enlarge

DEFAULT_TILE = 512
"""Largest side of a tile in input px."""

_CHROMA_REACH = 3
_WHITE = 255


@dataclass(slots=True)
class TileCount:
    """How many tiles were run, and how many were blank and needed no run."""

    done: int = 0
    skipped: int = 0


def upscale_page(
    page: Page,
    upscaler: Upscaler,
    *,
    tile: int = DEFAULT_TILE,
    out_dpi: float | None = None,
    count: TileCount | None = None,
) -> Page:
    """Enlarge a page.

    Args:
        page: grey or RGB, any size from 1 x 1.
        upscaler: what enlarges a grey plane; factor 1 leaves the pixels as they are.
        tile: largest side of a tile in input px, at least 8 (docsr.tiles.GRID).
        out_dpi: resize the result to exactly this resolution on both axes; the page must know its dpi then.
        count: where the number of tiles is added, if given.

    Returns:
        The page ``upscaler.factor`` times as large, or of ``out_dpi``; dpi follows, the profile is kept.

    Raises:
        ValueError: ``out_dpi`` for a page without dpi, or a tile below 8.
        PageError: the network failed, or the page would have more than MAX_PIXELS.
    """
    count = count if count is not None else TileCount()
    size = None if out_dpi is None else _size_at(page, out_dpi)
    for width, height in ((page.width * upscaler.factor, page.height * upscaler.factor), size or (1, 1)):
        if width * height > MAX_PIXELS:  # before the memory is taken; what is larger could not be read again either
            raise PageError(f"it would become {width} x {height} px, more than {MAX_PIXELS:,}: enlarge it less")
    result = page if upscaler.factor == 1 else page.resized(_upscale(page.pixels, upscaler, tile, count))
    return result if size is None or out_dpi is None else _brought_to(result, size, out_dpi)


def _upscale(pixels: Pixels, upscaler: Upscaler, tile: int, count: TileCount) -> Pixels:
    factor = upscaler.factor
    height, width = pixels.shape[:2]
    target = np.empty((height * factor, width * factor, *pixels.shape[2:]), dtype=np.uint8)
    overlap = upscaler.overlap if pixels.ndim == 2 else max(upscaler.overlap, _CHROMA_REACH)
    for one in plan_tiles(height, width, tile, overlap):
        seen = one.read_from(pixels)
        if upscaler.keeps_white and seen.min() == _WHITE:
            target[one.core.scaled(factor).slices] = _WHITE
            count.skipped += 1
            continue
        one.stitch(target, _upscale_grey(seen, upscaler) if seen.ndim == 2 else _upscale_rgb(seen, upscaler), factor)
        count.done += 1
    return target


def _upscale_grey(seen: Pixels, upscaler: Upscaler) -> Pixels:
    return _to_uint8(upscaler(_to_float(seen)))


def _upscale_rgb(seen: Pixels, upscaler: Upscaler) -> Pixels:
    """Luminance by the network; colour changes slowly, and networks get it wrong, so it is interpolated."""
    colour = cv2.cvtColor(_to_float(seen), cv2.COLOR_RGB2YCrCb)
    luminance = np.ascontiguousarray(colour[..., 0], dtype=np.float32)
    large = enlarge(np.asarray(colour, dtype=np.float32), upscaler.factor)
    large[..., 0] = np.clip(upscaler(luminance), 0, 1)
    return _to_uint8(np.asarray(cv2.cvtColor(large, cv2.COLOR_YCrCb2RGB), dtype=np.float32))


def _to_float(pixels: Pixels) -> Plane:
    return np.asarray(pixels, dtype=np.float32) / np.float32(255)


def _to_uint8(plane: Plane) -> Pixels:
    return np.asarray(np.rint(np.clip(plane, 0, 1) * 255), dtype=np.uint8)


def _size_at(page: Page, out_dpi: float) -> tuple[int, int]:
    """Return width and height of ``page`` at ``out_dpi``, from the original so that rounding happens once."""
    if page.dpi is None:
        raise ValueError("a page without dpi cannot be brought to one")
    return max(1, round(page.width * out_dpi / page.dpi[0])), max(1, round(page.height * out_dpi / page.dpi[1]))


def _brought_to(page: Page, size: tuple[int, int], dpi: float) -> Page:
    if (page.width, page.height) == size:
        return replace(page, dpi=(dpi, dpi))
    mode = cv2.INTER_AREA if size[0] * size[1] < page.width * page.height else cv2.INTER_CUBIC
    pixels = np.asarray(cv2.resize(page.pixels, size, interpolation=mode), dtype=np.uint8)
    return replace(page, pixels=pixels, dpi=(dpi, dpi), bilevel=False)
