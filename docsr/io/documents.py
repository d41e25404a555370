"""Documents: pages in and out of whatever file holds them, images and PDF alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from docsr.errors import PageError
from docsr.io.files import atomic_write
from docsr.io.image_write import write_pages
from docsr.io.images import page_count, page_readers, read_pages, suffix_of_image
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
        reason: why it cannot be enlarged, as a clause ("it has text of its own"); None: it can, as far as is known
            before it is read.
    """

    @property
    def number(self) -> int: ...  # noqa: D102 - described above

    @property
    def reason(self) -> str | None: ...  # noqa: D102

    def read(self) -> Page:
        """Decode it, before the next page is asked for. PageError when it is damaged, or has a reason (then)."""
        ...


@dataclass(frozen=True, slots=True)
class _Picture:
    """A page of an image file."""

    number: int
    read: Callable[[], Page]
    reason: None = None


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


def read_leaves(path: Path) -> Iterator[Leaf]:
    """The pages of a file, which are decoded when they are asked to be; one that is damaged leaves the others.

    Raises:
        PageError: the file cannot be read.
    """
    if is_pdf(path):
        from docsr.io.pdf_scans import open_scans

        with open_scans(path) as scans:
            yield from scans.leaves
    else:
        yield from (_Picture(number, read) for number, read in enumerate(page_readers(path)))


def read_document(path: Path) -> Iterator[Page]:
    """Every page of a file as pixels: scans as they are stored, other pages of a PDF rendered at RENDERED_DPI.

    Raises:
        PageError: the file or a page cannot be read.
    """
    if not is_pdf(path):
        yield from read_pages(path)
        return
    for leaf in read_leaves(path):
        yield read_leaf(path, leaf)


def read_leaf(path: Path, leaf: Leaf) -> Page:
    """Return a page of a file as pixels, rendered where it is a page of a PDF and no scan that can be read.

    Raises:
        PageError: it is damaged, or cannot be rendered.
    """
    if leaf.reason is None:
        try:
            return leaf.read()
        except PageError:
            if leaf.reason is None:
                raise
    return _rendered(path, leaf.number)


def shown_instead(path: Path, number: int) -> Page | None:
    """Return what takes the place of a page that is damaged: of a PDF what a viewer shows, else nothing."""
    try:
        return _rendered(path, number) if is_pdf(path) else None
    except PageError:
        return None


def _rendered(path: Path, number: int) -> Page:
    from docsr.io.pdf import render_page

    try:
        return render_page(path, number, RENDERED_DPI, colour=True)
    except PageError as error:
        raise PageError(f"{path}, page {number + 1}: {error}") from error


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
