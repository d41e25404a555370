"""The one way a page goes through an upscaler: tile by tile, luminance by the network, chroma by bicubic.

Every command and integration calls :func:`upscale_page`, or :func:`upscale_bands` where the page goes to a file that is
written from top to bottom; memory is the page in, a row of tiles, and with the former the page out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby

import cv2
import numpy as np

from docsr.io.limits import check_held, in_memory
from docsr.page import Bands, Dpi, Page, Pixels, Plane
from docsr.square import KEPT, Raster, squared
from docsr.upscale.guard import PutBack, guarded
from docsr.upscale.tiles import Tile, plan_tiles
from docsr.upscalers.base import Upscaler
from docsr.upscalers.interpolation import enlarge

DEFAULT_TILE = 512
"""Side of a square tile in input px."""

_CHROMA_REACH = 3
_WHITE = 255


@dataclass(slots=True)
class TileCount:
    """How many tiles were run, how many were blank and needed no run, and how much the guard put back."""

    done: int = 0
    skipped: int = 0
    put_back: PutBack = field(default_factory=PutBack)


def upscale_page(
    page: Page,
    upscaler: Upscaler,
    *,
    raster: Raster = KEPT,
    tile: int = DEFAULT_TILE,
    out_dpi: float | None = None,
    guard: bool = True,
    count: TileCount | None = None,
) -> Page:
    """Enlarge a page, and hold it whole; arguments and errors as of :func:`upscale_bands`.

    Raises:
        PageError: also when the page would have more than docsr.io.limits.most_pixels().
    """
    if upscaler.factor == 1 and out_dpi is None:
        return squared(page, raster)
    return in_memory(upscale_bands(page, upscaler, raster=raster, tile=tile, out_dpi=out_dpi, guard=guard, count=count))


def upscale_bands(
    page: Page,
    upscaler: Upscaler,
    *,
    raster: Raster = KEPT,
    tile: int = DEFAULT_TILE,
    out_dpi: float | None = None,
    guard: bool = True,
    count: TileCount | None = None,
) -> Bands:
    """Enlarge a page as its bands are asked for.

    Args:
        page: grey or RGB, any size from 1 x 1.
        upscaler: what enlarges a grey plane; factor 1 leaves the pixels as they are.
        raster: what the pixels become before they are enlarged (docsr.square); ``kept`` leaves their shape.
        tile: side of a square tile in input px without its overlap, at least 8 (tiles.GRID); longer ones read no
            more pixels.
        out_dpi: resize the result to exactly this resolution on both axes; the page must know its dpi then. It is held
            whole for that.
        guard: whether to put back to bicubic what a network made and the page does not bear out, and what is dark.
        count: where the number of tiles is added, if given.

    Returns:
        The page ``upscaler.factor`` times as large in the raster, or of ``out_dpi`` (:func:`size_at`); dpi follows, the
        profile is kept.

    Raises:
        ValueError: ``out_dpi`` for a page without dpi, or a tile below 8.
        PageError: the page is too large in the raster, or to be held for ``out_dpi``; or, as bands are taken, the
            network failed.
    """
    square, count = squared(page, raster), count if count is not None else TileCount()
    large = square.in_bands() if upscaler.factor == 1 else _enlarged(square, upscaler, tile, guard, count)
    return large if out_dpi is None else _brought_to(large, page, out_dpi)


def _enlarged(page: Page, upscaler: Upscaler, tile: int, guard: bool, count: TileCount) -> Bands:
    factor = upscaler.factor
    rows = groupby(plan_tiles(page.height, page.width, tile, _overlap(page, upscaler)), lambda one: one.core.top)
    large = replace(
        page.in_bands(),
        width=page.width * factor,
        height=page.height * factor,
        dpi=None if page.dpi is None else (page.dpi[0] * factor, page.dpi[1] * factor),
        bands=(_band(page.pixels, upscaler, list(row), count) for _, row in rows),
        bilevel=False,
    )
    return guarded(page, large, count.put_back) if guard and upscaler.guarded else large


def _overlap(page: Page, upscaler: Upscaler) -> int:
    return upscaler.overlap if page.is_grey else max(upscaler.overlap, _CHROMA_REACH)


def _band(pixels: Pixels, upscaler: Upscaler, tiles: list[Tile], count: TileCount) -> Pixels:
    """Upscale tiles that stand in a row."""
    factor = upscaler.factor
    band = np.empty((tiles[0].core.height * factor, pixels.shape[1] * factor, *pixels.shape[2:]), np.uint8)
    for one in tiles:
        seen = one.read_from(pixels)
        if upscaler.keeps_white and seen.min() == _WHITE:
            band[:, one.core.left * factor : one.core.right * factor] = _WHITE
            count.skipped += 1
            continue
        one.stitch(band, _upscale_grey(seen, upscaler) if seen.ndim == 2 else _upscale_rgb(seen, upscaler), factor)
        count.done += 1
    return band


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


def size_at(size: tuple[int, int], dpi: Dpi, out_dpi: float) -> tuple[int, int]:
    """Return the size in px that a page of a size and resolution has at ``out_dpi`` on both axes."""
    width, height = (max(1, round(px * out_dpi / at)) for px, at in zip(size, dpi, strict=True))
    return width, height


def _brought_to(large: Bands, came: Page, out_dpi: float) -> Bands:
    """Resize to a resolution; the size follows from the page as it came, so that rounding happens once."""
    if came.dpi is None:
        raise ValueError("a page without dpi cannot be brought to one")
    width, height = size_at((came.width, came.height), came.dpi, out_dpi)
    dpi = out_dpi, out_dpi
    if (large.width, large.height) == (width, height):
        return replace(large, dpi=dpi)
    check_brought_to(large, width, height)
    return replace(large, width=width, height=height, dpi=dpi, bands=_resized(large, width, height), bilevel=False)


def check_brought_to(large: Bands, width: int, height: int) -> None:
    """Refuse a page that is too large to be resized to so many px, before it is made.

    Raises:
        PageError: it takes more pixels, or more memory, than it may.
    """
    if (large.width, large.height) != (width, height):
        beside = large.width * large.height * (1 if large.is_grey else 3)
        check_held(replace(large, width=width, height=height), beside, "use a lower --dpi, or --factor in its place")


def _resized(large: Bands, width: int, height: int) -> Iterator[Pixels]:
    smaller = width * height < large.width * large.height
    mode = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    yield np.asarray(cv2.resize(large.whole().pixels, (width, height), interpolation=mode), np.uint8)
