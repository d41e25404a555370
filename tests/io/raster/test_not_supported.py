"""Sound files that are coded as no decoder at hand knows: they are not supported, and not damaged."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from docsr.errors import PageError
from docsr.io.raster.read import read_pages
from docsr.io.read_errors import reporting

SIDE = 8
IMAGE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8))


def coded(form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    IMAGE.save(file, form, **options)
    return file.getvalue()


def tiff(data: bytes, compression: int, bits: int = 8, channels: int = 3, photometric: int = 2) -> bytes:
    """A little-endian file (TIFF 6.0, section 2) of one strip."""
    entries = [(256, 4, SIDE), (257, 4, SIDE), (259, 3, compression), (262, 3, photometric), (277, 3, channels)]
    entries += [(278, 4, SIDE), (279, 4, len(data))]
    after = 8 + 2 + 12 * (len(entries) + 2) + 4
    rows = [(tag, kind, 1, value) for tag, kind, value in entries]
    rows += [(258, 3, channels, after if channels > 2 else bits), (273, 4, 1, after + 2 * channels)]
    table = b"".join(struct.pack("<HHII", *row) for row in sorted(rows))
    values = struct.pack(f"<{channels}H", *[bits] * channels)
    return b"II*\0" + struct.pack("<IH", 8, len(rows)) + table + bytes(4) + values + data


def bmp(data: bytes, bits: int, coding: int = 0, colours: int = 0) -> bytes:
    offset = 14 + 40 + 4 * colours
    head = struct.pack("<2sI4xI", b"BM", offset + len(data), offset)
    info = struct.pack("<IiiHHIIiiII", 40, SIDE, SIDE, 1, bits, coding, len(data), 0, 0, colours, 0)
    return head + info + bytes(4 * colours) + data


FILES = {
    "webp.tif": tiff(coded("WEBP", lossless=True), 50001),
    "jpeg_2000.tif": tiff(coded("JPEG2000"), 34712),
    "jpeg_xl.tif": tiff(b"\xff\x0a" + bytes(30), 50002),
    "lerc.tif": tiff(b"Lerc2 " + bytes(60), 34887),
    "jbig.tif": tiff(bytes(60), 34661, 1, 1, 1),
    "log_luv.tif": tiff(bytes(60), 34676, 16, 1, 32844),
    "unheard_of.tif": tiff(bytes(200), 12345),
    "lab.tif": tiff(bytes(6 * SIDE * SIDE), 1, 16, 3, 8),
    "filter_array.tif": tiff(bytes(2 * SIDE * SIDE), 1, 16, 1, 32803),
    "floats.bmp": bmp(np.linspace(0, 1, 4 * SIDE * SIDE, dtype="<f4").tobytes(), 128),
    "float_rgb.bmp": bmp(np.linspace(0, 1, 3 * SIDE * SIDE, dtype="<f4").tobytes(), 96),
    "float_grey.bmp": bmp(np.linspace(0, 1, SIDE * SIDE, dtype="<f4").tobytes(), 32, 3),
    "64_bit.bmp": bmp(bytes(8 * SIDE * SIDE), 64),
    "2_bit.bmp": bmp(bytes(4 * SIDE), 2, colours=4),
    "jpeg.bmp": bmp(coded("JPEG"), 0, 4),
    "png.bmp": bmp(coded("PNG"), 0, 5),
    "run_lengths_24.bmp": bmp(bytes(99), 24, 4),
    "inks.bmp": bmp(bytes(4 * SIDE * SIDE), 32, 11),
}


@pytest.mark.parametrize("name", FILES)
def test_it_is_called_so(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(FILES[name])
    with pytest.raises(PageError) as caught:
        list(read_pages(tmp_path / name))
    sentence = str(caught.value)
    assert sentence.startswith(f"{tmp_path / name} could not be read: ")
    assert "not supported" in sentence
    assert "damaged" not in sentence
    assert "save it" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NotImplementedError("unknown layout 7"), "not supported (unknown layout 7)"),
        (NotImplementedError(), "not supported: save it as PNG or TIFF"),
        (OSError("Unsupported BMP compression (9)"), "not supported (Unsupported BMP compression (9))"),
        (OSError("broken data stream"), "it is damaged (broken data stream)"),
    ],
)
def test_what_decoders_raise(error: Exception, said: str):
    with pytest.raises(PageError) as caught, reporting(Path("a.png")):
        raise error
    assert said in str(caught.value)


def test_zstandard_that_is_cut_is_damaged(tmp_path: Path):
    IMAGE.save(tmp_path / "a.tif", compression="zstd")
    data = bytearray((tmp_path / "a.tif").read_bytes())
    with Image.open(tmp_path / "a.tif") as image:
        start = image.tag_v2[273][0]  # type: ignore[attr-defined]
    data[start + 4 : start + 60] = bytes(56)
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(PageError, match="damaged"):
        list(read_pages(tmp_path / "a.tif"))
