"""Which pages that came with one bit per pixel are written with one bit."""

from __future__ import annotations

from docsr.batch.options import EnhanceOptions
from docsr.decide.decision import MEASURED_ENGINES
from docsr.page import Page
from docsr.square import pixel_shape

TALL_ENOUGH = 8.0
"""x-height in px of the page as it came from which Tesseract reads it as well in black and white as in grey: 0.89 % and
1.13 % of the characters wrong (n = 24, books at 100-200 dpi). Below, grey reads better: 4.97 %, and 6.07 % in black and
white (n = 21, 75-150 dpi). See benchmarks/measure/one_bit.py. Faxes of 204 x 98 dpi read better in grey at any size."""

UNASKED = frozenset({"tiff", "pdf"})
"""Formats that get one bit unless told otherwise: it takes a twentieth of what grey takes in them."""

HOLD = UNASKED | {"png", "bmp"}
"""Formats that hold one bit per pixel."""


def in_one_bit(page: Page, x_height: float | None, form: str, options: EnhanceOptions) -> bool:
    """Tell whether an enlarged page is written in black and white.

    Args:
        page: as it came.
        x_height: of its text in px, or None where there is none.
        form: the format of the output.
        options: what is asked for; with ``binarize`` None text decides.
    """
    if not page.bilevel or form not in HOLD or options.binarize is False:
        return False
    if options.binarize:
        return True
    measured = options.engine == MEASURED_ENGINES[0] and pixel_shape(page.density) == 1.0
    return measured and form in UNASKED and x_height is not None and x_height >= TALL_ENOUGH
