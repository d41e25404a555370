"""Write PNG files band by band, so that a page is never in memory whole.

Every row is stored as differences to the pixels on its left (filter type 1). This takes a third of the time of choosing
a filter for each row, as libraries do, and an eighth more bytes. Format: PNG, second edition (ISO/IEC 15948:2003).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

import numpy as np
from zlib_ng import zlib_ng

from docsr.io.raster.lossless import coder, from_left
from docsr.io.raster.metadata import texts_of
from docsr.io.raster.resolution import in_whole_numbers
from docsr.page import Bands, Dpi, Metadata, Page, Pixels

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB, _LEFT = 0, 2, 1
_NO_UNIT, _PER_METRE = 0, 1
_HEAD_BYTES = 33
_INCHES = 1 / 0.0254
"""Inches in a metre."""


def write_png(file: IO[bytes], page: Page | Bands) -> None:
    """Write a page as 8-bit grey or RGB, with its resolution, profile and metadata if it has them."""
    bands = page.in_bands() if isinstance(page, Page) else page
    file.write(_SIGNATURE)
    kind = _GREY if bands.is_grey else _RGB
    _chunk(file, b"IHDR", struct.pack(">IIBBBBB", bands.width, bands.height, 8, kind, 0, 0, 0))
    if bands.icc is not None:
        _chunk(file, b"iCCP", b"ICC Profile\0\0" + zlib_ng.compress(bands.icc))
    if bands.dpi is not None:
        across, down = (round(dpi * _INCHES) for dpi in bands.dpi)
        _chunk(file, b"pHYs", struct.pack(">IIB", across, down, _PER_METRE))
    elif bands.aspect is not None:
        _write_ratio(file, bands.aspect)
    for chunk in text_chunks(bands.metadata):
        _chunk(file, *chunk)
    stream = None
    for band in bands.bands:
        stream = _write_band(file, stream, band)
    if stream is not None:
        _chunk(file, b"IDAT", stream.flush())
    _chunk(file, b"IEND", b"")


def put_ratio(file: IO[bytes], aspect: Dpi) -> None:
    """Insert the ratio of x to y sampling into a PNG without a resolution; Pillow can write only dpi."""
    file.seek(_HEAD_BYTES)
    rest = file.read()
    file.seek(_HEAD_BYTES)
    _write_ratio(file, aspect)
    file.write(rest)


def _write_ratio(file: IO[bytes], aspect: Dpi) -> None:
    _chunk(file, b"pHYs", struct.pack(">IIB", *in_whole_numbers(aspect), _NO_UNIT))


def text_chunks(metadata: Metadata) -> Iterator[tuple[bytes, bytes]]:
    """Yield the type and content of a chunk for each text: tEXt if it fits Latin-1, else iTXt."""
    for keyword, text in texts_of(metadata).items():
        name = keyword.encode("latin-1")
        try:
            yield b"tEXt", name + b"\0" + text.encode("latin-1")
        except UnicodeEncodeError:
            yield b"iTXt", name + bytes(5) + text.encode()
    if metadata.xmp is not None:
        yield b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + metadata.xmp


def _write_band(file: IO[bytes], stream: zlib_ng._Compress | None, band: Pixels) -> zlib_ng._Compress:
    """Write rows as differences, each after its filter byte; the first band begins the stream, which is returned."""
    apart = from_left(band)
    height, width = apart.shape[0], apart[0].size
    rows = np.empty((height, 1 + width), np.uint8)
    rows[:, 0] = _LEFT
    rows[:, 1:] = apart.reshape(height, width)
    stream = stream or coder(apart)
    _chunk(file, b"IDAT", stream.compress(rows))
    return stream


def _chunk(file: IO[bytes], kind: bytes, data: bytes) -> None:
    file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib_ng.crc32(data, zlib_ng.crc32(kind))))
