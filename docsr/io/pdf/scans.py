"""Scanned PDF files: opened page by page, saved with pages enlarged and all else as it was, or written anew.

This is the way in to scans; ``pdf_seen.py`` is the way in to what one sees of pages, and ``pdf.py`` renders them. The
other ``pdf_*`` modules are the parts of these.
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
from docsr.io.pdf.page import Fate
from docsr.io.pdf.page_tree import Opened, open_mended
from docsr.io.pdf.pages import TOGETHER, PdfPages
from docsr.io.pdf.placement import POINTS_PER_INCH
from docsr.io.pdf.saving import Changed, Made, Sheet, write
from docsr.io.pdf.spool import Kept, Spool
from docsr.io.pdf.truncation import is_cut_off
from docsr.io.read_errors import damage, missing
from docsr.page import Bands, Page

# What is said of a damaged file goes into errors; without a handler, Python would print it too.
logging.getLogger("pikepdf").addHandler(logging.NullHandler())

UNKNOWN_DPI = 300.0
"""What the size of a written page is reckoned with when the page's resolution is not known."""

_MAX_SIDE = 14_400.0
"""The longest side of a page in its units, by the format's annex of limits."""

_HEADER_WITHIN = 1024
"""Bytes at the beginning of a file in which readers look for its mark."""

_MAX_FIELDS = 100_000


class Scans:
    """An open PDF.

    Attributes:
        file: has the pages by the same numbers for every reader: the PDF itself, or a repaired copy.
        leaves: its pages in order.
    """

    def __init__(self, opened: Opened, path: Path, spool: Spool) -> None:
        self.file, self._path, self._spool, self._new = opened.file, path, spool, dict[int, Kept]()
        self.leaves = PdfPages(opened.pdf, opened.file, path, Fate(_is_signed(opened.pdf), spool, self._new))

    @property
    def written(self) -> int:
        """How many bytes the new images take."""
        return self._spool.written

    def save(self, path: Path, file: BinaryIO | None = None) -> None:
        """Write the document with the pages that were replaced.

        The same changes give the same bytes. What a document consists of beside pages (bookmarks, links, metadata,
        attachments) is kept; its date of change too. Images that were replaced, and that no page shows any more, go.

        Args:
            path: of the file.
            file: what is written to, open and empty; None: the path, in place, not under another name first.

        Raises:
            PageError: the file cannot be written, or the document is not the one any more that it was.
        """
        self.leaves.close()
        changed = Changed(self.file, self._path, len(self.leaves), self._new, self._spool.folder, path)
        write(changed, path if file is None else file)


@contextmanager
def open_scans(path: Path) -> Iterator[Scans]:
    """Open a PDF file to enlarge the scans in it.

    A file with a damaged cross-reference table is repaired as readers do it, unless pages are lost with it;
    so is a list of pages that leads back to itself or names a page twice, which is complained of.

    Raises:
        PageError: the file is missing, damaged, encrypted, or not a PDF with pages in it.
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
    """Return what an error says in one line, without the name of the file, which is said before it."""
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
    if pdf.is_encrypted:  # it opened without a password; what is saved would not be protected any more
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
    """Tell whether a field holds a signature, or the document's permissions are signed."""
    if "/Perms" in pdf.Root:
        return True
    form = pdf.Root.get("/AcroForm")
    todo: list[tuple[Any, bool]] = [(form.get("/Fields"), False)] if isinstance(form, Dictionary) else []
    seen = 0
    while todo and seen < _MAX_FIELDS:  # bounded: fields may be their own descendants in a damaged file
        fields, inherited = todo.pop()
        for field in fields if isinstance(fields, Array) else []:
            seen += 1
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
    """Write pages as a new PDF that shows each of them as one image, filling its page.

    A page is as large as its pixels are at its dpi; where that is not known, its finer axis is at UNKNOWN_DPI. Pages
    are taken one at a time; their coded images wait in temporary files. How they are coded is said at
    :func:`docsr.io.pdf.encode.coded`.

    Args:
        pages: at least one.
        path: the file.
        quality: 1 to 100, of JPEG.
        file: what is written to, open and empty; None: the path, in place, not under another name first.
        wrote: called after each page with how many bytes they take so far.

    Raises:
        PageError: there are no pages, or the file cannot be written.
    """
    with ExitStack() as stack:
        spool, kept = Spool(stack), list[tuple[Sheet, Kept]]()
        for page in pages:
            try:
                kept.append((_sheet_of(page), spool.keep(in_memory(page).pixels, page.icc, quality)))
            except (OSError, ValueError, MemoryError) as error:
                told = f"a page of {page.width} x {page.height} pixels cannot be coded ({error})"
                raise PageError(f"{path} could not be written: {told}") from error
            wrote(spool.written)
            del page  # before the next one is made
        if not kept:
            raise PageError(f"{path} could not be written: there are no pages")
        write(Made(kept, spool.folder, path), path if file is None else file)


def _sheet_of(page: Page | Bands) -> Sheet:
    x, y = page.aspect or (1.0, 1.0)
    dpi_x, dpi_y = page.dpi or (UNKNOWN_DPI * x / max(x, y), UNKNOWN_DPI * y / max(x, y))
    wide, high = page.width / dpi_x * POINTS_PER_INCH, page.height / dpi_y * POINTS_PER_INCH
    unit = max(1.0, wide / _MAX_SIDE, high / _MAX_SIDE)
    return Sheet(round(wide / unit, 4), round(high / unit, 4), unit)
