"""Repair a damaged page tree of a PDF, so that it lists the pages that readers show."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary

from docsr.errors import NoTemporaryFolder, PageError, reason_of
from docsr.io.decoder_messages import silence
from docsr.io.pdf.name_uses import Number
from docsr.system.temporary import temporary_folder

_MAX_DEPTH, _MAX_COPIES = 200, 10_000


@dataclass(slots=True)
class Mended:
    """What was wrong with a page tree.

    Attributes:
        loops: how many of its entries led back to a node above them.
        copies: how many pages and nodes were listed more than once.
        none: how many of its entries are not pages.
    """

    loops: int = 0
    copies: int = 0
    none: int = 0

    def sentences(self) -> list[str]:
        """Return the warnings about the repairs."""
        sentences = []
        if self.loops:
            sentences.append("its list of pages is damaged (it leads back to itself), and was repaired")
        if self.copies:
            sentences.append("its list of pages is damaged (a page is listed more than once); each entry became a page")
        return sentences


@dataclass(frozen=True, slots=True)
class Opened:
    """An open PDF.

    Attributes:
        pdf: the document; the caller must close it.
        file: the file that it was read from: a copy, if its page tree had to be repaired.
        repairs: qpdf's warnings about damage, in lower case.
        mended: what was wrong with the page tree.
    """

    pdf: pikepdf.Pdf
    file: Path
    repairs: list[str]
    mended: Mended


def open_mended(path: Path, stack: ExitStack) -> Opened:
    """Open a PDF. If qpdf finds its page tree damaged, it is repaired in a copy, which every reader reads alike.

    Args:
        path: the file.
        stack: removes the copy at its end.

    Raises:
        PageError: there is no place for the copy.
        pikepdf.PdfError: it cannot be opened.
        ValueError: its page tree is nested too deeply, or repeats too many entries.
    """
    with ExitStack() as own:
        try:
            pdf = own.enter_context(pikepdf.open(path))
            repairs = [str(warning).lower() for warning in pdf.get_warnings()]
            if pdf.is_encrypted or not any("pages tree" in repair for repair in repairs):
                own.pop_all()
                return Opened(pdf, path, repairs, Mended())
        except pikepdf.PdfError as error:
            if "/Pages structure" not in str(error):
                raise
    with ExitStack() as own:
        damaged = own.enter_context(pikepdf.open(path, inherit_page_attributes=False))  # else it would walk the tree
        mended = mend_tree(damaged)
        repairs = [str(warning).lower() for warning in damaged.get_warnings()]
        if damaged.is_encrypted:  # a copy would lose the encryption
            own.pop_all()
            return Opened(damaged, path, repairs, mended)
        copy = _copied(damaged, path, stack)
    return Opened(pikepdf.open(copy), copy, repairs, mended)


def _copied(pdf: pikepdf.Pdf, path: Path, stack: ExitStack) -> Path:
    """Save a document to a temporary folder, which ``stack`` removes."""
    silence(pikepdf.PageCopyWarning)
    try:
        copy = stack.enter_context(temporary_folder()) / "pages.pdf"
        pdf.save(copy)
    except NoTemporaryFolder as error:
        raise PageError(f"{path} could not be read: it is damaged, and for a repaired copy {error}") from error
    except OSError as error:
        where = (
            f"{path} could not be read: it is damaged, and a repaired copy cannot be written to the temporary folder"
        )
        raise PageError(f"{where} ({reason_of(error)})") from error
    return copy


def mend_tree(pdf: pikepdf.Pdf) -> Mended:
    """Cut the loops in a page tree and copy entries that it repeats; call this before ``pdf.pages`` is used.

    Raises:
        ValueError: it is nested too deeply, or repeats too many entries.
    """
    mended, root = Mended(), pdf.Root.get("/Pages")
    if isinstance(root, Dictionary):
        _mend(pdf, root, frozenset({root.objgen}), {root.objgen}, mended)
    return mended


def _mend(
    pdf: pikepdf.Pdf, node: Any, above: frozenset[Number], seen: set[Number], mended: Mended, depth: int = 1
) -> None:
    """Repair the tree below a node; ``above`` are the numbers of the nodes that lead to it in the file, and its own.

    A kid that stands in the list directly, and not as a reference, has no number and is listed nowhere else. It is made
    an object of its own, because a copy of its parent must not share it.
    """
    kids = node.get("/Kids")
    if not isinstance(kids, Array):
        return
    if depth > _MAX_DEPTH:
        raise ValueError("its list of pages is nested too deeply")
    new_kids, changed = [], False
    for kid in kids:
        if not isinstance(kid, Dictionary) or (kid.is_indirect and kid.objgen in above):
            mended.loops += isinstance(kid, Dictionary)
            mended.none += not isinstance(kid, Dictionary)
            changed = True
            continue
        number, new_kid = {kid.objgen} if kid.is_indirect else set[Number](), kid
        if number <= seen:
            new_kid, changed = pdf.make_indirect(Dictionary(dict(kid.items()))), True
            mended.copies += kid.is_indirect
            if mended.copies > _MAX_COPIES:
                raise ValueError("its list of pages repeats itself too often")
        seen |= number | {new_kid.objgen}  # a node that is listed again may list a copy
        new_kids.append(new_kid)
        if "/Kids" in new_kid:
            _mend(pdf, new_kid, above | number, seen, mended, depth + 1)
    if changed:
        node.Kids = Array(new_kids)
