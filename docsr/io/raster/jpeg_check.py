"""Check that the coded data of a JPEG end exactly where the picture ends; if not, parts of the picture are wrong.

libjpeg tolerates nearly all damage, mostly without a warning. A changed byte makes blocks appear or vanish and shifts
all blocks after it; the few bytes left over at the end stay unread in a buffer. Pillow drops libjpeg's warnings too,
but qpdf refuses to decode what libjpeg warns about.

So qpdf must decode the picture with one more row of blocks, before which libjpeg counts the leftover bytes
(jpeg_longer.py). Where such a row cannot be added, there are two tests: qpdf must decode the data as they are, and
must fail without their last byte. If it does not fail, that byte was not needed. Format: ITU-T T.81, annex B.
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
"""Markers that a decoder needs: frames, tables, restarts. libjpeg ignores the others, and warns about odd ones."""

MOST_BYTES = 1 << 26
_MOST_SAMPLES = 1 << 28
"""Larger data and larger pictures are not checked."""


class _Parts(NamedTuple):
    """The parts of a JPEG before its coded data.

    Attributes:
        head: the start-of-image marker and the segments that a decoder needs.
        all_segments: all segments, as :func:`segments` yields them.
        start: offset of the coded data.
        frame: the frame marker, which says how the data are coded.
        samples: number of samples in the picture.
    """

    head: bytes
    all_segments: list[tuple[int, int, int]]
    start: int
    frame: int
    samples: int


def jpeg_fault(data: bytes | memoryview) -> str | None:
    """Return in a few words what is wrong with the coded data of a JPEG; None if nothing is detected.

    In progressive pictures less is detected; damage that keeps every length is never detected. Very large data and
    pictures are not checked.

    Args:
        data: of one picture; anything after the picture is ignored.
    """
    return examined(data)[1]


def examined(data: bytes | memoryview) -> tuple[memoryview | None, str | None]:
    """Return the decoded samples if the data are sound, and what is wrong with the data if anything is.

    The samples come row by row: grey, RGB or CMYK. Both values are None for data that are not a JPEG or are too large.
    """
    parts = None
    with suppress(struct.error, IndexError, ValueError):
        parts = _parts(data)
    if parts is None or len(data) > MOST_BYTES or parts.samples > _MOST_SAMPLES or not _heeds_warnings():
        return None, None
    coded = bytes(data[parts.start :])
    end = coded.find(_END)
    is_endless = end < 0  # the caller's decoder checks such data for missing scans
    end = len(coded) if end < 0 else end
    needed, head = _without_filling(coded, end), bytes(data[: parts.start])
    if parts.frame in SEQUENTIAL and (decoded := _decoded_longer(head, coded[:needed], parts)) is not None:
        return decoded, None
    samples, is_refused = _decoded(head + coded[:end] + _END)
    # An odd marker or filler bytes are not damage.
    if is_refused and _decoded(parts.head + coded[: min(needed + 2, end)] + _END)[1]:
        return None, CORRUPT
    if parts.frame in SEQUENTIAL and samples is not None and not _decoded(parts.head + coded[: needed - 1] + _END)[1]:
        return None, TOO_MUCH
    return None if is_endless else samples, None


def _parts(data: bytes | memoryview) -> _Parts:
    """Split a JPEG. Raise IndexError, ValueError or struct.error if it is not a JPEG, or ends within its head."""
    pieces, frame, samples, start, all_segments = [b"\xff\xd8"], 0, 0, 0, list(segments(data))
    for marker, at, start in all_segments:
        segment = bytes(data[at:start])
        if marker in _FRAMES:
            height, width, channels = struct.unpack_from(">HHB", segment, 5)
            frame, samples = marker, height * width * channels
        if marker in _NEEDED:
            pieces.append(segment)
    return _Parts(b"".join(pieces), all_segments, start, frame, samples)


def _decoded_longer(head: bytes, coded: bytes, parts: _Parts) -> memoryview | None:
    """Return the samples if one decoding shows no missing and no leftover data."""
    extended = None
    with suppress(struct.error, LookupError, ValueError):
        extended = longer(head, parts.all_segments)
    decoded = None if extended is None else _decoded(extended[0] + coded + extended[1] + _END)[0]
    return None if decoded is None else decoded[: parts.samples]


def _without_filling(coded: bytes, end: int) -> int:
    """Return where coded data end without filler: zeros, ones, and the zero that follows each 0xFF."""
    while end > 0:
        if coded[end - 1] == 0xFF:
            end -= 1
        elif coded[end - 1] == 0:
            end -= 2 if coded[end - 2 : end - 1] == b"\xff" else 1
        else:
            break
    return end


def _decoded(data: bytes) -> tuple[memoryview | None, bool]:
    """Return the samples (None if they cannot be decoded), and whether libjpeg warns about the JPEG."""
    with pikepdf.new() as pdf:
        stream = pikepdf.Stream(pdf, b"")
        stream.write(data, filter=pikepdf.Name.DCTDecode)
        try:
            return memoryview(stream.get_stream_buffer(decode_level=pikepdf.StreamDecodeLevel.all)), False
        except (pikepdf.PdfError, RuntimeError) as error:
            return None, "corrupt" in str(error)


@cache
def _heeds_warnings() -> bool:
    """Return whether this qpdf refuses what libjpeg warns about (old versions do not): test 8 x 8 px without data."""
    frame = b"\xff\xc0" + struct.pack(">HBHHB3B", 11, 8, 8, 8, 1, 1, 0x11, 0)
    one_code = b"\0" + bytes([0, 1]) + bytes(14) + b"\0"
    tables = b"\xff\xdb\0\x43\0" + bytes([1] * 64)
    for kind in (0x00, 0x10):
        tables += b"\xff\xc4" + struct.pack(">H", 20) + bytes([kind]) + one_code[1:]
    scan = b"\xff\xda" + struct.pack(">HB2B3B", 8, 1, 1, 0, 0, 63, 0)
    return _decoded(b"\xff\xd8" + tables + frame + scan + _END)[1]
