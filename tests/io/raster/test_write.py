"""What is written is read again, and is complete or absent."""

from __future__ import annotations

import errno
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from zlib_ng import zlib_ng

from docsr.errors import PageError
from docsr.io.raster.read import page_count, read_pages
from docsr.io.raster.write import write_pages
from docsr.page import Page
from tests.io.raster.pictures import BITS, GREY, RGB, SRGB, only


@pytest.mark.parametrize("format", ["png", "jpg", "tiff", "webp", "bmp"])
@pytest.mark.parametrize("dpi", [None, (300.0, 150.0), (299.5, 299.5)])
def test_what_is_written_is_read_again(tmp_path: Path, format: str, dpi: tuple[float, float] | None):
    for pixels in (GREY, RGB):
        path = tmp_path / f"a.{format}"
        icc = SRGB if pixels.ndim == 3 and format != "bmp" else None
        write_pages(path, [Page(pixels, dpi, icc)], format, quality=95)
        page = only(path)
        lossy = format in {"jpg", "webp"}
        shown = page.pixels if page.pixels.ndim == pixels.ndim else page.pixels[..., 0]
        assert np.abs(shown.astype(int) - pixels).mean() <= (8 if lossy else 0)
        assert page.icc == icc
        if dpi is None:
            assert page.dpi is None or format == "bmp"
        else:
            assert page.dpi == pytest.approx(dpi, abs=0.51)


def test_one_bit_pages_stay_one_bit(tmp_path: Path):
    page = Page(BITS, (200.0, 100.0), bilevel=True)
    for format in ("png", "tiff"):
        write_pages(tmp_path / f"a.{format}", [page], format)
        again = only(tmp_path / f"a.{format}")
        assert again.bilevel
        assert np.array_equal(again.pixels, BITS)
        assert again.dpi == (200, 100)


def test_a_tiff_takes_its_pages_one_at_a_time(tmp_path: Path):
    path, made = tmp_path / "a.tif", 0

    def produced() -> Iterator[Page]:
        nonlocal made
        for number in range(4):
            made += 1
            page = Page(RGB + np.uint8(0) if number % 2 else GREY + np.uint8(number), (100.0, 100.0))
            held = weakref.ref(page.pixels)
            yield page
            del page
            assert held() is None  # nor is it kept while the next one is made

    write_pages(path, produced(), "tiff")
    pages = list(read_pages(path))
    assert made == page_count(path) == 4
    assert [page.is_grey for page in pages] == [True, False, True, False]
    assert np.array_equal(pages[2].pixels, GREY + np.uint8(2))


@pytest.mark.parametrize(
    ("pages", "format", "said"),
    [
        ([Page(GREY)] * 2, "png", "holds one page"),
        ([], "tiff", "no pages"),
        ([], "jpg", "no pages"),
        ([Page(GREY)], "xcf", "is not one of png, jpg"),
        ([Page(np.zeros((1, 70_000), np.uint8))], "jpg", "could not be written"),
        ([Page(np.zeros((1, 20_000), np.uint8))], "webp", "could not be written"),
    ],
)
def test_what_cannot_be_written_leaves_nothing(tmp_path: Path, pages: list[Page], format: str, said: str):
    with pytest.raises(PageError, match=said):
        write_pages(tmp_path / "a", pages, format)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", ["png", "jpg", "tiff"])
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str):
    path = tmp_path / f"a.{format}"
    write_pages(path, [Page(GREY)], format)
    before = path.read_bytes()

    def full(*_args: object, **_options: object):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    monkeypatch.setattr(zlib_ng, "compressobj", full)  # of PNG and TIFF
    with pytest.raises(PageError, match="could not be written: no space left on device"):
        write_pages(path, [replace(Page(RGB), number=1)], format)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(("format", "most"), [("jpg", 65_500), ("webp", 16_383)])
def test_a_page_longer_than_the_format_holds_is_refused_before_it_is_coded(tmp_path: Path, format: str, most: int):
    path = tmp_path / f"a.{format}"
    with pytest.raises(
        PageError, match=rf"a\.{format} could not be written: .* {most + 1} x 1 pixels \({most:,} a side at"
    ):
        write_pages(path, [Page(np.zeros((1, most + 1), np.uint8))], format)
    write_pages(path, [Page(np.zeros((most, 1), np.uint8))], format)
    assert page_count(path) == 1


def test_a_page_that_fails_on_the_way_leaves_nothing(tmp_path: Path):
    def failing() -> Iterator[Page]:
        yield Page(GREY)
        raise PageError("the second page is damaged")

    with pytest.raises(PageError, match="the second page is damaged"):
        write_pages(tmp_path / "a.tif", failing(), "tiff")
    assert list(tmp_path.iterdir()) == []
