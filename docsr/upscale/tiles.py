"""Plan the tiles of a page as plain data. Sizes are pixels of the input page.

A tile writes its ``core`` and reads its ``read`` box: the core and at least ``overlap`` pixels of real context on
every side, clipped at the page. Both begin at multiples of ``GRID``, so that a network that groups squares of 2, 4 or
8 px forms the same squares as on the whole page. If the overlap covers the receptive field, tiled output equals
untiled output.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from numpy.typing import NDArray

GRID = 8
"""px; all tile edges inside a page are multiples of it."""


@dataclass(frozen=True, slots=True)
class Box:
    """A half-open rectangle: rows ``top <= y < bottom``, columns ``left <= x < right``."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of this rectangle in an H x W or H x W x C array."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def scaled(self, factor: int) -> Box:
        """Return the same rectangle on a page ``factor`` times as large."""
        return Box(self.top * factor, self.left * factor, self.bottom * factor, self.right * factor)

    def grown(self, margin: int, height: int, width: int) -> Box:
        """Return this rectangle with ``margin`` added on every side, clipped to a page of ``height`` x ``width``."""
        top, left = max(self.top - margin, 0), max(self.left - margin, 0)
        return Box(top, left, min(self.bottom + margin, height), min(self.right + margin, width))

    def within(self, outer: Box) -> Box:
        """Return this rectangle in the coordinates of ``outer``, which contains it."""
        top, left = self.top - outer.top, self.left - outer.left
        return Box(top, left, top + self.height, left + self.width)


@dataclass(frozen=True, slots=True)
class Tile:
    """One unit of inference: it writes ``core`` and reads ``read``."""

    core: Box
    read: Box

    def read_from(self, page: NDArray[Any]) -> NDArray[Any]:
        """Return the view of ``page`` (H x W or H x W x C) that the network sees."""
        return page[self.read.slices]

    def stitch(self, band: NDArray[Any], upscaled: NDArray[Any], factor: int) -> None:
        """Write the core of ``upscaled`` (the read box, ``factor`` times as large) into its columns of ``band``.

        A band covers the rows of the core, enlarged by ``factor``, over the full width of the page.
        """
        core = self.core.scaled(factor)
        band[:, core.left : core.right] = upscaled[self.core.within(self.read).scaled(factor).slices]


def plan_tiles(height: int, width: int, tile: int, overlap: int) -> list[Tile]:
    """Cut a page into tiles, row by row.

    Cores partition the page and have nearly equal sizes (they differ by less than two GRIDs), which avoids slivers.
    The boxes that tiles read overlap; the number of rows and columns is chosen to read few pixels in total.

    Args:
        height: rows of the page, at least 1.
        width: columns of the page, at least 1.
        tile: side of a square core, at least GRID. Cores of other shapes read at most as many pixels.
        overlap: the least context to read around a core, at least 0.

    Returns:
        The tiles. It is a single one if the page has no more pixels than a square core reads.

    Raises:
        ValueError: a size is out of range.
    """
    if height < 1 or width < 1 or tile < GRID or overlap < 0:
        raise ValueError(f"no tiles for a page of {width} x {height} px, tile {tile}, overlap {overlap}")
    margin = -(-overlap // GRID) * GRID
    rows, columns = _rows_and_columns(height, width, tile // GRID * GRID, margin)
    spans = [(top, bottom, left, right) for top, bottom in _cuts(height, rows) for left, right in _cuts(width, columns)]
    cores = [Box(top, left, bottom, right) for top, bottom, left, right in spans]
    return [Tile(core, core.grown(margin, height, width)) for core in cores]


def _rows_and_columns(height: int, width: int, side: int, margin: int) -> tuple[int, int]:
    """Return the rows and columns of tiles that read the fewest pixels in total.

    No tile reads more than a square core of ``side`` would. There are at most as many columns as with square cores, so
    that rows of tiles stay low: memory holds a whole row.
    """
    most = (side + 2 * margin) ** 2
    candidates = []
    for columns in range(1, -(-width // side) + 1):
        allowed = most // _longest_read(width, columns, margin)
        rows = next((count for count in (1, 2) if _longest_read(height, count, margin) <= allowed), None)
        if rows is None:
            core = (allowed - 2 * margin) // GRID * GRID
            if core < GRID:
                continue
            rows = -(-height // core)
        read = (height + 2 * margin * (rows - 1)) * (width + 2 * margin * (columns - 1))
        candidates.append((read, rows * columns, rows, columns))
    return min(candidates)[2:]


def _longest_read(length: int, count: int, margin: int) -> int:
    """Return the length of the longest of ``count`` even spans of ``length`` with its margins, clipped at the page."""
    span = -(-length // (count * GRID)) * GRID
    return min(length, span + min(count - 1, 2) * margin)


def _cuts(length: int, count: int) -> list[tuple[int, int]]:
    """Cut ``length`` into ``count`` even spans at multiples of GRID."""
    edges = [min(length, -(-index * length // (count * GRID)) * GRID) for index in range(count + 1)]
    return list(pairwise(edges))
