"""Enlarge a page tile by tile: luminance by the network, chroma by bicubic.

Every command and integration calls :func:`upscale_page`, or :func:`upscale_bands` for files that are written from top
to bottom. Memory holds the input page and a row of tiles, and for ``upscale_page`` also the output page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby

import cv2
import numpy as np

from docsr.choices import DEFAULT_TILE
from docsr.io.limits import check_held, in_memory
from docsr.page import Bands, Dpi, Page, Pixels, Plane, resize
from docsr.square import KEPT, Raster, squared
from docsr.upscale.guard import PutBack, guarded
from docsr.upscale.tiles import Tile, plan_tiles
from docsr.upscalers.base import Upscaler
from docsr.upscalers.interpolation import enlarge

_CHROMA_REACH = 3
_WHITE = 255


@dataclass(slots=True)
class TileCount:
    """Numbers of tiles that were run and of blank tiles that needed no run, and what the guard replaced."""

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
    """Enlarge a page and return it whole. Arguments and errors are as in :func:`upscale_bands`.

    Raises:
        PageError: also if the page would have more than docsr.io.limits.most_pixels() pixels.
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
    """Enlarge a page while its bands are iterated.

    Args:
        page: grey or RGB, of any size from 1 x 1.
        upscaler: enlarges a grey plane; factor 1 leaves the pixels as they are.
        raster: the pixel shape before enlarging (docsr.square); ``kept`` does not change it.
        tile: side of a square tile in input px, without its overlap, at least 8 (tiles.GRID). Oblong tiles have no more
            pixels.
        out_dpi: resolution of both axes to which the result is resized, or None. The page must have a dpi for this,
            and the result is held whole.
        guard: whether to replace by bicubic what a network made and the page does not support, and dark areas.
        count: the counts to update, if given.

    Returns:
        The page, ``upscaler.factor`` times as large in the raster, or at ``out_dpi`` (:func:`size_at`). dpi changes
        with the size, and the colour profile is kept.

    Raises:
        ValueError: ``out_dpi`` for a page without dpi, or a tile below 8.
        PageError: the page is too large in the raster, or too large to hold for ``out_dpi``. While bands are iterated:
            the network failed.
    """
    square, count = squared(page, raster), count if count is not None else TileCount()
    large = square.in_bands() if upscaler.factor == 1 else _enlarged(square, upscaler, tile, guard, count)
    return large if out_dpi is None else _resized_to_dpi(large, page, out_dpi)


def _enlarged(page: Page, upscaler: Upscaler, tile: int, guard: bool, count: TileCount) -> Bands:
    factor = upscaler.factor
    rows = groupby(plan_tiles(page.height, page.width, tile, _overlap(page, upscaler)), lambda cut: cut.core.top)
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
    """Upscale the tiles of one row into a band."""
    factor = upscaler.factor
    band = np.empty((tiles[0].core.height * factor, pixels.shape[1] * factor, *pixels.shape[2:]), np.uint8)
    for tile in tiles:
        read = tile.read_from(pixels)
        if upscaler.keeps_white and read.min() == _WHITE:
            band[:, tile.core.left * factor : tile.core.right * factor] = _WHITE
            count.skipped += 1
            continue
        tile.stitch(band, _upscale_grey(read, upscaler) if read.ndim == 2 else _upscale_rgb(read, upscaler), factor)
        count.done += 1
    return band


def _upscale_grey(read: Pixels, upscaler: Upscaler) -> Pixels:
    return _to_uint8(upscaler(_to_float(read)))


def _upscale_rgb(read: Pixels, upscaler: Upscaler) -> Pixels:
    """Enlarge luminance by the network and interpolate chroma, which varies slowly and which networks get wrong."""
    colour = cv2.cvtColor(_to_float(read), cv2.COLOR_RGB2YCrCb)
    luminance = np.ascontiguousarray(colour[..., 0], dtype=np.float32)
    large = enlarge(np.asarray(colour, dtype=np.float32), upscaler.factor)
    large[..., 0] = np.clip(upscaler(luminance), 0, 1)
    return _to_uint8(np.asarray(cv2.cvtColor(large, cv2.COLOR_YCrCb2RGB), dtype=np.float32))


def _to_float(pixels: Pixels) -> Plane:
    return np.asarray(pixels, dtype=np.float32) / np.float32(255)


def _to_uint8(plane: Plane) -> Pixels:
    return np.asarray(np.rint(np.clip(plane, 0, 1) * 255), dtype=np.uint8)


def size_at(size: tuple[int, int], dpi: Dpi, out_dpi: float) -> tuple[int, int]:
    """Return the (width, height) in px of a page that is brought from ``dpi`` to ``out_dpi`` on both axes."""
    width, height = (max(1, round(px * out_dpi / at)) for px, at in zip(size, dpi, strict=True))
    return width, height


def _resized_to_dpi(large: Bands, original: Page, out_dpi: float) -> Bands:
    """Resize to a resolution. The size is computed from the original page, so that it is rounded only once."""
    if original.dpi is None:
        raise ValueError("a page without dpi cannot be brought to one")
    width, height = size_at((original.width, original.height), original.dpi, out_dpi)
    dpi = out_dpi, out_dpi
    if (large.width, large.height) == (width, height):
        return replace(large, dpi=dpi)
    check_brought_to(large, width, height)
    return replace(large, width=width, height=height, dpi=dpi, bands=_resized(large, width, height), bilevel=False)


def check_brought_to(large: Bands, width: int, height: int) -> None:
    """Raise an error if a page is too large to be resized to this size, before it is made.

    Raises:
        PageError: the result needs more pixels or more memory than allowed.
    """
    if (large.width, large.height) != (width, height):
        bytes_held = large.width * large.height * (1 if large.is_grey else 3)
        check_held(replace(large, width=width, height=height), bytes_held, "use a lower --dpi, or --factor instead")


def _resized(large: Bands, width: int, height: int) -> Iterator[Pixels]:
    yield resize(large.whole().pixels, width, height)
