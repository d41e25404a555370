"""Decode a PNG whose data end early: Pillow silently leaves the missing rows black."""

from __future__ import annotations

import numpy as np
from PIL import Image, PngImagePlugin

from docsr.io.decoder_messages import report_damage
from docsr.io.limits import MOST_MISSING
from docsr.io.raster.png_check import rows_missing

TOO_SHORT = "damaged PNG data: they end before the picture does, and the missing rows are white"


def load(image: PngImagePlugin.PngImageFile) -> int:
    """Decode the image; report and return how many rows at its end are missing.

    Raises:
        OSError: the picture is damaged, more than a tenth of its rows are missing, or it is interlaced and lacks some.
    """
    file = image.fp
    image.load()
    if file is None or file.closed or not _ends_in_nothing(image):
        return 0
    missing = rows_missing(file)
    if missing > MOST_MISSING * image.height:
        raise OSError(f"{missing} of its {image.height} rows are missing")
    if missing:
        report_damage(TOO_SHORT)
    return missing


def _ends_in_nothing(image: Image.Image) -> bool:
    """Return whether the last row is all zero, as it is before decoding and stays where rows are missing."""
    return not np.asarray(image.crop((0, image.height - 1, image.width, image.height))).any()
