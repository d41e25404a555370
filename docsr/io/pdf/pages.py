"""The pages of a PDF, which is opened again and again while they are read, so that memory does not grow with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pikepdf

from docsr.errors import PageError
from docsr.io.pdf.page import Fate, Leaf

TOGETHER = 100
"""Pages that are read before the file is opened again: qpdf keeps all that it has read of an open one."""


class Leaves:
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
        self._count, self._in_use = len(pdf.pages), dict[int, Leaf]()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Leaf]:
        return (self[number] for number in range(self._count))

    def __getitem__(self, number: int) -> Leaf:
        """Return a page, counted from 0. PageError: the document is not the one any more that it was."""
        if number not in self._in_use:
            if len(self._in_use) == TOGETHER:
                self.open_again()
            self._in_use[number] = self.of_open(number)
        return self._in_use[number]

    def of_open(self, number: int) -> Leaf:
        """Return a page of the document as it is open now."""
        return Leaf(self._page, self._path, number, self._fate)

    def _page(self, number: int) -> pikepdf.Page:
        if self._pdf is None:
            raise PageError(self._changed)
        return self._pdf.pages[number]

    def open_again(self) -> pikepdf.Pdf:
        """Close the document and open it once more.

        Raises:
            PageError: it is not the one any more that it was.
        """
        self._drop()
        self._pdf = None  # which frees what was read of it, before more is
        try:
            pdf = pikepdf.open(self._file)
        except (OSError, pikepdf.PdfError) as error:
            raise PageError(self._changed) from error
        if len(pdf.pages) != self._count:
            raise PageError(self._changed)
        self._pdf = pdf
        return pdf

    @property
    def _changed(self) -> str:
        return f"{self._path} could not be read: it changed meanwhile"

    def close(self) -> None:
        """Close the document, and drop what was read of it."""
        self._drop()
        if self._pdf is not None:
            self._pdf.close()
            self._pdf = None

    def _drop(self) -> None:
        """Forget the pages, which lead here and so would keep the document until Python looks for such rings."""
        for leaf in self._in_use.values():
            leaf.forget()
        self._in_use.clear()
