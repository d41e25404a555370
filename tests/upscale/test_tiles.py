"""Geometry of tiles: nothing is lost, nothing is written twice, context is whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsr.upscale.tiles import GRID, Box, plan_tiles

SIZES = st.integers(1, 300)


@given(height=SIZES, width=SIZES, tile=st.integers(8, 128), overlap=st.integers(0, 40))
def test_cores_partition_the_page(height: int, width: int, tile: int, overlap: int) -> None:
    written = np.zeros((height, width), dtype=int)
    for one in plan_tiles(height, width, tile, overlap):
        written[one.core.slices] += 1
    assert (written == 1).all()


@given(height=SIZES, width=SIZES, tile=st.integers(8, 128), overlap=st.integers(0, 40))
def test_read_boxes_hold_the_overlap_except_at_page_edges(height: int, width: int, tile: int, overlap: int) -> None:
    for one in plan_tiles(height, width, tile, overlap):
        assert one.read.top <= max(0, one.core.top - overlap)
        assert one.read.left <= max(0, one.core.left - overlap)
        assert one.read.bottom >= min(height, one.core.bottom + overlap)
        assert one.read.right >= min(width, one.core.right + overlap)
        assert max(one.core.top - one.read.top, one.core.left - one.read.left) < overlap + GRID
        assert max(one.read.bottom - one.core.bottom, one.read.right - one.core.right) < overlap + GRID


@given(height=SIZES, width=SIZES, tile=st.integers(8, 128), overlap=st.integers(0, 40))
def test_edges_inside_a_page_lie_on_the_grid(height: int, width: int, tile: int, overlap: int) -> None:
    for one in plan_tiles(height, width, tile, overlap):
        for box in (one.core, one.read):
            assert box.top % GRID == box.left % GRID == 0
            assert box.bottom == height or box.bottom % GRID == 0
            assert box.right == width or box.right % GRID == 0


@given(height=SIZES, width=SIZES, tile=st.integers(8, 128))
def test_no_slivers(height: int, width: int, tile: int) -> None:
    cores = [one.core for one in plan_tiles(height, width, tile, 4)]
    for sides in ([core.height for core in cores], [core.width for core in cores]):
        assert max(sides) - min(sides) < 2 * GRID
        assert min(sides) > 0


@given(height=SIZES, width=SIZES, tile=st.integers(8, 128), overlap=st.integers(0, 40))
def test_a_tile_reads_no_more_than_a_square_one_and_all_no_more_than_squares(
    height: int, width: int, tile: int, overlap: int
) -> None:
    side, margin = tile // GRID * GRID, -(-overlap // GRID) * GRID
    read = [one.read.height * one.read.width for one in plan_tiles(height, width, tile, overlap)]
    assert max(read) <= (side + 2 * margin) ** 2
    rows, columns = -(-height // side), -(-width // side)
    assert sum(read) <= (height + 2 * margin * (rows - 1)) * (width + 2 * margin * (columns - 1))


def test_a_page_of_75_dpi_is_cut_across_and_one_of_55_dpi_not_at_all() -> None:
    assert [one.core for one in plan_tiles(877, 620, 512, 48)] == [Box(0, 0, 440, 620), Box(440, 0, 877, 620)]
    assert len(plan_tiles(643, 455, 512, 48)) == 1


def test_a_large_page_is_planned_at_once() -> None:
    tiles = plan_tiles(20_000, 15_000, 512, 48)
    assert len(tiles) < 1300
    assert max(one.core.height for one in tiles) < 1024


@given(
    height=SIZES,
    width=SIZES,
    tile=st.integers(8, 128),
    overlap=st.integers(0, 9),
    factor=st.sampled_from([1, 2, 4]),
)
def test_stitching_what_was_read_gives_the_page_back(
    height: int, width: int, tile: int, overlap: int, factor: int
) -> None:
    page = np.arange(height * width).reshape(height, width)
    large = np.kron(page, np.ones((factor, factor), dtype=page.dtype))
    target = np.full_like(large, -1)
    for one in plan_tiles(height, width, tile, overlap):
        band = target[one.core.top * factor : one.core.bottom * factor]
        one.stitch(band, np.kron(one.read_from(page), np.ones((factor, factor), dtype=page.dtype)), factor)
    assert np.array_equal(target, large)


def test_small_page_is_one_tile() -> None:
    assert len(plan_tiles(256, 256, 256, 16)) == 1
    assert len(plan_tiles(1, 1, 256, 16)) == 1


@pytest.mark.parametrize("bad", [(0, 5, 8, 0), (5, 0, 8, 0), (5, 5, 7, 0), (5, 5, 8, -1)])
def test_impossible_sizes_are_refused(bad: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="no tiles"):
        plan_tiles(*bad)
