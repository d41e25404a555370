"""Images whose data are not quite whole are read as viewers show them, and what is lost is told: in PDF."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image

from docsr.errors import PageError
from docsr.io.decoder_messages import captured_messages
from docsr.io.document import read_leaves
from docsr.io.pdf import flate
from docsr.io.pdf.flate import BROKEN, WRONG_SUM, measured
from docsr.io.pdf.visible import open_visible
from docsr.page import Pixels
from tests.io.pdf.files import (
    BITS,
    FILLING,
    GREY,
    HEIGHT,
    RGB,
    WIDTH,
    Maker,
    add_page,
    as_rgb,
    difference,
    enlarge,
    image_of,
    jpeg,
    made,
    packed,
    shown,
    tiff_strip,
)

CODED = jpeg(Image.fromarray(GREY), quality=95)
FLATE = zlib.compress(GREY.tobytes())
NOISE = np.random.default_rng(0).integers(0, 256, (400, 300)).astype(np.uint8)
MISSING = "data that end early: {} of 80 rows are white where they are missing"


def grey(data: bytes, filter: Any = None, **more: Any) -> Maker:
    return lambda pdf: image_of(pdf, data, filter=filter, **more)


def with_reals(pdf: pikepdf.Pdf) -> Stream:
    image = image_of(pdf, GREY.tobytes())
    image.Width, image.Height, image.BitsPerComponent = Decimal("60.0"), Decimal("80.00"), Decimal("8.0")
    return image


def rows(pixels: Pixels) -> bytes:
    """PNG predictor 2, each row by the one above."""
    before = np.concatenate([np.zeros_like(pixels[:1]), pixels[:-1]])
    return np.concatenate([np.full((len(pixels), 1), 2, np.uint8), pixels - before], axis=1).tobytes()


PNG_ROWS = Dictionary(Predictor=15, Colors=1, BitsPerComponent=8, Columns=WIDTH)
WHOLE: dict[str, tuple[Maker, str | None]] = {
    "JPEG without its end": (grey(CODED[:-2], Name.DCTDecode), None),
    "JPEG with half its end": (grey(CODED[:-1], Name.DCTDecode), None),
    "JPEG after a line end": (grey(b"\r\n" + CODED, Name.DCTDecode), None),
    "sizes as reals": (with_reals, None),
    "Flate without its checksum": (grey(FLATE[:-4], Name.FlateDecode), None),
    "Flate with a wrong checksum": (grey(FLATE[:-4] + bytes(4), Name.FlateDecode), WRONG_SUM),
    "Flate in rows of PNG with a wrong checksum": (
        grey(zlib.compress(rows(GREY))[:-4] + bytes(4), Name.FlateDecode, parms=PNG_ROWS), WRONG_SUM,
    ),
    "a byte less": (grey(GREY.tobytes()[:-1]), MISSING.format(1)),
    "Flate of a byte less": (grey(zlib.compress(GREY.tobytes()[:-1]), Name.FlateDecode), MISSING.format(1)),
    "LZW of a row less": (grey(tiff_strip(GREY[:-1], "tiff_lzw"), Name.LZWDecode), MISSING.format(1)),
    "seven rows less": (grey(GREY[:-7].tobytes()), MISSING.format(7)),
    "colours of a pixel less": (
        lambda pdf: image_of(pdf, RGB.tobytes()[:-3], Name.DeviceRGB), MISSING.format(1),
    ),
    "a stencil of a byte less": (
        lambda pdf: image_of(pdf, packed(BITS >> 7, 1)[:-1], None, 1, ImageMask=True), MISSING.format(1),
    ),
}  # fmt: skip


def read(path: Path, form: str = "pdf") -> tuple[Pixels, list[str]]:
    with captured_messages(printed=False) as told:
        (pixels,) = (leaf.read().pixels for leaf in read_leaves(path, form))
    return pixels, told


@pytest.mark.parametrize("form", ["pdf", "png"])
@pytest.mark.parametrize("name", WHOLE)
def test_what_viewers_show_is_read_and_told_if_something_is_lost(tmp_path: Path, name: str, form: str):
    maker, fault = WHOLE[name]
    path = made(tmp_path / "a.pdf", maker)
    pixels, told = read(path, form)
    expected = RGB if "colours" in name else BITS if "stencil" in name else GREY
    assert difference(as_rgb(pixels), as_rgb(expected)) <= 0.6
    if (
        fault in {None, WRONG_SUM} and "its end" not in name
    ):  # else viewers differ, and pdfium lays an end over the data
        assert difference(as_rgb(pixels), shown(path)) <= 0.6
    assert told == ([] if fault is None else [f"page 1: {fault}"])


@pytest.mark.parametrize("lost", [1, 100, 60 * 8])
def test_what_is_missing_is_white_and_nothing_else(tmp_path: Path, lost: int):
    dark = np.full((HEIGHT, WIDTH), 9, np.uint8)
    for kind, space in (("plain", Name.DeviceGray), ("palette", Array([Name.Indexed, Name.DeviceGray, 9, bytes(10)]))):
        path = made(tmp_path / f"{kind}.pdf", partial(image_of, data=dark.tobytes()[:-lost], space=space))
        pixels, _ = read(path)
        assert (pixels.ravel()[-lost:] == 255).all()
        assert (pixels.ravel()[:-lost] == (9 if kind == "plain" else 0)).all()


@pytest.mark.parametrize(
    "maker",
    [
        grey(GREY.tobytes()[: -WIDTH * 8 - 1]),
        grey(zlib.compress(GREY.tobytes()[: -WIDTH * 8 - 1]), Name.FlateDecode),
        grey(b""),
        lambda pdf: image_of(pdf, b"", size=(9, 1)),
        grey(jpeg(Image.fromarray(NOISE))[:-20_000], Name.DCTDecode, size=(300, 400)),
        lambda pdf: image_of(pdf, GREY.tobytes(), size=(WIDTH, HEIGHT), BitsPerComponent=Decimal("8.5")),
    ],
)
def test_where_more_than_a_tenth_is_missing_the_page_is_damaged(tmp_path: Path, maker: Maker):
    path = made(tmp_path / "a.pdf", maker)
    with captured_messages(printed=False) as told, pytest.raises(PageError) as caught:
        read(path)
    assert "is damaged" in str(caught.value)
    assert told == []


def test_flate_that_breaks_off_counts_up_to_there(tmp_path: Path):
    deflater = zlib.compressobj()
    whole = deflater.compress(NOISE[:380].tobytes()) + deflater.flush(zlib.Z_FULL_FLUSH)
    path = made(tmp_path / "a.pdf", grey(whole + b"\xff" * 3004, Name.FlateDecode, size=(300, 400)))  # no kind of block
    pixels, told = read(path)
    assert np.array_equal(pixels[:380], NOISE[:380])
    assert (pixels[380:] == 255).all()
    missing = "data that end early: 20 of 400 rows are white where they are missing"
    assert told == [f"page 1: {missing}", f"page 1: {BROKEN}"]


def test_flate_with_other_bytes_in_it_counts_to_its_end(tmp_path: Path):
    data = zlib.compress(NOISE.tobytes(), 0)  # in blocks that are stored as they are
    path = made(tmp_path / "a.pdf", grey(data[: -4 - 3000] + b"\xff" * 3004, Name.FlateDecode, size=(300, 400)))
    pixels, told = read(path)
    assert np.array_equal(pixels[:390], NOISE[:390])
    assert told == [f"page 1: {WRONG_SUM}"]


@pytest.mark.parametrize("extra", [b"", b"more" * 50_000])
def test_flate_is_measured_in_pieces(extra: bytes, monkeypatch: pytest.MonkeyPatch):
    """What zlib has not looked at yet it copies with each step: of all the data, that takes minutes."""
    data, copied = zlib.compress(NOISE.tobytes() * 8, 0) + extra, list[int]()
    inflater = zlib.decompressobj

    class Watched:
        def __init__(self) -> None:
            self._inflater = inflater()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inflater, name)

        def decompress(self, data: bytes, most: int) -> bytes:
            found = self._inflater.decompress(data, most)
            copied.append(len(self._inflater.unconsumed_tail))
            return found

    monkeypatch.setattr(flate, "_STEP", 1 << 12)
    limit = 8 * NOISE.size
    assert measured(data, limit) == (data, limit, None)
    assert limit < measured(data, limit // 2).size + limit // 2 < limit + (1 << 16)
    monkeypatch.setattr(zlib, "decompressobj", Watched)
    measured(data, limit)
    assert max(copied) < 1 << 16


def palette(pdf: pikepdf.Pdf, data: bytes) -> Stream:
    table = Stream(pdf, b"")
    table.write(zlib.compress(bytes(range(256)))[:-4] + data[-4:], filter=Name.FlateDecode)
    space = Array([Name.Indexed, Name.DeviceGray, 255, pdf.make_indirect(table)])
    return image_of(pdf, GREY.tobytes(), space)


def mask(pdf: pikepdf.Pdf, data: bytes) -> Stream:
    return image_of(pdf, GREY.tobytes(), SMask=image_of(pdf, data, filter=Name.FlateDecode))


@pytest.mark.parametrize("maker", [palette, mask])
def test_a_wrong_checksum_of_what_belongs_to_an_image_is_told_once(tmp_path: Path, maker: Callable[..., Stream]):
    opaque = zlib.compress(b"\xff" * (WIDTH * HEIGHT))[:-4] + bytes(4)
    path = made(tmp_path / "a.pdf", partial(maker, data=opaque))
    with captured_messages(printed=False) as told:
        (read,) = enlarge(path, tmp_path / "b.pdf")
    assert np.array_equal(read.pixels, GREY)
    assert told == [f"page 1: {WRONG_SUM}"]


def test_in_what_is_rendered_a_wrong_checksum_is_told(tmp_path: Path):
    with pikepdf.new() as pdf:
        for data in (FLATE, FLATE[:-4] + bytes(4), b"nothing"):
            image = image_of(pdf, data, filter=Name.FlateDecode)
            add_page(pdf, f"{FILLING} 0 0 9 9 re f", {"/Im0": image})
        pdf.save(tmp_path / "a.pdf", compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    with captured_messages(printed=False) as told:
        pages = [seen.read().pixels for seen in open_visible(tmp_path / "a.pdf")]
    assert np.array_equal(pages[0], pages[1])
    assert told == [
        f"page 2: {WRONG_SUM}",
        "page 3: its data are damaged, so that something may be missing on it",
    ]
