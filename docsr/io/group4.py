"""CCITT Group 4, the code of fax machines, for one-bit pixels in TIFF and PDF."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, TiffImagePlugin

from docsr.page import Pixels

_ROWS_PER_STRIP, _PHOTOMETRIC, _OFFSETS, _SIZES, _MIN_IS_WHITE = 278, 262, 273, 279, 0


def group_4(pixels: Pixels) -> bytes:
    """Code H x W pixels, those of 128 and above as white; in the code, as Group 4 expects, black is 1."""
    file = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels)).convert("1", dither=Image.Dither.NONE)
    tags = {_ROWS_PER_STRIP: image.height, _PHOTOMETRIC: _MIN_IS_WHITE}
    image.save(file, "TIFF", compression="group4", tiffinfo=tags)
    with TiffImagePlugin.TiffImageFile(io.BytesIO(file.getvalue())) as written:
        (offset,), (size,) = written.tag_v2[_OFFSETS], written.tag_v2[_SIZES]
    return file.getvalue()[offset : offset + size]
