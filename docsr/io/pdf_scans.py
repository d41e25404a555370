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
from docsr.io.complaints import complain, hush
from docsr.io.limits import whole
from docsr.io.pdf_encode import profile_space
from docsr.io.pdf_leaf import Leaf
from docsr.io.pdf_place import POINTS_PER_INCH
from docsr.io.pdf_spool import Spool
from docsr.io.pdf_tree import Opened, open_mended
from docsr.io.pdf_unused import drop_unused
from docsr.io.pdf_uses import Number
from docsr.io.pdf_whole import is_cut_off
from docsr.io.pixels import fitting_profile
from docsr.io.refusals import damage, missing
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
        leaves: its pages in order; nothing of them is read before it is asked for.
    """

    def __init__(self, pdf: pikepdf.Pdf, path: Path, file: Path, spool: Spool) -> None:
        signed = _is_signed(pdf)
        self._pdf, self.file, self._spool = pdf, file, spool
        self.leaves = tuple(Leaf(pdf, path, number, signed, spool) for number in range(len(pdf.pages)))

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
            PageError: the file cannot be written.
        """
        changed = {leaf.number for leaf in self.leaves if leaf.replaced}
        drop_unused(self._pdf, set[Number]().union(*(leaf.replaced for leaf in self.leaves)), changed)
        _save(self._pdf, path, file)


@contextmanager
def open_scans(path: Path) -> Iterator[Scans]:
    """Open a PDF file to enlarge the scans in it.

    A file with a damaged cross-reference table is repaired as readers do it, unless pages are lost with it;
    so is a list of pages that leads back to itself or names a page twice, which is complained of.

    Raises:
        PageError: the file is missing, damaged, encrypted, or not a PDF with pages in it.
    """
    with ExitStack() as stack:
        opened = _opened(path, stack)
        try:
            scans = _checked(opened, path, Spool(opened.pdf, stack))
        except OSError as error:
            raise PageError(f"{path} could not be read: {reason_of(error)}") from error
        except (PdfError, ValueError, TypeError, AttributeError, LookupError, RuntimeError) as error:
            raise PageError(f"{path} could not be read: {_damage(error, path)}") from error
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
    pdf, mended = opened.pdf, opened.mended
    if pdf.is_encrypted:  # it opened without a password; what is saved would not be protected any more
        raise PageError(f"{path} could not be read: its owner has restricted it by encryption (save a copy without)")
    stated = pdf.Root.Pages.get("/Count", 0)
    scans = Scans(pdf, path, opened.file, spool)
    if not scans.leaves and not stated:
        raise PageError(f"{path} could not be read: it has no pages")
    lost = isinstance(stated, int) and len(scans.leaves) + mended.loops < stated
    if lost or mended.none or (opened.repairs and is_cut_off(path)):
        raise PageError(f"{path} could not be read: it is damaged (pages or its end are missing)")
    complain(*mended.sentences())
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
    :func:`docsr.io.pdf_encode.coded`.

    Args:
        pages: at least one.
        path: the file.
        quality: 1 to 100, of JPEG.
        file: what is written to, open and empty; None: the path, in place, not under another name first.
        wrote: called after each page with how many bytes they take so far.

    Raises:
        PageError: there are no pages, or the file cannot be written.
    """
    spaces: dict[tuple[bytes, bool], Any] = {}
    with ExitStack() as stack:
        pdf = stack.enter_context(pikepdf.new())
        spool = Spool(pdf, stack)
        for page in pages:
            try:
                _append(pdf, whole(page), spaces, quality, spool)
            except (OSError, ValueError, MemoryError) as error:
                size = f"{page.width} x {page.height}"
                raise PageError(
                    f"{path} could not be written: a page of {size} pixels cannot be coded ({error})"
                ) from error
            wrote(spool.written)
            del page  # before the next one is made
        if not len(pdf.pages):
            raise PageError(f"{path} could not be written: there are no pages")
        _save(pdf, path, file)


def _append(pdf: pikepdf.Pdf, page: Page, spaces: dict[tuple[bytes, bool], Any], quality: int, spool: Spool) -> None:
    icc, space = fitting_profile(page.icc, page.pixels), None
    if icc is not None:
        if (icc, page.is_grey) not in spaces:
            spaces[icc, page.is_grey] = profile_space(pdf, icc, 1 if page.is_grey else 3)
        space = spaces[icc, page.is_grey]
    x, y = page.aspect or (1.0, 1.0)
    dpi_x, dpi_y = page.dpi or (UNKNOWN_DPI * x / max(x, y), UNKNOWN_DPI * y / max(x, y))
    wide, high = page.width / dpi_x * POINTS_PER_INCH, page.height / dpi_y * POINTS_PER_INCH
    unit = max(1.0, wide / _MAX_SIDE, high / _MAX_SIDE)
    wide, high = round(wide / unit, 4), round(high / unit, 4)
    leaf = pdf.add_blank_page(page_size=(wide, high))
    if unit > 1:
        leaf.obj.UserUnit = unit
    image = spool.image(page.pixels, space, quality)
    leaf.obj.Resources = Dictionary(XObject=Dictionary(Im0=image))
    leaf.obj.Contents = pdf.make_stream(f"q {wide} 0 0 {high} 0 0 cm /Im0 Do Q".encode())


def _save(pdf: pikepdf.Pdf, path: Path, file: BinaryIO | None) -> None:
    try:
        hush(pikepdf.PageCopyWarning)  # of fields that no form lists, which were so before
        pdf.save(path if file is None else file, deterministic_id=True, fix_metadata_version=False)
    except OSError as error:
        raise PageError(f"{path} could not be written: {reason_of(error)}") from error
    except (PdfError, RuntimeError, ValueError) as error:
        told = damage(PdfError(_plainly(error, path)), "the PDF library cannot save it")
        raise PageError(f"{path} could not be written: {told}") from error
