"""Where a PDF page shows its scan: orientation, resolution, and how much of the page it covers."""

from __future__ import annotations

import math
from typing import Any

import pikepdf
from pikepdf import Dictionary

from docsr.io.pdf_content import Matrix
from docsr.io.pdf_streams import numbers
from docsr.io.resolution import believable
from docsr.page import Dpi

POINTS_PER_INCH = 72.0

_MAX_PARENTS = 64
_ORIENTATIONS = {
    (False, False, False): 1, (False, True, False): 2, (False, True, True): 3, (False, False, True): 4,
    (True, False, False): 5, (True, True, False): 6, (True, True, True): 7, (True, False, True): 8,
}  # fmt: skip
"""EXIF orientations by what they do: exchange rows and columns, then mirror each row, then each column."""


def _inherited(page: pikepdf.Page, key: str, default: Any) -> Any:
    """Return an entry of a page, or of the nearest node above it in the page tree that has one."""
    node: Any = page.obj
    for _ in range(_MAX_PARENTS):
        if key in node:
            return node[key]
        node = node.get("/Parent")
        if not isinstance(node, Dictionary):
            break
    return default


def _box(values: Any) -> tuple[float, float, float, float]:
    left, bottom, right, top = numbers(values, 4)
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)


def covered(matrix: Matrix, page: pikepdf.Page) -> float:
    """Return which part of a page's crop box an image covers, 0 to 1."""
    media, crop = _box(page.mediabox), _box(page.cropbox)
    left, bottom = max(media[0], crop[0]), max(media[1], crop[1])
    right, top = min(media[2], crop[2]), min(media[3], crop[3])
    a, b, c, d, e, f = matrix
    xs, ys = (e, e + a, e + c, e + a + c), (f, f + b, f + d, f + b + d)
    wide = min(right, max(xs)) - max(left, min(xs))
    high = min(top, max(ys)) - max(bottom, min(ys))
    area = (right - left) * (top - bottom)
    if right <= left or area <= 0 or wide <= 0 or high <= 0:
        return 0.0
    return min(wide * high, abs(a * d - b * c)) / area


def orientation_of(matrix: Matrix, page: pikepdf.Page) -> int:
    """Return the EXIF orientation (1 to 8) that comes nearest to how a page shows an image."""
    right, down = (matrix[0], matrix[1]), (-matrix[2], -matrix[3])
    rotation = _inherited(page, "/Rotate", 0)
    for _ in range(rotation // 90 % 4 if isinstance(rotation, int) else 0):  # /Rotate turns clockwise; y points up here
        right, down = (right[1], -right[0]), (down[1], -down[0])
    if abs(right[0]) + abs(down[1]) >= abs(right[1]) + abs(down[0]):
        return _ORIENTATIONS[False, right[0] < 0, down[1] > 0]
    return _ORIENTATIONS[True, down[0] < 0, right[1] > 0]


def dpi_of(matrix: Matrix, width: int, height: int, page: pikepdf.Page) -> Dpi | None:
    """Return the resolution of an image as stored, from how large the page shows it, or None if not believable."""
    per_inch = POINTS_PER_INCH / float(page.obj.get("/UserUnit", 1) or 1)
    wide, high = math.hypot(*matrix[:2]), math.hypot(*matrix[2:4])
    return believable(width * per_inch / wide, height * per_inch / high)
