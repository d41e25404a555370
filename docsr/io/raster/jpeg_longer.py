"""Extend a JPEG by a row of empty blocks, so that decoding it also tells whether coded data are left over.

libjpeg reads up to seven bytes ahead. It counts unneeded bytes only when the data restart, and warns about
them at the next marker that it looks for. So the picture gets a restart at its end, and a comment after the
added row. Format: ITU-T T.81, annexes B, C and F.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Iterator

_TABLES, _RESTARTS, SCAN = 0xC4, 0xDD, 0xDA
SEQUENTIAL = frozenset({0xC0, 0xC1})
_START_ANEW, _COMMENT = b"\xff\xd0", b"\xff\xfe\0\2"
_MOST_BLOCKS = 0xFFFF
"""Longest restart interval, in blocks (in colour pictures: groups of the blocks of all channels at one place)."""
_MOST_CHANNELS, _MOST_FACTOR, _MOST_TOGETHER = 4, 4, 10
"""Limits: channels in one scan, sampling factor of a channel, and blocks of all channels at one place."""


def segments(data: bytes | memoryview) -> Iterator[tuple[int, int, int]]:
    """Yield the marker, start and end of each segment of a JPEG, up to the header of its first scan.

    Raises:
        IndexError, ValueError or struct.error: it is not a JPEG, or ends within its head.
    """
    at = 2
    while True:
        if data[at] != 0xFF:
            raise ValueError
        marker, (length,) = data[at + 1], struct.unpack_from(">H", data, at + 2)
        if marker == 0xFF:
            at += 1
            continue
        yield marker, at, at + 2 + length
        if marker == SCAN:
            return
        at += 2 + length


def longer(head: bytes, head_segments: Iterable[tuple[int, int, int]]) -> tuple[bytes, bytes] | None:
    """Return what to put before and after the coded data to extend the picture; its own samples are decoded first.

    Return None if the picture cannot be extended: it already has restarts, several scans, too many blocks or invalid
    sampling factors, or its last row would change.

    Args:
        head: the JPEG up to its coded data.
        head_segments: its segments, as :func:`segments` yields them.

    Raises:
        LookupError, ValueError or struct.error: something needed is missing, such as a code.
    """
    codes, place, frame, scan = dict[int, str](), 0, b"", b""
    for marker, at, end in head_segments:
        if marker == _RESTARTS:
            return None
        if marker in SEQUENTIAL:
            place, frame = at, head[at + 4 : end]
        elif marker == _TABLES:
            codes |= _codes_of_zero(head[at + 4 : end])
        elif marker == SCAN:
            scan = head[at + 4 : end]
    height, width, channels = struct.unpack_from(">HHB", frame, 1)
    sampling = {frame[at]: divmod(frame[at + 1], 16) for at in range(6, 6 + 3 * channels, 3)}
    if not scan[0] == channels == len(sampling) or not _is_fit(sampling.values(), height):
        return None
    if channels == 1:  # its blocks come one by one, whatever its sampling factors
        sampling = dict.fromkeys(sampling, (1, 1))
    wide, high = (8 * max(sides) for sides in zip(*sampling.values(), strict=True))
    columns, rows = -(-width // wide), -(-height // high)
    if columns * rows > _MOST_BLOCKS:
        return None
    blocks = ""
    for name, tables in struct.iter_unpack("BB", scan[1 : 1 + 2 * channels]):
        across, down = sampling[name]
        blocks += (codes[tables >> 4] + codes[16 + tables % 16]) * (across * down)
    restarts = struct.pack(">BBHH", 0xFF, _RESTARTS, 4, columns * rows)
    taller = head[place : place + 5] + struct.pack(">H", rows * high + 1) + head[place + 7 :]
    return head[:place] + restarts + taller, _START_ANEW + _coded(blocks * columns) + _COMMENT


def _is_fit(factors: Collection[tuple[int, int]], height: int) -> bool:
    """Return whether channels may be interleaved (ITU-T T.81, B.2.2 and B.2.3), and the last row would not change.

    With other factors a head of a few hundred bytes could ask for gigabytes of memory.
    """
    within = all(1 <= factor <= _MOST_FACTOR for sides in factors for factor in sides)
    together = sum(across * down for across, down in factors)
    if not within or len(factors) > _MOST_CHANNELS or (together > _MOST_TOGETHER and len(factors) > 1):
        return False
    return _keeps_last_row(height, [down for _, down in factors])


def _keeps_last_row(height: int, down: list[int]) -> bool:
    """Return whether a row below leaves the last row alone: half-height channels are blended with the next row."""
    return len(set(down)) == 1 or (max(down) == 2 and height % 2 == 1)


def _codes_of_zero(tables: bytes) -> dict[int, str]:
    """Return, for each Huffman table by its kind, the bits that mean 0: no change of the mean, or no more details."""
    codes, at = dict[int, str](), 0
    while at < len(tables):
        kind, counts, code = tables[at], tables[at + 1 : at + 17], 0
        at += 17
        for length, count in enumerate(counts, 1):
            for value in tables[at : at + count]:
                if value == 0:
                    codes[kind] = f"{code:0{length}b}"
                code += 1
            at += count
            code *= 2
    return codes


def _coded(bits: str) -> bytes:
    """Return bits as the data of a scan: padded with ones, and a zero after each byte that would begin a marker."""
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
