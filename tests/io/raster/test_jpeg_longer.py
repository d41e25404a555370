"""A JPEG is made longer only where its head says what a JPEG can be."""

from __future__ import annotations

import struct
import tracemalloc

import pytest

from docsr.io.raster.jpeg_check import CORRUPT, TOO_MUCH, jpeg_fault
from docsr.io.raster.jpeg_longer import longer, segments


def head_of(channels: int, sampling: int) -> bytes:
    """A JPEG up to its coded data, 65,535 px wide and one block high; the codes have 16 bits."""
    names = range(1, channels + 1)
    frame = struct.pack(">BHHB", 8, 8, 65_535, channels) + b"".join(bytes([name, sampling, 0]) for name in names)
    scan = bytes([channels]) + b"".join(bytes([name, 0]) for name in names) + b"\0\x3f\0"
    tables = [(0xC4, bytes([kind]) + bytes(15) + b"\1\0") for kind in (0x00, 0x10)]
    parts = [(0xDB, bytes([0] + [1] * 64)), (0xC0, frame), *tables, (0xDA, scan)]
    return b"\xff\xd8" + b"".join(struct.pack(">BBH", 0xFF, kind, 2 + len(data)) + data for kind, data in parts)


@pytest.mark.parametrize(
    ("channels", "sampling", "is_made"),
    [
        (1, 0x11, True),
        (1, 0x44, True),
        (3, 0x11, True),
        (2, 0x22, True),
        (3, 0x22, False),
        (4, 0x21, True),
        (4, 0x31, False),
        (5, 0x11, False),
        (255, 0x1F, False),
        (1, 0x15, False),
        (1, 0x01, False),
        (3, 0x10, False),
    ],
)
def test_a_jpeg_of_a_sampling_that_no_jpeg_has_is_not_made_longer(channels: int, sampling: int, is_made: bool):
    head = head_of(channels, sampling)
    tracemalloc.start()
    try:
        assert (longer(head, segments(head)) is not None) == is_made
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
        assert jpeg_fault(head + bytes(99) + b"\xff\xd9") in {None, TOO_MUCH, CORRUPT}
    finally:
        tracemalloc.stop()
