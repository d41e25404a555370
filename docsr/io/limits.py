"""How large a page may be: what claims to be larger is taken for damage or an attack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from docsr.errors import PageError
from docsr.page import Bands, Page

MAX_PIXELS = 1_000_000_000
"""The largest page that is decoded, or held whole to be written, unless the user allows more."""

_most: ContextVar[int] = ContextVar("most_pixels", default=MAX_PIXELS)

MOST_MISSING = 0.1
"""Of a picture: where more of it is missing, the page is damaged; what is less is told as a warning."""


def most_pixels() -> int:
    """Return the largest number of pixels that a page may have here and now."""
    return _most.get()


@contextmanager
def allowing(pixels: int) -> Iterator[None]:
    """Let pages have up to ``pixels`` pixels within the block, in this thread."""
    before = _most.set(pixels)
    try:
        yield
    finally:
        _most.reset(before)


def check_held(page: Page | Bands) -> None:
    """Refuse, before the memory is taken, a page that is to be held whole and is too large.

    Raises:
        PageError: it would have more than most_pixels().
    """
    if page.width * page.height > most_pixels():
        name = "the image" if page.source is None else str(page.source)
        size = f"{page.width} x {page.height} px, more than {most_pixels():,}"
        raise PageError(
            f"{name}: it would become {size}: enlarge it less, by a factor into a TIFF, "
            "or a PNG without --binarize, or allow more pixels"
        )


def whole(page: Page | Bands) -> Page:
    """Return a page with its pixels in memory.

    Raises:
        PageError: they are more than most_pixels().
    """
    check_held(page)
    return page if isinstance(page, Page) else page.whole()
