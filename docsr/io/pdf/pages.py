"""Give access to the pages of a PDF, and reopen the file now and then so that memory does not grow with the pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Dictionary, Name

from docsr.errors import PageError
from docsr.io.pdf.name_uses import Number
from docsr.io.pdf.page import PageChanges, PdfPage
from docsr.pool.memory import give_back

TOGETHER = 100
"""Pages that are read before the file is reopened, since qpdf keeps everything that it has read of an open file."""

_INHERITED = (Name.Resources, Name.MediaBox, Name.CropBox, Name.Rotate)
_MAX_PARENTS = 200


class PdfPages:
    """The pages of a PDF, to be read in any order; each is read only when it is asked for.

    A page may be used only until another one is asked for.
    """

    def __init__(self, pdf: pikepdf.Pdf, file: Path, path: Path, changes: PageChanges) -> None:
        """Take over an open document.

        Args:
            pdf: the document.
            file: the file to reopen.
            path: the file's name for messages.
            changes: what may happen to its pages.
        """
        self._pdf: pikepdf.Pdf | None = pdf
        self._file, self._path, self._changes = file, path, changes
        pages: list[Any] = list(pdf.pages)
        self._numbers: list[Number] = [page.objgen for page in pages]
        self._stated = _stated(pdf)
        self._in_use = dict[int, PdfPage]()

    @classmethod
    def of_file(cls, file: Path, path: Path, count: int, changes: PageChanges) -> PdfPages:
        """Open a document that must have ``count`` pages. PageError if the document has changed."""
        leaves = cls(_opened(file, path), file, path, changes)
        if len(leaves) != count:
            leaves.close()
            raise _changed(path)
        return leaves

    @property
    def pdf(self) -> pikepdf.Pdf:
        """The open document. Raises PageError if it is not open."""
        if self._pdf is None:
            raise _changed(self._path)
        return self._pdf

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[PdfPage]:
        return (self[number] for number in range(len(self)))

    def __getitem__(self, number: int) -> PdfPage:
        """Return a page by its 0-based number. PageError if the document has changed."""
        if number not in self._in_use:
            if len(self._in_use) == TOGETHER:
                self._open_again()
            self._in_use[number] = self.of_open(number)
        return self._in_use[number]

    def of_open(self, number: int) -> PdfPage:
        """Return a page of the document as it is currently open."""
        return PdfPage(self._page, self._path, number, self._changes)

    def _page(self, number: int) -> pikepdf.Page:
        if self._pdf is None:
            self._open_again()
        return self._page_object(self.pdf, number) or self.pdf.pages[number]

    def _page_object(self, pdf: pikepdf.Pdf, number: int) -> pikepdf.Page | None:
        """Return a page without reading the others (``pdf.pages`` reads all); None if it is no object of the file."""
        page: Any = pdf.get_object(self._numbers[number])
        if not isinstance(page, Dictionary) or page.get("/Type") != Name.Page:
            return None
        inherit(page)
        return pikepdf.Page(page)

    def _open_again(self) -> None:
        """Close the document and open it once more. PageError if it has changed."""
        self.close()  # first, to free the memory of what was read
        pdf = _opened(self._file, self._path, inherit_page_attributes=False)
        if _stated(pdf) != self._stated:
            raise _changed(self._path)
        self._pdf = pdf

    def close(self) -> None:
        """Close the document and free what was read of it; it is reopened when another page is asked for."""
        self._drop()
        if self._pdf is not None:
            self._pdf.close()
            self._pdf = None
            give_back()

    def _drop(self) -> None:
        """Forget the pages: they refer to this object, and such a cycle would keep the document in memory."""
        for leaf in self._in_use.values():
            leaf.forget()
        self._in_use.clear()


def _opened(file: Path, path: Path, **options: Any) -> pikepdf.Pdf:
    try:
        return pikepdf.open(file, **options)
    except (OSError, pikepdf.PdfError) as error:
        raise _changed(path) from error


def _changed(path: Path) -> PageError:
    return PageError(f"{path} could not be read: it changed meanwhile")


def _stated(pdf: pikepdf.Pdf) -> str:
    """Return how many pages a document claims to have; the claim may be wrong."""
    return repr(pdf.Root.get("/Pages", Dictionary()).get("/Count"))


def inherit(page: Any) -> None:
    """Copy to a page the attributes that it inherits from its parent nodes (ISO 32000-1, 7.7.3.4)."""
    node = page
    for _ in range(_MAX_PARENTS):
        node = node.get("/Parent")
        if not isinstance(node, Dictionary):
            return
        for name in _INHERITED:
            if name not in page and name in node:
                page[name] = node[name]
