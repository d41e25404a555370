"""PDF pages in: their text, and their pixels at any dpi (pypdfium2)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from docsr.errors import MissingExtraError, PageError
from docsr.page import Page, Pixels

POINTS_PER_INCH = 72


@contextmanager
def open_pdf(path: Path) -> Iterator[Any]:
    """Open a PDF as a pypdfium2 document.

    Raises:
        MissingExtraError: pypdfium2 is not installed.
        PageError: the file is not a readable PDF, or a page of it is not.
    """
    try:
        import pypdfium2
    except ImportError as error:
        raise MissingExtraError("reading PDF files", "train") from error
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


def render_page(path: Path, number: int, dpi: float) -> Page:
    """One page (counted from 0) in grey at ``dpi``."""
    with open_pdf(path) as document:
        return render_leaf(document[number], path, number, dpi / POINTS_PER_INCH)


def render_leaf(leaf: Any, path: Path, number: int, scale: float) -> Page:
    """A page of an open document in grey; scale 1.0 is 72 dpi. PageError when it cannot be rendered."""
    from pypdfium2 import PdfiumError

    try:
        image = leaf.render(scale=scale, grayscale=True).to_numpy()
    except PdfiumError as error:
        raise PageError(f"cannot be rendered ({error})") from error
    pixels: Pixels = np.array(image if image.ndim == 2 else image[..., 0], np.uint8)
    return Page(pixels, (POINTS_PER_INCH * scale,) * 2, source=path, number=number)
