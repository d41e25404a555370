"""Decide which pages that came with one bit per pixel are also written with one bit."""

from __future__ import annotations

from docsr.batch.options import EnhanceOptions
from docsr.choices import MEASURED_ENGINES
from docsr.page import Page
from docsr.square import pixel_shape

TALL_ENOUGH = 8.0
"""Smallest x-height, in px of the page as it came, at which Tesseract reads it as well in black and white as in grey.

From there on 0.89 % of the characters are wrong in black and white and 1.13 % in grey (n = 24, books at 100-200 dpi).
Below it, 6.07 % are wrong in black and white and 4.97 % in grey (n = 21, 75-150 dpi). Faxes of 204 x 98 dpi
read better in grey at any size. See benchmarks/measure/one_bit.py."""

ONE_BIT_BY_DEFAULT = frozenset({"tiff", "pdf"})
"""Formats written with one bit by default: in them, one bit takes a twentieth of the bytes of grey."""

ONE_BIT_FORMATS = ONE_BIT_BY_DEFAULT | {"png", "bmp"}
"""Formats that can hold one bit per pixel."""


def in_one_bit(page: Page, x_height: float | None, form: str, options: EnhanceOptions) -> bool:
    """Return whether an enlarged page is written in black and white.

    Args:
        page: the page as it came.
        x_height: x-height of its text in px, or None if it has no text.
        form: the format of the output.
        options: the user's options; if ``binarize`` is None, the text size decides.
    """
    if not page.bilevel or form not in ONE_BIT_FORMATS or options.binarize is False:
        return False
    if options.binarize:
        return True
    measured = options.engine == MEASURED_ENGINES[0] and pixel_shape(page.density) == 1.0
    return measured and form in ONE_BIT_BY_DEFAULT and x_height is not None and x_height >= TALL_ENOUGH
