"""Compare pages before and after, brought to the same coordinates, in one HTML page (``docsr compare``)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from docsr.choices import MAX_PIXELS
from docsr.errors import DocsrError, NoInputError, PageError, UsageError, sentence_of
from docsr.io.decoder_messages import captured_messages, summary_of
from docsr.io.document import count_pages, read_document
from docsr.io.limits import allowing, memory_for, size_of
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
"""Default number of pages shown: the file grows with them."""

DOCSR = "docsr"

_SECONDS_TO_START = 0.1
"""Seconds between two attempts to end readings, since some may start late."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two files that show the same content, the original of higher resolution if there is one, and a title."""

    before: Path
    after: Path
    hr: Path | None
    name: str


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """Options of a comparison.

    Attributes:
        limit: largest number of pages to show.
        reader: OCR engine that reads the texts; None: texts are not compared.
        max_pixels: larger pages are refused.
        maker: program that made the files after, if known; None: look it up.
        counted: whether to report how many pages are left out.
        overwrite: whether to replace an existing file that is no such page.
    """

    limit: int = LIMIT
    reader: Tesseract | None = None
    max_pixels: int = MAX_PIXELS
    maker: str | None = None
    counted: bool = True
    overwrite: bool = True


@dataclass(slots=True)
class Outcome:
    """The result and the progress of a comparison.

    Attributes:
        pages: number of pages shown.
        size: size of the HTML page in bytes.
        notes: sentences about files without a partner and other omissions; the HTML page has them too.
        failed: sentences about what could not be read; the HTML page has them too.
        warnings: what decoders said, and what looks wrong.
        known: pages of the pairs opened so far, whether they are shown or still to come.
        unopened: pairs whose pages are not counted yet.
        progress: called with this object whenever one of the numbers changed.
    """

    pages: int = 0
    size: int = 0
    notes: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    known: int = 0
    unopened: int = 0
    progress: Callable[[Outcome], None] = lambda outcome: None

    def of_all(self, limit: int) -> tuple[int, bool]:
        """Return the least number of pages to be shown, and whether there may be more."""
        least = self.known + self.unopened
        return min(limit, least), bool(self.unopened) and least < limit

    def sentences(self) -> list[str]:
        """Return the sentences that the HTML page prints about omissions and failures."""
        return [*self.notes, *(f"Failed: {sentence}" for sentence in self.failed)]


def plan_pairs(before: Path, after: Path, hr: Path | None = None) -> tuple[list[Pair], list[str]]:
    """Pair two files as they are given, or the files of folders by the rules of docsr.io.paths.pairing.

    Returns:
        The pairs, and sentences about what has no partner.

    Raises:
        NoInputError: a path does not exist, or a folder holds nothing that can be read.
        UsageError: both are the same folder, or HR is one file for many.
    """
    for path in (before, after, hr):
        if path is not None:
            _refuse_missing(path)
    if os.path.isdir(before) and os.path.isdir(after) and before.samefile(after):
        raise UsageError(f"{before} and {after} are the same folder: give the folder before and the folder after")
    if not os.path.isdir(before) and not os.path.isdir(after) and (hr is None or not os.path.isdir(hr)):
        return [Pair(before, after, hr, before.name)], []
    files, others = files_of(before, after), files_of(after, before)
    made, notes = made_in(after) if os.path.isdir(after) else ({}, list[str]())
    matches = (
        partners(files, others, made) if os.path.isdir(before) or os.path.isdir(after) else {files[0].relative: after}
    )
    if hr is not None and not os.path.isdir(hr) and len(matches) > 1:
        raise UsageError(f"--hr {hr} is one file, but {len(matches)} files are compared: give a folder")
    originals = {} if hr is None else partners(files, files_of(hr))
    if hr is not None and not os.path.isdir(hr):
        originals = dict.fromkeys(matches, hr)
    pairs = [
        Pair(file.path, matches[file.relative], originals.get(file.relative), str(file.relative))
        for file in files
        if file.relative in matches
    ]
    alone: list[Path] = []
    if os.path.isdir(before) and os.path.isdir(after):
        taken = set(matches.values())
        alone = [file.path for file in files if file.relative not in matches]
        alone += [other.path for other in others if other.path not in taken]
    without = [pair.before for pair in pairs if hr is not None and pair.hr is None]
    notes += [_list_files("Not compared, because the other side has no file of that name", alone)] if alone else []
    return pairs, notes + ([_list_files("There is no HR for", without)] if without else [])


def _refuse_missing(path: Path) -> None:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NoInputError(f"{path} does not exist: give two files, or two folders") from error
    except (OSError, ValueError):
        return  # reading the file says why


def _list_files(what: str, paths: Sequence[Path]) -> str:
    few, more = ", ".join(map(str, paths[:3])), len(paths) - 3
    return f"{what}: {few}" + (f" and {counted(more, 'more file')}" if more > 0 else "")


def compare_files(
    pairs: Sequence[Pair],
    out: Path | Place,
    options: CompareOptions,
    title: str,
    notes: Sequence[str] = (),
    progress: Callable[[Outcome], None] = lambda outcome: None,
) -> Outcome:
    """Write the HTML page; a file that fails does not stop the others.

    Args:
        pairs: from :func:`plan_pairs`.
        out: the HTML file, as in docsr.io.paths.atomic.atomic_write; it replaces no file of the pairs.
        options: options of the comparison.
        title: names what is compared, for a reader.
        notes: sentences that come first.
        progress: called with the outcome so far, whenever it changes.

    Returns:
        The outcome; if no page could be shown, nothing is written.

    Raises:
        PageError: the HTML page cannot be written.
        MissingExtraError: a package that it needs is not installed.
    """
    outcome = Outcome(notes=list(notes), unopened=len(pairs), progress=progress)
    sheets = _sheets(pairs, options, outcome)
    kept = identities(path for pair in pairs for path in (pair.before, pair.after, pair.hr) if path is not None)
    target = place_at(out, kept) if isinstance(out, Path) else replace(out, kept=out.kept | kept)
    first = next(sheets, None)
    if first is None:
        return outcome
    shown = chain(iter([first]), sheets)  # an iterator drops what it yielded, so one sheet is in memory at a time
    del first
    outcome.size = write_viewer(target, title, shown, outcome.sentences, overwrite=options.overwrite)
    return outcome


def _sheets(pairs: Sequence[Pair], options: CompareOptions, outcome: Outcome) -> Iterator[Sheet]:
    for number, pair in enumerate(pairs):
        sheets, of_pair = _sheets_or_failure(pair, options, outcome), 0
        while outcome.pages < options.limit and (sheet := next(sheets, None)) is not None:
            outcome.pages, of_pair = outcome.pages + 1, of_pair + 1
            outcome.progress(outcome)
            yield sheet
            del sheet
        if outcome.pages >= options.limit:
            more = _left_out(pair, of_pair, len(pairs) - number - 1) if options.counted else ""
            if more:
                outcome.notes.append(f"{more} not shown: --limit sets how many pages are")
            return


def _left_out(pair: Pair, shown: int, files: int) -> str:
    """Count the pages of a pair after the shown ones, and the files after it; return "" if there are none."""
    try:
        pages = min(count_pages(pair.before), count_pages(pair.after)) - shown
    except DocsrError:
        pages = 0
    left = [counted(number, f"more {what}") for number, what in ((pages, "page"), (files, "file")) if number > 0]
    return " and ".join(left)


def _sheets_or_failure(pair: Pair, options: CompareOptions, outcome: Outcome) -> Iterator[Sheet]:
    """Yield the sheets of two files; record a failure, which ends them."""
    try:
        yield from _pair_sheets(pair, options, outcome)
    except Exception as error:  # whatever a library raises for one file must not stop the others
        files = f"{pair.before} and {pair.after}"
        outcome.failed.append(sentence_of(error, files, "compared", "compare smaller pages"))
        outcome.known = outcome.pages


def _pair_sheets(pair: Pair, options: CompareOptions, outcome: Outcome) -> Iterator[Sheet]:
    outcome.unopened -= 1
    paths = [path for path in (pair.before, pair.after, pair.hr) if path is not None]
    counts = [count_pages(path) for path in paths]
    outcome.known += min(counts)
    outcome.progress(outcome)
    if len(set(counts)) > 1:
        numbers = ", ".join(f"{path} has {counted(count, 'page')}" for path, count in zip(paths, counts, strict=True))
        outcome.notes.append(f"Only pages that all files have are compared: {numbers}")
    maker = options.maker or (DOCSR if is_docsrs(pair.after) else None)
    readers = [read_document(path) for path in paths]
    for number in range(min(counts)):
        title = pair.name if max(counts) == 1 else f"{pair.name}, page {number + 1}"
        pages = (_read(reader, path, options, outcome) for reader, path in zip(readers, paths, strict=True))
        yield _page_sheet(title, list(pages), maker, options, outcome)


def _page_sheet(title: str, pages: list[Page], maker: str | None, options: CompareOptions, outcome: Outcome) -> Sheet:
    with allowing(options.max_pixels):
        sheet = make_sheet(title, *pages, maker=maker)
    off = max(shape_off(pages[0], page) for page in pages[1:])
    if off > SAME_SHAPE:
        sheet.notes.append(f"the shapes differ by {100 * off:.0f} %: these may not be the same page")
        outcome.warnings.append(f"{title}: {sheet.notes[-1]}")
    return sheet if options.reader is None else _read_words(sheet, options.reader, outcome)


def _read(pages: Iterator[Page], path: Path, options: CompareOptions, outcome: Outcome) -> Page:
    memory = memory_for(size_of(path), options.max_pixels, 1)
    with allowing(options.max_pixels, memory), captured_messages(printed=False) as complaints:
        page = next(pages, None)
    if complaints:
        outcome.warnings.append(f"{path}: {summary_of(complaints)}")
    if page is None:
        raise PageError(f"{path} has fewer pages than it says")
    with allowing(options.max_pixels):
        return squared(page)


def _read_words(sheet: Sheet, reader: Tesseract, outcome: Outcome) -> Sheet:
    """Return the sheet with the words of all its variants, read in parallel, each at its own resolution."""

    def words(variant: Variant) -> Variant:
        try:
            return replace(variant, words=reader.words(variant.page))
        except DocsrError as error:
            outcome.failed.append(f"{sheet.title}, {variant.name}: {error}")
            return variant

    with ThreadPoolExecutor(len(sheet.variants)) as pool:
        reading = [pool.submit(words, variant) for variant in sheet.variants]
        try:
            return replace(sheet, variants=[future.result() for future in reading])
        except KeyboardInterrupt:
            while wait(reading, timeout=_SECONDS_TO_START).not_done:
                end_running()  # some readings may have begun only now
            raise
