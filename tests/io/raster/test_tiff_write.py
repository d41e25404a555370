"""TIFF files written in strips, read back by other decoders."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from docsr.io.raster import tiff_write
from docsr.io.raster.tiff_write import TiffWriter
from docsr.page import Bands, Page, Pixels

SIZES = st.integers(1, 70)
BIG = {False: b"II*\0", True: b"II+\0"}


def written(path: Path, pages: Sequence[Page | Bands]) -> None:
    with path.open("w+b") as file:
        writer = TiffWriter(file)
        for page in pages:
            writer.write(page)
        writer.close()
        assert writer.pages == len(pages)


def noise(height: int, width: int, colour: bool, seed: int = 0) -> Pixels:
    shape = (height, width, 3) if colour else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def in_parts(page: Page, cuts: list[int]) -> Bands:
    edges = sorted({0, *(cut % page.height for cut in cuts), page.height})
    return Bands(
        page.width,
        page.height,
        page.is_grey,
        (page.pixels[top:end] for top, end in pairwise(edges)),
        page.dpi,
        page.icc,
    )


@pytest.fixture(params=[False, True], ids=["classic", "big"])
def big(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether what is written is BigTIFF, as if it were large."""
    if request.param:
        monkeypatch.setattr(tiff_write, "CLASSIC_BYTES", 0)
    return bool(request.param)


@settings(max_examples=40, deadline=None)
@given(height=SIZES, width=SIZES, colour=st.booleans(), cuts=st.lists(st.integers(0, 200), max_size=5), rows=SIZES)
def test_bands_of_any_height_come_back(
    tmp_path_factory: pytest.TempPathFactory, height: int, width: int, colour: bool, cuts: list[int], rows: int
) -> None:
    path = tmp_path_factory.mktemp("tiff") / "a.tif"
    page = Page(noise(height, width, colour), (204.0, 98.5))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiff_write, "STRIP_BYTES", rows * width * (3 if colour else 1))
        written(path, [in_parts(page, cuts)])
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image), page.pixels)
        assert image.info["dpi"] == (204.0, 98.5)
    assert np.array_equal(tifffile.imread(path), page.pixels)


def test_pages_of_all_kinds_stand_in_one_file(tmp_path: Path, big: bool) -> None:
    path, icc = tmp_path / "a.tif", bytes(range(256)) * 3
    black_white = np.where(noise(64, 45, False) > 127, 255, 0).astype(np.uint8)
    pages = [
        Page(noise(33, 21, True), (300.0, 299.97), icc),
        Page(black_white, None, bilevel=True),
        Page(noise(1, 1, False), (72.0, 72.0)),
    ]
    written(path, pages)
    assert path.read_bytes()[:4] == BIG[big]
    with Image.open(path) as image:
        assert isinstance(image, TiffImagePlugin.TiffImageFile)
        assert image.n_frames == len(pages)
        for number, page in enumerate(pages):
            image.seek(number)
            assert (image.mode == "1") == page.bilevel
            assert np.array_equal(np.asarray(image.convert("L") if page.bilevel else image), page.pixels)
            assert [image.tag_v2.get(tag) for tag in (282, 283)] == pytest.approx(
                list(page.dpi or (None, None)), abs=1e-3
            )
            assert image.tag_v2.get(34675) == page.icc
    read, others = cv2.imreadmulti(str(path), flags=cv2.IMREAD_UNCHANGED)
    assert read
    assert np.array_equal(others[0][..., ::-1], pages[0].pixels)
    assert np.array_equal(others[1], black_white)


def test_a_file_that_grows_past_four_gib_becomes_a_bigtiff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [Page(noise(40, 40, False, seed)) for seed in range(3)]
    written(tmp_path / "one.tif", pages[:1])
    monkeypatch.setattr(tiff_write, "CLASSIC_BYTES", (tmp_path / "one.tif").stat().st_size * 2)
    for count, expected in ((1, False), (3, True)):
        written(tmp_path / "a.tif", pages[:count])
        assert (tmp_path / "a.tif").read_bytes()[:4] == BIG[expected]
        with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
            assert [page.asarray().tolist() for page in tiff.pages] == [page.pixels.tolist() for page in pages[:count]]
