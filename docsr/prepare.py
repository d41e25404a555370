"""Documents -> text-size-normalised HR patches in a store (``docsr prepare``)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from docsr import textsize
from docsr.errors import NoInputError, PageError, UsageError
from docsr.io.files import atomic_write
from docsr.io.images import write_pages
from docsr.page import Page, Pixels, luminance
from docsr.pairs.sources import SOURCES, Document, Source, SourcePage
from docsr.pairs.store import PAGES, StoreHeader, StoreWriter, check_new
from docsr.pool import run_in_processes

PLAIN_SHARE = 0.95
"""A text with fewer ASCII characters is hardly English, and Tesseract's English data cannot be scored on it."""
FEWEST_WORDS = 100
"""A validation page with fewer words moves by whole percents of CER with one of them."""
INK_SHARE = (0.004, 0.6)
"""Ink of a patch as a share of its pixels: less is blank paper or a speck, more a picture or a black border."""
MARGIN = 0.04
"""The rim of a page, as a share of its side, holds scanner shadows and punch holes rather than text."""


@dataclass(frozen=True)
class PrepareOptions:
    """How pages become patches.

    Attributes:
        x_height: text size in px that every page is brought to; None keeps pages as they are.
        size: side of a patch in px.
        per_page: at most so many patches of a page.
        per_document: at most so many pages of a document, from its start.
        pages_kept: validation pages kept whole, with their text, for CER while training.
    """

    x_height: float | None
    size: int = 384
    per_page: int = 6
    per_document: int = 40
    pages_kept: int = 4


@dataclass
class Harvest:
    """What one document gave."""

    document: Document
    patches: list[NDArray[np.uint8]] = field(default_factory=list)
    whole: list[tuple[Page, str]] = field(default_factory=list)
    pages: int = 0
    skipped: list[str] = field(default_factory=list)


def prepare(
    kind: str,
    root: Path,
    out: Path,
    options: PrepareOptions,
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> StoreHeader:
    """Fill the folder ``out`` with patches of the documents under ``root``; return what it holds.

    Raises:
        UsageError: ``out`` holds something already or would hold the source, or ``root`` is not of this kind.
        NoInputError: ``root`` does not exist, or holds no document, or none of its training pages gave a patch.
    """
    if not root.exists():
        raise NoInputError(f"{root} does not exist: give a folder of documents, or one of them")
    if root.resolve().is_relative_to(out.resolve()):
        raise UsageError(f"--out {out} holds the source {root}: choose another folder")
    check_new(out)
    source = SOURCES.find(kind)()
    documents = source.documents(root)
    writer = StoreWriter(out, options.size)
    harvests = _harvests(partial(harvest, source=source, options=options), documents, jobs)
    pages, skipped = _gather(harvests, writer, options.pages_kept, lambda done: progress(done, len(documents)))
    if not writer.counts["train"]:
        raise NoInputError(f"no training page of {root} gave a patch: {skipped[0] if skipped else 'it has no page'}")
    counts = {**writer.counts, "documents": len(documents), "pages": pages}
    header = StoreHeader(kind, options.size, options.x_height, **counts, skipped=tuple(skipped))
    writer.close(header)
    return header


def _harvests(read: Callable[[Document], Harvest], documents: list[Document], jobs: int) -> Iterable[Harvest]:
    """What the documents give, in their order: the same store for any number of jobs."""
    if jobs == 1:
        return map(read, documents)
    return (found for _, found in run_in_processes(read, documents, jobs=jobs, broken=_broken, ordered=True))


def _gather(
    harvests: Iterable[Harvest], writer: StoreWriter, pages_kept: int, progress: Callable[[int], None]
) -> tuple[int, list[str]]:
    """Write what the documents gave; return the number of pages read and what was skipped."""
    pages, kept = 0, 0
    skipped: list[str] = []
    for number, found in enumerate(harvests, 1):
        pages += found.pages
        skipped += found.skipped
        if found.patches:
            writer.add(found.document.split, np.concatenate(found.patches))
        for page, text in found.whole[: pages_kept - kept]:
            _keep(writer.folder / PAGES, f"{kept:02d}-{found.document.path.stem}", page, text)
            kept += 1
        progress(number)
    return pages, skipped


def harvest(document: Document, source: Source, options: PrepareOptions) -> Harvest:
    """Read one document and cut its pages into patches; what cannot be used is said in ``skipped``."""
    found = Harvest(document)
    try:
        for leaf in source.pages(document):
            if found.pages >= options.per_document:
                break
            found.pages += 1
            try:
                _harvest_page(found, leaf, options)
            except PageError as error:
                found.skipped.append(f"{document.path}, page {leaf.number + 1}: {error}")
    except PageError as error:
        found.skipped.append(str(error))
    return found


def _broken(document: Document) -> Harvest:
    return Harvest(
        document, skipped=[f"{document.path}: under way when a worker died (out of memory?): use fewer --jobs"]
    )


def _harvest_page(found: Harvest, leaf: SourcePage, options: PrepareOptions) -> None:
    page = leaf.at(normal_scale(leaf, options.x_height))
    seed = zlib.crc32(f"{found.document.path.name} {leaf.number}".encode())
    page = replace(page, pixels=luminance(page.pixels), icc=None)  # what networks see, patches and whole pages alike
    patches = cut(page.pixels, options.size, options.per_page, seed=seed)
    if not len(patches):
        raise PageError("no part of it looks like text: it is blank, or a picture")
    found.patches.append(patches)
    wanted = found.document.split == "val" and not found.whole
    if wanted and leaf.text and _scorable(leaf.text):
        found.whole.append((page, leaf.text))


def _scorable(text: str) -> bool:
    """Whether OCR in English can be scored on this text: enough words, in plain Latin letters."""
    return len(text.split()) >= FEWEST_WORDS and sum(c.isascii() for c in text) >= PLAIN_SHARE * len(text)


def normal_scale(leaf: SourcePage, x_height: float | None) -> float:
    """The scale that brings the page's text to ``x_height`` px; PageError when it has none or it is far too small."""
    if x_height is None:
        return 1.0
    measured = leaf.x_height
    if measured is None:
        size = textsize.measure(leaf.at(1.0).pixels)
        if size is None:
            raise PageError("no text found")
        measured = size.x_height
    scale = x_height / measured
    if scale > leaf.largest_scale:
        raise PageError(
            f"its text is too small (x-height {measured:.1f} px, wanted {x_height:g}): "
            "a smaller --x-height takes it, and --as-is takes any"
        )
    return scale


def cut(pixels: Pixels, size: int, count: int, *, seed: int) -> NDArray[np.uint8]:
    """At most ``count`` patches of size x size at places drawn by ``seed`` that are neither blank nor a picture."""
    height, width = pixels.shape
    if height < size or width < size:
        border = ((0, max(0, size - height)), (0, max(0, size - width)))
        pixels = np.pad(pixels, border, constant_values=255)  # paper around a page that is smaller than a patch
        height, width = pixels.shape
    random = np.random.default_rng(seed)
    top, left = int(height * MARGIN), int(width * MARGIN)
    patches = []
    for _ in range(4 * count):
        y = int(random.integers(min(top, height - size), max(top, height - size - top) + 1))
        x = int(random.integers(min(left, width - size), max(left, width - size - left) + 1))
        patch = pixels[min(y, height - size) :, min(x, width - size) :][:size, :size]
        if INK_SHARE[0] < float((patch < 128).mean()) < INK_SHARE[1]:
            patches.append(patch)
        if len(patches) == count:
            break
    return np.stack(patches) if patches else np.empty((0, size, size), np.uint8)


def _keep(folder: Path, name: str, page: Page, text: str) -> None:
    """Save a whole validation page and its reference text."""
    folder.mkdir(parents=True, exist_ok=True)
    write_pages(folder / f"{name}.png", [page], "png")
    with atomic_write(folder / f"{name}.txt") as path:
        path.write_text(text, encoding="utf-8")
