"""Documents: pages in and out of whatever file holds them, images and PDF alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from docsr.errors import PageError
from docsr.io.files import atomic_write
from docsr.io.image_write import encoded_size as size_of_image
from docsr.io.image_write import write_pages
from docsr.io.images import page_count, read_pages, suffix_of_image
from docsr.page import Bands, Page

PDF = "pdf"

MANY_PAGES = frozenset({"tiff", PDF})
"""Formats that hold any number of pages."""

RENDERED_DPI = 300.0
"""Of a PDF page that is no scan, where it must become pixels: what OCR engines ask for."""

_MARK, _MARK_WITHIN = b"%PDF-", 1024


class Leaf(Protocol):
    """A page before it is decoded.

    Attributes:
        number: 0-based.
        reason: why it cannot be enlarged, as a clause ("it has text of its own"); None: it can.
    """

    @property
    def number(self) -> int: ...  # noqa: D102 - described above

    @property
    def reason(self) -> str | None: ...  # noqa: D102

    def read(self) -> Page:
        """Decode it. PageError when it is damaged, or has a reason."""
        ...


@dataclass(frozen=True, slots=True)
class _Picture:
    """A page of an image file."""

    page: Page
    reason: None = None

    @property
    def number(self) -> int:
        return self.page.number

    def read(self) -> Page:
        return self.page


def is_pdf(path: Path) -> bool:
    """Tell whether a file begins as a PDF does; False also where it cannot be read."""
    try:
        if not path.is_file():  # opening a pipe waits until somebody writes
            return False
        with path.open("rb") as file:
            return _MARK in file.read(_MARK_WITHIN)
    except OSError:
        return False


def suffix_of(path: Path) -> str:
    """The usual suffix of what a file holds, with its dot; empty where that is no document."""
    return f".{PDF}" if is_pdf(path) else suffix_of_image(path)


def count_pages(path: Path) -> int:
    """Return how many pages a file has, without decoding them.

    Raises:
        PageError: the file cannot be opened.
    """
    if not is_pdf(path):
        return page_count(path)
    from docsr.io.pdf import open_pdf

    with open_pdf(path) as document:
        return len(document)


def read_leaves(path: Path, counted: Callable[[int], None] = lambda pages: None) -> Iterator[Leaf]:
    """The pages of a file; those of images are decoded as they come, those of a PDF when they are asked to be.

    Args:
        path: the file.
        counted: called with the number of its pages, before the first is decoded.

    Raises:
        PageError: the file cannot be read.
    """
    if is_pdf(path):
        from docsr.io.pdf_scans import open_scans

        with open_scans(path) as scans:
            counted(len(scans.leaves))
            yield from scans.leaves
    else:
        yield from map(_Picture, read_pages(path, counted))  # which holds no page back


def read_document(path: Path) -> Iterator[Page]:
    """Every page of a file as pixels: scans as they are stored, other pages of a PDF rendered at RENDERED_DPI.

    Raises:
        PageError: the file or a page cannot be read.
    """
    if not is_pdf(path):
        yield from read_pages(path)
        return
    for leaf in read_leaves(path):
        yield leaf.read() if leaf.reason is None else _rendered(path, leaf.number)


def _rendered(path: Path, number: int) -> Page:
    from docsr.io.pdf import render_page

    try:
        return render_page(path, number, RENDERED_DPI, colour=True)
    except PageError as error:
        raise PageError(f"{path}, page {number + 1}: {error}") from error


def encoded_size(page: Page, form: str, quality: int) -> int:
    """Return how many bytes a page takes in a file, in a PDF what its image takes; arguments as of write_document."""
    if form != PDF:
        return size_of_image(page, form, quality)
    from docsr.io.pdf_encode import coded

    return len(coded(page.pixels, quality).data)


def write_document(
    path: Path,
    pages: Iterable[Page | Bands],
    form: str,
    quality: int,
    finished: Callable[[Path], None] = lambda temporary: None,
) -> None:
    """Write pages to one new file, complete or not at all; arguments and errors as of write_pages, and ``pdf``."""
    if form != PDF:
        write_pages(path, pages, form, quality, finished)
        return
    from docsr.io.pdf_scans import write_scans

    with atomic_write(path, finished) as temporary:
        write_scans(pages, temporary, quality)
