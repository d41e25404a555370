"""JPEG 2000 of any bits shows what OpenJPEG's own program shows."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pikepdf
import pytest
from pikepdf import Name
from PIL import Image

from docsr.errors import PageError
from docsr.io.document import read_document
from docsr.io.limits import allowing
from docsr.io.raster.read import read_pages
from tests.formats.jpeg_2000 import openjpeg
from tests.io.pdf.files import add_page, image_of

DEPTHS = (1, 2, 4, 8, 9, 10, 12, 16)
WIDE, HIGH = 60, 80


def samples(bits: int, channels: int) -> Any:
    """Every level from black to white, in each channel another way."""
    top = 2**bits - 1
    ramp = np.rint(np.linspace(0, top, WIDE)).astype(np.int64)[None].repeat(HIGH, 0)
    return ramp if channels == 1 else np.dstack([ramp, top - ramp, np.roll(ramp, 20, axis=1)])


def shown(path: Path) -> Any:
    """What opj_decompress makes of a file, in levels of 0 to 255: a PNM file, whose values it does not scale."""
    target = path.with_suffix(".pnm")
    subprocess.run(["opj_decompress", "-i", path, "-o", target], check=True, capture_output=True)
    mark, said, size, top, values = target.read_bytes().split(b"\n", 4)
    assert said.startswith(b"#")
    wide, high = map(int, size.split())
    read = np.frombuffer(values, ">u2" if int(top) > 255 else "u1").reshape(high, wide, -1)
    return np.rint((read if mark == b"P6" else read[..., 0]) / int(top) * 255)


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "rgb"])
@pytest.mark.parametrize("bits", DEPTHS)
def test_it_shows_what_openjpeg_shows(tmp_path: Path, bits: int, channels: int, signed: bool):
    drawn = samples(bits, channels)
    for suffix in ("jp2", "j2k"):
        path = tmp_path / f"a.{suffix}"
        openjpeg(drawn, bits, signed=signed)(path)
        (page,) = read_pages(path)
        assert page.pixels.shape == drawn.shape
        assert np.array_equal(page.pixels, np.rint(drawn / (2**bits - 1) * 255))
        if not (signed and channels == 3 and bits <= 8):  # of which opj_decompress cuts off what is below zero
            assert np.array_equal(page.pixels, shown(path))


@pytest.mark.parametrize("space", [Name.DeviceGray, Name.DeviceRGB, None], ids=["grey", "rgb", "unsaid"])
@pytest.mark.parametrize("bits", DEPTHS)
def test_a_scan_in_a_pdf(tmp_path: Path, bits: int, space: Any):
    drawn = samples(bits, 1 if space == Name.DeviceGray else 3)
    openjpeg(drawn, bits)(tmp_path / "a.jp2")
    with pikepdf.new() as pdf:
        image = image_of(pdf, (tmp_path / "a.jp2").read_bytes(), space or Name.DeviceRGB, filter=Name.JPXDecode)
        if space is None:
            del image.ColorSpace
        add_page(pdf, f"q {WIDE} 0 0 {HIGH} 0 0 cm /Im0 Do Q", {"/Im0": image}, (WIDE, HIGH))
        pdf.save(tmp_path / "a.pdf")
    (page,) = read_document(tmp_path / "a.pdf")
    assert np.array_equal(page.pixels, np.rint(drawn / (2**bits - 1) * 255))


def test_transparency_of_any_bits(tmp_path: Path):
    for bits in (4, 16):
        drawn = np.dstack([samples(bits, 3), np.full((HIGH, WIDE), 2**bits - 1)])
        openjpeg(drawn, bits)(tmp_path / "a.jp2")
        (page,) = read_pages(tmp_path / "a.jp2")
        assert np.array_equal(page.pixels, np.rint(drawn[..., :3] / (2**bits - 1) * 255))


def _thinned(path: Path) -> None:
    """12 bits with a quarter of the samples of two channels: written so by no program at hand, and said so here."""
    openjpeg(samples(12, 3), 12)(path)
    data = bytearray(path.read_bytes())
    start = data.index(b"\xff\x4f\xff\x51") + 42
    data[start + 4 : start + 6] = data[start + 7 : start + 9] = b"\2\2"
    path.write_bytes(data)


def _grey_and_alpha(path: Path) -> None:
    openjpeg(np.dstack([samples(16, 1)] * 2), 16)(path)


@pytest.mark.parametrize("make", [_thinned, _grey_and_alpha])
def test_what_is_not_supported_is_said_to_be_so(tmp_path: Path, make: Any):
    make(tmp_path / "a.jp2")
    with pytest.raises(PageError, match=r"a\.jp2 could not be read: its JPEG 2000 .* of an unsupported kind"):
        list(read_pages(tmp_path / "a.jp2"))


def test_half_of_a_deep_file_is_damage(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    noise = np.random.default_rng(0).integers(0, 65536, (HIGH, WIDE, 3))
    openjpeg(noise, 16)(tmp_path / "a.jp2")
    data = (tmp_path / "a.jp2").read_bytes()
    (tmp_path / "a.jp2").write_bytes(data[: len(data) // 2])
    with pytest.raises(PageError, match="damaged"):
        list(read_pages(tmp_path / "a.jp2"))
    assert capfd.readouterr().err == ""


def test_a_codestream_larger_than_its_file_says_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    openjpeg(samples(16, 3), 16)(tmp_path / "a.jp2")
    data = bytearray((tmp_path / "a.jp2").read_bytes())
    at = data.index(b"\xff\x4f\xff\x51") + 8
    data[at : at + 8] = (60_000).to_bytes(4, "big") * 2
    (tmp_path / "a.jp2").write_bytes(data)
    monkeypatch.setattr(cv2, "imdecode", None)
    with pytest.raises(PageError, match="damaged"):
        list(read_pages(tmp_path / "a.jp2"))
    openjpeg(samples(16, 3), 16)(tmp_path / "b.jp2")
    with allowing(WIDE * HIGH - 1), pytest.raises(PageError, match="more than 4,799 pixels"):
        list(read_pages(tmp_path / "b.jp2"))


def test_a_palette_of_four_bits(tmp_path: Path):
    indices = samples(4, 1)
    openjpeg(indices, 4)(tmp_path / "a.jp2")
    data = (tmp_path / "a.jp2").read_bytes()
    colours = np.random.default_rng(0).integers(0, 256, (16, 3)).astype(np.uint8)
    palette = b"\0\x10\3\7\7\7" + colours.tobytes()
    mapping = b"\0\0\1\0\0\0\1\1\0\0\1\2"
    boxes = b"".join(
        (8 + len(content)).to_bytes(4, "big") + kind + content
        for kind, content in ((b"pclr", palette), (b"cmap", mapping))
    )
    at = data.index(b"jp2h") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    header = data[at + 4 : at + size].replace(b"\0\0\0\x11", b"\0\0\0\x10")  # sRGB
    (tmp_path / "a.jp2").write_bytes(
        data[:at] + (size + len(boxes)).to_bytes(4, "big") + header + boxes + data[at + size :]
    )
    with Image.open(tmp_path / "a.jp2") as image:
        assert image.mode == "P"
    (page,) = read_pages(tmp_path / "a.jp2")
    assert np.array_equal(page.pixels, colours[indices])
