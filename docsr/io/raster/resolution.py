"""Resolution as files state it: units brought to dots per inch, None where nothing believable is said.

Some say no unit, but how finely x is sampled against y: JFIF of unit 0, PNG's pHYs likewise, TIFF of ResolutionUnit 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import SupportsFloat

from PIL import Image, TiffImagePlugin

from docsr.page import Dpi

LOWEST, HIGHEST = 10.0, 10_000.0
"""Dots per inch outside these are placeholders (0, 1) or damage, never a scanner's."""

SNAP = 0.02
"""Formats that count per metre cannot say 300 dpi exactly; this near a whole number, that was meant."""

LONGEST = 3.0
"""Ratios beyond this are no scanner's or camera's: they are not believed where no dpi bear them out."""

_MOST_PARTS, _TWO_BYTES = 10_000, 0xFFFF

CM_PER_INCH = 2.54
NO_UNIT, INCH, CENTIMETRE = 1, 2, 3
RESOLUTION_UNIT, X_RESOLUTION, Y_RESOLUTION = 296, 282, 283
TRANSPOSING = frozenset({5, 6, 7, 8})
"""EXIF orientations that exchange rows and columns."""


def believable(x: object, y: object) -> Dpi | None:
    """Return (x, y) in dots per inch, or None when either is not a number within LOWEST to HIGHEST."""
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
    """Return the resolution in TIFF or EXIF tags (no unit means inch, as both standards say), or None."""
    x = tags.get(X_RESOLUTION)
    y = tags.get(Y_RESOLUTION, x)
    unit = tags.get(RESOLUTION_UNIT, INCH)
    if unit == INCH:
        return believable(x, y)
    if unit == CENTIMETRE and isinstance(x, SupportsFloat) and isinstance(y, SupportsFloat):
        return believable(float(x) * CM_PER_INCH, float(y) * CM_PER_INCH)
    return None


def from_image(image: Image.Image) -> Dpi | None:
    """Return the resolution (x, y) that an image file states for its pixels as stored, in dpi, or None."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return from_tags(image.tag_v2)
    if "jfif" in image.info:  # Pillow's own "dpi" falls back to a guessed 72 for JPEG
        scale = {1: 1.0, 2: CM_PER_INCH}.get(image.info.get("jfif_unit", 0))
        density = image.info.get("jfif_density", (0, 0))
        found = believable(density[0] * scale, density[1] * scale) if scale else None
        return found or from_tags(image.getexif())
    if image.format in {"JPEG", "MPO", "WEBP", "AVIF", "HEIF"}:
        return from_tags(image.getexif())
    stated = image.info.get("dpi")
    return believable(*stated) if isinstance(stated, tuple) and len(stated) == 2 else None


def aspect_in_tags(tags: Mapping[int, object]) -> Dpi | None:
    """Return (x, y) dots per some length in TIFF or EXIF tags that name no unit, or None."""
    return _ratio(tags.get(X_RESOLUTION), tags.get(Y_RESOLUTION)) if tags.get(RESOLUTION_UNIT) == NO_UNIT else None


def aspect_of(image: Image.Image) -> Dpi | None:
    """Return (x, y) dots per some length of the pixels as stored, where an image file says their ratio and no dpi."""
    if from_image(image) is not None:
        return None
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return aspect_in_tags(image.tag_v2)
    no_unit = "jfif" in image.info and image.info.get("jfif_unit", 0) == 0
    stated = image.info.get("jfif_density" if no_unit else "aspect")  # Pillow's word for that of PNG
    found = _ratio(*stated) if isinstance(stated, tuple) and len(stated) == 2 else None
    return found or aspect_in_tags(image.getexif())


def _ratio(x: object, y: object) -> Dpi | None:
    """Return the ratio of two numbers to 1, where it is believable and not 1 itself."""
    if not isinstance(x, SupportsFloat) or not isinstance(y, SupportsFloat):
        return None
    try:
        ratio = float(x) / float(y)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return (ratio, 1.0) if ratio != 1 and 1 / LONGEST <= ratio <= LONGEST else None


def in_whole_numbers(aspect: Dpi) -> tuple[int, int]:
    """Return a ratio in numbers that formats hold in two bytes."""
    ratio = Fraction(aspect[0] / aspect[1]).limit_denominator(_MOST_PARTS)
    return min(max(ratio.numerator, 1), _TWO_BYTES), min(ratio.denominator, _TWO_BYTES)


def turned(dpi: Dpi | None, orientation: int) -> Dpi | None:
    """Return the resolution of pixels as stored for the same pixels upright."""
    return (dpi[1], dpi[0]) if dpi is not None and orientation in TRANSPOSING else dpi
