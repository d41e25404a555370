"""The colour profile of a JPEG 2000 file, which Pillow passes over."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

MAX_BYTES = 1 << 24
"""A profile that claims to be larger is damage."""

_HEAD, _LONG_HEAD = 8, 16
_ANY_PROFILE = (2, 3)
"""Methods of a colour specification: a restricted profile (JP2) and any (JPX)."""


def profile_of(file: IO[bytes]) -> bytes | None:
    """Return the ICC profile in the header of a JP2 file (ISO/IEC 15444-1, annex I); None for a bare codestream.

    Args:
        file: open for reading; its position is put back.
    """
    before = file.tell()
    try:
        end = file.seek(0, 2)
        for kind, start, stop in _boxes(file, 0, end):
            if kind == b"jp2h":
                return next(_profiles(file, start, stop), None)
    finally:
        file.seek(before)
    return None


def _profiles(file: IO[bytes], start: int, stop: int) -> Iterator[bytes]:
    for kind, inner, end in _boxes(file, start, stop):
        if kind == b"colr" and 3 < end - inner <= MAX_BYTES:
            file.seek(inner)
            content = file.read(end - inner)
            if content[0] in _ANY_PROFILE:
                yield content[3:]


def _boxes(file: IO[bytes], start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the type of each box and where its content starts and ends, up to what is damaged."""
    while start + _HEAD <= stop:
        file.seek(start)
        head = file.read(_LONG_HEAD)
        if len(head) < _HEAD:
            return
        length, kind = struct.unpack_from(">I4s", head)
        size = _HEAD
        if length == 1 and len(head) == _LONG_HEAD:
            (length,), size = struct.unpack_from(">Q", head, _HEAD), _LONG_HEAD
        end = stop if length == 0 else start + length
        if end < start + size or end > stop:
            return
        yield kind, start + size, end
        start = end
