"""How many bytes an image takes while it is decoded: asked before, and held against what may be taken.

The figures were measured with noise of 5000 x 5000 px, Pillow 12 and 13, and rounded up; a test holds them.
"""

from __future__ import annotations

from PIL import Image, JpegImagePlugin, TiffImagePlugin

from docsr.io.limits import check_memory, most_pixels
from docsr.io.read_errors import Unreadable

_ROWS_PER_STRIP, _TILE_LENGTH = 278, 323
_PER_ROW = 16
"""Pillow keeps a pointer to each row, and each row begins at a whole word."""

_STORED = {"1": 1, "L": 1, "P": 1}
"""Bytes of a pixel in Pillow, by mode; 2 where a mode is of 16 bits, 4 in all others."""

_GREY = ("1", "L", "LA", "La", "I", "F")
_SAMPLE_OF_JPEG_2000 = 5
"""Bytes of a sample while OpenJPEG has it: 4 and, once more, 1."""

_COEFFICIENT = 2
_AFTER_SCALING = 2
"""What 16 bits and floats take more on their way to 8."""

_BESIDE_IT = {"WEBP": 11, "GIF": 5, "AVIF": 6, "HEIF": 8}
"""Bytes of a pixel that decoders keep beside what they give: planes, the picture before, RGBA."""


def check_decodable(image: Image.Image) -> None:
    """Refuse an image of too many pixels, or whose decoding takes too much memory, before it is decoded.

    Raises:
        Unreadable: it has more than most_pixels(), or takes more than most_memory().
    """
    if image.width * image.height > most_pixels():
        raise Unreadable(f"it has more than {most_pixels():,} pixels (--max-pixels)")
    check_memory(image.width * image.height * _per_pixel(image) + _PER_ROW * image.height)


def _per_pixel(image: Image.Image) -> float:
    """Bytes of a pixel: in Pillow, as 8-bit grey or RGB, and in the decoder."""
    samples = len(image.getbands())
    stored = 2 if ";16" in image.mode else _STORED.get(image.mode, 4)
    wide = _AFTER_SCALING if image.mode.startswith(("I", "F")) else 0
    return stored + (1 if image.mode.startswith(_GREY) else 3) + wide + _in_decoder(image, stored, samples)


def _in_decoder(image: Image.Image, stored: int, samples: int) -> float:
    if image.format == "JPEG2000":
        return samples * _SAMPLE_OF_JPEG_2000
    if isinstance(image, JpegImagePlugin.JpegImageFile):  # a baseline one may turn out to come in several scans
        return samples * _COEFFICIENT
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        rows = image.tag_v2.get(_TILE_LENGTH) or image.tag_v2.get(_ROWS_PER_STRIP) or image.height
        return stored * min(1.0, int(rows) / image.height) if isinstance(rows, int) else stored
    return _BESIDE_IT.get(image.format or "", 0)
