"""Compute with the boxes and rectangular clips of a PDF page's content."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from pikepdf import Matrix

from docsr.io.pdf.streams import numbers

Box: TypeAlias = tuple[float, float, float, float]
"""Left, bottom, right, top."""

EVERYWHERE: Box = (-math.inf, -math.inf, math.inf, math.inf)

_MOST_CORNERS = 5
_NEAR = 1e-3


def box_of(values: Any) -> Box:
    """Return an array of four numbers as a box, with its sides in order.

    Raises:
        Unreadable: it is not such an array.
    """
    left, bottom, right, top = numbers(values, 4)
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)


def around(matrix: Matrix) -> Box:
    """Return the bounding box of the transformed unit square."""
    a, b, c, d, e, f = matrix.shorthand
    xs, ys = (e, e + a, e + c, e + a + c), (f, f + b, f + d, f + b + d)
    return min(xs), min(ys), max(xs), max(ys)


def overlap(first: Box | None, second: Box | None) -> Box | None:
    """Return the intersection of two boxes, None if either is None. If it is empty, its sides are out of order."""
    if first is None or second is None:
        return None
    return max(first[0], second[0]), max(first[1], second[1]), min(first[2], second[2]), min(first[3], second[3])


class Outline:
    """The path under construction, followed as long as it can be a single rectangle along the page's axes."""

    def __init__(self) -> None:
        self._corners: list[tuple[float, float]] = []
        self._simple = True

    def add(self, name: str, operands: list[Any], matrix: Matrix) -> None:
        """Add the next operator (m, l, c, v, y, h, re) with its operands, under the current matrix.

        Raises:
            Unreadable: the operands do not fit the operator.
        """
        if name == "h":
            self._simple &= len(self._corners) >= _MOST_CORNERS - 1
            return
        if name not in {"m", "l", "re"} or (name != "l" and self._corners) or len(self._corners) > _MOST_CORNERS:
            self._simple = False
            return
        x, y, wide, high = numbers(operands, 4) if name == "re" else (*numbers(operands, 2), 0.0, 0.0)
        points = [(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)] if name == "re" else [(x, y)]
        self._corners += map(matrix.transform, points)

    def rectangle(self) -> Box | None:
        """Return the path as a box; None if it is not a rectangle, or not known to be one."""
        corners = self._corners
        if len(corners) == _MOST_CORNERS and _same(corners[0], corners[-1]):
            corners = corners[:-1]
        if not self._simple or len(corners) != _MOST_CORNERS - 1:
            return None
        steps = [(abs(p[0] - q[0]), abs(p[1] - q[1])) for p, q in zip(corners, corners[1:] + corners[:1], strict=True)]
        across = [wide > _NEAR >= high for wide, high in steps]
        upward = [high > _NEAR >= wide for wide, high in steps]
        if across not in ([True, False] * 2, [False, True] * 2) or upward != [not flag for flag in across]:
            return None
        xs, ys = zip(*corners, strict=True)
        return min(xs), min(ys), max(xs), max(ys)


def _same(first: tuple[float, float], second: tuple[float, float]) -> bool:
    return abs(first[0] - second[0]) <= _NEAR and abs(first[1] - second[1]) <= _NEAR
