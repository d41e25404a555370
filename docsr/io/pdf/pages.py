"""The pages of a PDF, which is opened again and again while they are read, so that memory does not grow with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Dictionary, Name

from docsr.errors import PageError
from docsr.io.pdf.name_uses import Number
from docsr.io.pdf.page import Fate, PdfPage
from docsr.pool.memory import give_back

TOGETHER = 100
"""Pages that are read before the file is opened again: qpdf keeps all that it has read of an open one."""

_INHERITED = (Name.Resources, Name.MediaBox, Name.CropBox, Name.Rotate)
_MAX_PARENTS = 200


class PdfPages:
    """The pages of a PDF, to be read in any order; nothing of one is read before it is asked for.

    A page may be used until another is asked for.
    """

    def __init__(self, pdf: pikepdf.Pdf, file: Path, path: Path, fate: Fate) -> None:
        """Take over an open document.

        Args:
            pdf: the document.
            file: where it is opened again.
            path: how it is spoken of.
            fate: what becomes of its pages.
        """
        self._pdf: pikepdf.Pdf | None = pdf
        self._file, self._path, self._fate = file, path, fate
        pages: list[Any] = list(pdf.pages)
        self._numbers: list[Number] = [page.objgen for page in pages]
        self._stated = _stated(pdf)
        self._in_use = dict[int, PdfPage]()

    @classmethod
    def of_file(cls, file: Path, path: Path, count: int, fate: Fate) -> PdfPages:
        """Open a document of so many pages. PageError: it is not the one any more that it was."""
        leaves = cls(_opened(file, path), file, path, fate)
        if len(leaves) != count:
            leaves.close()
            raise _changed(path)
        return leaves

    @property
    def pdf(self) -> pikepdf.Pdf:
        """The document as it is open now. PageError: it is not."""
        if self._pdf is None:
            raise _changed(self._path)
        return self._pdf

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[PdfPage]:
        return (self[number] for number in range(len(self)))

    def __getitem__(self, number: int) -> PdfPage:
        """Return a page, counted from 0. PageError: the document is not the one any more that it was."""
        if number not in self._in_use:
            if len(self._in_use) == TOGETHER:
                self._open_again()
            self._in_use[number] = self.of_open(number)
        return self._in_use[number]

    def of_open(self, number: int) -> PdfPage:
        """Return a page of the document as it is open now."""
        return PdfPage(self._page, self._path, number, self._fate)

    def _page(self, number: int) -> pikepdf.Page:
        if self._pdf is None:
            self._open_again()
        return self._alone(self.pdf, number) or self.pdf.pages[number]

    def _alone(self, pdf: pikepdf.Pdf, number: int) -> pikepdf.Page | None:
        """A page without the others, of which ``pdf.pages`` reads all; None: it is none of the file's own objects."""
        found: Any = pdf.get_object(self._numbers[number])
        if not isinstance(found, Dictionary) or found.get("/Type") != Name.Page:
            return None
        inherit(found)
        return pikepdf.Page(found)

    def _open_again(self) -> None:
        """Close the document and open it once more. PageError: it is not the one any more that it was."""
        self.close()  # which frees what was read of it, before more is
        pdf = _opened(self._file, self._path, inherit_page_attributes=False)
        if _stated(pdf) != self._stated:
            raise _changed(self._path)
        self._pdf = pdf

    def close(self) -> None:
        """Close the document, and drop what was read of it; it is opened again when another page is asked for."""
        self._drop()
        if self._pdf is not None:
            self._pdf.close()
            self._pdf = None
            give_back()

    def _drop(self) -> None:
        """Forget the pages, which lead here and so would keep the document until Python looks for such rings."""
        for leaf in self._in_use.values():
            leaf.forget()
        self._in_use.clear()


def _opened(file: Path, path: Path, **how: Any) -> pikepdf.Pdf:
    try:
        return pikepdf.open(file, **how)
    except (OSError, pikepdf.PdfError) as error:
        raise _changed(path) from error


def _changed(path: Path) -> PageError:
    return PageError(f"{path} could not be read: it changed meanwhile")


def _stated(pdf: pikepdf.Pdf) -> str:
    """What a document says of how many pages it has, which need not be true."""
    return repr(pdf.Root.get("/Pages", Dictionary()).get("/Count"))


def inherit(page: Any) -> None:
    """Give a page what it has from the nodes above it (ISO 32000-1, 7.7.3.4)."""
    node = page
    for _ in range(_MAX_PARENTS):
        node = node.get("/Parent")
        if not isinstance(node, Dictionary):
            return
        for name in _INHERITED:
            if name not in page and name in node:
                page[name] = node[name]
