"""Pages whose files say how finely x is sampled against y, and no dpi: they get square pixels, and no dpi."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

import docsr
from docsr.decide.decision import is_fax
from docsr.io.document import read_document
from docsr.io.raster.read import read_pages
from docsr.io.raster.write import encoded_size, write_pages
from docsr.page import Page, luminance
from tests.command import docsr as run
from tests.pairs import text_page

Ratio = tuple[int, int]
FAX, FINE, SIDEWAYS = (204, 98), (204, 196), (98, 204)


def page_in(ratio: Ratio) -> Image.Image:
    """A page of text of 12 px x-height at 204 dpi, its axes as finely sampled as a ratio to 204 says."""
    grey = Image.fromarray(text_page(18, 700, 500)[0])
    return grey.resize((round(700 * ratio[0] / 204), round(500 * ratio[1] / 204)), Image.Resampling.BOX)


def as_jpeg(image: Image.Image, ratio: Ratio) -> bytes:
    image.save(file := io.BytesIO(), "JPEG", dpi=(96, 96))
    data = bytearray(file.getvalue())
    data[13:18] = struct.pack(">BHH", 0, *ratio)
    return bytes(data)


def as_png(image: Image.Image, ratio: Ratio) -> bytes:
    image.save(file := io.BytesIO(), "PNG")
    data, chunk = file.getvalue(), b"pHYs" + struct.pack(">IIB", *ratio, 0)
    return data[:33] + struct.pack(">I", 9) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]


def as_tiff(image: Image.Image, ratio: Ratio) -> bytes:
    one_bit = image.point(lambda value: 255 * (value > 150)).convert("1")
    one_bit.save(file := io.BytesIO(), "TIFF", compression="group4", tiffinfo=tags(ratio))
    return file.getvalue()


def as_float_tiff(image: Image.Image, ratio: Ratio) -> bytes:
    """What Pillow cannot open."""
    values = np.dstack([np.asarray(image, np.float32) / 255] * 3)
    tifffile.imwrite(file := io.BytesIO(), values, photometric="rgb", resolution=ratio, resolutionunit=1)
    return file.getvalue()


def as_webp(image: Image.Image, ratio: Ratio) -> bytes:
    exif = Image.Exif()
    for tag, value in tags(ratio).items():
        exif[tag] = value
    image.convert("RGB").save(file := io.BytesIO(), "WEBP", exif=exif, lossless=True)
    return file.getvalue()


def tags(ratio: Ratio) -> dict[int, float]:
    return {282: float(ratio[0]), 283: float(ratio[1]), 296: 1}


WRITE: dict[str, tuple[str, Callable[[Image.Image, Ratio], bytes]]] = {
    "jpeg": (".jpg", as_jpeg),
    "png": (".png", as_png),
    "tiff": (".tif", as_tiff),
    "float tiff": (".tiff", as_float_tiff),
    "webp": (".webp", as_webp),
}


def written(folder: Path, kind: str, ratio: Ratio, image: Image.Image | None = None) -> Path:
    suffix, write = WRITE[kind]
    path = folder / f"page{suffix}"
    path.write_bytes(write(page_in(ratio) if image is None else image, ratio))
    return path


@pytest.mark.slow_but_one_in(7)
@pytest.mark.parametrize("kind", WRITE)
@pytest.mark.parametrize("ratio", [FAX, FINE, SIDEWAYS])
@pytest.mark.parametrize("options", [("--factor", 2, "--model", "bicubic"), ()])
def test_a_page_of_a_known_ratio_comes_out_with_square_pixels(kind, ratio, options, tmp_path, capsys, monkeypatch):
    source, out, report = written(tmp_path, kind, ratio), tmp_path / "out", tmp_path / "report.json"
    assert run(capsys, monkeypatch, "enhance", source, "--out", out, "--report", report, *options).code == 0
    (row,) = json.loads(report.read_text())
    assert "its pixels are made square" in row["why"]
    assert row["dpi_in"] is row["dpi_out"] is None
    (page,) = read_document(out / source.name)
    assert page.dpi is page.aspect is None
    assert page.width / page.height == pytest.approx(700 / 500, rel=0.01)
    assert row["size_out"] == [page.width, page.height]
    if options:
        assert page.width == pytest.approx(2 * 700, rel=0.01)
    elif is_fax(ratio[0] / ratio[1]):
        assert row["model"] == "fax_x2"


@pytest.mark.parametrize("kind", WRITE)
def test_a_dry_run_tells_its_size_too(kind, tmp_path, capsys, monkeypatch):
    source, report = written(tmp_path, kind, FAX), tmp_path / "report.json"
    more = "--dry-run", "--factor", 2, "--model", "bicubic", "--report", report
    assert run(capsys, monkeypatch, "enhance", source, "--out", tmp_path / "out", *more).code == 0
    assert json.loads(report.read_text())[0]["size_out"] == pytest.approx([1400, 1000], rel=0.01)


@pytest.mark.parametrize("kind", WRITE)
def test_in_memory_and_as_a_path_alike(kind, tmp_path):
    source = written(tmp_path, kind, FAX)
    of_path: Any = docsr.enhance(source, 2, "bicubic")  # a Pillow image
    of_bytes = docsr.enhance(source.read_bytes(), 2, "bicubic")
    assert of_path.size == pytest.approx((1400, 1000), rel=0.01)
    assert "dpi" not in of_path.info
    with Image.open(io.BytesIO(of_bytes)) as image:
        assert image.size == of_path.size
    if kind != "float tiff":
        with Image.open(source) as image:
            assert docsr.enhance(image, 2, "bicubic").size == of_path.size
    (page,) = read_pages(source)
    kept: Any = docsr.Enhancer("bicubic", 2, keep_pixel_shape=True)(source)
    assert kept.size == (2 * page.width, 2 * page.height)


@pytest.mark.slow_but_one_in(4)
@pytest.mark.parametrize("kind", WRITE)
@pytest.mark.parametrize("ratio", [(1, 1), (300, 300), (0, 0), (0, 1), (1, 0), (10, 1), (1, 4)])
def test_no_ratio_and_one_that_is_not_believed_leave_the_pixels_as_they_are(kind, ratio, tmp_path):
    source = written(tmp_path, kind, ratio, page_in((204, 204)))
    (page,) = read_pages(source)
    assert page.dpi is page.aspect is None
    large: Any = docsr.enhance(source, 2, "bicubic")
    assert large.size == (1400, 1000)


@pytest.mark.parametrize("suffix", [".tif", ".tiff", ".webp"])
def test_a_page_on_its_side_has_its_ratio_turned(suffix, tmp_path):
    image, path, exif = page_in((204, 204)), tmp_path / f"turned{suffix}", Image.Exif()
    sideways = tags((2, 1)) | {274: 6}
    for tag, value in sideways.items():
        exif[tag] = value
    if suffix == ".tiff":  # of floats, which Pillow cannot open
        values = np.dstack([np.asarray(image, np.float32) / 255] * 3)
        more: dict[str, Any] = {"extratags": [(274, "H", 1, 6)], "resolution": (2, 1), "resolutionunit": 1}
        tifffile.imwrite(path, values, photometric="rgb", **more)
    else:
        image.save(path, **({"tiffinfo": sideways} if suffix == ".tif" else {"exif": exif}))
    (page,) = read_pages(path)
    assert (page.width, page.height) == (500, 700)
    assert page.aspect == pytest.approx((1, 2))


def test_dpi_go_before_a_ratio(tmp_path):
    exif = Image.Exif()
    exif[282], exif[283], exif[296] = 240.0, 240.0, 2
    page_in((204, 204)).save(tmp_path / "a.jpg", exif=exif, dpi=(96, 96))
    data = bytearray((tmp_path / "a.jpg").read_bytes())
    data[13:18] = struct.pack(">BHH", 0, 2, 1)
    (tmp_path / "a.jpg").write_bytes(data)
    (page,) = read_pages(tmp_path / "a.jpg")
    assert (page.dpi, page.aspect) == ((240, 240), None)


def test_a_fax_that_says_nothing_of_its_shape_is_left_in_it(tmp_path):
    fax = Image.new("1", (1728, 1100), 1)
    fax.save(tmp_path / "fax.tif", compression="group3")
    assert docsr.enhance(tmp_path / "fax.tif", 2, "bicubic").size == (3456, 2200)


@pytest.mark.parametrize("suffix", [".tif", ".pdf", ".png", ".jpg", ".webp"])
def test_where_its_pixels_are_kept_its_ratio_is(suffix, tmp_path, capsys, monkeypatch):
    source, form = written(tmp_path, "tiff", FAX), suffix[1:].replace("tif", "tiff")
    more = "--keep-pixel-shape", "--factor", 2, "--model", "bicubic", "--format", form
    assert run(capsys, monkeypatch, "enhance", source, "--out", tmp_path / "out", *more).code == 0
    (page,) = read_document(next((tmp_path / "out").glob(f"page.{form[:3]}*")))
    assert (page.width, page.height) == tuple(2 * side for side in page_in(FAX).size)
    assert page.density is not None
    assert page.density[0] / page.density[1] == pytest.approx(204 / 98, rel=0.01)


@pytest.mark.slow_but_one_in(5)
@pytest.mark.parametrize("format", ["png", "jpg", "webp", "tiff"])
@pytest.mark.parametrize("kind", ["grey", "colour", "one bit"])
@pytest.mark.parametrize("aspect", [FAX, SIDEWAYS, (4.0, 2.5), (1 / 3, 0.5)])
def test_a_ratio_is_written_as_it_is_read(format, kind, aspect, tmp_path):
    pixels = np.zeros((24, 40), np.uint8)
    pixels[8:16, 8:32] = 255
    page = Page(np.dstack([pixels] * 3) if kind == "colour" else pixels, bilevel=kind == "one bit", aspect=aspect)
    write_pages(tmp_path / "a", [page], format)
    (read,) = read_pages(tmp_path / "a")
    assert read.dpi is None
    assert read.aspect == pytest.approx((aspect[0] / aspect[1], 1.0), rel=1e-4)
    assert read.bilevel == (kind == "one bit" and format in {"png", "tiff"})
    assert np.abs(luminance(read.pixels).astype(int) - pixels).mean() < 3
    assert encoded_size(page, format) == (tmp_path / "a").stat().st_size
    with Image.open(tmp_path / "a") as image:
        image.load()


@pytest.mark.parametrize("aspect", [(1e9, 1.0), (1.0, 1e9)])
def test_a_ratio_that_nobody_would_believe_can_be_written(aspect, tmp_path):
    for format in ("png", "jpg"):
        write_pages(tmp_path / "a", [Page(np.zeros((8, 8), np.uint8), aspect=aspect)], format)
        (read,) = read_pages(tmp_path / "a")
        assert read.density is None
