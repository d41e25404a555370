"""Whether the coded data of a JPEG end where its picture does; where they do not, parts of it are wrong.

libjpeg gets over nearly all damage, and most of it without a warning: a changed byte makes blocks appear or vanish,
all after them is shifted, and the few bytes left at the end lie in a buffer that nobody asks for. Pillow drops its
warnings too. qpdf refuses to decode what libjpeg warns of. So it must decode the picture with a row of blocks more,
before which libjpeg counts what is left over (jpeg_longer.py). Where that cannot be had, it must decode the data
as they are, and must not decode them without their last byte, which then nothing needed. Format: ITU-T T.81, annex B.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from functools import cache
from typing import NamedTuple

import pikepdf

from docsr.io.raster.jpeg_longer import SCAN, SEQUENTIAL, longer, segments

TOO_MUCH = "damaged JPEG data: more than the picture takes, so that parts of it may be wrong"
CORRUPT = "damaged JPEG data, so that parts of the picture may be wrong"

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_END = b"\xff\xd9"
_NEEDED = _FRAMES | {0xC4, 0xCC, 0xDB, 0xDD, SCAN}
"""Markers of what a decoder needs: frames, tables, restarts. Others tell it nothing, and libjpeg warns of odd ones."""

MOST_BYTES = 1 << 26
_MOST_SAMPLES = 1 << 28
"""Of larger data and larger pictures nothing is said."""


class _Parts(NamedTuple):
    """What stands before the coded data of a JPEG.

    Attributes:
        head: the start of the image and the segments that a decoder needs.
        found: all segments, as :func:`segments` tells them.
        start: where the coded data begin.
        frame: the marker of the frame, which says how the data are coded.
        samples: how many the picture has.
    """

    head: bytes
    found: list[tuple[int, int, int]]
    start: int
    frame: int
    samples: int


def jpeg_fault(data: bytes | memoryview) -> str | None:
    """Return what is wrong with the coded data of a JPEG, in a few words; None where nothing is seen.

    In progressive pictures less is seen, and nothing is where damage leaves every length as it is. Of data or pictures
    that are very large nothing is said.

    Args:
        data: of one picture; what follows it does not count.
    """
    return examined(data)[1]


def examined(data: bytes | memoryview) -> tuple[memoryview | None, str | None]:
    """Return the decoded samples, row by row, grey, RGB or inks, where the data are sound, and what is wrong with them.

    Neither is known of data that are no JPEG, and of what is very large.
    """
    parts = None
    with suppress(struct.error, IndexError, ValueError):
        parts = _parts(data)
    if parts is None or len(data) > MOST_BYTES or parts.samples > _MOST_SAMPLES or not _heeds_warnings():
        return None, None
    coded = bytes(data[parts.start :])
    end = coded.find(_END)
    is_endless = end < 0  # whoever decodes it sees to its scans
    end = len(coded) if end < 0 else end
    needed, head = _without_filling(coded, end), bytes(data[: parts.start])
    if parts.frame in SEQUENTIAL and (found := _decoded_longer(head, coded[:needed], parts)) is not None:
        return found, None
    samples, is_refused = _decoded(head + coded[:end] + _END)
    # It is no damage that a marker is odd, or that data are filled up.
    if is_refused and _decoded(parts.head + coded[: min(needed + 2, end)] + _END)[1]:
        return None, CORRUPT
    if parts.frame in SEQUENTIAL and samples is not None and not _decoded(parts.head + coded[: needed - 1] + _END)[1]:
        return None, TOO_MUCH
    return None if is_endless else samples, None


def _parts(data: bytes | memoryview) -> _Parts:
    """Raises IndexError, ValueError or struct.error where it is no JPEG, or ends in its head."""
    kept, frame, samples, start, found = [b"\xff\xd8"], 0, 0, 0, list(segments(data))
    for marker, at, start in found:
        segment = bytes(data[at:start])
        if marker in _FRAMES:
            height, width, channels = struct.unpack_from(">HHB", segment, 5)
            frame, samples = marker, height * width * channels
        if marker in _NEEDED:
            kept.append(segment)
    return _Parts(b"".join(kept), found, start, frame, samples)


def _decoded_longer(head: bytes, coded: bytes, parts: _Parts) -> memoryview | None:
    """Return the samples where the coded data are the picture's and no more, as far as one decoding can tell."""
    around = None
    with suppress(struct.error, LookupError, ValueError):
        around = longer(head, parts.found)
    found = None if around is None else _decoded(around[0] + coded + around[1] + _END)[0]
    return None if found is None else found[: parts.samples]


def _without_filling(coded: bytes, end: int) -> int:
    """Where coded data end without what only fills them up: zeros, ones, and the zero that follows each 0xFF."""
    while end > 0:
        if coded[end - 1] == 0xFF:
            end -= 1
        elif coded[end - 1] == 0:
            end -= 2 if coded[end - 2 : end - 1] == b"\xff" else 1
        else:
            break
    return end


def _decoded(data: bytes) -> tuple[memoryview | None, bool]:
    """Return the samples, where they can be decoded, and whether libjpeg warns of the JPEG."""
    with pikepdf.new() as pdf:
        stream = pikepdf.Stream(pdf, b"")
        stream.write(data, filter=pikepdf.Name.DCTDecode)
        try:
            return memoryview(stream.get_stream_buffer(decode_level=pikepdf.StreamDecodeLevel.all)), False
        except (pikepdf.PdfError, RuntimeError) as error:
            return None, "corrupt" in str(error)


@cache
def _heeds_warnings() -> bool:
    """Whether this qpdf refuses what libjpeg warns of (older ones do not): a picture of 8 x 8 px without its data."""
    frame = b"\xff\xc0" + struct.pack(">HBHHB3B", 11, 8, 8, 8, 1, 1, 0x11, 0)
    one_code = b"\0" + bytes([0, 1]) + bytes(14) + b"\0"
    tables = b"\xff\xdb\0\x43\0" + bytes([1] * 64)
    for kind in (0x00, 0x10):
        tables += b"\xff\xc4" + struct.pack(">H", 20) + bytes([kind]) + one_code[1:]
    scan = b"\xff\xda" + struct.pack(">HB2B3B", 8, 1, 1, 0, 0, 63, 0)
    return _decoded(b"\xff\xd8" + tables + frame + scan + _END)[1]
