"""PDF pages in: their text, and their pixels at any dpi (pypdfium2)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from docsr.errors import PageError
from docsr.page import Page, Pixels

POINTS_PER_INCH = 72


@contextmanager
def open_pdf(path: Path) -> Iterator[Any]:
    """Open a PDF as a pypdfium2 document.

    Raises:
        PageError: the file is not a readable PDF, or a page of it is not.
    """
    import pypdfium2

    document = None
    try:
        document = pypdfium2.PdfDocument(path)
        yield document
    except pypdfium2.PdfiumError as error:
        raise PageError(f"{path}: not a readable PDF ({error})") from error
    finally:
        if document is not None:
            document.close()


def pdf_texts(path: Path) -> list[str]:
    """The text of every page of a PDF, in the order of its content."""
    with open_pdf(path) as document:
        return [document[number].get_textpage().get_text_range() for number in range(len(document))]


def render_page(path: Path, number: int, dpi: float, *, colour: bool = False) -> Page:
    """One page (counted from 0) at ``dpi``, in grey, or in RGB where it is asked for and the page has colours.

    Raises:
        PageError: the page cannot be rendered.
    """
    with open_pdf(path) as document:
        return render_leaf(document[number], path, number, dpi / POINTS_PER_INCH, colour=colour)


def render_leaf(leaf: Any, path: Path, number: int, scale: float, *, colour: bool = False) -> Page:
    """A page of an open document, likewise; scale 1.0 is 72 dpi. PageError when it cannot be rendered."""
    from pypdfium2 import PdfiumError

    try:
        image = leaf.render(scale=scale, grayscale=not colour, rev_byteorder=True).to_numpy()
    except PdfiumError as error:
        raise PageError(f"cannot be rendered ({error})") from error
    pixels: Pixels = np.array(image if image.ndim == 2 or colour else image[..., 0], np.uint8)
    if pixels.ndim == 3:
        pixels = np.ascontiguousarray(pixels[..., :3])
        if (pixels == pixels[..., :1]).all():
            pixels = np.ascontiguousarray(pixels[..., 0])
    return Page(pixels, (POINTS_PER_INCH * scale,) * 2, source=path, number=number)
