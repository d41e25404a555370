"""How pixels are coded where nothing may be lost: Deflate for grey and RGB, CCITT Group 4 for one bit.

Enlarged grey pages have few repetitions for Deflate to find: searched for runs alone they become no larger than with
zlib's level 6, and much sooner. In colour the three channels repeat each other, and level 3 is about as small as 6.
"""

from __future__ import annotations

import io
import zlib

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


def deflated(strip: Pixels) -> bytes:
    """Code rows by Deflate after each pixel's difference to its left neighbour (TIFF's predictor 2)."""
    stream = coder(grey=strip.ndim == 2)
    return stream.compress(differences(strip).tobytes()) + stream.flush()


def differences(strip: Pixels) -> Pixels:
    """Return each pixel's difference to its left neighbour, modulo 256; the first of each row as it is."""
    apart = strip.copy()
    apart[:, 1:] -= strip[:, :-1]
    return apart


def coder(*, grey: bool) -> zlib._Compress:
    """Return a Deflate stream for such differences."""
    return zlib.compressobj(3, strategy=zlib.Z_RLE if grey else zlib.Z_DEFAULT_STRATEGY)
