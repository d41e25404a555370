"""A damaged image of a PDF is told, whatever its colours are and however it is coded; a sound one is not."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream, String
from PIL import Image

from docsr.errors import PageError
from docsr.io.decoder_messages import captured_messages
from docsr.io.document import read_document
from docsr.page import Pixels
from tests.io.pdf.files import (
    BITS,
    FILLING,
    GREY,
    HEIGHT,
    RGB,
    SRGB,
    WIDTH,
    add_page,
    icc,
    image_of,
    jpeg,
    made,
    packed,
    tiff_strip,
)

LEVELS = np.arange(256, dtype=np.uint8)
CMYK: Pixels = np.dstack([255 - RGB, GREY // 8])


def indexed(base: Any, channels: int, colours: Pixels = LEVELS) -> Array:
    return Array([Name.Indexed, base, len(colours) - 1, String(np.repeat(colours, channels).tobytes())])


SPACES: dict[str, tuple[Callable[[pikepdf.Pdf], Any], Pixels, int]] = {
    "grey": (lambda pdf: Name.DeviceGray, GREY, 8),
    "RGB": (lambda pdf: Name.DeviceRGB, RGB, 8),
    "CMYK": (lambda pdf: Name.DeviceCMYK, CMYK, 8),
    "profile": (lambda pdf: icc(pdf, SRGB, 3), RGB, 8),
    "palette of grey": (lambda pdf: indexed(Name.DeviceGray, 1), GREY, 8),
    "palette of RGB": (lambda pdf: indexed(Name.DeviceRGB, 3), GREY, 8),
    "palette of CMYK": (lambda pdf: indexed(Name.DeviceCMYK, 4), GREY, 8),
    "palette with a profile": (lambda pdf: indexed(icc(pdf, SRGB, 3), 3), GREY, 8),
    "palette of 16": (lambda pdf: indexed(Name.DeviceRGB, 3, LEVELS[::17]), GREY, 4),
    "1 bit": (lambda pdf: Name.DeviceGray, BITS, 1),
    "palette of 2": (lambda pdf: indexed(Name.DeviceRGB, 3, LEVELS[::255]), BITS, 1),
}
"""What makes it, what is shown in it, and the bits of a sample."""

FILTERS = {
    "Flate": Name.FlateDecode,
    "LZW": Name.LZWDecode,
    "RunLength": Name.RunLengthDecode,
    "DCT": Name.DCTDecode,
    "CCITT": Name.CCITTFaxDecode,
    "none": None,
}
FITTING = [
    (space, coding)
    for space, (_, _, bits) in SPACES.items()
    for coding in FILTERS
    if {"DCT": bits == 8, "CCITT": bits == 1}.get(coding, True)
]


def coded(pixels: Pixels, bits: int, coding: str) -> bytes:
    data = pixels.tobytes() if bits == 8 else packed(pixels >> (8 - bits), bits)
    match coding:
        case "Flate":
            return zlib.compress(data)
        case "LZW":
            return tiff_strip(np.frombuffer(data, np.uint8).reshape(HEIGHT, -1), "tiff_lzw")
        case "RunLength":
            pieces = [data[at : at + 128] for at in range(0, len(data), 128)]
            return b"".join(bytes([len(piece) - 1]) + piece for piece in pieces) + b"\x80"
        case "DCT":
            channels = pixels.size // (WIDTH * HEIGHT)
            return jpeg(Image.fromarray(pixels, "CMYK") if channels == 4 else Image.fromarray(pixels))
        case "CCITT":
            return tiff_strip(pixels, "group4")
    return data


def scan(path: Path, space: str, coding: str, damage: Callable[[bytes], bytes]) -> Path:
    making, pixels, bits = SPACES[space]
    data = damage(coded(pixels, bits, coding))
    parameters = Dictionary(K=-1, Columns=WIDTH, Rows=HEIGHT) if coding == "CCITT" else None
    return made(path, lambda pdf: image_of(pdf, data, making(pdf), bits, FILTERS[coding], parameters))


def told_of(path: Path) -> list[str]:
    with captured_messages(printed=False) as told:
        try:
            list(read_document(path))
        except PageError as error:
            return [str(error)]
    return told


def rubbish(data: bytes) -> bytes:
    return random.Random(1).randbytes(len(data))


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


@pytest.mark.parametrize(("space", "coding"), FITTING)
def test_damaged_data_are_told_and_sound_ones_are_not(tmp_path: Path, space: str, coding: str):
    assert told_of(scan(tmp_path / "sound.pdf", space, coding, bytes)) == []
    is_checked = coding not in {"none", "RunLength"}  # of which any bytes may be data
    for damage in (cut, lambda data: b"", *([rubbish] if is_checked else [])):
        assert len(told_of(scan(tmp_path / "damaged.pdf", space, coding, damage))) == 1


def coloured(*more: Any) -> Callable[[pikepdf.Pdf], Any]:
    return lambda pdf: Array([Name.Indexed, *more])


def in_a_broken_filter(pdf: pikepdf.Pdf) -> Any:
    table = Stream(pdf, b"")
    table.write(b"nothing", filter=Name.FlateDecode)
    return Array([Name.Indexed, Name.DeviceRGB, 255, pdf.make_indirect(table)])


COLOURS = String(np.repeat(LEVELS, 3).tobytes())
BROKEN_SPACES: dict[str, Callable[[pikepdf.Pdf], Any]] = {
    "a palette alone": lambda pdf: Name.Indexed,
    "a palette of nothing": coloured(),
    "a palette without colours": coloured(Name.DeviceRGB),
    "a palette without its table": coloured(Name.DeviceRGB, 255),
    "a palette whose table is none": coloured(Name.DeviceRGB, 255, 7),
    "a palette whose table is empty": coloured(Name.DeviceRGB, 255, String("")),
    "a palette whose table is in a broken filter": in_a_broken_filter,
    "a palette of fewer colours than none": coloured(Name.DeviceRGB, -5, COLOURS),
    "a palette of colours unheard of": coloured(Name.Unheard, 255, COLOURS),
    "a palette of patterns": coloured(Name.Pattern, 255, COLOURS),
    "a palette of no space": coloured(Array([]), 255, COLOURS),
    "a palette of palettes": coloured(Array([Name.Indexed, Name.DeviceRGB, 255, COLOURS]), 255, COLOURS),
    "a palette of a profile without components": lambda pdf: indexed(
        Array([Name.ICCBased, pdf.make_stream(SRGB)]), 3
    ),
    "a palette of a profile that is missing": coloured(Array([Name.ICCBased]), 255, COLOURS),
    "a profile for 2 components": lambda pdf: icc(pdf, SRGB, 2),
    "a profile that is missing": lambda pdf: Array([Name.ICCBased]),
    "a profile alone": lambda pdf: Name.ICCBased,
    "Lab alone": lambda pdf: Array([Name.Lab]),
    "an ink without its colour": lambda pdf: Array([Name.Separation, Name.Gold]),
    "inks without their colours": lambda pdf: Array([Name.DeviceN]),
    "colours unheard of": lambda pdf: Name.Unheard,
    "patterns": lambda pdf: Name.Pattern,
    "nothing": lambda pdf: Array([]),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_SPACES)
def test_colours_that_no_image_can_have_are_told(tmp_path: Path, name: str):
    with pikepdf.new() as pdf:
        for space in (Name.DeviceGray, BROKEN_SPACES[name](pdf)):
            add_page(pdf, FILLING, {"/Im0": image_of(pdf, GREY.tobytes(), space)})
        pdf.save(tmp_path / "a.pdf")
    (line,) = told_of(tmp_path / "a.pdf")
    assert line.startswith("page 2: it")
    assert line.endswith(", so that something may be missing on it")
    assert "damaged" in line


def test_an_ink_that_renderers_know_is_not_told(tmp_path: Path):
    tint = Dictionary(FunctionType=2, Domain=Array([0, 1]), N=1, C0=Array([1]), C1=Array([0]))
    space = Array([Name.Separation, Name.Gold, Name.DeviceGray, tint])
    assert told_of(made(tmp_path / "a.pdf", lambda pdf: image_of(pdf, GREY.tobytes(), space))) == []
