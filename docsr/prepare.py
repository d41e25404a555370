"""Cut documents into HR patches of one text size and store them (``docsr prepare``)."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from docsr.decide import text_size
from docsr.errors import NoInputError, PageError, UsageError
from docsr.io.paths.atomic import atomic_write
from docsr.io.raster.write import write_pages
from docsr.page import Page, Pixels, luminance
from docsr.pairs.fonts import read_prose
from docsr.pairs.source import Document, Source, SourcePage
from docsr.pairs.sources import SOURCES
from docsr.pairs.store import PAGES, StoreHeader
from docsr.pairs.store_writer import StoreWriter, check_new
from docsr.pool import run_in_processes

PLAIN_SHARE = 0.95
"""A text with a smaller share of ASCII is hardly English, so Tesseract's English data cannot be scored on it."""
FEWEST_WORDS = 100
"""On a validation page with fewer words, one word moves the CER by whole percents."""
INK_SHARE = (0.004, 0.6)
"""Ink of a patch as a share of its pixels: less is blank paper or a speck, more is a picture or a black border."""
TRIES = 4
"""Number of places drawn for each patch that is wanted."""
MARGIN = 0.04
"""Rim of a page as a share of its side: it holds scanner shadows and punch holes rather than text."""


@dataclass(frozen=True)
class PrepareOptions:
    """How pages become patches.

    Attributes:
        x_height: text size in px to which every page is brought; None keeps pages as they are.
        size: side of a patch in px.
        per_page: largest number of patches from a page.
        per_document: largest number of pages from a document, counted from its start.
        pages_kept: validation pages kept whole, with their text, for CER during training.
        colour: keep RGB; otherwise patches are grey.
        lr_factor: use the source's LR of this factor; training makes LR if the source has none. None: use the LR that
            the source always has (npy-pairs), or no LR.
        prose: a text file whose words are drawn; None: draw random words of no language.
    """

    x_height: float | None
    size: int = 384
    per_page: int = 6
    per_document: int = 40
    pages_kept: int = 4
    colour: bool = False
    lr_factor: int | None = None
    prose: Path | None = None


@dataclass
class Harvest:
    """The patches and pages of one document."""

    document: Document
    patches: list[NDArray[np.uint8]] = field(default_factory=list)
    lr: list[NDArray[np.uint8]] = field(default_factory=list)
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
    """Fill the folder ``out`` with patches of the documents under ``root``; return the header of the store.

    Raises:
        UsageError: ``out`` is not empty or contains the source, ``root`` is not of this kind, or the options do not
            apply to this kind.
        NoInputError: ``root`` does not exist, holds no document, or none of its training pages gave a patch.
    """
    if not os.path.exists(root):
        raise NoInputError(f"{root} does not exist: give a folder of documents, or one of them")
    if root.resolve().is_relative_to(out.resolve()):
        raise UsageError(f"--out {out} holds the source {root}: choose another folder")
    check_new(out)
    source = _source(kind, options)
    documents = _documents(source, root, options)
    writer = StoreWriter(out, options.size)
    with closing(_harvests(partial(harvest, source=source, options=options), documents, jobs)) as harvests:
        pages, skipped = _gather(harvests, writer, options.pages_kept, lambda done: progress(done, len(documents)))
    if not writer.counts["train"]:
        raise NoInputError(f"no training page of {root} gave a patch: {skipped[0] if skipped else 'it has no page'}")
    counts = {"documents": len(documents), "pages": pages, "colours": 3 if options.colour else 1}
    header = StoreHeader(
        kind,
        options.size,
        options.x_height,
        **writer.counts,
        **counts,
        lr_factor=source.lr_factor,
        skipped=tuple(skipped),
    )
    writer.close(header)
    return header


def _documents(source: Source, root: Path, options: PrepareOptions) -> list[Document]:
    documents = source.documents(root)
    if source.lr_factor is not None and options.size % source.lr_factor:  # known only now, from the documents
        raise UsageError(f"a patch of {options.size} px is not a multiple of the pairs' factor {source.lr_factor}")
    return documents


def _source(kind: str, options: PrepareOptions) -> Source:
    source = SOURCES.find(kind)()
    if source.x_height is None and options.x_height is not None:
        raise UsageError(f"{kind} are not pages of text: they have no x-height that could be changed")
    if options.colour and not source.has_colour:
        raise UsageError(f"{kind} gives grey pages: leave out --colour")
    if options.lr_factor is not None:
        if not source.has_lr:
            raise UsageError(f"{kind} has no LR of its own: leave the factor to docsr train")
        source.lr_factor = options.lr_factor
    if options.prose is not None:
        if not source.takes_prose:
            raise UsageError(f"{kind} draws no text: leave out --prose")
        read_prose(options.prose)  # so that an unreadable file is reported before anything is written
        source.prose = options.prose
    return source


def _harvests(read: Callable[[Document], Harvest], todo: list[Document], jobs: int) -> Generator[Harvest, None, None]:
    """Yield the harvest of each document in order, so that the store is the same for any number of jobs."""
    if jobs == 1:
        yield from map(read, todo)
        return
    with closing(run_in_processes(read, todo, jobs=jobs, on_crash=_on_crash, ordered=True)) as results:
        yield from (result for _, result in results)


def _gather(
    harvests: Iterable[Harvest], writer: StoreWriter, pages_kept: int, progress: Callable[[int], None]
) -> tuple[int, list[str]]:
    """Write the harvests; return the number of pages read and the sentences about what was skipped."""
    pages, kept = 0, 0
    skipped: list[str] = []
    for number, result in enumerate(harvests, 1):
        pages += result.pages
        skipped += result.skipped
        if result.patches:
            lr = np.concatenate(result.lr) if result.lr else None
            writer.add(result.document.split, np.concatenate(result.patches), lr)
        for page, text in result.whole[: pages_kept - kept]:
            _keep(writer, f"{PAGES}/{kept:02d}-{result.document.path.stem}", page, text)
            kept += 1
        progress(number)
    return pages, skipped


def harvest(document: Document, source: Source, options: PrepareOptions) -> Harvest:
    """Read one document and cut its pages into patches; ``skipped`` says what cannot be used."""
    result = Harvest(document)
    try:
        for leaf in source.pages(document):
            if result.pages >= options.per_document:
                break
            result.pages += 1
            try:
                _harvest_page(result, leaf, source, options)
            except PageError as error:
                result.skipped.append(f"{document.path}, page {leaf.number + 1}: {error}")
    except PageError as error:
        result.skipped.append(str(error))
    return result


def _on_crash(document: Document) -> Harvest:
    return Harvest(document, skipped=[f"{document.path}: its worker died (out of memory?): use fewer --jobs"])


def _harvest_page(result: Harvest, leaf: SourcePage, source: Source, options: PrepareOptions) -> None:
    page = leaf.at(normal_scale(leaf, options.x_height))
    seed = zlib.crc32(f"{result.document.path.name} {leaf.number}".encode())
    pixels = _as_trained(page.pixels, options)
    if source.x_height is not None:
        pixels = _pad_to(pixels, options.size)
    places = choose_places(luminance(pixels), source, options, seed=seed)
    if not places:
        raise PageError(_why_no_place(pixels, source, options))
    if leaf.lr is not None and source.lr_factor is not None:
        result.lr.append(_lr_patches(_as_trained(leaf.lr().pixels, options), pixels, places, source.lr_factor, options))
    result.patches.append(np.stack([pixels[y:, x:][: options.size, : options.size] for y, x in places]))
    page = replace(page, pixels=luminance(page.pixels), icc=None)  # as networks see it
    wanted = result.document.split == "val" and not result.whole
    if wanted and leaf.text and _scorable(leaf.text):
        result.whole.append((page, leaf.text))


def _scorable(text: str) -> bool:
    """Return whether English OCR can be scored on this text: it has enough words, in plain Latin letters."""
    return len(text.split()) >= FEWEST_WORDS and sum(c.isascii() for c in text) >= PLAIN_SHARE * len(text)


def normal_scale(leaf: SourcePage, x_height: float | None) -> float:
    """Return the scale that brings the page's text to ``x_height`` px. PageError if it has none, or too small."""
    if x_height is None:
        return 1.0
    measured = leaf.x_height
    if measured is None:
        size = text_size.measure(leaf.at(1.0).pixels)
        if size is None:
            raise PageError("no text found")
        measured = size.x_height
    scale = x_height / measured
    if scale > leaf.largest_scale:
        raise PageError(
            f"its text is too small (x-height {measured:.1f} px, wanted {x_height:g}): "
            "give a smaller --x-height or --as-is, which takes any text size"
        )
    return scale


def choose_places(grey: Pixels, source: Source, options: PrepareOptions, *, seed: int) -> list[tuple[int, int]]:
    """Draw up to ``per_page`` places (top, left) for patches by ``seed``; return none if the page is too small.

    On a page of text, the rim and places that are blank or a picture are left out. In a source with LR, places are
    multiples of its factor.
    """
    text, step, size = source.x_height is not None, source.lr_factor or 1, options.size
    room = [(length - size) // step for length in grey.shape]
    if min(room) < 0:
        return []
    random = np.random.default_rng(seed)
    rim = [int(length * MARGIN) // step if text else 0 for length in grey.shape]
    places: list[tuple[int, int]] = []
    for _ in range(TRIES * options.per_page):
        y, x = (
            step * min(int(random.integers(min(edge, most), max(edge, most - edge) + 1)), most)
            for edge, most in zip(rim, room, strict=True)
        )
        ink = float((grey[y : y + size, x : x + size] < 128).mean())
        if (y, x) not in places and (not text or INK_SHARE[0] < ink < INK_SHARE[1]):
            places.append((y, x))
        if len(places) == options.per_page:
            break
    return places


def _as_trained(pixels: Pixels, options: PrepareOptions) -> Pixels:
    """Convert pixels to RGB or grey, as the patches need them."""
    if not options.colour:
        return luminance(pixels)
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def _pad_to(pixels: Pixels, size: int) -> Pixels:
    """Pad a page that is smaller than a patch with white paper."""
    border = [(0, max(0, size - length)) for length in pixels.shape[:2]] + [(0, 0)] * (pixels.ndim - 2)
    return np.pad(pixels, border, constant_values=255)


def _why_no_place(pixels: Pixels, source: Source, options: PrepareOptions) -> str:
    if source.x_height is not None:
        return "no part of it looks like text: it is blank, or a picture"
    height, width = pixels.shape[:2]
    return f"its {width} x {height} px are less than a patch of {options.size} px: give a smaller --patch"


def _lr_patches(
    lr: Pixels, hr: Pixels, places: list[tuple[int, int]], factor: int, options: PrepareOptions
) -> NDArray[np.uint8]:
    """Return the LR of each patch. PageError if the LR page's size is not the HR page's over the factor, rounded."""
    sides = zip(lr.shape[:2], hr.shape[:2], strict=True)
    if any(small not in {large // factor, -(-large // factor)} for small, large in sides):
        raise PageError(f"its LR of shape {lr.shape} is not {factor} times smaller than its HR of shape {hr.shape}")
    side = options.size // factor
    return np.stack([lr[y // factor :, x // factor :][:side, :side] for y, x in places])


def _keep(writer: StoreWriter, name: str, page: Page, text: str) -> None:
    """Write a whole validation page and its reference text."""
    write_pages(writer.place(f"{name}.png"), [page], "png")
    with atomic_write(writer.place(f"{name}.txt")) as file:
        file.write(text.encode())
