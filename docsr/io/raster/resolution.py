"""Convert the resolutions that files state to dots per inch; None if a file states no plausible one.

Some files state no unit, only the ratio of x to y sampling: JFIF with unit 0, PNG's pHYs without a unit, and TIFF with
ResolutionUnit 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import SupportsFloat

from PIL import Image, TiffImagePlugin

from docsr.page import Dpi

LOWEST, HIGHEST = 10.0, 10_000.0
"""Dots per inch; values outside are placeholders (0, 1) or damage, never a scanner's."""

SNAP = 0.02
"""Formats that count per metre cannot state 300 dpi exactly; values this close to a whole number are rounded to it."""

LONGEST = 3.0
"""Larger ratios come from no scanner or camera, so they are ignored where no dpi confirm them."""

_MOST_PARTS, _TWO_BYTES = 10_000, 0xFFFF

CM_PER_INCH = 2.54
NO_UNIT, INCH, CENTIMETRE = 1, 2, 3
RESOLUTION_UNIT, X_RESOLUTION, Y_RESOLUTION = 296, 282, 283
TRANSPOSING = frozenset({5, 6, 7, 8})
"""EXIF orientations that swap rows and columns."""


def believable(x: object, y: object) -> Dpi | None:
    """Return (x, y) in dots per inch, or None if either is not a number from LOWEST to HIGHEST."""
    values = []
    for value in (x, y):
        if not isinstance(value, SupportsFloat):
            return None
        try:
            number = float(value)
        except (ValueError, ZeroDivisionError, OverflowError):
            return None
        if not math.isfinite(number) or not LOWEST <= number <= HIGHEST:
            return None
        values.append(float(round(number)) if abs(number - round(number)) <= SNAP else number)
    return values[0], values[1]


def from_tags(tags: Mapping[int, object]) -> Dpi | None:
    """Return the resolution in TIFF or EXIF tags, or None; a missing unit means inch, as in both standards."""
    x = tags.get(X_RESOLUTION)
    y = tags.get(Y_RESOLUTION, x)
    unit = tags.get(RESOLUTION_UNIT, INCH)
    if unit == INCH:
        return believable(x, y)
    if unit == CENTIMETRE and isinstance(x, SupportsFloat) and isinstance(y, SupportsFloat):
        return believable(float(x) * CM_PER_INCH, float(y) * CM_PER_INCH)
    return None


def from_image(image: Image.Image) -> Dpi | None:
    """Return the resolution (x, y) in dpi that an image file states for its pixels as stored, or None."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return from_tags(image.tag_v2)
    if "jfif" in image.info:  # Pillow's own "dpi" falls back to a guessed 72 for JPEG
        scale = {1: 1.0, 2: CM_PER_INCH}.get(image.info.get("jfif_unit", 0))
        density = image.info.get("jfif_density", (0, 0))
        dpi = believable(density[0] * scale, density[1] * scale) if scale else None
        return dpi or from_tags(image.getexif())
    if image.format in {"JPEG", "MPO", "WEBP", "AVIF", "HEIF"}:
        return from_tags(image.getexif())
    stated = image.info.get("dpi")
    return believable(*stated) if isinstance(stated, tuple) and len(stated) == 2 else None


def aspect_in_tags(tags: Mapping[int, object]) -> Dpi | None:
    """Return (x, y) dots per unknown length from TIFF or EXIF tags that state no unit, or None."""
    return _ratio(tags.get(X_RESOLUTION), tags.get(Y_RESOLUTION)) if tags.get(RESOLUTION_UNIT) == NO_UNIT else None


def aspect_of(image: Image.Image) -> Dpi | None:
    """Return (x, y) dots per unknown length of the pixels as stored, if a file states a ratio but no dpi; or None."""
    if from_image(image) is not None:
        return None
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return aspect_in_tags(image.tag_v2)
    no_unit = "jfif" in image.info and image.info.get("jfif_unit", 0) == 0
    stated = image.info.get("jfif_density" if no_unit else "aspect")  # "aspect" is Pillow's key for PNG
    ratio = _ratio(*stated) if isinstance(stated, tuple) and len(stated) == 2 else None
    return ratio or aspect_in_tags(image.getexif())


def _ratio(x: object, y: object) -> Dpi | None:
    """Return the ratio of two numbers to 1, or None if it is implausible or is 1 itself."""
    if not isinstance(x, SupportsFloat) or not isinstance(y, SupportsFloat):
        return None
    try:
        ratio = float(x) / float(y)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return (ratio, 1.0) if ratio != 1 and 1 / LONGEST <= ratio <= LONGEST else None


def in_whole_numbers(aspect: Dpi) -> tuple[int, int]:
    """Return a ratio as two whole numbers of at most two bytes each."""
    ratio = Fraction(aspect[0] / aspect[1]).limit_denominator(_MOST_PARTS)
    return min(max(ratio.numerator, 1), _TWO_BYTES), min(ratio.denominator, _TWO_BYTES)


def turned(dpi: Dpi | None, orientation: int) -> Dpi | None:
    """Return the resolution of stored pixels for the same pixels turned upright."""
    return (dpi[1], dpi[0]) if dpi is not None and orientation in TRANSPOSING else dpi
