"""Check the checksums and the length of PNG data: Pillow ignores data checksums, and leaves missing rows black.

Format: PNG, second edition (ISO/IEC 15948:2003).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO, Any

from zlib_ng import zlib_ng

CORRUPT = "damaged PNG data: a checksum does not fit, so that parts of the picture may be wrong"

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Maps the colour type to samples per pixel."""

_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""For each pass of an interlaced picture: first column, first row, column step, row step."""

_DAMAGE: Any = (struct.error, zlib_ng.error)
_PIECE = 1 << 16
_MOST_CHUNKS = 1 << 20


def png_fault(file: IO[bytes]) -> str | None:
    """Return in a few words what is wrong with the image data of a PNG; None if nothing is detected.

    Args:
        file: open for reading; its position is restored. It is read in pieces of 64 KiB.
    """
    return None if _rows_missing(file) is not None else CORRUPT


def rows_missing(file: IO[bytes]) -> int:
    """Return how many rows are missing from a PNG whose data are sound but end early; 0 for damaged data.

    Args:
        file: as of :func:`png_fault`.
    """
    return _rows_missing(file) or 0


def _rows_missing(file: IO[bytes]) -> int | None:
    """Return the same as rows_missing, but None for damaged data."""
    before = file.tell()
    try:
        return _count_missing(file)
    except _DAMAGE:
        return None
    finally:
        file.seek(before)


def _count_missing(file: IO[bytes]) -> int | None:
    checksums_fit: list[bool] = []
    pieces = _image_data(file, checksums_fit)
    header = struct.unpack(">IIBBBBB", next(pieces, b""))
    coded, height = _coded_bytes(*header[:4], interlaced=bool(header[6])), header[1]
    missing, stream = coded, zlib_ng.decompressobj()
    for piece in pieces:
        rest = piece
        while rest and missing > 0 and not stream.eof:
            missing -= len(stream.decompress(rest, min(_PIECE, missing)))
            rest = stream.unconsumed_tail
    if not all(checksums_fit):
        return None
    while missing > 0 and not stream.eof and (last := stream.decompress(stream.unconsumed_tail, _PIECE)):
        missing -= len(last)
    return -(-missing * height // coded) if missing > 0 else 0


def _image_data(file: IO[bytes], checksums_fit: list[bool]) -> Iterator[bytes]:
    """Yield the header and then the image data in pieces; append to ``checksums_fit`` for each chunk."""
    file.seek(len(_SIGNATURE))
    for _ in range(_MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return
        left, kind = struct.unpack(">I4s", head)
        if kind not in {b"IHDR", b"IDAT"}:
            if kind == b"IEND":
                return
            file.seek(left + 4, 1)
            continue
        checksum = zlib_ng.crc32(kind)
        while left:
            piece = file.read(min(left, _PIECE))
            if not piece:
                return
            left -= len(piece)
            checksum = zlib_ng.crc32(piece, checksum)
            yield piece
        checksums_fit.append(file.read(4) == struct.pack(">I", checksum))


def _coded_bytes(width: int, height: int, bits: int, colour: int, *, interlaced: bool) -> int:
    """Return how many bytes all rows take, each with its filter byte."""
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    total = 0
    for left, top, across, down in passes:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits * _SAMPLES.get(colour, 1) + 7) // 8)
    return total
