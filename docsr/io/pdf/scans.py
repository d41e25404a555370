"""Open scanned PDF files page by page, save them with only the enlarged pages changed, or write new ones.

This is the entry point for scans. Visible pages are read by ``visible.py`` and rendered by ``render.py``. The other
modules of this package are parts of these.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pikepdf
from pikepdf import Array, Dictionary, Name, PdfError

from docsr.errors import PageError, first_line, reason_of
from docsr.io.decoder_messages import report_damage
from docsr.io.limits import in_memory
from docsr.io.pdf.page import PageChanges
from docsr.io.pdf.page_tree import Opened, open_mended
from docsr.io.pdf.pages import TOGETHER, PdfPages
from docsr.io.pdf.placement import POINTS_PER_INCH
from docsr.io.pdf.saving import ChangedDocument, NewDocument, Sheet, write
from docsr.io.pdf.spool import NewImage, Spool
from docsr.io.pdf.truncation import is_cut_off
from docsr.io.read_errors import damage, missing
from docsr.page import Bands, Page

# docsr's own errors quote pikepdf's messages about damaged files; without a handler, Python would print them too.
logging.getLogger("pikepdf").addHandler(logging.NullHandler())

UNKNOWN_DPI = 300.0
"""Assumed for the size of a written page if the page's resolution is unknown."""

_MAX_SIDE = 14_400.0
"""The longest side of a page in its units, by the limits in the format's annex."""

_HEADER_WITHIN = 1024
"""Bytes at the start of a file in which readers look for the PDF header."""

_MAX_FIELDS = 100_000


class Scans:
    """An open PDF.

    Attributes:
        file: a file in which every reader finds the same pages: the PDF itself, or a repaired copy.
        leaves: its pages in order.
    """

    def __init__(self, opened: Opened, path: Path, spool: Spool) -> None:
        self.file, self._path, self._spool, self._new = opened.file, path, spool, dict[int, NewImage]()
        self.leaves = PdfPages(opened.pdf, opened.file, path, PageChanges(_is_signed(opened.pdf), spool, self._new))

    @property
    def written(self) -> int:
        """How many bytes the new images take."""
        return self._spool.written

    def save(self, path: Path, file: BinaryIO | None = None) -> None:
        """Write the document with its replaced pages.

        The same changes give the same bytes. Everything besides the pages (bookmarks, links, metadata, attachments) is
        kept, even the modification date. Replaced images that no page shows any more are removed.

        Args:
            path: of the file.
            file: an open and empty file to write to; None: write to the path directly, not under another name first.

        Raises:
            PageError: the file cannot be written, or the document has changed.
        """
        self.leaves.close()
        changed = ChangedDocument(self.file, self._path, len(self.leaves), self._new, self._spool.folder, path)
        write(changed, path if file is None else file)


@contextmanager
def open_scans(path: Path) -> Iterator[Scans]:
    """Open a PDF file to enlarge the scans in it.

    A damaged cross-reference table is repaired as readers do it, unless pages are lost with it. A list of pages that
    leads back to itself or names a page twice is repaired too, and reported.

    Raises:
        PageError: the file does not exist, is damaged or encrypted, or is not a PDF with pages.
    """
    with ExitStack() as stack:
        scans = _checked(_opened(path, stack), path, Spool(stack))
        stack.callback(scans.leaves.close)
        yield scans


def _opened(path: Path, stack: ExitStack) -> Opened:
    where = f"{path} could not be read:"
    try:
        if path.exists() and not path.is_file():
            raise PageError(f"{where} it is not a regular file")
        with path.open("rb") as file:
            start = file.read(_HEADER_WITHIN)
        if not start:
            raise PageError(f"{where} it is empty")
        if b"%PDF-" not in start:
            raise PageError(f"{where} it is not a PDF file")
        return open_mended(path, stack)
    except FileNotFoundError as error:
        raise PageError(f"{where} {missing(path)}") from error
    except PermissionError as error:
        raise PageError(f"{where} permission denied") from error
    except pikepdf.PasswordError as error:
        raise PageError(f"{where} it is encrypted and needs a password (save a copy without one)") from error
    except (PdfError, OSError, RuntimeError, MemoryError, ValueError) as error:
        raise PageError(f"{where} {_damage(error, path)}") from error


def _damage(error: BaseException, path: Path) -> str:
    return damage(
        error if isinstance(error, TypeError | AttributeError | LookupError) else PdfError(_plainly(error, path))
    )


def _plainly(error: BaseException, path: Path) -> str:
    """Return an error's message on one line without the file's name, which our own message already has."""
    return first_line(error).removeprefix(f"{path}: ").removeprefix(f"{path} ")


def _checked(opened: Opened, path: Path, spool: Spool) -> Scans:
    try:
        return _sound(opened, path, spool)
    except OSError as error:
        raise PageError(f"{path} could not be read: {reason_of(error)}") from error
    except (PdfError, ValueError, TypeError, AttributeError, LookupError, RuntimeError) as error:
        raise PageError(f"{path} could not be read: {_damage(error, path)}") from error


def _sound(opened: Opened, path: Path, spool: Spool) -> Scans:
    pdf, mended = opened.pdf, opened.mended
    if pdf.is_encrypted:  # it opens without a password, but a saved copy would lose its protection
        raise PageError(f"{path} could not be read: its owner has restricted it by encryption (save a copy without)")
    stated = pdf.Root.Pages.get("/Count", 0)
    scans = Scans(opened, path, spool)
    if not len(scans.leaves) and not (isinstance(stated, int) and stated > 0):
        raise PageError(f"{path} could not be read: it has no pages")
    lost = isinstance(stated, int) and len(scans.leaves) + mended.loops < stated
    if lost or mended.none or (opened.repairs and is_cut_off(path)):
        raise PageError(f"{path} could not be read: it is damaged (pages or its end are missing)")
    report_damage(*mended.sentences())
    if len(scans.leaves) > TOGETHER:
        scans.leaves.close()  # it holds all its pages now, to know which they are
    return scans


def _is_signed(pdf: pikepdf.Pdf) -> bool:
    """Return whether a field holds a signature, or the document's permissions are signed."""
    if "/Perms" in pdf.Root:
        return True
    form = pdf.Root.get("/AcroForm")
    todo: list[tuple[Any, bool]] = [(form.get("/Fields"), False)] if isinstance(form, Dictionary) else []
    count = 0
    while todo and count < _MAX_FIELDS:  # in a damaged file a field may be its own descendant
        fields, inherited = todo.pop()
        for field in fields if isinstance(fields, Array) else []:
            count += 1
            if not isinstance(field, Dictionary):
                continue
            signs = field.get("/FT", Name.Sig if inherited else None) == Name.Sig
            if signs and "/V" in field:
                return True
            todo.append((field.get("/Kids"), signs))
    return False


def write_scans(
    pages: Iterable[Page | Bands],
    path: Path,
    quality: int = 90,
    file: BinaryIO | None = None,
    wrote: Callable[[int], None] = lambda count: None,
) -> None:
    """Write pages as a new PDF that shows each as one image that fills its page.

    A page's size follows from its pixels and dpi. If the dpi are unknown, the finer axis is taken to have UNKNOWN_DPI.
    Pages are taken one at a time; their encoded images wait in temporary files.
    :func:`docsr.io.pdf.encode.encode_pixels` says how they are encoded.

    Args:
        pages: at least one.
        path: the file.
        quality: of JPEG, 1 to 100.
        file: an open and empty file to write to; None: write to the path directly, not under another name first.
        wrote: called after each page with the bytes of all images so far.

    Raises:
        PageError: there are no pages, or the file cannot be written.
    """
    with ExitStack() as stack:
        spool, sheets = Spool(stack), list[tuple[Sheet, NewImage]]()
        for page in pages:
            try:
                sheets.append((_sheet_of(page), spool.keep(in_memory(page).pixels, page.icc, quality)))
            except (OSError, ValueError, MemoryError) as error:
                problem = f"a page of {page.width} x {page.height} pixels cannot be encoded ({error})"
                raise PageError(f"{path} could not be written: {problem}") from error
            wrote(spool.written)
            del page  # before the next one is made
        if not sheets:
            raise PageError(f"{path} could not be written: there are no pages")
        write(NewDocument(sheets, spool.folder, path), path if file is None else file)


def _sheet_of(page: Page | Bands) -> Sheet:
    x, y = page.aspect or (1.0, 1.0)
    dpi_x, dpi_y = page.dpi or (UNKNOWN_DPI * x / max(x, y), UNKNOWN_DPI * y / max(x, y))
    wide, high = page.width / dpi_x * POINTS_PER_INCH, page.height / dpi_y * POINTS_PER_INCH
    unit = max(1.0, wide / _MAX_SIDE, high / _MAX_SIDE)
    return Sheet(round(wide / unit, 4), round(high / unit, 4), unit)
