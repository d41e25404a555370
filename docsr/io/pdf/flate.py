"""Flate data (RFC 1950) that are not sound, got over as readers of PDF do: the checksum is wrong, or they break off."""

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
    """Flate data that were measured and, where they are damaged, mended.

    Attributes:
        data: the same, or in their place others that are sound.
        size: how many bytes they unpack to; a little over the limit where that is more.
        fault: what was wrong with them, in a few words.
    """

    data: bytes
    size: int
    fault: str | None


def measured(data: bytes, limit: int) -> Measured:
    """Measure Flate data, and mend them: what comes before the damage is kept.

    Args:
        data: with their head and, if it is there, their checksum. Data that end early are no fault; ``size`` tells.
        limit: how many bytes to unpack at most.

    Raises:
        Damaged: nothing can be unpacked.
    """
    try:
        return Measured(data, _size(data, limit), None)
    except zlib.error:
        found, is_whole = _salvaged(data, limit)
    if not found:
        raise Damaged("its data are damaged")
    return Measured(zlib.compress(found, 1), len(found), WRONG_SUM if is_whole else BROKEN)


def _size(data: bytes, limit: int) -> int:
    inflater, total = zlib.decompressobj(), 0
    for start in range(0, len(data), _PIECE):  # of the whole, what is left over would be copied with each step
        piece = data[start : start + _PIECE]
        while piece and total <= limit and not inflater.eof:
            total += len(inflater.decompress(piece, _STEP))
            piece = inflater.unconsumed_tail
        if total > limit or inflater.eof:
            break
    return total


def _salvaged(data: bytes, limit: int) -> tuple[bytes, bool]:
    """Unpack without a look at the checksum, to the byte before the damage; and whether there is an end instead."""
    found, inflater = bytearray(), zlib.decompressobj(-zlib.MAX_WBITS)
    if len(data) < _HEAD_BYTES or data[0] & 15 != _METHOD or int.from_bytes(data[:_HEAD_BYTES]) % _CHECK:
        return b"", False
    for start in range(_HEAD_BYTES, len(data), _SMALL_PIECE):
        piece, before = data[start : start + _SMALL_PIECE], inflater.copy()
        try:
            found += inflater.decompress(piece, limit + 1 - len(found))
        except zlib.error:
            found += _up_to_damage(before, piece)
            return bytes(found), False
        if inflater.eof or len(found) > limit:
            break
    return bytes(found), inflater.eof


def _up_to_damage(inflater: zlib._Decompress, piece: bytes) -> bytes:
    found = bytearray()
    try:
        for byte in piece:
            found += inflater.decompress(bytes([byte]))
    except zlib.error:
        pass
    return bytes(found)
