"""PNG whose data end before their picture does: few rows may be missing, which are white and told."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docsr.errors import PageError
from docsr.io.decoder_messages import DamageWarning
from docsr.io.document import read_document
from tests.formats.handmade import png
from tests.io.raster.test_damage import HIGH, PAGE, WIDE, told_of

pytestmark = pytest.mark.filterwarnings("ignore::docsr.io.decoder_messages.DamageWarning")


def short_png(path: Path, rows: int, *, interlaced: bool = False) -> None:
    """A PNG whose data end, as they should, after some rows, or as many bytes."""
    png(np.full((HIGH, WIDE), 200, np.uint8), 8, interlaced=interlaced)(path)
    shorten(path, rows * (1 + WIDE))


def shorten(path: Path, count: int) -> None:
    """Let the data of a PNG, in one chunk, end after so many bytes before they are packed."""
    data = path.read_bytes()
    at, end = data.index(b"IDAT"), data.index(b"IEND") - 4
    less = b"IDAT" + zlib.compress(zlib.decompress(data[at + 4 : end - 4])[:count])
    chunk = struct.pack(">I", len(less) - 4) + less + struct.pack(">I", zlib.crc32(less))
    path.write_bytes(data[: at - 4] + chunk + data[end:])


@pytest.mark.parametrize("rows", [HIGH - 30, HIGH - 1, HIGH])
def test_a_png_that_lacks_a_few_rows_has_white_ones_and_tells_it(tmp_path: Path, rows: int):
    short_png(tmp_path / "a.png", rows)
    expected = "damaged PNG data: they end before the picture does, and the missing rows are white"
    assert told_of(tmp_path / "a.png") == ([] if rows == HIGH else [expected])
    (page,) = read_document(tmp_path / "a.png")
    assert (page.pixels[:rows] == 200).all()
    assert (page.pixels[rows:] == 255).all()


@pytest.mark.parametrize("rows", [1, HIGH // 2, 380])
def test_a_png_that_lacks_more_than_a_tenth_fails(tmp_path: Path, rows: int):
    short_png(tmp_path / "a.png", rows)
    with pytest.raises(PageError, match=rf"it is damaged \({HIGH - rows} of its 437 rows are missing\)"):
        list(read_document(tmp_path / "a.png"))


def test_an_interlaced_png_that_lacks_anything_fails(tmp_path: Path):
    short_png(tmp_path / "a.png", HIGH - 1, interlaced=True)
    with pytest.raises(PageError, match="it is damaged"):
        list(read_document(tmp_path / "a.png"))


def test_a_png_that_ends_in_black_is_whole(tmp_path: Path):
    Image.new("L", (WIDE, HIGH)).save(tmp_path / "a.png")
    assert told_of(tmp_path / "a.png") == []
    (page,) = read_document(tmp_path / "a.png")
    assert not page.pixels.any()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "P", "I;16"])
def test_rows_that_a_png_lacks_are_white_whatever_it_holds(tmp_path: Path, mode: str):
    image = PAGE.convert("I").point(lambda value: value * 257).convert("I;16") if mode == "I;16" else PAGE.convert(mode)
    image.save(tmp_path / "a.png")
    bits = {"1": 1, "LA": 16, "RGB": 24, "RGBA": 32, "I;16": 16}.get(mode, 8)
    shorten(tmp_path / "a.png", (HIGH - 20) * (1 + (WIDE * bits + 7) // 8))
    with pytest.warns(DamageWarning, match="the missing rows are white"):
        (page,) = read_document(tmp_path / "a.png")
    assert (page.pixels[-20:] == 255).all()
    grey = page.pixels if page.is_grey else page.pixels[..., 0]
    assert np.array_equal(grey[:-20] < 128, (np.asarray(image.convert("L") if mode != "I;16" else PAGE) < 128)[:-20])
