"""Every colour space and filter that is read shows what a viewer shows."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image

from docsr.io.pdf.colour import _alternate
from docsr.io.pdf.scans import open_scans
from docsr.page import Page, Pixels
from tests.io.pdf.files import (
    BITS,
    GREY,
    HEIGHT,
    RGB,
    SRGB,
    WIDTH,
    Maker,
    add_page,
    as_rgb,
    difference,
    fax,
    icc,
    image_of,
    jpeg,
    made,
    numbers_array,
    packed,
    shown,
    tiff_strip,
)
from tests.io.pdf.renderers import with_ghostscript, with_pdfium, with_poppler


def read(path: Path) -> Page:
    with open_scans(path) as scans:
        (leaf,) = scans.leaves
        assert leaf.reason is None
        page = leaf.read()
    assert page.pixels.flags.writeable
    assert page.pixels.flags.c_contiguous
    assert page.source == path
    return page


def sixteen(samples: Pixels) -> bytes:
    return (samples.astype(">u2") * 257).tobytes()


def png_data(pixels: Pixels) -> bytes:
    file, found, position = jpeg(Image.fromarray(pixels), "PNG"), b"", 8
    while position < len(file):
        (length,) = struct.unpack(">I", file[position : position + 4])
        found += file[position + 8 : position + 8 + length] if file[position + 4 : position + 8] == b"IDAT" else b""
        position += length + 12
    return found


def differences(pixels: Pixels) -> bytes:
    """TIFF predictor 2, Flate."""
    before = np.concatenate([np.zeros_like(pixels[:, :1]), pixels[:, :-1]], axis=1)
    return zlib.compress((pixels - before).tobytes())


def indexed(bits: int, colours: list[tuple[int, int, int]]) -> Maker:
    samples = (GREY.astype(int) * (len(colours) - 1) // 255).astype(np.uint8)
    space = Array([Name.Indexed, Name.DeviceRGB, len(colours) - 1, pikepdf.String(bytes(sum(colours, ())))])
    return lambda pdf: image_of(pdf, packed(samples, bits), space, bits)


COLOURS = [(0, 0, 0), (200, 30, 30), (30, 200, 230), (255, 255, 255)]
PNG_ROWS = Dictionary(Predictor=15, Colors=1, BitsPerComponent=8, Columns=WIDTH)
TIFF_ROWS = Dictionary(Predictor=2, Colors=3, BitsPerComponent=8, Columns=WIDTH)
WHITE = numbers_array(0.9505, 1.0, 1.089)


def chained(pdf: pikepdf.Pdf, data: bytes, names: list[Name], space: Any) -> Stream:
    image = image_of(pdf, data, space)
    image.write(data, filter=Array(names), decode_parms=Array([Dictionary()] * len(names)))
    return image


def a85(data: bytes) -> bytes:
    return base64.a85encode(data) + b"~>"


MAKERS: dict[str, Maker] = {
    "grey": lambda pdf: image_of(pdf, GREY.tobytes()),
    "grey flate": lambda pdf: image_of(pdf, zlib.compress(GREY.tobytes()), filter=Name.FlateDecode),
    "grey png rows": lambda pdf: image_of(pdf, png_data(GREY), filter=Name.FlateDecode, parms=PNG_ROWS),
    "colour tiff rows": lambda pdf: image_of(pdf, differences(RGB), Name.DeviceRGB, 8, Name.FlateDecode, TIFF_ROWS),
    "lzw": lambda pdf: image_of(pdf, tiff_strip(GREY, "tiff_lzw"), filter=Name.LZWDecode),
    "run length": lambda pdf: image_of(pdf, tiff_strip(GREY, "packbits") + b"\x80", filter=Name.RunLengthDecode),
    "ascii 85": lambda pdf: chained(
        pdf, a85(zlib.compress(GREY.tobytes())), [Name.ASCII85Decode, Name.FlateDecode], Name.DeviceGray
    ),
    "ascii 85 jpeg": lambda pdf: chained(
        pdf, a85(jpeg(Image.fromarray(RGB))), [Name.ASCII85Decode, Name.DCTDecode], Name.DeviceRGB
    ),
    "two bits": lambda pdf: image_of(pdf, packed(GREY >> 6, 2), bits=2),
    "four bits": lambda pdf: image_of(pdf, packed(GREY >> 4, 4), bits=4),
    "sixteen bits": lambda pdf: image_of(pdf, sixteen(GREY), bits=16),
    "one bit": lambda pdf: image_of(pdf, packed(BITS >> 7, 1), bits=1),
    "one bit inverted": lambda pdf: image_of(pdf, packed(BITS >> 7, 1), bits=1, Decode=Array([1, 0])),
    "grey inverted": lambda pdf: image_of(pdf, GREY.tobytes(), Decode=Array([1, 0])),
    "grey stretched": lambda pdf: image_of(pdf, GREY.tobytes(), Decode=numbers_array(0.2, 0.9)),
    "colour": lambda pdf: image_of(pdf, RGB.tobytes(), Name.DeviceRGB),
    "colour inverted": lambda pdf: image_of(pdf, RGB.tobytes(), Name.DeviceRGB, Decode=Array([1, 0] * 3)),
    "colour of four bits": lambda pdf: image_of(pdf, packed(RGB >> 4, 4), Name.DeviceRGB, 4),
    "colour of sixteen bits": lambda pdf: image_of(pdf, sixteen(RGB), Name.DeviceRGB, 16),
    "one bit indexed": indexed(1, [COLOURS[1], COLOURS[2]]),
    "two bits indexed": indexed(2, COLOURS),
    "four bits indexed": indexed(4, [(n * 10, 255 - n * 9, 60) for n in range(13)]),
    "eight bits indexed": indexed(8, [(n, 255 - n, n // 2) for n in range(200)]),
    "jpeg": lambda pdf: image_of(pdf, jpeg(Image.fromarray(GREY)), filter=Name.DCTDecode),
    "jpeg inverted": lambda pdf: image_of(
        pdf, jpeg(Image.fromarray(GREY)), filter=Name.DCTDecode, Decode=Array([1, 0])
    ),
    "colour jpeg": lambda pdf: image_of(pdf, jpeg(Image.fromarray(RGB)), Name.DeviceRGB, filter=Name.DCTDecode),
    "jpeg 2000": lambda pdf: image_of(pdf, jpeg(Image.fromarray(GREY), "JPEG2000"), filter=Name.JPXDecode),
    "jpeg 2000 alone": lambda pdf: image_of(
        pdf, jpeg(Image.fromarray(RGB), "JPEG2000"), None, filter=Name.JPXDecode
    ),
    "group 4": fax(tiff_strip(BITS, "group4")),
    "group 4, black is one": fax(tiff_strip(255 - BITS, "group4"), BlackIs1=True),
    "group 3": fax(tiff_strip(BITS, "group3"), K=0),
    "group 3, two-dimensional": fax(tiff_strip(BITS, "group3", {292: 1}), K=4, EndOfLine=True),
    "group 3 in aligned rows": fax(tiff_strip(BITS, "tiff_ccitt"), K=0, EncodedByteAlign=True),
    "profile": lambda pdf: image_of(pdf, RGB.tobytes(), icc(pdf, SRGB, 3)),
    "calibrated grey": lambda pdf: image_of(
        pdf, GREY.tobytes(), Array([Name.CalGray, Dictionary(WhitePoint=WHITE, Gamma=1)])
    ),
    "lab": lambda pdf: image_of(
        pdf, np.stack([GREY, GREY // 2 + 64, 190 - GREY // 3], axis=2).astype(np.uint8).tobytes(),
        Array([Name.Lab, Dictionary(WhitePoint=WHITE, Range=Array([-128, 127, -128, 127]))]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MAKERS)
def test_an_image_is_read_as_it_is_shown(tmp_path: Path, name: str):
    path = made(tmp_path / "a.pdf", MAKERS[name])
    page = read(path)
    assert difference(as_rgb(page.pixels), shown(path)) <= (8 if name == "lab" else 0.6)
    assert page.dpi == (72.0, 72.0)
    assert page.bilevel == (name.startswith(("one bit", "group")) and "indexed" not in name)
    assert page.is_grey == (not any(word in name for word in ("colour", "indexed", "profile", "alone", "lab", "85 jp")))
    assert page.icc == (SRGB if name == "profile" else None)


def ink(pixels: Pixels) -> Pixels:
    """Cyan, magenta, yellow and some black for RGB pixels."""
    return np.concatenate([255 - pixels, (255 - pixels.max(axis=2, keepdims=True)) // 2], axis=2)


@pytest.mark.parametrize("kind", ["plain", "inverted", "sixteen bits", "jpeg", "photoshop jpeg", "unmarked jpeg"])
def test_cmyk_is_converted_as_viewers_do(tmp_path: Path, kind: str):
    inks = ink(RGB)
    inverted = Array([1, 0] * 4)

    def maker(pdf: pikepdf.Pdf) -> Stream:
        if kind == "plain":
            return image_of(pdf, inks.tobytes(), Name.DeviceCMYK)
        if kind == "inverted":
            return image_of(pdf, (255 - inks).tobytes(), Name.DeviceCMYK, Decode=inverted)
        if kind == "sixteen bits":
            return image_of(pdf, sixteen(inks), Name.DeviceCMYK, 16)
        data = jpeg(Image.fromarray(inks, "CMYK"), quality=97, subsampling=0)  # stored inverted, as Photoshop does
        if kind == "photoshop jpeg":
            return image_of(pdf, data, Name.DeviceCMYK, filter=Name.DCTDecode, Decode=inverted)
        data = jpeg(Image.fromarray(255 - inks, "CMYK"), quality=97, subsampling=0)
        if kind == "unmarked jpeg":
            data = without_adobe(data)
        return image_of(pdf, data, Name.DeviceCMYK, filter=Name.DCTDecode)

    path = made(tmp_path / "a.pdf", maker)
    assert difference(read(path).pixels, shown(path)) <= 0.6


def without_adobe(data: bytes) -> bytes:
    """A JPEG without the marker that says how its components are coded."""
    marker = data.index(b"\xff\xee")
    length = struct.unpack(">H", data[marker + 2 : marker + 4])[0]
    return data[:marker] + data[marker + 2 + length :]


STEPS = (0, 60, 128, 255)
INKS: Pixels = np.array(list(product(STEPS, repeat=4)), np.uint8)
"""Each is a column of a picture."""


def in_inks(pdf: pikepdf.Pdf, kind: str) -> Stream:
    tall = np.repeat(INKS[None], 16, axis=0).repeat(8, axis=1)
    size = (tall.shape[1], tall.shape[0])
    if kind == "palette":
        places = np.tile(np.arange(256).repeat(8), (16, 1)).astype(np.uint8)
        space = Array([Name.Indexed, Name.DeviceCMYK, 255, pikepdf.String(INKS.tobytes())])
        return image_of(pdf, places.tobytes(), space, size=size)
    if kind == "jpeg":
        data = without_adobe(jpeg(Image.fromarray(255 - tall, "CMYK"), quality=99, subsampling=0))
        return image_of(pdf, data, Name.DeviceCMYK, filter=Name.DCTDecode, size=size)
    return image_of(pdf, tall.tobytes(), Name.DeviceCMYK, size=size)


@pytest.mark.parametrize(("kind", "render", "mean", "most"), [
    ("plain", with_pdfium, 0.1, 4), ("palette", with_pdfium, 0.1, 4), ("jpeg", with_pdfium, 1, 3),
    ("plain", with_ghostscript, 2, 25), ("plain", with_poppler, 8, 30),
])  # fmt: skip
def test_each_ink_is_what_viewers_show(
    tmp_path: Path, kind: str, render: Callable[..., list[Pixels]], mean: float, most: int
):
    with pikepdf.new() as pdf:
        image = in_inks(pdf, kind)
        wide, high = int(image.Width), int(image.Height)
        add_page(pdf, f"q {wide} 0 0 {high} 0 0 cm /Im0 Do Q", {"/Im0": image}, (wide, high))
        pdf.save(tmp_path / "a.pdf")
    (view,) = render(tmp_path / "a.pdf", 72)
    own = read(tmp_path / "a.pdf").pixels[8, 4::8].astype(int)
    apart = np.abs(own - view[8, 4::8])
    assert apart.max() <= most
    assert apart.mean() <= mean


def test_black_ink_alone_is_the_grey_that_viewers_show(tmp_path: Path):
    inks = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    inks[..., 3] = 255 - GREY
    path = made(tmp_path / "a.pdf", lambda pdf: image_of(pdf, inks.tobytes(), Name.DeviceCMYK))
    own = read(path)
    assert own.is_grey
    assert np.abs(own.pixels[..., None].astype(int) - shown(path)).max() <= 4


def test_inks_beside_black_are_exactly_what_pdfium_shows(tmp_path: Path):
    inks = np.random.default_rng(0).integers(1, 256, (HEIGHT, WIDTH, 4), np.uint8)
    path = made(tmp_path / "a.pdf", lambda pdf: image_of(pdf, inks.tobytes(), Name.DeviceCMYK))
    assert np.array_equal(read(path).pixels, shown(path))


def test_a_jpeg_of_plain_rgb_is_told_by_the_pdf(tmp_path: Path):
    data = jpeg(Image.fromarray(RGB), quality=97, keep_rgb=True)
    data = without_adobe(data).replace(b"R\x11\x00G\x11\x00B\x11\x00", b"\1\x11\0\2\x11\0\3\x11\0")
    data = data.replace(b"R\x00G\x00B\x00", b"\1\0\2\0\3\0")
    path = made(
        tmp_path / "a.pdf",
        lambda pdf: image_of(pdf, data, Name.DeviceRGB, filter=Name.DCTDecode, parms=Dictionary(ColorTransform=0)),
    )
    assert difference(read(path).pixels, RGB) <= 2


def test_the_alternate_of_a_profile_may_be_an_array():
    white = Dictionary(WhitePoint=Array([0.9505, 1, 1.089]))
    space = _alternate(Array([Name.Lab, white]))
    assert space is not None
    assert space.channels == 3
    assert _alternate(Array([])) is None
