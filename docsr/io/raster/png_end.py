"""PNG whose data end before their picture does: Pillow leaves the rows black that are missing, and says nothing."""

from __future__ import annotations

import numpy as np
from PIL import Image, PngImagePlugin

from docsr.io.decoder_messages import report_damage
from docsr.io.limits import MOST_MISSING
from docsr.io.raster.png_check import rows_missing

TOO_SHORT = "damaged PNG data: they end before the picture does, the rest of which is white"


def load(image: PngImagePlugin.PngImageFile) -> int:
    """Decode, and return how many rows at the end there are no data for: they are few, and told.

    Raises:
        OSError: the picture is damaged, more than a tenth of its rows are missing, or an interlaced one lacks some.
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
    """Tell whether the last row is as it was before anything was decoded, as it is where rows are missing."""
    return not np.asarray(image.crop((0, image.height - 1, image.width, image.height))).any()
