"""Read pages of text from images, RVL-CDIP and PDF files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from docsr.errors import NoInputError, PageError, UsageError
from docsr.io.paths.inputs import find_inputs
from docsr.io.pdf.render import open_pdf, render_leaf
from docsr.io.raster.read import read_pages
from docsr.page import Page, resize
from docsr.pairs.source import Document, Source, SourcePage, split_by_name
from docsr.pairs.store import outside_stores
from docsr.square import squared
from docsr.system.names import RefusedName, below

LARGEST_ENLARGEMENT = 1.35
PDF_LARGEST_SCALE = 12.0
PDF_CHARACTERS = 1500
PDF_FEWEST = 40
X_HIGH = frozenset("acemnorsuvwxz")


class Images(Source):
    """A folder of images; ``name.txt`` beside one is its reference text. Patch stores below the folder are left out."""

    x_height = 24.0
    has_colour = True

    def documents(self, root: Path) -> list[Document]:
        """Return every image as one document."""
        return split_by_name(outside_stores([source.path for source in find_inputs([root])], root), root)

    def pages(self, document: Document) -> Iterator[SourcePage]:
        """Yield the image's pages; the text belongs to the first one."""
        text = document.path.with_suffix(".txt")
        for page in map(squared, read_pages(document.path)):
            has_text = page.number == 0 and os.path.isfile(text)
            words = text.read_text(encoding="utf-8", errors="replace") if has_text else None
            yield SourcePage(page.number, partial(rescale, page), LARGEST_ENLARGEMENT, words)


class RvlCdip(Images):
    """RVL-CDIP's own layout: ``images/`` and ``labels/{train,val,test}.txt`` with lines 'path label'.

    The split of the labels is kept. 'test' is left out, since it is for measuring.
    """

    x_height = 8.0

    def documents(self, root: Path) -> list[Document]:
        """Return every listed image except test images, in the order of the label files."""
        if not os.path.isdir(root / "labels") or not os.path.isdir(root / "images"):
            raise UsageError(f"{root} does not have the layout of RVL-CDIP: it needs the folders images/ and labels/")
        documents = []
        for split in ("train", "val"):
            listing = root / "labels" / f"{split}.txt"
            if not os.path.isfile(listing):
                raise UsageError(f"{root} does not have the layout of RVL-CDIP: {listing} is missing")
            for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
                if line.strip():
                    documents.append(Document(_inside(root / "images", line.rsplit(maxsplit=1)[0]), split))
        if not documents:
            raise NoInputError(f"the label files of {root} list no image")
        return documents


class Pdf(Source):
    """PDF files with real text, rendered at the dpi that is needed; their own text is the reference."""

    x_height = 28.0

    def documents(self, root: Path) -> list[Document]:
        """Return every .pdf under the folder, or the one file."""
        paths = [root] if os.path.isfile(root) else sorted(p for p in root.rglob("*.pdf") if os.path.isfile(p))
        return split_by_name(paths, root)

    def pages(self, document: Document) -> Iterator[SourcePage]:
        """Yield every page that has text (PageError if none has); scale 1.0 is 72 dpi."""
        has_text = False
        with open_pdf(document.path) as pdf:
            for number in range(len(pdf)):
                leaf = pdf[number]
                x_height, text = _pdf_text(leaf.get_textpage())
                if x_height is not None:
                    has_text = True
                    render = partial(render_leaf, leaf, document.path, number)
                    yield SourcePage(number, render, PDF_LARGEST_SCALE, text, x_height)
        if not has_text:
            raise PageError(f"{document.path}: no page has text of its own: render a scan to images, and prepare those")


def _inside(folder: Path, name: str) -> Path:
    """Return ``folder / name``; refuse names that lead out of the folder."""
    try:
        return below(folder, name)
    except RefusedName as error:
        raise UsageError(f"the label files of {folder.parent} name a file that cannot be in it: {error}") from error


def rescale(page: Page, scale: float) -> Page:
    """Resize a page: by area averaging to shrink it, by cubic interpolation to enlarge it."""
    if scale == 1.0:
        return page
    shape = (max(1, round(page.width * scale)), max(1, round(page.height * scale)))
    return page.resized(resize(page.pixels, *shape))


def _pdf_text(textpage: Any) -> tuple[float | None, str]:
    """Return (x-height in points, text) of a page from its characters' boxes; None if it has too little text."""
    text = textpage.get_text_range()
    heights = []
    for index, character in enumerate(text[:PDF_CHARACTERS]):
        if character in X_HIGH:
            _, bottom, _, top = textpage.get_charbox(index)
            heights.append(top - bottom)
    if len(heights) < PDF_FEWEST:
        return None, text
    height = float(np.median(heights))
    return (height if height > 0 else None), text
