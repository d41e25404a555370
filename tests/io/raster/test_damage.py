"""Damage that decoders get over is told, in JPEG, also inside TIFF and PDF, and in PNG; and sound files say nothing."""

from __future__ import annotations

import io
import random
import struct
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Name
from PIL import Image, ImageDraw, TiffImagePlugin

from docsr.io.decoder_messages import DamageWarning, captured_messages
from docsr.io.document import read_document
from docsr.io.pdf.scans import open_scans
from docsr.io.raster import jpeg_check
from docsr.io.raster.jpeg_check import CORRUPT, TOO_MUCH, examined, jpeg_fault
from docsr.io.raster.png_check import png_fault
from docsr.io.raster.read import read_pages
from tests.formats.handmade import ADAM_7, png
from tests.io.pdf.files import add_page, image_of

WIDE, HIGH = 309, 437  # no whole number of blocks


def _page() -> Image.Image:
    image = Image.new("L", (WIDE, HIGH), 255)
    draw = ImageDraw.Draw(image)
    for top in range(10, HIGH - 15, 18):
        draw.text((10, top), "the quick brown fox jumps over the lazy dog", fill=0, font_size=14)
    return image


PAGE = _page()
COLOUR = Image.merge("RGB", [PAGE, PAGE.rotate(1, fillcolor=240), PAGE])
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (HIGH, WIDE, 3)).astype(np.uint8))


def jpeg(image: Image.Image = PAGE, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", **{"quality": 80, **options})
    return file.getvalue()


def told_of(path: Path) -> list[str]:
    with captured_messages(printed=False) as lines:
        list(read_document(path))
        list(read_document(path))  # as a page is read that is planned and then enlarged
    return lines


SOUND = {
    "grey": jpeg(),
    "own tables": jpeg(optimize=True),
    "4:4:4": jpeg(COLOUR, subsampling=0),
    "4:2:2": jpeg(COLOUR, subsampling=1),
    "4:2:0": jpeg(COLOUR, subsampling=2),
    "finest": jpeg(NOISE, quality=100, subsampling=0),
    "finest grey": jpeg(NOISE.convert("L"), quality=100),
    "coarsest": jpeg(COLOUR, quality=1),
    "progressive": jpeg(COLOUR, progressive=True),
    "starting anew in each row": jpeg(COLOUR, restart_marker_rows=1),
    "starting anew within rows": jpeg(restart_marker_blocks=5),
    "inks": jpeg(COLOUR.convert("CMYK")),
    "RGB": jpeg(COLOUR, keep_rgb=True),
    "one pixel": jpeg(PAGE.crop((0, 0, 1, 1))),
    "white": jpeg(Image.new("L", (64, 64), 255)),
    "black": jpeg(Image.new("L", (64, 64), 0)),
    "with more after it": jpeg() + b"more" + jpeg()[:99],
    "filled up with zeros": jpeg()[:-2] + bytes(12) + b"\xff\xd9",
    "filled up with ones": jpeg()[:-2] + b"\xff" * 12 + b"\xff\xd9",
    "of a version unheard of": jpeg().replace(b"JFIF\0\1", b"JFIF\0\3"),
}


@pytest.mark.parametrize("name", SOUND)
def test_of_a_sound_jpeg_nothing_is_told(tmp_path: Path, name: str):
    (tmp_path / "a.jpg").write_bytes(SOUND[name])
    assert told_of(tmp_path / "a.jpg") == []
    assert jpeg_fault(SOUND[name]) is None
    (page,) = read_pages(tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as image:
        assert np.array_equal(page.pixels, np.asarray(image.convert("L" if page.pixels.ndim == 2 else "RGB")))


@pytest.mark.parametrize("size", [(7, 9), (8, 8), (16, 17), (33, 15), (WIDE, 3)])
def test_of_a_jpeg_of_any_size_nothing_is_told(size: tuple[int, int]):
    for seed in range(12):
        noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
        for subsampling, quality in ((0, 100), (2, 75), (1, 95)):
            assert jpeg_fault(jpeg(Image.fromarray(noise), subsampling=subsampling, quality=quality)) is None


@pytest.mark.parametrize("size", [(40, 32), (40, 33), (33, 46), (9, 7)])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_the_samples_of_a_jpeg_are_those_that_other_decoders_give(size: tuple[int, int], subsampling: int):
    noise = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    for pixels in (noise, noise[..., 0]):
        data = jpeg(Image.fromarray(pixels), subsampling=subsampling)
        samples, _ = examined(data)
        assert samples is not None
        assert np.array_equal(np.asarray(samples), np.asarray(Image.open(io.BytesIO(data))).ravel())


@pytest.mark.parametrize(
    ("name", "often"),
    [
        ("grey", 1),
        ("own tables", 1),
        ("4:4:4", 1),
        ("4:2:2", 1),
        ("4:2:0", 1),
        ("inks", 1),
        ("progressive", 1),
        ("starting anew in each row", 2),
        ("4:2:0, even", 2),
        ("large", 2),
    ],
)
def test_a_sound_jpeg_is_mostly_decoded_once(monkeypatch: pytest.MonkeyPatch, name: str, often: int):
    even, large = jpeg(COLOUR.crop((0, 0, WIDE, HIGH - 1)), subsampling=2), jpeg(Image.new("L", (2049, 2048), 99))
    sound, done = {**SOUND, "4:2:0, even": even, "large": large}[name], list[int]()
    decoded = jpeg_check._decoded
    assert jpeg_check._heeds_warnings()

    def noted(data: bytes) -> tuple[memoryview | None, bool]:
        done.append(len(data))
        return decoded(data)

    monkeypatch.setattr(jpeg_check, "_decoded", noted)
    assert jpeg_fault(sound) is None
    assert len(done) == often


@pytest.mark.parametrize("name", ["grey", "own tables", "4:4:4", "4:2:2", "4:2:0", "inks", "starting anew in each row"])
@pytest.mark.parametrize("more", range(1, 13))
def test_each_byte_left_over_is_told(name: str, more: int):
    assert jpeg_fault(SOUND[name][:-2] + b"\x55" * more + SOUND[name][-2:]) in {TOO_MUCH, CORRUPT}


def changed(data: bytes, seed: int, changes: int = 3) -> bytes:
    """A few bytes of the coded data, each another."""
    rng, after = random.Random(seed), bytearray(data)
    start = data.index(b"\xff\xda") + 14
    for _ in range(changes):
        after[rng.randrange(start, len(data) - 2)] = rng.randrange(255)
    return bytes(after)


def wrong(data: bytes, sound: bytes) -> float:
    """The part of the pixels that are far from what they were; 0 where Pillow refuses to decode them."""
    try:
        pixels, right = (np.asarray(Image.open(io.BytesIO(one)).convert("L")).astype(int) for one in (data, sound))
    except OSError:
        return 0.0
    return float((np.abs(pixels - right) > 60).mean())


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("grey", 0.9),
        ("own tables", 0.9),
        ("4:2:0", 0.8),
        ("4:2:2", 0.8),
        ("4:4:4", 0.55),
        ("progressive", 0.85),
        ("inks", 0.8),
    ],
)
def test_changed_bytes_of_a_jpeg_are_told(name: str, least: float):
    damaged = [changed(SOUND[name], seed) for seed in range(25)]
    bad = [data for data in damaged if wrong(data, SOUND[name]) > 0.02]
    assert len(bad) >= 8
    assert np.mean([jpeg_fault(data) is not None for data in bad]) >= least


@pytest.mark.parametrize("name", ["grey", "4:2:0", "progressive", "starting anew in each row", "inks"])
def test_a_jpeg_that_was_cut_and_closed_is_told(tmp_path: Path, name: str):
    (tmp_path / "a.jpg").write_bytes(SOUND[name][: len(SOUND[name]) // 2] + b"\xff\xd9")
    (line,) = told_of(tmp_path / "a.jpg")
    assert line == "damaged JPEG data, so that parts of the picture may be wrong"


def test_a_jpeg_inside_a_tiff_file(tmp_path: Path):
    path = tmp_path / "a.tif"
    with TiffImagePlugin.AppendingTiffWriter(str(path), new=True) as writer:
        for page in (PAGE, COLOUR):
            page.save(writer, "TIFF", compression="jpeg", quality=80)
            writer.newFrame()
    assert told_of(path) == []
    data = bytearray(path.read_bytes())
    with Image.open(path) as image:
        assert isinstance(image, TiffImagePlugin.TiffImageFile)
        image.seek(1)
        offset, size = image.tag_v2[273][2], image.tag_v2[279][2]
    data[offset + size // 2 : offset + size // 2 + 60] = bytes(60)
    path.write_bytes(data)
    (line,) = told_of(path)
    assert line.startswith("page 2: damaged JPEG data")


def test_a_jpeg_inside_a_pdf_file(tmp_path: Path):
    with pikepdf.new() as pdf:
        for data in (jpeg(), changed(jpeg(), 1)):
            image = image_of(pdf, data, filter=Name.DCTDecode, size=(WIDE, HIGH))
            add_page(pdf, f"q {WIDE} 0 0 {HIGH} 0 0 cm /Im0 Do Q", {"/Im0": image}, (WIDE, HIGH))
        pdf.save(tmp_path / "a.pdf")
    (line,) = told_of(tmp_path / "a.pdf")
    assert line.startswith("page 2: damaged JPEG data")
    with pytest.warns(DamageWarning, match="page 2: damaged"), open_scans(tmp_path / "a.pdf") as scans:
        scans.leaves[1].read()


def test_a_png_whose_checksum_is_wrong_is_told(tmp_path: Path):
    PAGE.save(tmp_path / "a.png")
    data = bytearray((tmp_path / "a.png").read_bytes())
    data[-14] ^= 1  # of the last IDAT
    (tmp_path / "a.png").write_bytes(data)
    (line,) = told_of(tmp_path / "a.png")
    assert line.startswith("damaged PNG data: a checksum does not fit")


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_of_a_sound_png_nothing_is_told(bits: int):
    for size in ((1, 1), (3, 5), (8, 8), (17, 33)):
        samples = np.random.default_rng(0).integers(0, 2**bits, size).astype(np.uint16 if bits == 16 else np.uint8)
        for interlaced in (False, True):
            file = io.BytesIO()
            png(samples, bits, interlaced=interlaced)(_Memory(file))  # type: ignore[arg-type]
            assert png_fault(file) is None
    assert len(ADAM_7) == 7


class _Memory:
    """What is written as a file of the disk is."""

    def __init__(self, file: io.BytesIO) -> None:
        self._file = file

    def write_bytes(self, data: bytes) -> int:
        return self._file.write(data)


def test_a_png_in_many_pieces_with_more_at_its_end_is_sound(tmp_path: Path):
    image = np.random.default_rng(0).integers(0, 256, (600, 600)).astype(np.uint8)
    Image.fromarray(image).save(tmp_path / "a.png")  # Pillow cuts data into pieces of 64 kB
    data = (tmp_path / "a.png").read_bytes()
    assert data.count(b"IDAT") > 3
    (tmp_path / "a.png").write_bytes(data + b"more")
    assert told_of(tmp_path / "a.png") == []


def test_a_png_that_unfolds_to_much_more_takes_no_memory(tmp_path: Path):
    """A little that becomes 64 MB: no more is unfolded than the picture takes."""
    bomb = zlib.compress(bytes(1 << 26), 1)
    png(np.zeros((8, 8), np.uint8), 8)(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    at, end, chunk = data.index(b"IDAT"), data.index(b"IEND") - 4, b"IDAT" + bomb
    chunk = struct.pack(">I", len(bomb)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (tmp_path / "a.png").write_bytes(data[: at - 4] + chunk + data[end:])
    tracemalloc.start()
    try:
        assert told_of(tmp_path / "a.png") == []
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
