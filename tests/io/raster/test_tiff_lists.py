"""Lists of pages that lead back to themselves, in a TIFF that only tifffile can open."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile

from docsr.io.raster.read import page_count, read_pages
from docsr.io.raster.tiff import frames_in

PAGES = 150
"""tifffile itself finds a way back only to one of the first hundred."""


def many(path: Path) -> list[int]:
    """Write pages, and return where each says which is the next."""
    with tifffile.TiffWriter(path) as writer:
        for number in range(PAGES):
            writer.write(np.full((2, 3), number / PAGES, np.float64), photometric="minisblack")
    data, at, links = path.read_bytes(), 4, []
    while offset := struct.unpack_from("<I", data, at)[0]:
        at = offset + 2 + 12 * struct.unpack_from("<H", data, offset)[0]
        links.append(at)
    return links


@pytest.mark.parametrize("back_to", [0, 1, 98, 99, 120, PAGES - 1])
def test_each_page_counts_once(tmp_path: Path, back_to: int) -> None:
    links = many(path := tmp_path / "loop.tif")
    data = bytearray(path.read_bytes())
    place = 4 if back_to == 0 else links[back_to - 1]
    data[links[-1] : links[-1] + 4] = data[place : place + 4]
    path.write_bytes(data)
    assert frames_in(path) == list(range(PAGES))
    assert page_count(path) == PAGES
    assert len(next(read_pages(path)).pixels) == 2
