"""Convert what image files store to the pixels of a Page: 8-bit grey or RGB, upright, on an opaque background."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from docsr.io.raster.transparency import BAND_ROWS, background_under, composed
from docsr.io.read_errors import Unreadable
from docsr.page import Pixels

_TO_8_BIT: NDArray[np.uint8] = ((np.arange(65536, dtype=np.uint32) + 128) // 257).astype(np.uint8)
"""Lookup table from 16 bits to 8 bits: 65535 / 257 = 255 exactly."""


def to_pixels(image: Image.Image) -> Pixels:
    """Convert a decoded Pillow image to pixels; the orientation is not applied.

    One-bit, grey and all-grey palette images become H x W, all others H x W x 3. Alpha is composited on the background
    that shows what is visible (transparency.py). Where possible the image is converted band by band, because Pillow
    makes two copies of what it converts.

    Raises:
        Unreadable: the pixel type has no known range (32-bit integers, floats outside 0 to 1), or no background shows
            everything that is visible.
    """
    if image.mode == "P" and "transparency" not in image.info:
        return _from_palette(image)
    if image.mode.startswith("I") or image.mode == "F":
        return scaled(np.asarray(image))
    mode = _layered(image)
    background = None if mode is None else background_under(lambda top, end: _cut(image, top, end, mode), image.height)
    result: Pixels | None = None
    for top in range(0, image.height, BAND_ROWS):
        end = min(top + BAND_ROWS, image.height)
        band = _cut(image, top, end, mode)
        band = band if background is None else composed(band, background)
        result = np.empty((image.height, *band.shape[1:]), np.uint8) if result is None else result
        result[top:end] = band
    assert result is not None
    return result


def _layered(image: Image.Image) -> str | None:
    """Return the mode in which an image has alpha; None if it has none, or is opaque everywhere."""
    mode, transparent = image.mode, "transparency" in image.info
    if mode in {"LA", "RGBA"} and image.getchannel("A").getextrema() == (255, 255):
        return None
    if mode in {"LA", "La"} or (mode == "L" and transparent):
        return "LA"
    return "RGBA" if mode in {"RGBA", "RGBa", "P", "PA"} or (mode == "RGB" and transparent) else None


def _cut(image: Image.Image, top: int, end: int, layered: str | None) -> Pixels:
    """Convert a few rows of known range: to the mode with alpha if there is one, else to grey or RGB."""
    cut = image.crop((0, top, image.width, end))
    if layered is not None:
        return np.asarray(cut.convert(layered))
    if image.mode in {"1", "L", "LA"}:
        return np.asarray(cut.convert("L"))
    return np.asarray(cut.convert("RGB"))


def _from_palette(image: Image.Image) -> Pixels:
    """Look up each index in the palette; the result is grey if every colour in use is grey."""
    indices = np.asarray(image)
    flat = image.getpalette("RGB") or []
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(flat) // 3] = np.array(flat, np.uint8).reshape(-1, 3)
    used = palette[[index for index, count in enumerate(image.histogram()) if count]]
    if (used == used[:, :1]).all():
        palette = palette[:, 0]
    pixels: Pixels = palette[indices]
    return pixels


def on_paper(pixels: Pixels, alpha: int) -> Pixels:
    """Composite pixels with one opacity, 0 to 255, on white."""
    table = ((np.arange(256, dtype=np.uint32) * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    faded: Pixels = table[pixels]
    return faded


def scaled(values: NDArray[Any], meant: type[np.generic] | None = None) -> Pixels:
    """Scale an array of booleans, 8-bit or 16-bit integers, or floats in [0, 1] to 0 to 255; the shape is kept.

    Args:
        values: H x W or H x W x channels; a few rows are converted at a time.
        meant: the type of the values, if they are held in a wider one.

    Raises:
        Unreadable: the type is another, or floats are outside 0 to 1.
    """
    result = np.empty(values.shape, np.uint8)
    for top in range(0, len(values), BAND_ROWS):
        band = values[top : top + BAND_ROWS]
        result[top : top + BAND_ROWS] = _scaled(band if meant is None else band.astype(meant))
    return result


def _scaled(values: NDArray[Any]) -> Pixels:
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        reduced: Pixels = _TO_8_BIT[values]
        return reduced
    if values.dtype.kind == "f":
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
            raise Unreadable("its floating-point pixels are not between 0 and 1")
        return (values * 255 + 0.5).astype(np.uint8)
    raise Unreadable("its pixels have no known range (convert it to 8 or 16 bits per channel)")


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Apply an EXIF orientation (1 to 8; any other value counts as 1) to pixels."""
    if orientation in {5, 6, 7, 8}:
        pixels = pixels.swapaxes(0, 1)
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def fitting_profile(icc: object, pixels: Pixels) -> bytes | None:
    """Return an ICC profile if it describes these pixels (grey or RGB), else None."""
    return profile_for(icc, 1 if pixels.ndim == 2 else 3)


def profile_for(icc: object, channels: int) -> bytes | None:
    """Return an ICC profile if it describes pixels of 1 (grey) or 3 (RGB) channels, else None."""
    if not isinstance(icc, bytes) or len(icc) < 128:
        return None
    return icc if icc[16:20] == (b"GRAY" if channels == 1 else b"RGB ") else None
