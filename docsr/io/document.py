"""Read and write the pages of a document, whether it is an image file or a PDF."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from docsr.errors import PageError
from docsr.io.decoder_messages import report_damage
from docsr.io.limits import check_held
from docsr.io.paths.atomic import atomic_write
from docsr.io.paths.folders import Place
from docsr.io.raster.read import page_count, page_readers, suffix_of_image
from docsr.io.raster.write import check_writable, encode_pages
from docsr.io.raster.write import encoded_size as size_of_image
from docsr.page import Bands, Page

PDF = "pdf"

MANY_PAGES = frozenset({"tiff", PDF})
"""Formats that hold any number of pages."""

_MARK, _MARK_WITHIN = b"%PDF-", 1024


class DocumentPage(Protocol):
    """A page before it is decoded.

    Attributes:
        number: 0-based.
        reason: why the page cannot be enlarged, as a clause ("it has text of its own"); None if it can.
    """

    @property
    def number(self) -> int: ...  # noqa: D102 - described above

    @property
    def reason(self) -> str | None: ...  # noqa: D102

    def check(self) -> None:
        """Raise PageError if the page must be rendered and would have more pixels than are allowed."""
        ...

    def read(self) -> Page:
        """Decode the page; call this before asking for the next one. PageError if it is damaged or has a reason."""
        ...

    def instead(self) -> Page | None:
        """Return a substitute for a damaged page: what a PDF viewer shows; None if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class _Picture:
    """A page of an image file."""

    number: int
    read: Callable[[], Page]
    reason: None = None

    def check(self) -> None:
        return None

    def instead(self) -> None:
        return None


def is_pdf(path: Path) -> bool:
    """Return whether a file begins like a PDF; False if it cannot be read."""
    try:
        if not path.is_file():  # opening a pipe would block until somebody writes to it
            return False
        with path.open("rb") as file:
            return _MARK in file.read(_MARK_WITHIN)
    except OSError:
        return False


def suffix_of(path: Path) -> str:
    """Return the usual suffix of a file's format, with its dot; empty if the file is not a document."""
    return f".{PDF}" if is_pdf(path) else suffix_of_image(path)


def count_pages(path: Path) -> int:
    """Return how many pages a file has, without decoding them.

    Raises:
        PageError: the file cannot be opened.
    """
    if not is_pdf(path):
        return page_count(path)
    from docsr.io.pdf.render import open_pdf

    with open_pdf(path) as document:
        return len(document)


def read_leaves(
    path: Path, form: str = "", counted: Callable[[int], None] = lambda pages: None
) -> Iterator[DocumentPage]:
    """Yield the pages of a file, each decoded only when its ``read`` is called; a damaged page does not stop the rest.

    Args:
        path: the file.
        form: the format that the pages are written to. If a PDF becomes a PDF, the pages are its scans, which are
            replaced; otherwise each page is what a reader sees of it (docsr.io.pdf.visible).
        counted: called with the number of pages before the first one is decoded.

    Raises:
        PageError: the file cannot be read.
    """
    if not is_pdf(path):
        yield from (_Picture(number, read) for number, read in enumerate(page_readers(path, counted)))
    elif form == PDF:
        from docsr.io.pdf.scans import open_scans

        with open_scans(path) as scans:
            counted(len(scans.leaves))
            for leaf in scans.leaves:
                yield leaf
                leaf.forget()
    else:
        from docsr.io.pdf.visible import open_visible

        yield from open_visible(path, counted)


def read_document(path: Path) -> Iterator[Page]:
    """Yield every page of a file as visible pixels; a PDF scan is returned as stored if the page shows nothing else.

    Raises:
        PageError: the file or a page cannot be read.
    """
    for leaf in read_leaves(path):
        try:
            page = leaf.read()
        except PageError as error:
            substitute = leaf.instead()
            if substitute is None:
                raise
            page = substitute
            report_damage(f"{str(error).removeprefix(f'{path}, ')}; it is shown as PDF viewers show it")
        yield page
        del page


def encoded_size(page: Page, form: str, quality: int) -> int:
    """Return how many bytes a page takes in a file, for PDF those of its image; arguments as of write_document."""
    if form != PDF:
        return size_of_image(page, form, quality)
    from docsr.io.pdf.encode import encode_pixels

    return len(encode_pixels(page.pixels, quality).data)


def check_output(path: Path, page: Page | Bands, form: str) -> None:
    """Refuse, before it is made, a page that is too large to write; arguments and errors as of check_writable."""
    if form == PDF:
        check_held(page)
    else:
        check_writable(path, page, form)


def write_document(target: Path | Place, pages: Iterable[Page | Bands], form: str, quality: int) -> None:
    """Write pages to one new file, complete or absent; arguments and errors as of encode_pages; ``form`` may be pdf."""
    with atomic_write(target) as file:
        encode_document(file, target if isinstance(target, Path) else target.path, pages, form, quality)


def encode_document(
    file: BinaryIO,
    path: Path,
    pages: Iterable[Page | Bands],
    form: str,
    quality: int,
    wrote: Callable[[int], None] = lambda count: None,
) -> None:
    """Write pages into an open file; arguments and errors as of encode_pages; ``form`` may also be ``pdf``."""
    if form != PDF:
        encode_pages(file, path, pages, form, quality, wrote)
        return
    from docsr.io.pdf.scans import write_scans

    write_scans(pages, path, quality, file, wrote)
