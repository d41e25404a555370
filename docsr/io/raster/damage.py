"""Report damage in image files that decoders tolerate silently; each page is checked once."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

from docsr.io.decoder_messages import is_first_look, report_damage
from docsr.io.raster.jpeg_check import MOST_BYTES, examined, jpeg_fault
from docsr.io.raster.png_check import png_fault

_COMPRESSION, _JPEG_TABLES, _JPEG = 259, 347, 7
_PLACES = ((273, 279), (324, 325))
"""Tag pairs with the offsets and byte counts of strips, and of tiles."""


def fault_of(image: Image.Image, key: object) -> str | None:
    """Return in a few words what is wrong with the coded data of a picture; None if nothing is.

    The picture must not be decoded yet. The check decodes a JPEG; if it is sound, the image is given these pixels.

    Args:
        image: as Pillow opened it, at the picture to check.
        key: identifies the picture, which is checked once per captured_messages block.
    """
    if not isinstance(image, ImageFile.ImageFile) or image.fp is None or not is_first_look(key):
        return None
    if isinstance(image, JpegImagePlugin.JpegImageFile):  # MPO is a subclass
        return _jpeg(image, _whole(image.fp))
    if isinstance(image, PngImagePlugin.PngImageFile):
        return png_fault(image.fp)
    return strip_fault(image, image.fp) if isinstance(image, TiffImagePlugin.TiffImageFile) else None


def strip_fault(image: TiffImagePlugin.TiffImageFile, file: IO[bytes]) -> str | None:
    """Return what is wrong with the JPEG data of a TIFF page in ``file``; None if nothing is, or it has none."""
    return next(filter(None, map(jpeg_fault, _strips(image, file))), None) if is_in_jpeg(image) else None


def is_in_jpeg(image: TiffImagePlugin.TiffImageFile) -> bool:
    """Return whether a TIFF page is JPEG-coded."""
    return bool(image.tag_v2.get(_COMPRESSION) == _JPEG)


def report_jpeg_fault(data: bytes) -> None:
    """Report what is wrong with JPEG data, for example of an image in a PDF."""
    if is_first_look((len(data), zlib.crc32(data))):
        fault = jpeg_fault(data)
        if fault is not None:
            report_damage(fault)


def _jpeg(image: JpegImagePlugin.JpegImageFile, data: bytes) -> str | None:
    samples, fault = examined(data)
    if samples is not None and image.mode in {"L", "RGB"} and image.tile:
        width, height = image.size
        if samples.nbytes == width * height * len(image.getbands()):
            image.im = Image.frombuffer(image.mode, image.size, np.asarray(samples), "raw", image.mode, 0, 1).im
            image.tile = []
    return fault


def _whole(file: IO[bytes]) -> bytes:
    """Return the bytes of a file, or none if it has more than MOST_BYTES; the file position is kept."""
    before = file.tell()
    size = file.seek(0, 2)
    file.seek(0)
    data = file.read(size) if size <= MOST_BYTES else b""  # read allocates all that is asked for at once
    file.seek(before)
    return data


def _strips(image: TiffImagePlugin.TiffImageFile, file: IO[bytes]) -> Iterator[bytes]:
    """Yield the JPEG of each strip or tile, with the tables that all of them share."""
    tags: Any = image.tag_v2
    tables = tags.get(_JPEG_TABLES, b"")
    if not isinstance(tables, bytes):
        return
    before = file.tell()
    try:
        for offsets, sizes in _PLACES:
            for offset, size in zip(tags.get(offsets, ()), tags.get(sizes, ()), strict=False):
                if 4 < size <= MOST_BYTES:
                    file.seek(offset)
                    data = file.read(size)
                    yield tables[:-2] + data[2:] if tables else data
    finally:
        file.seek(before)
