"""Pages before and after, brought to the same coordinates, in one page to look at (``docsr compare``)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from docsr.errors import DocsrError, NoInputError, PageError, UsageError, sentence_of
from docsr.io.decoder_messages import captured_messages, summary_of
from docsr.io.document import count_pages, read_document
from docsr.io.limits import MAX_PIXELS, allowing, memory_for, size_of
from docsr.io.paths.folders import Place, identities, place_at
from docsr.io.paths.pairing import files_of, is_docsrs, made_in, partners
from docsr.ocr.tesseract import Tesseract
from docsr.page import Page
from docsr.square import squared
from docsr.system.programs import end_running
from docsr.text.wording import counted
from docsr.viewer.page import write_viewer
from docsr.viewer.sheet import SAME_SHAPE, Sheet, Variant, make_sheet, shape_off

LIMIT = 20
"""Pages that are shown unless more are asked for: the file grows with them."""

DOCSR = "docsr"

_SECONDS_TO_START = 0.1
"""After so long, readings that have begun only now are ended too."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two files that show the same, and the original of higher resolution if there is one; ``name`` is for a person."""

    before: Path
    after: Path
    hr: Path | None
    name: str


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """What is asked for.

    Attributes:
        limit: pages to show at most.
        reader: what reads the texts; None: they are not compared.
        max_pixels: larger pages are refused.
        maker: what is known to have made the files after; None: it is looked up.
        counted: whether to say how many pages are left out.
        overwrite: whether to replace what is there and is no such page.
    """

    limit: int = LIMIT
    reader: Tesseract | None = None
    max_pixels: int = MAX_PIXELS
    maker: str | None = None
    counted: bool = True
    overwrite: bool = True


@dataclass(slots=True)
class Outcome:
    """What became of a comparison.

    Attributes:
        pages: how many are shown.
        size: of the page that shows them, in bytes.
        notes: what does not pair, and what else was left out, a sentence each; the page has them too.
        failed: what could not be read, likewise.
        warnings: what decoders said, and what looks wrong.
        known: pages of the pairs opened so far, whether they are shown or still to come.
        unopened: pairs whose pages are not counted yet.
        progress: called with this whenever one of the numbers changed.
    """

    pages: int = 0
    size: int = 0
    notes: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    known: int = 0
    unopened: int = 0
    progress: Callable[[Outcome], None] = lambda told: None

    def of_all(self, limit: int) -> tuple[int, bool]:
        """Return how many pages are to be shown, at least, and whether there may be more."""
        least = self.known + self.unopened
        return min(limit, least), bool(self.unopened) and least < limit

    def sentences(self) -> list[str]:
        """What the page tells of all this."""
        return [*self.notes, *(f"Failed: {one}" for one in self.failed)]


def plan_pairs(before: Path, after: Path, hr: Path | None = None) -> tuple[list[Pair], list[str]]:
    """Say what is compared with what: two files as they are given, files of folders as docsr.io.paths.pairing does.

    Returns:
        The pairs, and sentences about what has no partner.

    Raises:
        NoInputError: one is not there, or a folder holds nothing that can be read.
        UsageError: both are one folder, or HR is one file for many.
    """
    for path in (before, after, hr):
        if path is not None:
            _refuse_missing(path)
    if os.path.isdir(before) and os.path.isdir(after) and before.samefile(after):
        raise UsageError(f"{before} and {after} are the same folder: name the one before and the one after")
    if not os.path.isdir(before) and not os.path.isdir(after) and (hr is None or not os.path.isdir(hr)):
        return [Pair(before, after, hr, before.name)], []
    files, others = files_of(before, after), files_of(after, before)
    made, notes = made_in(after) if os.path.isdir(after) else ({}, list[str]())
    found = (
        partners(files, others, made) if os.path.isdir(before) or os.path.isdir(after) else {files[0].relative: after}
    )
    if hr is not None and not os.path.isdir(hr) and len(found) > 1:
        raise UsageError(f"--hr {hr} is one file, and {len(found)} files are compared: give a folder")
    originals = {} if hr is None else partners(files, files_of(hr))
    if hr is not None and not os.path.isdir(hr):
        originals = dict.fromkeys(found, hr)
    pairs = [
        Pair(file.path, found[file.relative], originals.get(file.relative), str(file.relative))
        for file in files
        if file.relative in found
    ]
    alone: list[Path] = []
    if os.path.isdir(before) and os.path.isdir(after):
        taken = set(found.values())
        alone = [file.path for file in files if file.relative not in found]
        alone += [other.path for other in others if other.path not in taken]
    without = [pair.before for pair in pairs if hr is not None and pair.hr is None]
    notes += [_named("Not compared, for nothing has their name on the other side", alone)] if alone else []
    return pairs, notes + ([_named("No HR is there for", without)] if without else [])


def _refuse_missing(path: Path) -> None:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NoInputError(f"{path} does not exist: give two files, or two folders") from error
    except (OSError, ValueError):
        return  # reading it says why


def _named(what: str, paths: Sequence[Path]) -> str:
    few, more = ", ".join(map(str, paths[:3])), len(paths) - 3
    return f"{what}: {few}" + (f" and {counted(more, 'more file')}" if more > 0 else "")


def compare_files(
    pairs: Sequence[Pair],
    out: Path | Place,
    options: CompareOptions,
    title: str,
    notes: Sequence[str] = (),
    progress: Callable[[Outcome], None] = lambda told: None,
) -> Outcome:
    """Write the page; a file that fails does not stop the others.

    Args:
        pairs: from :func:`plan_pairs`.
        out: the HTML file, as of docsr.io.paths.atomic.atomic_write; none of the files of the pairs is replaced.
        options: what is asked for.
        title: what is compared, for a person.
        notes: sentences to begin with.
        progress: called with how far it is, whenever that changes.

    Returns:
        What became of it; where no page could be shown, nothing is written.

    Raises:
        PageError: the page cannot be written.
        MissingExtraError: something that it needs is not installed.
    """
    told = Outcome(notes=list(notes), unopened=len(pairs), progress=progress)
    sheets = _sheets(pairs, options, told)
    kept = identities(path for pair in pairs for path in (pair.before, pair.after, pair.hr) if path is not None)
    target = place_at(out, kept) if isinstance(out, Path) else replace(out, kept=out.kept | kept)
    first = next(sheets, None)
    if first is None:
        return told
    shown = chain(iter([first]), sheets)  # an iterator forgets what it gave: one sheet is in memory at a time
    del first
    told.size = write_viewer(target, title, shown, told.sentences, overwrite=options.overwrite)
    return told


def _sheets(pairs: Sequence[Pair], options: CompareOptions, told: Outcome) -> Iterator[Sheet]:
    for number, pair in enumerate(pairs):
        sheets, of_pair = _tried(pair, options, told), 0
        while told.pages < options.limit and (sheet := next(sheets, None)) is not None:
            told.pages, of_pair = told.pages + 1, of_pair + 1
            told.progress(told)
            yield sheet
            del sheet
        if told.pages >= options.limit:
            more = _left_out(pair, of_pair, len(pairs) - number - 1) if options.counted else ""
            if more:
                told.notes.append(f"{more} not shown: --limit says how many pages are")
            return


def _left_out(pair: Pair, shown: int, files: int) -> str:
    """Pages of a pair after those that are shown, and so many files after it; empty where there are none."""
    try:
        pages = min(count_pages(pair.before), count_pages(pair.after)) - shown
    except DocsrError:
        pages = 0
    left = [counted(number, f"more {what}") for number, what in ((pages, "page"), (files, "file")) if number > 0]
    return " and ".join(left)


def _tried(pair: Pair, options: CompareOptions, told: Outcome) -> Iterator[Sheet]:
    """The sheets of two files; what fails is told, and ends them."""
    try:
        yield from _of_pair(pair, options, told)
    except Exception as error:  # whatever a library raises for one file, the others are still done
        told.failed.append(sentence_of(error, f"{pair.before} and {pair.after}", "compared", "compare smaller pages"))
        told.known = told.pages


def _of_pair(pair: Pair, options: CompareOptions, told: Outcome) -> Iterator[Sheet]:
    told.unopened -= 1
    paths = [path for path in (pair.before, pair.after, pair.hr) if path is not None]
    counts = [count_pages(path) for path in paths]
    told.known += min(counts)
    told.progress(told)
    if len(set(counts)) > 1:
        numbers = ", ".join(f"{path} has {counted(count, 'page')}" for path, count in zip(paths, counts, strict=True))
        told.notes.append(f"Only pages that all have are compared: {numbers}")
    maker = options.maker or (DOCSR if is_docsrs(pair.after) else None)
    readers = [read_document(path) for path in paths]
    for number in range(min(counts)):
        title = pair.name if max(counts) == 1 else f"{pair.name}, page {number + 1}"
        pages = (_read(reader, path, options, told) for reader, path in zip(readers, paths, strict=True))
        yield _of_pages(title, list(pages), maker, options, told)


def _of_pages(title: str, pages: list[Page], maker: str | None, options: CompareOptions, told: Outcome) -> Sheet:
    with allowing(options.max_pixels):
        sheet = make_sheet(title, *pages, maker=maker)
    off = max(shape_off(pages[0], page) for page in pages[1:])
    if off > SAME_SHAPE:
        sheet.notes.append(f"the shapes differ by {100 * off:.0f} %: these may not be the same page")
        told.warnings.append(f"{title}: {sheet.notes[-1]}")
    return sheet if options.reader is None else _read_words(sheet, options.reader, told)


def _read(pages: Iterator[Page], path: Path, options: CompareOptions, told: Outcome) -> Page:
    memory = memory_for(size_of(path), options.max_pixels, 1)
    with allowing(options.max_pixels, memory), captured_messages(printed=False) as complaints:
        page = next(pages, None)
    if complaints:
        told.warnings.append(f"{path}: {summary_of(complaints)}")
    if page is None:
        raise PageError(f"{path} has fewer pages than it says")
    with allowing(options.max_pixels):
        return squared(page)


def _read_words(sheet: Sheet, reader: Tesseract, told: Outcome) -> Sheet:
    """The sheet with the words of all its variants, read side by side; each has its own resolution."""

    def words(variant: Variant) -> Variant:
        try:
            return replace(variant, words=reader.words(variant.page))
        except DocsrError as error:
            told.failed.append(f"{sheet.title}, {variant.name}: {error}")
            return variant

    with ThreadPoolExecutor(len(sheet.variants)) as pool:
        reading = [pool.submit(words, variant) for variant in sheet.variants]
        try:
            return replace(sheet, variants=[one.result() for one in reading])
        except KeyboardInterrupt:
            while wait(reading, timeout=_SECONDS_TO_START).not_done:
                end_running()  # some may have begun only now
            raise
