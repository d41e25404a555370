"""Every kind of file is made on the spot, read, and compared with what went in."""

from __future__ import annotations

import struct
import weakref
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image, TiffImagePlugin, features

from docsr.errors import PageError
from docsr.io.raster.read import page_count, read_pages, suffix_of_image
from docsr.io.raster.write import write_pages
from docsr.page import Pixels
from tests.io.raster.pictures import BITS, GREY, RGB, SRGB, only, saved


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("pixels", [GREY, RGB], ids=["grey", "rgb"])
def test_tiff_compressions(tmp_path: Path, compression: str, pixels: Pixels):
    page = only(saved(tmp_path / "a.tif", Image.fromarray(pixels), compression=compression))
    assert np.array_equal(page.pixels, pixels)
    assert not page.bilevel


@pytest.mark.parametrize("options", [{"compression": "group4"}, {"compression": "group3"}, {}])
@pytest.mark.parametrize("photometric", [0, 1])
def test_one_bit_tiff(tmp_path: Path, options: dict[str, str], photometric: int):
    image = Image.fromarray(BITS).convert("1", dither=Image.Dither.NONE)
    page = only(saved(tmp_path / "a.tif", image, tiffinfo={262: photometric}, **options))
    assert page.bilevel
    assert page.pixels.dtype == np.uint8
    assert np.array_equal(page.pixels, BITS)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp", ".bmp", ".ppm", ".jp2"])
def test_grey_and_colour_of_every_format(tmp_path: Path, suffix: str):
    for pixels in (GREY, RGB):
        lossy = {"quality": 98} if suffix in {".jpg", ".webp"} else {}
        page = only(saved(tmp_path / f"a{suffix}", Image.fromarray(pixels), **lossy))
        assert page.is_grey == (pixels.ndim == 2 and suffix != ".webp")
        shown = page.pixels if page.pixels.ndim == pixels.ndim else page.pixels[..., 0]
        tolerance = 20 if lossy else 0
        assert np.abs(shown.astype(int) - pixels).mean() <= tolerance


def test_avif_is_read_where_pillow_knows_it(tmp_path: Path):
    if not features.check("avif"):
        with pytest.raises(ValueError, match="AVIF"):
            Image.fromarray(RGB).save(tmp_path / "a.avif")
        return
    Image.fromarray(RGB).save(tmp_path / "a.avif", quality=100)
    (page,) = read_pages(tmp_path / "a.avif")
    assert page.pixels.shape == RGB.shape
    assert np.abs(page.pixels.astype(int) - RGB).mean() < 6


def test_heif_without_its_package_is_told_from_what_is_no_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pillow_heif.from_pillow(Image.fromarray(GREY)).save(tmp_path / "a.heic")
    (tmp_path / "b.heic").write_bytes(b"nothing of the kind")
    monkeypatch.setattr("docsr.io.raster.read.register_heif", lambda: None)
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)
    for name, said in {
        "a.heic": r"it is a HEIC image, which needs .*'docsr\[heif\]'",
        "b.heic": "not an image",
    }.items():
        with pytest.raises(PageError, match=said):
            list(read_pages(tmp_path / name))


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_sixteen_bit_grey_tiff_is_divided_by_257(tmp_path: Path, photometric: Any, byteorder: Any):
    values = np.minimum(GREY, 254).astype(np.uint16) * 257 + np.uint16(100)
    stored = 65535 - values if photometric == "miniswhite" else values
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric=photometric, byteorder=byteorder)
    assert np.array_equal(only(tmp_path / "a.tif").pixels, np.minimum(GREY, 254))


def test_a_tiff_that_pillow_cannot_open_is_told_to_be_one(tmp_path: Path):
    """So that what comes through a pipe becomes a TIFF again."""
    tifffile.imwrite(tmp_path / "a", GREY, bigtiff=True, byteorder=">", photometric="minisblack")
    assert suffix_of_image(tmp_path / "a") == ".tiff"


def test_sixteen_bit_grey_png(tmp_path: Path):
    image = Image.fromarray(np.minimum(GREY, 254).astype(np.uint16) * 257 + np.uint16(120))
    assert np.array_equal(only(saved(tmp_path / "a.png", image)).pixels, np.minimum(GREY, 254))


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_sixteen_bit_colour_tiff(tmp_path: Path, planar: Any):
    values = RGB.astype(np.uint16) * 257
    stored = np.moveaxis(values, -1, 0) if planar == "separate" else values
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", planarconfig=planar, resolution=(200, 100))
    page = only(tmp_path / "a.tif")
    assert np.array_equal(page.pixels, RGB)
    assert page.dpi in {None, (200.0, 100.0)}


@pytest.mark.parametrize("pixels", [GREY, RGB], ids=["grey", "rgb"])
def test_float_tiff(tmp_path: Path, pixels: Pixels):
    kind: Any = "rgb" if pixels.ndim == 3 else "minisblack"
    tifffile.imwrite(tmp_path / "a.tif", (pixels / 255).astype(np.float32), photometric=kind)
    assert np.array_equal(only(tmp_path / "a.tif").pixels, pixels)


def test_numbers_without_a_known_range_are_refused(tmp_path: Path):
    for values in (GREY.astype(np.int32) * 1000, GREY.astype(np.float32)):
        tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack")
        with pytest.raises(PageError, match=r"a\.tif could not be read: its"):
            list(read_pages(tmp_path / "a.tif"))


def test_palettes(tmp_path: Path):
    grey = Image.fromarray(GREY).convert("P")
    assert np.array_equal(only(saved(tmp_path / "g.png", grey)).pixels, GREY)
    flat = np.zeros((30, 40, 3), np.uint8)
    flat[:, 20:] = (200, 30, 60)
    page = only(saved(tmp_path / "c.gif", Image.fromarray(flat).quantize(4)))
    assert np.array_equal(page.pixels, flat)


def test_alpha_is_composited_on_white(tmp_path: Path):
    alpha = np.full(GREY.shape, 255, np.uint8)
    alpha[:10], alpha[10:20] = 0, 128
    for pixels in (GREY, RGB):
        layers = np.dstack([pixels, alpha])
        page = only(saved(tmp_path / "a.png", Image.fromarray(layers)))
        share = (alpha / 255).reshape(*alpha.shape, *[1] * (pixels.ndim - 2))
        assert np.abs(page.pixels - (pixels * share + 255 * (1 - share))).max() <= 1
        assert page.pixels.shape == pixels.shape


def test_cmyk_becomes_rgb_and_loses_its_profile(tmp_path: Path):
    profile = SRGB[:16] + b"CMYK" + SRGB[20:]
    image = Image.new("CMYK", (40, 30), (0, 255, 255, 0))
    page = only(saved(tmp_path / "a.tif", image, icc_profile=profile))
    assert page.pixels[0, 0].tolist() == [255, 0, 0]
    assert page.icc is None


def test_profiles_are_kept_where_they_fit(tmp_path: Path):
    for suffix in (".png", ".jpg", ".tif", ".webp"):
        assert only(saved(tmp_path / f"a{suffix}", Image.fromarray(RGB), icc_profile=SRGB)).icc == SRGB
    assert only(saved(tmp_path / "g.png", Image.fromarray(GREY), icc_profile=SRGB)).icc is None


ORIENTED: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda p: p, 2: np.fliplr, 3: lambda p: np.rot90(p, 2), 4: np.flipud, 5: lambda p: p.T,
    6: lambda p: np.rot90(p, -1), 7: lambda p: np.rot90(p, 2).T, 8: np.rot90,
}  # fmt: skip


@pytest.mark.parametrize("orientation", ORIENTED)
@pytest.mark.parametrize("suffix", [".png", ".tif", ".lzw.tif", ".jpg"])
def test_orientation_is_applied_and_dpi_turned(tmp_path: Path, suffix: str, orientation: int):
    exif = Image.Exif()
    exif[274] = orientation
    options: dict[str, Any] = {"exif": exif}
    if suffix.endswith(".tif"):
        compression = "tiff_lzw" if "lzw" in suffix else "raw"
        options = {"tiffinfo": {274: orientation}, "compression": compression}
    page = only(saved(tmp_path / f"a{suffix}", Image.fromarray(GREY), dpi=(200, 100), **options))
    expected = ORIENTED[orientation](GREY)
    assert page.pixels.shape == expected.shape
    assert np.abs(page.pixels.astype(int) - expected).mean() < 4
    assert page.dpi == ((100.0, 200.0) if orientation >= 5 else (200.0, 100.0))
    if suffix != ".jpg":
        write_pages(tmp_path / "again.png", [page], "png")
        assert np.array_equal(only(tmp_path / "again.png").pixels, page.pixels)


def test_float_tiff_is_turned_too(tmp_path: Path):
    tags: Any = [(274, "H", 1, 6, True)]
    stored = (RGB / 255).astype(np.float32)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", extratags=tags, resolution=(200, 100),
                     resolutionunit=2)  # fmt: skip
    page = only(tmp_path / "a.tif")
    assert np.array_equal(page.pixels, np.rot90(RGB, -1))
    assert page.dpi == (100, 200)


@pytest.mark.parametrize(
    ("tags", "dpi"),
    [
        ({282: 300.0, 283: 150.0, 296: 2}, (300, 150)),
        ({282: 100.0, 283: 100.0, 296: 3}, (254, 254)),
        ({282: 300.0, 283: 300.0, 296: 1}, None),
        ({282: 0.0, 283: 0.0, 296: 2}, None),
        ({282: 1.0, 283: 1.0, 296: 2}, None),
        ({282: 1e6, 283: 1e6, 296: 2}, None),
        ({}, None),
    ],
)
def test_tiff_resolution(tmp_path: Path, tags: dict[int, float], dpi: tuple[float, float] | None):
    assert only(saved(tmp_path / "a.tif", Image.fromarray(GREY), tiffinfo=tags)).dpi == dpi


def test_png_resolution(tmp_path: Path):
    assert only(saved(tmp_path / "a.png", Image.fromarray(GREY), dpi=(300, 72))).dpi == (300, 72)
    data = saved(tmp_path / "b.png", Image.fromarray(GREY)).read_bytes()
    chunk = b"pHYs" + struct.pack(">IIB", 3, 2, 0)  # an aspect ratio, not a resolution
    chunk = struct.pack(">I", 9) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (tmp_path / "b.png").write_bytes(data[:33] + chunk + data[33:])
    assert only(tmp_path / "b.png").dpi is None


@pytest.mark.parametrize(
    ("unit", "density", "dpi"),
    [(1, 150, (150, 150)), (2, 100, (254, 254)), (0, 300, None), (1, 0, None), (1, 1, None)],
)
def test_jpeg_resolution(tmp_path: Path, unit: int, density: int, dpi: tuple[float, float] | None):
    path = saved(tmp_path / "a.jpg", Image.fromarray(GREY), dpi=(96, 96))
    data = bytearray(path.read_bytes())
    data[13:18] = struct.pack(">BHH", unit, density, density)
    path.write_bytes(data)
    assert only(path).dpi == dpi


def test_jpeg_resolution_from_exif(tmp_path: Path):
    exif = Image.Exif()
    exif[282], exif[283], exif[296] = 240.0, 240.0, 2
    assert only(saved(tmp_path / "a.jpg", Image.fromarray(GREY), exif=exif)).dpi == (240, 240)


def test_pages_of_a_tiff_come_one_at_a_time(tmp_path: Path):
    path = tmp_path / "a.tif"
    pages = [Image.fromarray(GREY + np.uint8(number)) for number in range(3)]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    assert page_count(path) == 3
    for number, page in enumerate(read_pages(path)):
        assert page.number == number
        assert np.array_equal(page.pixels, GREY + np.uint8(number))


def test_a_tiff_is_opened_once_for_all_its_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path, opened, path_open = tmp_path / "a.tif", [], Path.open
    pages = [Image.fromarray(GREY + np.uint8(number)) for number in range(6)]
    pages[0].save(path, save_all=True, append_images=pages[1:])

    def counted(file: Path, *how: Any, **more: Any) -> Any:
        opened.append(file)
        return path_open(file, *how, **more)

    monkeypatch.setattr(Path, "open", counted)
    assert [page.number for page in read_pages(path)] == list(range(6))
    assert opened == [path]


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_pages_share_nothing_and_are_held_by_nobody(tmp_path: Path, compression: str):
    """Size, kind, direction, resolution and profile are each page's own; what the caller drops is gone."""
    path = tmp_path / "a.tif"
    first = Image.fromarray(RGB)
    with TiffImagePlugin.AppendingTiffWriter(str(path), new=True) as writer:
        first.save(writer, "TIFF", icc_profile=SRGB, dpi=(200, 100), tiffinfo={274: 6}, compression=compression)
        writer.newFrame()
        Image.fromarray(RGB[:20]).save(writer, "TIFF", compression=compression)
        writer.newFrame()
        Image.fromarray(GREY).save(writer, "TIFF", dpi=(300, 150), tiffinfo={274: 8}, compression=compression)
        writer.newFrame()
    pages = read_pages(path)
    one = next(pages)
    assert np.array_equal(one.pixels, np.rot90(RGB, -1))
    assert (one.dpi, one.icc) == ((100, 200), SRGB)
    held = weakref.ref(one.pixels)
    del one
    assert held() is None
    two, three = pages
    assert np.array_equal(two.pixels, RGB[:20])
    assert (two.dpi, two.icc) == (None, None)
    assert np.array_equal(three.pixels, np.rot90(GREY))
    assert three.dpi == (150, 300)


def test_a_preview_is_no_page_in_a_file_that_only_tifffile_reads(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif", bigtiff=True, byteorder=">") as writer:
        for size, kind in ((40, 0), (10, 1), (30, 2)):
            writer.write(np.zeros((size, size), np.uint8), photometric="minisblack", subfiletype=kind, metadata=None)
    assert page_count(tmp_path / "a.tif") == 2
    assert [page.height for page in read_pages(tmp_path / "a.tif")] == [40, 30]
