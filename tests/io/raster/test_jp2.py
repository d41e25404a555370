"""The profile of a JPEG 2000 file, of whole files and of damaged ones."""

from __future__ import annotations

import io
import struct

import pytest

from docsr.io.raster.jp2 import MAX_BYTES, profile_of
from tests.io.raster.pictures import SRGB

COLOUR = b"\2\0\0" + SRGB


def box(kind: bytes, content: bytes, length: int | None = None) -> bytes:
    return struct.pack(">I4s", 8 + len(content) if length is None else length, kind) + content


def long_box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4sQ", 1, kind, 16 + len(content)) + content


START = box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 ")
CODE = box(b"jp2c", b"\xff\x4f\xff\x51", 0)


@pytest.mark.parametrize(
    "header",
    [
        box(b"jp2h", box(b"ihdr", bytes(14)) + box(b"colr", COLOUR)),
        box(b"jp2h", box(b"colr", b"\1\0\0\0\0\0\x10") + box(b"colr", b"\3\0\1" + SRGB)),
        long_box(b"jp2h", long_box(b"colr", COLOUR)),
        box(b"jp2h", box(b"colr", COLOUR, 0)),
    ],
    ids=["restricted", "any, after an enumerated one", "long", "to the end"],
)
def test_a_profile_is_found(header: bytes):
    file = io.BytesIO(START + header + CODE)
    file.seek(5)
    assert profile_of(file) == SRGB
    assert file.tell() == 5


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\x4f\xff\x51" * 20,
        START + CODE,
        START + box(b"jp2h", box(b"colr", b"\1\0\0\0\0\0\x10")) + CODE,
        START + box(b"jp2h", box(b"colr", b"\2\0")),
        START + box(b"jp2h", box(b"colr", COLOUR, 9_000)),
        START + box(b"jp2h", box(b"colr", COLOUR, 4)),
        START + struct.pack(">I4sQ", 1, b"jp2h", 3) + box(b"colr", COLOUR),
        START + box(b"jp2h", box(b"colr", COLOUR))[:-40],
        START + box(b"jp2h", box(b"colr", b"\2\0\0" + bytes(MAX_BYTES))),
    ],
    ids=["nothing", "codestream", "no header", "none", "short", "long", "negative", "negative long", "cut", "huge"],
)
def test_there_is_none(data: bytes):
    assert profile_of(io.BytesIO(data)) is None
