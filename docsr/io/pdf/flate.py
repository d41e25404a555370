"""Unpack damaged Flate data (RFC 1950) as PDF readers do: with a wrong checksum, or broken in the middle."""

from __future__ import annotations

import zlib
from typing import NamedTuple

from docsr.io.read_errors import Damaged

WRONG_SUM = "damaged Flate data: their checksum is wrong, so that parts of the picture may be wrong"
BROKEN = "damaged Flate data, so that parts of the picture may be wrong"

_STEP = 1 << 20
_PIECE, _SMALL_PIECE = 1 << 16, 1 << 12
_HEAD_BYTES, _METHOD, _CHECK = 2, 8, 31


class Measured(NamedTuple):
    """Flate data of known size, repaired if they were damaged.

    Attributes:
        data: the data; if they were damaged, sound data in their place.
        size: how many bytes they unpack to; a little over the limit if it is more.
        fault: what was wrong with them, in a few words.
    """

    data: bytes
    size: int
    fault: str | None


def measured(data: bytes, limit: int) -> Measured:
    """Measure Flate data and repair them: what precedes the damage is kept.

    Args:
        data: with their header and, if it is there, their checksum. Data that end early are no fault, but ``size`` is
            smaller.
        limit: how many bytes to unpack at most.

    Raises:
        Damaged: nothing can be unpacked.
    """
    try:
        return Measured(data, _size(data, limit), None)
    except zlib.error:
        content, is_whole = _salvaged(data, limit)
    if not content:
        raise Damaged("its data are damaged")
    return Measured(zlib.compress(content, 1), len(content), WRONG_SUM if is_whole else BROKEN)


def _size(data: bytes, limit: int) -> int:
    inflater, total = zlib.decompressobj(), 0
    for start in range(0, len(data), _PIECE):  # in pieces: each step copies what is left over
        piece = data[start : start + _PIECE]
        while piece and total <= limit and not inflater.eof:
            total += len(inflater.decompress(piece, _STEP))
            piece = inflater.unconsumed_tail
        if total > limit or inflater.eof:
            break
    return total


def _salvaged(data: bytes, limit: int) -> tuple[bytes, bool]:
    """Unpack up to the damage and ignore the checksum; also return whether the data have an end."""
    content, inflater = bytearray(), zlib.decompressobj(-zlib.MAX_WBITS)
    if len(data) < _HEAD_BYTES or data[0] & 15 != _METHOD or int.from_bytes(data[:_HEAD_BYTES]) % _CHECK:
        return b"", False
    for start in range(_HEAD_BYTES, len(data), _SMALL_PIECE):
        piece, before = data[start : start + _SMALL_PIECE], inflater.copy()
        try:
            content += inflater.decompress(piece, limit + 1 - len(content))
        except zlib.error:
            content += _up_to_damage(before, piece)
            return bytes(content), False
        if inflater.eof or len(content) > limit:
            break
    return bytes(content), inflater.eof


def _up_to_damage(inflater: zlib._Decompress, piece: bytes) -> bytes:
    content = bytearray()
    try:
        for byte in piece:
            content += inflater.decompress(bytes([byte]))
    except zlib.error:
        pass
    return bytes(content)
