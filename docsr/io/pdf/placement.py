"""Compute where a PDF page shows its scan: orientation, resolution, and how much of the page it covers."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, TypeAlias

import pikepdf
from pikepdf import Dictionary, Matrix

from docsr.io.pdf.content import BROKEN
from docsr.io.pdf.geometry import Box, around, box_of, overlap
from docsr.io.raster.resolution import TRANSPOSING, believable
from docsr.io.read_errors import Unreadable
from docsr.page import Dpi

POINTS_PER_INCH = 72.0

SLACK = 1.0
"""px by which an image's edge may miss the page's edge; such a gap is a rounding, not a margin."""

Sides: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom."""

_LETTER = (612.0, 792.0)
_MAX_PARENTS = 64
_MAX_ROTATION = 2**31 - 1
_ORIENTATIONS = {
    (False, False, False): 1, (False, True, False): 2, (False, True, True): 3, (False, False, True): 4,
    (True, False, False): 5, (True, True, False): 6, (True, True, True): 7, (True, False, True): 8,
}  # fmt: skip
"""EXIF orientations by what they do: whether they swap rows and columns, then mirror each row, then each column."""


def _inherited(page: pikepdf.Page, key: str, default: Any) -> Any:
    """Return an entry of a page, or of its nearest parent node in the page tree that has one."""
    node: Any = page.obj
    for _ in range(_MAX_PARENTS):
        if key in node:
            return node[key]
        node = node.get("/Parent")
        if not isinstance(node, Dictionary):
            break
    return default


def page_box(page: pikepdf.Page) -> Box:
    """Return the box that a reader shows: the part of the crop box that lies on the media box.

    Raises:
        Unreadable: the page has no box, or it is empty.
    """
    shown = overlap(box_of(page.mediabox), box_of(page.cropbox))
    if shown is None or shown[0] >= shown[2] or shown[1] >= shown[3]:
        raise Unreadable("it has no size")
    return shown


def covered(matrix: Matrix, page: pikepdf.Page) -> float:
    """Return which share of a page's crop box an image covers, 0 to 1."""
    left, bottom, right, top = page_box(page)
    a, b, c, d, _, _ = matrix.shorthand
    x0, y0, x1, y1 = around(matrix)
    wide, high = min(right, x1) - max(left, x0), min(top, y1) - max(bottom, y0)
    if wide <= 0 or high <= 0:
        return 0.0
    return min(wide * high, abs(a * d - b * c)) / ((right - left) * (top - bottom))


def _quarter_turns(page: pikepdf.Page) -> int:
    """Return how many quarter turns clockwise a page is shown with, 0 to 3; as pdfium and Ghostscript do it."""
    stated = _inherited(page, "/Rotate", 0)
    rotation = float(stated) if isinstance(stated, int | float | Decimal) else 0.0
    if not abs(rotation) <= _MAX_ROTATION:
        return 0
    return int(rotation / 90) % 4  # a remainder of less than a quarter turn is dropped, in either direction


def orientation_of(matrix: Matrix, page: pikepdf.Page) -> int:
    """Return the EXIF orientation (1 to 8) nearest to how a page shows an image."""
    right, down = (matrix.a, matrix.b), (-matrix.c, -matrix.d)
    for _ in range(_quarter_turns(page)):  # y points up in PDF
        right, down = (right[1], -right[0]), (down[1], -down[0])
    if abs(right[0]) + abs(down[1]) >= abs(right[1]) + abs(down[0]):
        return _ORIENTATIONS[False, right[0] < 0, down[1] > 0]
    return _ORIENTATIONS[True, down[0] < 0, right[1] > 0]


def user_unit(page: pikepdf.Page) -> float:
    """Return the unit of a page in 1/72 inch: 1 unless it states another."""
    stated: Any = page.obj.get("/UserUnit", 1)
    unit = float(stated) if isinstance(stated, int | float | Decimal) else 1.0
    return unit if math.isfinite(unit) and unit > 0 else 1.0


def dpi_of(matrix: Matrix, width: int, height: int, page: pikepdf.Page) -> Dpi | None:
    """Return the resolution of an image as stored, computed from its size on the page; None if it is implausible."""
    per_inch = POINTS_PER_INCH / user_unit(page)
    wide, high = math.hypot(matrix.a, matrix.b), math.hypot(matrix.c, matrix.d)
    return believable(width * per_inch / wide, height * per_inch / high)


def sides_of(matrix: Matrix, width: int, height: int, page: pikepdf.Page) -> Sides | None:
    """Return how far the page extends beyond an image, or (negative) the image beyond the page.

    Args:
        matrix: maps the unit square to the page.
        width: of the image as stored, in px.
        height: likewise.
        page: of an open document.

    Returns:
        px of the image on the left, above, on the right and below, as the page is seen, /Rotate included. None if the
        image is not aligned with the page's axes.

    Raises:
        Unreadable: the page has no size.
    """
    a, b, c, d, _, _ = matrix.shorthand
    if abs(a) + abs(d) < abs(b) + abs(c):
        a, b, c, d, width, height = b, a, d, c, height, width
    left, bottom, right, top = page_box(page)
    x0, y0, x1, y1 = around(matrix)
    across, upward = width / (x1 - x0), height / (y1 - y0)
    if abs(b) * upward > SLACK or abs(c) * across > SLACK:
        return None
    sides = [(x0 - left) * across, (top - y1) * upward, (right - x1) * across, (y0 - bottom) * upward]
    turns = _quarter_turns(page)
    beyond = sides[4 - turns :] + sides[: 4 - turns]
    return beyond[0], beyond[1], beyond[2], beyond[3]


def cut(window: Box | None, matrix: Matrix, width: int, height: int, page: pikepdf.Page) -> bool:
    """Return whether a clip removes more than SLACK from what the page shows of an image.

    Args:
        window: the box that the clip leaves; None if it is not a box.
        matrix: maps the unit square to the page.
        width: of the image, in px.
        height: likewise.
        page: of an open document.
    """
    shown = overlap(around(matrix), page_box(page))
    if window is None or shown is None:
        return True
    x0, y0, x1, y1 = around(matrix)
    near = SLACK * (x1 - x0) / width, SLACK * (y1 - y0) / height
    inner = window[0] - near[0], window[1] - near[1], window[2] + near[0], window[3] + near[1]
    return not (inner[0] <= shown[0] and inner[1] <= shown[1] and inner[2] >= shown[2] and inner[3] >= shown[3])


def visible_size(page: pikepdf.Page) -> tuple[float, float]:
    """Return the width and height of a page as it is seen, in its units; US Letter if it states none, as readers do."""
    try:
        left, bottom, right, top = page_box(page)
    except BROKEN:
        return _LETTER
    sides = right - left, top - bottom
    return sides if _quarter_turns(page) % 2 == 0 else sides[::-1]


def visible_dpi(matrix: Matrix, width: int, height: int, page: pikepdf.Page) -> Dpi:
    """Return the exact resolution of an image as the page is seen, plausible or not."""
    per_inch = POINTS_PER_INCH / user_unit(page)
    dpi = width * per_inch / math.hypot(matrix.a, matrix.b), height * per_inch / math.hypot(matrix.c, matrix.d)
    return dpi[::-1] if orientation_of(matrix, page) in TRANSPOSING else dpi
