"""What befalls a file in fuzz.py, drawn from its bytes alone or from what its format says of them."""

from __future__ import annotations

import random
import re
import struct
import zlib
from collections.abc import Callable, Sequence

EXTREMES = [
    struct.pack(order + kind, value)
    for value in (0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
    for kind in ("H", "I")
    for order in "<>"
    if kind == "I" or value <= 0xFFFF
]
FIGURES = [
    b"0",
    b"-1",
    b"1",
    b"32767",
    b"65535",
    b"99999",
    b"2147483647",
    b"4294967296",
    b"1e9",
    b"99999999999999999999",
]
"""Numbers that no file means, as bytes and as figures."""

HEAD, TAIL = 128, 512
"""Where the fields of most formats stand: in front, and (TIFF, PDF) behind."""

_WRITTEN_OUT = re.compile(rb"(?<![\w.])\d+(?![\w.])")


def bits(data: bytearray, drawn: random.Random) -> None:
    """Turn bits over."""
    for _ in range(drawn.randint(1, 12)):
        data[drawn.randrange(len(data))] ^= 1 << drawn.randrange(8)


def bytes_changed(data: bytearray, drawn: random.Random) -> None:
    """Put other bytes into the place of some."""
    for _ in range(drawn.randint(1, 12)):
        data[drawn.randrange(len(data))] = drawn.randrange(256)


def cut_off(data: bytearray, drawn: random.Random) -> None:
    """Lose the end."""
    del data[drawn.randrange(1, max(2, len(data))) :]


def removed(data: bytearray, drawn: random.Random) -> None:
    """Lose a piece."""
    place, length = _piece(data, drawn)
    del data[max(1, place) : place + length]


def repeated(data: bytearray, drawn: random.Random) -> None:
    """Have a piece several times."""
    place, length = _piece(data, drawn)
    data[place:place] = data[place : place + length] * drawn.choice([1, 1, 3, 20])


def moved(data: bytearray, drawn: random.Random) -> None:
    """Have a piece where another was."""
    (place, length), (other, _) = _piece(data, drawn), _piece(data, drawn)
    data[place : place + length] = data[other : other + length]


def emptied(data: bytearray, drawn: random.Random) -> None:
    """Have zeros where something was."""
    place, length = _piece(data, drawn)
    data[place : place + length] = bytes(length)


def extreme(data: bytearray, drawn: random.Random) -> None:
    """Set a field in front or behind, or written-out figures, to what no file means."""
    figures = [found.span() for found in _WRITTEN_OUT.finditer(bytes(data))] if _is_text(data) else []
    if figures:
        start, stop = drawn.choice(figures)
        data[start:stop] = drawn.choice(FIGURES)
        return
    size = min(len(data), drawn.choice([HEAD, HEAD, TAIL]))
    place = drawn.randrange(size) if drawn.random() < 2 / 3 else len(data) - 1 - drawn.randrange(size)
    value = drawn.choice(EXTREMES)
    data[place : place + len(value)] = value


DAMAGES: Sequence[Callable[[bytearray, random.Random], None]] = (
    bits, bytes_changed, cut_off, removed, repeated, moved, emptied, extreme, extreme, extreme,
)  # fmt: skip


def _piece(data: bytearray, drawn: random.Random) -> tuple[int, int]:
    return drawn.randrange(len(data)), 1 + int(len(data) / 8 * drawn.random() ** 3)


def _is_text(data: bytearray) -> bool:
    return data[:4] == b"%PDF" or data[:1] == b"P"


def damaged(content: bytes, others: Sequence[bytes], drawn: random.Random) -> bytes:
    """Damage a file in one to three ways, one time in eight by another's end in the place of its own.

    Args:
        content: the file.
        others: files whose ends may be taken.
        drawn: what decides.
    """
    data = bytearray(content)
    if drawn.random() < 1 / 8:
        other = drawn.choice(others)
        data[drawn.randrange(1, len(data)) :] = other[drawn.randrange(len(other)) :]
    else:
        for _ in range(drawn.choice([1, 1, 2, 3])):
            drawn.choice(DAMAGES)(data, drawn)
    if data[:8] == b"\x89PNG\r\n\x1a\n" and drawn.random() < 2 / 3:
        return with_sums(bytes(data))
    return bytes(data)


def with_sums(png: bytes) -> bytes:
    """A PNG whose checksums are right again as far as its chunks can be told apart: the damage gets to the decoder."""
    data, place = bytearray(png), 8
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        end = place + 8 + length
        if end + 4 > len(data):
            break
        struct.pack_into(">I", data, end, zlib.crc32(data[place + 4 : end]))
        place = end + 4
    return bytes(data)
