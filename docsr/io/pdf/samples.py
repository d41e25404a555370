"""Unpack samples of PDF images from raw data, which may end early."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from docsr.io.decoder_messages import report_damage
from docsr.io.limits import MOST_MISSING
from docsr.io.read_errors import Damaged
from docsr.page import Pixels

Samples = NDArray[np.uint8] | NDArray[np.uint16]
"""H x W x components, as stored: 0 to 2 ** bits - 1."""


def unpacked(data: bytes, width: int, height: int, channels: int, bits: int) -> tuple[Samples, int]:
    """Unpack samples of 1 to 16 bits; each row starts at a whole byte.

    Returns:
        The samples, and for how many pixels, from the first on, there are data. Missing pixels are reported.

    Raises:
        Damaged: more than a tenth of the pixels is missing.
    """
    row = (width * channels * bits + 7) // 8
    whole, rest = divmod(min(len(data), row * height), row)
    present = whole * width + min(width, rest * 8 // (channels * bits))
    if present < width * height:
        if width * height - present > MOST_MISSING * width * height:
            raise Damaged("its image is damaged (a part of it is missing)")
        report_damage(
            f"data that end early: {height - present // width} of {height} rows are white where they are missing"
        )
        data = data.ljust(row * height, b"\0")
    packed = np.frombuffer(data, np.uint8, row * height).reshape(height, row)
    return _values(packed, width * channels, bits).reshape(height, width, channels), present


def _values(packed: Pixels, count: int, bits: int) -> Samples:
    if bits == 16:
        return packed.view(">u2").astype(np.uint16)
    if bits == 1:
        values = np.unpackbits(packed, axis=1)
    elif bits == 8:
        values = packed
    else:
        shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
        values = ((packed[..., None] >> shifts) & np.uint8(2**bits - 1)).reshape(len(packed), -1)
    return np.ascontiguousarray(values[:, :count])


def with_missing_white(pixels: Pixels, present: int) -> Pixels:
    """Return H x W or H x W x 3 pixels in which pixels without data are white, as most readers show them."""
    if present < pixels.shape[0] * pixels.shape[1]:
        pixels = np.array(pixels)
        pixels.reshape(-1, *pixels.shape[2:])[present:] = 255
    return pixels
