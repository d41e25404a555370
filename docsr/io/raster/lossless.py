"""Code pixels losslessly: Deflate for grey and RGB, CCITT Group 4 for one bit.

Deflate comes from zlib-ng, which takes half of zlib's time. An enlarged grey page with noisy paper has no repetitions,
so they are not searched for: the page becomes as small, in less time. For all other pages level 3 compresses best.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, TiffImagePlugin
from zlib_ng import zlib_ng

from docsr.page import Pixels

NOISY = 0.3
"""If more of a grey page's pixels than this share differ from their left neighbours, repetitions are not searched."""

_ROWS_PER_STRIP, _OFFSETS, _SIZES, _WHITE = 278, 273, 279, 128


def group_4(pixels: Pixels) -> bytes:
    """Code H x W pixels with Group 4; pixels of 128 and above are white, and black is coded as 1."""
    file = io.BytesIO()
    black = Image.fromarray(pixels < _WHITE)  # inverted here, since Pillow's own MinIsWhite inverts pixel by pixel
    black.save(file, "TIFF", compression="group4", tiffinfo={_ROWS_PER_STRIP: black.height})
    with TiffImagePlugin.TiffImageFile(io.BytesIO(file.getvalue())) as written:
        (offset,), (size,) = written.tag_v2[_OFFSETS], written.tag_v2[_SIZES]
    return file.getvalue()[offset : offset + size]


def deflated(strip: Pixels) -> bytes:
    """Compress rows with Deflate after each pixel's difference to its left neighbour (TIFF's predictor 2)."""
    apart = from_left(strip)
    stream = coder(apart)
    return stream.compress(apart) + stream.flush()


def from_left(strip: Pixels) -> Pixels:
    """Return each pixel's difference to its left neighbour, modulo 256; the first pixel of each row stays."""
    apart = strip.copy()
    apart[:, 1:] -= strip[:, :-1]
    return apart


def coder(apart: Pixels) -> zlib_ng._Compress:
    """Return a Deflate stream suited to a page; ``apart`` holds the differences of its first rows."""
    noisy = apart.ndim == 2 and np.count_nonzero(apart) > NOISY * apart.size
    return zlib_ng.compressobj(3, strategy=zlib_ng.Z_HUFFMAN_ONLY if noisy else zlib_ng.Z_DEFAULT_STRATEGY)
