"""How pixels are coded where nothing may be lost: Deflate for grey and RGB, CCITT Group 4 for one bit.

Deflate is zlib-ng's, in half of zlib's time. Where the paper is noisy, an enlarged grey page has no repetitions for
it to find: not looked for at all, the page becomes as small, and sooner. Of all else level 3 finds most.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, TiffImagePlugin
from zlib_ng import zlib_ng

from docsr.page import Pixels

NOISY = 0.3
"""A grey page of which more pixels differ from their left neighbours has no repetitions worth looking for."""

_ROWS_PER_STRIP, _OFFSETS, _SIZES, _WHITE = 278, 273, 279, 128


def group_4(pixels: Pixels) -> bytes:
    """Code H x W pixels, those of 128 and above as white; in the code, as Group 4 expects, black is 1."""
    file = io.BytesIO()
    black = Image.fromarray(pixels < _WHITE)  # turned here, since Pillow turns pixel by pixel (MinIsWhite)
    black.save(file, "TIFF", compression="group4", tiffinfo={_ROWS_PER_STRIP: black.height})
    with TiffImagePlugin.TiffImageFile(io.BytesIO(file.getvalue())) as written:
        (offset,), (size,) = written.tag_v2[_OFFSETS], written.tag_v2[_SIZES]
    return file.getvalue()[offset : offset + size]


def deflated(strip: Pixels) -> bytes:
    """Code rows by Deflate after each pixel's difference to its left neighbour (TIFF's predictor 2)."""
    apart = from_left(strip)
    stream = coder(apart)
    return stream.compress(apart) + stream.flush()


def from_left(strip: Pixels) -> Pixels:
    """Return each pixel's difference to its left neighbour, modulo 256; the first of each row as it is."""
    apart = strip.copy()
    apart[:, 1:] -= strip[:, :-1]
    return apart


def coder(apart: Pixels) -> zlib_ng._Compress:
    """Return a Deflate stream for a page whose first rows have these differences."""
    noisy = apart.ndim == 2 and np.count_nonzero(apart) > NOISY * apart.size
    return zlib_ng.compressobj(3, strategy=zlib_ng.Z_HUFFMAN_ONLY if noisy else zlib_ng.Z_DEFAULT_STRATEGY)
