"""Describe what a PDF page shows: its images, whatever else it draws, and the one picture of a scan in its strips."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from pikepdf import Matrix

from docsr.io.pdf.geometry import Box
from docsr.io.pdf.pdfium_image import from_inks
from docsr.io.pdf.streams import integer
from docsr.io.read_errors import Unreadable

Paint = tuple[int, ...]
"""A colour in pixel values, 0 to 255: grey; or red, green and blue."""

_ALIKE = ("/Width", "/ColorSpace", "/BitsPerComponent", "/ImageMask")
"""Entries that all strips of one picture have in common."""


@dataclass(frozen=True, slots=True)
class Placement:
    """An image that a page shows.

    Attributes:
        image: the PDF stream.
        matrix: maps the unit square to the page, in points times the page's user unit.
        path: names in XObject resources, from the page's through those of forms to the image.
        clip: distinguishes images that are drawn under different clips.
        window: the box of the page to which the clips confine it; None if they leave no box.
        inks: the colour that a stencil is painted in: 1 (grey), 3 (RGB) or 4 numbers (CMYK) from 0 to 1; None if it is
            unknown.
    """

    image: Any
    matrix: Matrix
    path: tuple[str, ...]
    clip: int
    window: Box | None
    inks: tuple[float, ...] | None = (0.0,)

    @property
    def fill(self) -> Paint | None:
        """The colour that a stencil is painted in; None if it is unknown, or the image has colours of its own."""
        return None if self.inks is None or not is_stencil(self.image) else paint(self.inks)


def is_stencil(image: Any) -> bool:
    """Return whether an image has no colours, but says where the current colour is painted."""
    return image.get("/ImageMask", False) is True


def paint(inks: tuple[float, ...]) -> Paint:
    """Return the colour for 1 (grey), 3 (RGB) or 4 numbers (CMYK) from 0 to 1."""
    levels = tuple(round(255 * min(1.0, max(0.0, ink))) for ink in inks)
    levels = _of_inks(levels) if len(levels) == 4 else levels
    return levels[:1] if len(set(levels)) == 1 else levels


@lru_cache(1024)
def _of_inks(levels: Paint) -> Paint:
    return tuple(from_inks(np.array(levels, np.uint8).reshape(1, 1, 4)).ravel().tolist())


@dataclass(slots=True)
class Content:
    """What a page shows.

    Attributes:
        images: its image objects, in drawing order.
        drawn: the first other thing it shows that is not white, as a clause ("it has vector drawing").
        glyphs: whether it shows visible text.
        marks: number of other visible things: lines, areas, shadings.
        over: whether anything, even in white, is painted after an image, or the image's tones are changed.
        pictures: matrix, width and height (px) of every image, inline images included.
    """

    images: list[Placement] = field(default_factory=list)
    drawn: str | None = None
    glyphs: bool = False
    marks: int = 0
    over: bool = False
    pictures: list[tuple[Matrix, int, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Scan:
    """The one picture of a scanned page.

    Attributes:
        strips: its parts, from the image's top to its bottom; usually one.
        matrix: maps the unit square to the page, for all parts together.
    """

    strips: tuple[Placement, ...]
    matrix: Matrix


def joined_strips(parts: list[Placement]) -> Scan:
    """Join strips of one width that are stacked without gaps.

    Raises:
        Unreadable: there is no image, or there are several that are not such strips.
    """
    if not parts:
        raise Unreadable("it has no image")
    if len(parts) == 1:
        return Scan((parts[0],), parts[0].matrix)
    down = parts[0].matrix
    strips = sorted(parts, key=lambda part: -(part.matrix.e * down.c + part.matrix.f * down.d))
    if len({part.path for part in strips}) != len(strips) or not all(map(_continues, strips, strips[1:])):
        raise Unreadable("it has more than one image")
    first, last = strips[0].matrix, strips[-1].matrix
    c, d = first.c + first.e - last.e, first.d + first.f - last.f
    return Scan(tuple(strips), Matrix(first.a, first.b, c, d, last.e, last.f))


def _continues(upper: Placement, lower: Placement) -> bool:
    """Return whether a strip lies directly below another, give or take half a row of pixels."""
    rows = integer(upper.image, "/Height", 0), integer(lower.image, "/Height", 0)
    if min(rows) < 1 or upper.clip != lower.clip:
        return False
    alike = all(upper.image.get(key) == lower.image.get(key) for key in _ALIKE)
    (a, b, c, d, e, f), (p, q, r, s, t, u) = upper.matrix.shorthand, lower.matrix.shorthand
    row = max(abs(c), abs(d)) / rows[0]
    same_rows = (
        abs(a - p) < row
        and abs(b - q) < row
        and all(abs(first / rows[0] - second / rows[1]) < row / 20 for first, second in ((c, r), (d, s)))
    )
    return alike and same_rows and abs(e - r - t) < 0.6 * row and abs(f - s - u) < 0.6 * row
