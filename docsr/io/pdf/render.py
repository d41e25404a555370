"""Read the text of PDF pages, and render them at any dpi with annotations and forms (pypdfium2)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
from pikepdf import Matrix

from docsr.errors import PageError
from docsr.io.limits import check_memory, most_pixels
from docsr.io.pdf.pdfium_image import one_at_a_time
from docsr.io.pdf.placement import POINTS_PER_INCH, user_unit
from docsr.io.raster.transparency import BAND_ROWS
from docsr.io.read_errors import Unreadable
from docsr.page import Dpi, Page, Pixels

_PER_PIXEL = 8
"""Bytes per pixel: the page, and layers that are drawn before they are laid on it."""

_INSET = 2e-3
"""px by which a page is drawn too small, because pdfium spreads an image over each pixel that it merely touches."""


@contextmanager
def open_pdf(path: Path) -> Iterator[Any]:
    """Open a PDF as a pypdfium2 document, ready to draw form fields.

    Raises:
        PageError: the file is not a readable PDF, or one of its pages is not.
    """
    import pypdfium2
    import pypdfium2.raw

    document = None
    try:
        document = pypdfium2.PdfDocument(path)
        # Fields that no form lists occur in documents that were split; pdfium draws them only in a form's environment.
        document.get_formtype = lambda: pypdfium2.raw.FORMTYPE_ACRO_FORM
        document.init_forms()
        yield document
    except pypdfium2.PdfiumError as error:
        raise PageError(f"{path}: not a readable PDF ({error})") from error
    finally:
        if document is not None:
            document.close()


def pdf_texts(path: Path) -> list[str]:
    """Return the text of every page of a PDF, in the order of its content."""
    with open_pdf(path) as document:
        return [document[number].get_textpage().get_text_range() for number in range(len(document))]


def unit_of(path: Path, number: int) -> float:
    """Return the unit of a page (0-based number) in 1/72 inch, which pdfium does not report."""
    with suppress(pikepdf.PdfError, LookupError), pikepdf.open(path) as pdf:
        return user_unit(pdf.pages[number])
    return 1.0


def render_page(path: Path, number: int, dpi: float, *, colour: bool = False) -> Page:
    """Render one page (0-based number) at ``dpi``: in grey, or in RGB if ``colour`` is set and the page has colours.

    Raises:
        PageError: the page cannot be rendered, or would have more pixels than most_pixels().
    """
    unit = unit_of(path, number)
    with open_pdf(path) as document:
        page = render_leaf(document[number], path, number, dpi * unit / POINTS_PER_INCH, colour=colour)
    return replace(page, dpi=(dpi, dpi))


def render_leaf(leaf: Any, path: Path, number: int, scale: float, *, colour: bool = False) -> Page:
    """Render a page of an open document in the same way; ``scale`` is px per unit of the page (1/72 inch)."""
    wide, high = leaf.get_size()
    width, height = _allowed(wide * scale, high * scale, math.ceil)
    pixels = _drawn(leaf, (width, height), None, colour=colour)
    return Page(pixels, (POINTS_PER_INCH * scale,) * 2, source=path, number=number)


def render_visible(path: Path, number: int, dpi: Dpi, unit: float, nudge: tuple[float, float] = (0.0, 0.0)) -> Page:
    """Render one page so that pixels of an image on it become pixels of the result; in RGB unless all of it is grey.

    Args:
        path: the file.
        number: 0-based page number.
        dpi: (x, y), of the image.
        unit: the unit of the page in 1/72 inch (its /UserUnit).
        nudge: px by which the page is moved to the right and down, so that the image starts at a whole pixel.

    Raises:
        PageError: the page cannot be rendered, or would have more pixels than most_pixels().
    """
    with one_at_a_time(), open_pdf(path) as document:
        if number >= len(document):
            raise PageError("cannot be rendered (the PDF library does not find it)")
        leaf = document[number]
        width, height = size_at(leaf.get_size(), dpi, unit)
        across, down = dpi[0] * unit / POINTS_PER_INCH, dpi[1] * unit / POINTS_PER_INCH
        scale = across * (1 - _INSET / width), down * (1 - _INSET / height)
        matrix = Matrix(scale[0], 0, 0, scale[1], nudge[0] + _INSET / 2, nudge[1] + _INSET / 2)
        return Page(_drawn(leaf, (width, height), matrix, colour=True), dpi, source=path, number=number)


def size_at(size: tuple[float, float], dpi: Dpi, unit: float = 1.0) -> tuple[int, int]:
    """Return the size of a page in px.

    Args:
        size: its width and height in units.
        dpi: (x, y) of the pixels.
        unit: in 1/72 inch.

    Raises:
        PageError: it is more than most_pixels(), or the page has no size.
    """
    wide, high = (side * unit * per_inch / POINTS_PER_INCH for side, per_inch in zip(size, dpi, strict=True))
    return _allowed(wide, high, round)


def _allowed(wide: float, high: float, whole: Callable[[float], int]) -> tuple[int, int]:
    if not (math.isfinite(wide * high) and wide > 0 and high > 0):
        raise PageError("cannot be rendered (it has no size)")
    width, height = max(1, whole(wide)), max(1, whole(high))
    if width * height > most_pixels():
        raise PageError(f"would be rendered with {width} x {height} px, more than {most_pixels():,} (--max-pixels)")
    try:
        check_memory(_PER_PIXEL * width * height)
    except Unreadable as error:
        raise PageError(f"would be rendered with {width} x {height} px, and {error}") from error
    return width, height


def _drawn(leaf: Any, size: tuple[int, int], matrix: Matrix | None, *, colour: bool) -> Pixels:
    width, height = size
    try:
        pixels: Pixels = np.full((height, width, 3) if colour else (height, width), 255, np.uint8)
    except MemoryError as error:
        raise PageError(f"cannot be rendered ({width} x {height} px need more memory than there is)") from error
    _draw(leaf, pixels, matrix)
    return np.ascontiguousarray(pixels[..., 0]) if colour and _is_grey(pixels) else pixels


def _is_grey(pixels: Pixels) -> bool:
    bands = (pixels[top : top + BAND_ROWS] for top in range(0, len(pixels), BAND_ROWS))
    return all((band == band[..., :1]).all() for band in bands)


def _draw(leaf: Any, pixels: Pixels, matrix: Matrix | None) -> None:
    """Draw a page onto an array; ``matrix`` maps its units to px, and with None the page fills the array."""
    import pypdfium2.raw as pdfium

    height, width = pixels.shape[:2]
    kind = pdfium.FPDFBitmap_Gray if pixels.ndim == 2 else pdfium.FPDFBitmap_BGR
    bitmap = pdfium.FPDFBitmap_CreateEx(width, height, kind, pixels.ctypes.data, pixels.strides[0])
    if not bitmap:
        raise PageError(f"cannot be rendered (the PDF library cannot make a page of {width} x {height} px)")
    try:
        flags = pdfium.FPDF_ANNOT
        flags |= pdfium.FPDF_GRAYSCALE if pixels.ndim == 2 else pdfium.FPDF_REVERSE_BYTE_ORDER
        if matrix is None:
            pdfium.FPDF_RenderPageBitmap(bitmap, leaf, 0, 0, width, height, 0, flags)
        else:
            whole = pdfium.FS_RECTF(0, 0, width, height)
            pdfium.FPDF_RenderPageBitmapWithMatrix(bitmap, leaf, pdfium.FS_MATRIX(*matrix.shorthand), whole, flags)
        if leaf.formenv is not None:
            pdfium.FPDF_FFLDraw(leaf.formenv, bitmap, leaf, 0, 0, width, height, 0, flags)
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)
