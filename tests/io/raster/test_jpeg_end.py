"""JPEG files that end early are read as viewers show them, and what is lost is told."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from docsr.errors import PageError
from docsr.io.decoder_messages import captured_messages
from docsr.io.document import read_document
from docsr.io.raster.jpeg_check import CORRUPT
from docsr.page import Pixels
from tests.io.pdf.files import jpeg

NOISE = np.random.default_rng(0).integers(0, 256, (400, 300)).astype(np.uint8)


def saved(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("options", [{}, {"quality": 100}, {"optimize": True}])
@pytest.mark.parametrize("pixels", [NOISE, np.dstack([NOISE, NOISE[::-1], NOISE])])
def test_a_jpeg_file_without_its_end_is_whole(tmp_path: Path, pixels: Pixels, options: dict[str, Any]):
    data = jpeg(Image.fromarray(pixels), **options)
    for less in (1, 2):
        with captured_messages(printed=False) as told:
            (page,) = read_document(saved(tmp_path / "a.jpg", data[:-less]))
            (again,) = read_document(tmp_path / "a.jpg")  # which is not looked at for damage
        assert told == []
        assert np.array_equal(page.pixels, np.asarray(Image.open(io.BytesIO(data))))
        assert np.array_equal(page.pixels, again.pixels)


def test_of_a_jpeg_file_some_rows_may_be_missing(tmp_path: Path):
    data = jpeg(Image.fromarray(NOISE))
    some, more = (data[: -int(len(data) * part)] for part in (0.07, 0.13))
    with captured_messages(printed=False) as told:
        (page,) = read_document(saved(tmp_path / "a.jpg", some))
    assert told == [CORRUPT]
    assert np.array_equal(page.pixels[:360], np.asarray(Image.open(io.BytesIO(data)))[:360])
    assert (page.pixels[-20:] == 128).all()
    with pytest.raises(PageError, match=r"it is damaged .*of its 400 rows are missing"):
        list(read_document(saved(tmp_path / "a.jpg", more)))


@pytest.mark.parametrize("pixels", [NOISE, np.dstack([NOISE, NOISE[::-1], NOISE])])
def test_a_progressive_jpeg_needs_all_of_its_scans(tmp_path: Path, pixels: Pixels):
    data = jpeg(Image.fromarray(pixels), progressive=True)
    last = data.rindex(b"\xff\xda")
    with captured_messages(printed=False) as told:
        (page,) = read_document(saved(tmp_path / "a.jpg", data[:-2]))
    assert told == []
    assert np.array_equal(page.pixels, np.asarray(Image.open(io.BytesIO(data))))
    with captured_messages(printed=False) as told:
        (page,) = read_document(saved(tmp_path / "a.jpg", data[:-500]))
    assert told == [CORRUPT]
    for end in (last, last + 3, last // 2):
        with pytest.raises(PageError, match="it is damaged"):
            list(read_document(saved(tmp_path / "a.jpg", data[:end])))


def in_scans(planes: list[Pixels]) -> tuple[bytes, list[int]]:
    """A sequential JPEG, each colour in a scan of its own, and where the scans end."""
    heads, coded = [], []
    for plane in planes:
        data = jpeg(Image.fromarray(plane), quality=80)
        at = data.index(b"\xff\xda")
        heads.append(data[:at])
        coded.append(data[at + 10 : -2])
    frame = heads[0].index(b"\xff\xc0")
    names = b"".join(bytes([name, 0x11, 0]) for name in range(1, len(planes) + 1))
    file = heads[0][:frame] + b"\xff\xc0" + struct.pack(">H", 8 + len(names)) + heads[0][frame + 4 : frame + 9]
    file += bytes([len(planes)]) + names + heads[0][frame + 13 :]
    ends = list[int]()
    for name, scan in enumerate(coded, 1):
        file += b"\xff\xda\0\x08\1" + bytes([name, 0, 0, 63, 0]) + scan
        ends.append(len(file))
    return file + b"\xff\xd9", ends


def test_a_jpeg_in_scans_of_one_colour_needs_all_of_them(tmp_path: Path):
    planes = [NOISE, np.full_like(NOISE, 100), np.roll(NOISE, 9)]
    data, ends = in_scans(planes)
    whole = np.asarray(Image.open(io.BytesIO(data)))
    for sound in (data, data[:-1], data[:-2]):
        with captured_messages(printed=False) as told:
            (page,) = read_document(saved(tmp_path / "a.jpg", sound))
        assert told == []
        assert np.array_equal(page.pixels, whole)
    with captured_messages(printed=False) as told:
        list(read_document(saved(tmp_path / "a.jpg", data[:-500])))
    assert told == [CORRUPT]
    for end in (ends[0], ends[0] + 3, ends[1], ends[1] + 9, ends[0] // 2):
        with pytest.raises(PageError, match="it is damaged"):
            list(read_document(saved(tmp_path / "a.jpg", data[:end])))


@pytest.mark.parametrize("transform", [0, 2])
def test_of_a_jpeg_in_inks_some_rows_may_be_missing(tmp_path: Path, transform: int):
    data = jpeg(Image.fromarray(np.dstack([NOISE] * 4), "CMYK"))
    at = data.index(b"Adobe") + 11
    data = data[:at] + bytes([transform]) + data[at + 1 :]
    with Image.open(saved(tmp_path / "a.jpg", data)) as image:
        assert image.info["adobe_transform"] == transform
    with captured_messages(printed=False) as told:
        list(read_document(saved(tmp_path / "a.jpg", data[: -int(len(data) * 0.07)])))
    assert told == [CORRUPT]
    for part in (0.13, 0.5):
        with pytest.raises(PageError, match=r"it is damaged .*of its 400 rows are missing"):
            list(read_document(saved(tmp_path / "a.jpg", data[: -int(len(data) * part)])))


@pytest.mark.parametrize(("part", "told"), [(0.5, "rows are missing"), (0.97, ""), (1.0, "")])
def test_jpeg_data_in_a_tiff_that_end_early_may_lack_a_tenth(tmp_path: Path, part: float, told: str):
    Image.fromarray(NOISE).save(tmp_path / "a.tif", compression="jpeg", tiffinfo={278: 400})
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        count = tiff.pages.first.tags[279]
        place, bytes_of_it = count.valueoffset, int(part * count.value[0])
        code = {3: "<H", 4: "<I"}[int(count.dtype)]
    data = bytearray((tmp_path / "a.tif").read_bytes())
    struct.pack_into(code, data, place, bytes_of_it)
    (tmp_path / "a.tif").write_bytes(data)
    with captured_messages(printed=True) as lines:
        if told:
            with pytest.raises(PageError, match=told):
                list(read_document(tmp_path / "a.tif"))
        else:
            list(read_document(tmp_path / "a.tif"))
    assert bool(lines) == (0.9 < part < 1)
