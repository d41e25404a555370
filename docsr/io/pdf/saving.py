"""Write documents with new images, here or in a separate process, because qpdf needs some kB per page to save."""

from __future__ import annotations

import io
import subprocess  # nosec B404
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import pikepdf
from pikepdf import Dictionary, PdfError

from docsr.errors import PageError, first_line, reason_of
from docsr.io.decoder_messages import silence
from docsr.io.pdf.name_uses import Number
from docsr.io.pdf.page import PageChanges
from docsr.io.pdf.pages import PdfPages
from docsr.io.pdf.replace import put_image
from docsr.io.pdf.spool import NewImage, PlacedImages, Spool
from docsr.io.pdf.unused_images import drop_unused
from docsr.io.read_errors import damage
from docsr.system.programs import call_apart

FEW = 100
"""A document of at most this many pages is saved in this process, since starting another one takes longer."""


class Sheet(NamedTuple):
    """The size of a page, in units of ``unit``/72 inch."""

    wide: float
    high: float
    unit: float


class ChangedDocument(NamedTuple):
    """A document in which new images replace others.

    Attributes:
        file: the document.
        path: its name for messages.
        pages: how many pages it has.
        new: the new images, by 0-based page number.
        folder: the folder with their data; None if the data are in ``new``.
        target: the name of the written file for messages.
    """

    file: Path
    path: Path
    pages: int
    new: dict[int, NewImage]
    folder: Path | None
    target: Path

    def write(self, out: Path | BinaryIO) -> None:
        """Write the document. PageError if it cannot be written, or the document has changed."""
        with ExitStack() as stack:
            leaves = PdfPages.of_file(self.file, self.path, self.pages, PageChanges(False, Spool(stack), {}))
            stack.callback(leaves.close)
            old, images = set[Number](), PlacedImages(leaves.pdf, self.folder)
            for number, image in self.new.items():
                old |= put_image(leaves.pdf, leaves.of_open(number), image, images)
            drop_unused(leaves.pdf, old, set(self.new))
            save(leaves.pdf, self.target, out)


class NewDocument(NamedTuple):
    """A new document with one image on each page.

    Attributes:
        sheets: its pages, and the image of each.
        folder: the folder with the images' data; None if the data are in ``sheets``.
        target: the name of the written file for messages.
    """

    sheets: list[tuple[Sheet, NewImage]]
    folder: Path | None
    target: Path

    @property
    def pages(self) -> int:
        """How many pages it has."""
        return len(self.sheets)

    def write(self, out: Path | BinaryIO) -> None:
        """Write the document. PageError if it cannot be written."""
        with pikepdf.new() as pdf:
            images = PlacedImages(pdf, self.folder)
            for sheet, image in self.sheets:
                _append(pdf, sheet, images.image(image))
            save(pdf, self.target, out)


def write(document: ChangedDocument | NewDocument, out: Path | BinaryIO) -> None:
    """Write a document; if it has many pages, in a separate process if one can be started.

    The same document gives the same bytes.

    Args:
        document: what to write.
        out: the path, or a file that is open and empty.

    Raises:
        PageError: it cannot be written, or the document has changed.
    """
    if document.pages > FEW and document.folder is not None and not isinstance(out, Path):
        try:
            return call_apart(document.write, out)
        except (OSError, subprocess.SubprocessError):
            out.seek(0)
            out.truncate()
    return document.write(out)


def save(pdf: pikepdf.Pdf, path: Path, out: Path | BinaryIO) -> None:
    """Write an open document; ``path`` names the written file in messages. PageError if it cannot be written."""
    try:
        silence(pikepdf.PageCopyWarning)  # about fields that no form lists; they were so before
        deferring = None if isinstance(out, Path) else _DeferringFile(out)
        to = out if deferring is None else cast(BinaryIO, deferring)
        pdf.save(to, deterministic_id=True, fix_metadata_version=False)
        if deferring is not None:
            deferring.end()
    except OSError as error:
        raise PageError(f"{path} could not be written: {reason_of(error)}") from error
    except (PdfError, RuntimeError, ValueError) as error:
        problem = PdfError(first_line(error).removeprefix(f"{path}: ").removeprefix(f"{path} "))
        raise PageError(f"{path} could not be written: {damage(problem, 'the PDF library cannot save it')}") from error


class _DeferringFile(io.RawIOBase):
    """A file that defers errors to its end: pikepdf aborts the process on an error while it closes a file."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._error: OSError | None = None

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return False: the file is written from start to end."""
        return False

    def write(self, data: Any) -> int:
        """Write, unless an earlier write failed."""
        try:
            if self._error is None:
                self._file.write(data)
        except OSError as error:
            self._error = error
        return len(data)

    def end(self) -> None:
        """Flush the file. OSError if that or any earlier write failed."""
        if self._error is not None:
            raise self._error
        self._file.flush()


def _append(pdf: pikepdf.Pdf, sheet: Sheet, image: Any) -> None:
    leaf = pdf.add_blank_page(page_size=(sheet.wide, sheet.high))
    if sheet.unit > 1:
        leaf.obj.UserUnit = sheet.unit
    leaf.obj.Resources = Dictionary(XObject=Dictionary(Im0=image))
    leaf.obj.Contents = pdf.make_stream(f"q {sheet.wide} 0 0 {sheet.high} 0 0 cm /Im0 Do Q".encode())
