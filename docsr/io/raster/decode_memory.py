"""Estimate how many bytes decoding an image takes, and refuse it beforehand if that is more than allowed.

The figures were measured with 5000 x 5000 px of noise on Pillow 12 and 13, and rounded up; a test checks them.
"""

from __future__ import annotations

from PIL import Image, JpegImagePlugin, TiffImagePlugin

from docsr.io.limits import check_memory, most_pixels
from docsr.io.read_errors import Unreadable

_ROWS_PER_STRIP, _TILE_LENGTH = 278, 323
_PER_ROW = 16
"""Pillow keeps a pointer to each row, and aligns each row to a whole word."""

_STORED = {"1": 1, "L": 1, "P": 1}
"""Bytes per pixel in Pillow, by mode; 16-bit modes take 2, all others 4."""

_GREY = ("1", "L", "LA", "La", "I", "F")
_SAMPLE_OF_JPEG_2000 = 5
"""Bytes per sample while OpenJPEG decodes: 4, and 1 for a copy."""

_COEFFICIENT = 2
_AFTER_SCALING = 2
"""Additional bytes per pixel to convert 16-bit and float images to 8 bits."""

_BESIDE_IT = {"WEBP": 11, "GIF": 5, "AVIF": 6, "HEIF": 8}
"""Bytes per pixel that decoders hold besides their output: planes, the previous frame, RGBA."""


def check_decodable(image: Image.Image) -> None:
    """Refuse an image with too many pixels, or that takes too much memory to decode, before it is decoded.

    Raises:
        Unreadable: it has more than most_pixels() pixels, or takes more than most_memory() bytes.
    """
    if image.width * image.height > most_pixels():
        raise Unreadable(f"it has more than {most_pixels():,} pixels (--max-pixels)")
    check_memory(image.width * image.height * _per_pixel(image) + _PER_ROW * image.height)


def _per_pixel(image: Image.Image) -> float:
    """Return bytes per pixel: in Pillow, as 8-bit grey or RGB, and in the decoder."""
    samples = len(image.getbands())
    stored = 2 if ";16" in image.mode else _STORED.get(image.mode, 4)
    wide = _AFTER_SCALING if image.mode.startswith(("I", "F")) else 0
    return stored + (1 if image.mode.startswith(_GREY) else 3) + wide + _in_decoder(image, stored, samples)


def _in_decoder(image: Image.Image, stored: int, samples: int) -> float:
    if image.format == "JPEG2000":
        return samples * _SAMPLE_OF_JPEG_2000
    if isinstance(image, JpegImagePlugin.JpegImageFile):  # even a baseline one may turn out to have several scans
        return samples * _COEFFICIENT
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        rows = image.tag_v2.get(_TILE_LENGTH) or image.tag_v2.get(_ROWS_PER_STRIP) or image.height
        return stored * min(1.0, int(rows) / image.height) if isinstance(rows, int) else stored
    return _BESIDE_IT.get(image.format or "", 0)
