"""upscale_page: tiled equals untiled, dpi follows the pixels, odd pages work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docsr.page import Page
from docsr.upscale.page import TileCount, upscale_page
from docsr.upscale.tiles import plan_tiles
from docsr.upscalers.base import Upscaler
from docsr.upscalers.catalog import resolve
from docsr.upscalers.interpolation import CLASSICAL
from docsr.upscalers.onnx import OnnxUpscaler
from tests.upscalers.onnx_files import conv_network, resize_network

RANDOM = np.random.default_rng(3)


def pixels(height: int, width: int, colour: bool = False) -> np.ndarray:
    return RANDOM.integers(0, 256, (height, width, 3) if colour else (height, width), dtype=np.uint8)


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Upscaler]:
    folder = tmp_path_factory.mktemp("networks")
    told = {"docsr.overlap": "3"}
    return {
        factor: OnnxUpscaler(conv_network(folder / f"{factor}.onnx", factor, metadata=told), threads=1)
        for factor in (2, 4, 8)
    }


@settings(deadline=None, max_examples=40)
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    tile=st.integers(8, 48),
    factor=st.sampled_from([2, 4, 8]),
    name=st.sampled_from(["network", "nearest", "bicubic", "lanczos"]),
    colour=st.booleans(),
)
def test_tiled_equals_untiled(
    networks: dict[int, Upscaler], height: int, width: int, tile: int, factor: int, name: str, colour: bool
) -> None:
    page = Page(pixels(height, width, colour))
    upscaler = networks[factor] if name == "network" else resolve(name, factor)
    tiled = upscale_page(page, upscaler, tile=tile).pixels.astype(int)
    whole = upscale_page(page, upscaler, tile=1000).pixels.astype(int)
    assert tiled.shape == (height * factor, width * factor, *page.pixels.shape[2:])
    assert np.abs(tiled - whole).max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (20_000, 100)])
@pytest.mark.parametrize("colour", [False, True])
def test_odd_sizes(networks: dict[int, Upscaler], size: tuple[int, int], colour: bool) -> None:
    page = upscale_page(Page(pixels(*size, colour)), networks[2])
    assert page.pixels.shape[:2] == (size[0] * 2, size[1] * 2)


def test_dpi_profile_and_place_survive(networks: dict[int, Upscaler]) -> None:
    page = Page(pixels(20, 30), dpi=(204.0, 98.0), icc=b"profile", source=Path("fax.tif"), number=4, bilevel=True)
    result = upscale_page(page, networks[4])
    assert result.dpi == (816.0, 392.0)
    assert (result.icc, result.source, result.number, result.bilevel) == (b"profile", page.source, 4, False)


def test_factor_one_leaves_the_page(networks: dict[int, Upscaler]) -> None:
    page = Page(pixels(20, 30), dpi=(72.0, 72.0), bilevel=True)
    assert upscale_page(page, resolve("none", 1)) is page


@pytest.mark.parametrize("wanted", [100, 150, 204, 300])
def test_exact_dpi(networks: dict[int, Upscaler], wanted: int) -> None:
    page = upscale_page(Page(pixels(98, 204, True), dpi=(204.0, 98.0)), networks[2], out_dpi=wanted)
    assert page.dpi == (float(wanted), float(wanted))
    assert page.pixels.shape == (wanted, wanted, 3)


def test_exact_dpi_of_a_page_without_dpi_is_refused() -> None:
    with pytest.raises(ValueError, match="without dpi"):
        upscale_page(Page(pixels(4, 4)), resolve("none", 1), out_dpi=300)


def test_grey_stays_grey_in_colour() -> None:
    grey = pixels(30, 40)
    upscaler = resolve("bicubic", 2)
    colour = upscale_page(Page(np.stack([grey] * 3, axis=2)), upscaler).pixels.astype(int)
    plain = upscale_page(Page(grey), upscaler).pixels.astype(int)
    assert np.abs(colour - plain[..., None]).max() <= 1


def test_blank_tiles_are_skipped_only_where_white_is_kept(tmp_path: Path, networks: dict[int, Upscaler]) -> None:
    page = Page(np.full((300, 300), 255, dtype=np.uint8))
    keeps = OnnxUpscaler(resize_network(tmp_path / "a.onnx"), threads=1)
    tiles = len(plan_tiles(page.height, page.width, 32, keeps.overlap))
    count = TileCount()
    assert (upscale_page(page, keeps, tile=32, count=count).pixels == 255).all()
    assert (count.done, count.skipped) == (0, tiles)
    tiles = len(plan_tiles(page.height, page.width, 32, networks[2].overlap))
    count = TileCount()
    upscale_page(page, networks[2], tile=32, count=count)
    assert (count.done, count.skipped) == (tiles, 0)
    assert tiles > 1


@pytest.mark.parametrize("name", CLASSICAL)
def test_every_classical_upscaler_keeps_a_flat_page_flat(name: str) -> None:
    page = upscale_page(Page(np.full((9, 7), 130, dtype=np.uint8)), resolve(name, 4))
    assert (page.pixels == 130).all()
