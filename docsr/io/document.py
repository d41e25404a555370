"""Documents: pages in and out of whatever file holds them, images and PDF alike."""

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
        reason: why it cannot be enlarged, as a clause ("it has text of its own"); None: it can.
    """

    @property
    def number(self) -> int: ...  # noqa: D102 - described above

    @property
    def reason(self) -> str | None: ...  # noqa: D102

    def check(self) -> None:
        """Refuse what would become more pixels than are allowed where it must be rendered. PageError."""
        ...

    def read(self) -> Page:
        """Decode it, before the next page is asked for. PageError when it is damaged, or has a reason (then)."""
        ...

    def instead(self) -> Page | None:
        """Return what takes its place where it is damaged: what a viewer shows; None where that cannot be had."""
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
    from docsr.io.pdf.render import open_pdf

    with open_pdf(path) as document:
        return len(document)


def read_leaves(
    path: Path, form: str = "", counted: Callable[[int], None] = lambda pages: None
) -> Iterator[DocumentPage]:
    """The pages of a file, which are decoded when they are asked to be; one that is damaged leaves the others.

    Args:
        path: the file.
        form: what its pages go into: of a PDF that becomes a PDF, they are the scans, which are replaced; else what
            one sees of each page (docsr.io.pdf.visible).
        counted: called with the number of its pages, before the first is decoded.

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
        from docsr.io.pdf.visible import open_seen

        yield from open_seen(path, counted)


def read_document(path: Path) -> Iterator[Page]:
    """Every page of a file as the pixels that one sees; of a PDF, scans as they are stored where nothing else shows.

    Raises:
        PageError: the file or a page cannot be read.
    """
    for leaf in read_leaves(path):
        try:
            page = leaf.read()
        except PageError as error:
            instead = leaf.instead()
            if instead is None:
                raise
            page = instead
            report_damage(f"{str(error).removeprefix(f'{path}, ')}; it is shown as PDF viewers show it")
        yield page
        del page


def encoded_size(page: Page, form: str, quality: int) -> int:
    """Return how many bytes a page takes in a file, in a PDF what its image takes; arguments as of write_document."""
    if form != PDF:
        return size_of_image(page, form, quality)
    from docsr.io.pdf.encode import coded

    return len(coded(page.pixels, quality).data)


def check_output(path: Path, page: Page | Bands, form: str) -> None:
    """Refuse a page that is too large to be written, before it is made; arguments and errors as of check_writable."""
    if form == PDF:
        check_held(page)
    else:
        check_writable(path, page, form)


def write_document(target: Path | Place, pages: Iterable[Page | Bands], form: str, quality: int) -> None:
    """Write pages to one new file, complete or not at all; arguments and errors as of encode_pages, and ``pdf``."""
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
    """Write pages into an open file; arguments and errors as of encode_pages, and ``pdf``."""
    if form != PDF:
        encode_pages(file, path, pages, form, quality, wrote)
        return
    from docsr.io.pdf.scans import write_scans

    write_scans(pages, path, quality, file, wrote)
