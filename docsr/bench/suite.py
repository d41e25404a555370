"""Load the pages that are measured, with their reference text and how each is made low-resolution.

A suite is a YAML file, or a folder of images with ``name.txt`` beside each.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, groupby, islice, zip_longest
from pathlib import Path

from docsr.bench.suite_file import PDF_DPI, LowerConfig, SourceConfig, SuiteConfig, read_suite
from docsr.errors import NoInputError, PageError, UsageError, reason_of
from docsr.io.paths.inputs import IMAGE_SUFFIXES
from docsr.io.pdf.render import pdf_texts, render_page
from docsr.io.raster.read import read_pages
from docsr.page import Page


@dataclass(frozen=True, slots=True)
class SuitePage:
    """One page of a suite.

    Attributes:
        name: name of the page, unique within its set.
        set: name of its set.
        path: the PDF or image.
        number: 0-based page number.
        pages: number of pages of the file, according to its text.
        text: the reference.
        source: configuration of its source.
        digest: hash of file, page and reference, for the cache.
    """

    name: str
    set: str
    path: Path
    number: int
    pages: int
    text: str
    source: SourceConfig
    digest: str

    def load(self) -> Page:
        """Read or render the page at the resolution it has."""
        if self.source.pdf is not None:
            return render_page(self.path, self.number, self.source.hr_dpi or PDF_DPI)
        page = self._read()
        if page.dpi is None and self.source.hr_dpi is not None and self.source.lower:
            return replace(page, dpi=(self.source.hr_dpi,) * 2)
        return page

    def _read(self) -> Page:
        """Return the image's page, after a check that the file has as many pages as its text."""
        wanted = None
        for page in read_pages(self.path):
            wanted = page if page.number == self.number else wanted
            if page.number >= self.pages:
                break
        else:
            if wanted is not None and page.number + 1 == self.pages:
                return wanted
        raise PageError(
            f"{self.path} and its text differ in the number of pages ({self.pages} in the text): put a form feed "
            "between the texts of two pages"
        )


@dataclass(frozen=True, slots=True)
class Suite:
    """Pages in a fixed order.

    Attributes:
        name: name of the suite.
        pages: pages that are measured.
        problems: a sentence for each page whose text cannot be used.
        without_text: images that have no text, and are not measured.
    """

    name: str
    pages: list[SuitePage] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    without_text: list[Path] = field(default_factory=list)

    def digests(self) -> dict[str, dict[str, str]]:
        """Return set -> page -> digest."""
        digests: dict[str, dict[str, str]] = {}
        for page in self.pages:
            digests.setdefault(page.set, {})[page.name] = page.digest
        return digests


def load_suite(
    where: Path, root: Path | None, folder_lower: LowerConfig | None, folder_dpi: float | None = None
) -> Suite:
    """Read a suite file, or make a suite of a folder.

    Args:
        where: a .yaml file, or a folder of images with ``name.txt`` beside each.
        root: start of a suite file's globs; None: the folder that the file names.
        folder_lower: how the pages of a folder are made low-resolution; None: they are measured as they are.
        folder_dpi: resolution of the pages of a folder that do not state theirs.

    Raises:
        UsageError: an unreadable or wrong suite file.
        NoInputError: there is no page with reference text.
    """
    if os.path.isdir(where):
        lower = (folder_lower,) if folder_lower else ()
        source = SourceConfig(set=where.name, images="**/*", lower=lower, as_it_is=not lower, hr_dpi=folder_dpi)
        config, start, beside = SuiteConfig(name=where.name, sources=(source,)), where, where
    else:
        config = read_suite(where)
        start, beside = root or where.parent / config.root, where.parent
    suite = Suite(config.name)
    for source in config.sources:
        suite.pages.extend(_pages_of(source, start, beside, suite))
    _check_names(suite.pages)
    if not suite.pages:
        problem = f" ({suite.problems[0]})" if suite.problems else ""
        raise NoInputError(f"{start} has no page with text (an image and its .txt, or a PDF with text){problem}")
    return suite


def _check_names(pages: list[SuitePage]) -> None:
    """Check that the names of a set's pages are unique, and that a set has one score."""
    for (name, page), count in Counter((page.set, page.name) for page in pages).items():
        if count > 1:
            raise UsageError(f"two pages of the set '{name}' are called {page}: rename a file, or the set")
    for name in {page.set for page in pages}:
        if len({page.source.score for page in pages if page.set == name}) > 1:
            raise UsageError(f"the set '{name}' is scored in two ways: give its sources sets of their own")


def _pages_of(source: SourceConfig, root: Path, beside: Path, suite: Suite) -> list[SuitePage]:
    """Return the pages of the source; note in ``suite`` what cannot be one."""
    paths = sorted(path for path in root.glob(source.pdf or source.images or "") if os.path.isfile(path))
    if source.listed is not None:
        names = _read_names(beside / source.listed)
        paths = [path for path in paths if path.name in names]
    pages = list(_pdf_pages(source, paths, root) if source.pdf else _image_pages(source, paths, root, suite))
    return pages if source.pages is None else _draw(pages, source.pages)


def _read_names(path: Path) -> set[str]:
    try:
        return set(path.read_text(encoding="utf-8").split())
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"the names in {path} cannot be read: {reason}") from error


def _draw(pages: list[SuitePage], number: int) -> list[SuitePage]:
    """Return up to ``number`` pages, the same in every run: in turn one from each folder directly below the root."""
    order = random.Random(0)
    folders = [list(group) for _, group in groupby(pages, key=lambda page: page.name.partition("/")[0])]
    for folder in folders:
        order.shuffle(folder)
    order.shuffle(folders)
    turns = chain.from_iterable(zip_longest(*folders))
    return sorted(islice((page for page in turns if page), number), key=lambda page: page.name)


def _image_pages(source: SourceConfig, paths: list[Path], root: Path, suite: Suite) -> Iterator[SuitePage]:
    images = [path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES]
    stems = Counter(path.with_suffix("") for path in images)
    for path in images:
        name = source.text.replace("{stem}", path.stem)
        text_path = next((file for file in (path.parent / name, root / name) if os.path.isfile(file)), None)
        if text_path is None:
            suite.without_text.append(path)
            continue
        try:
            text = text_path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            suite.problems.append(f"{text_path} is not UTF-8: convert it to UTF-8")
            continue
        if not text.strip():
            suite.problems.append(f"{text_path} is empty: a page without text cannot be scored")
            continue
        texts = text.split("\f")
        if not texts[-1].strip():  # Tesseract ends each page with a form feed
            texts.pop()
        alone = stems[path.with_suffix("")] == 1  # otherwise scan.png and scan.jpg would be one page
        whole = str((path.with_suffix("") if alone else path).relative_to(root))
        for number, part in enumerate(texts):
            name = whole if len(texts) == 1 else f"{whole}-{number + 1}"
            if part.strip():
                yield _page(source, path, name, (number, len(texts)), part)


def _pdf_pages(source: SourceConfig, paths: list[Path], root: Path) -> Iterator[SuitePage]:
    for path in paths:
        texts = pdf_texts(path)
        wordy = [number for number, text in enumerate(texts) if _is_wordy(text, source)]
        taken = min(source.per_document, len(wordy))
        for number in (wordy[int((turn + 0.5) * len(wordy) / taken)] for turn in range(taken)):
            name = f"{path.relative_to(root).with_suffix('')}-{number + 1}"
            yield _page(source, path, name, (number, len(texts)), texts[number])


def _is_wordy(text: str, source: SourceConfig) -> bool:
    words = text.split()
    characters = "".join(words)
    letters = sum(character.isalnum() for character in characters)
    return len(words) >= source.fewest_words and letters >= source.fewest_letters * len(characters)


def _page(source: SourceConfig, path: Path, name: str, place: tuple[int, int], text: str) -> SuitePage:
    digest = hashlib.sha256(path.read_bytes())
    number, pages = place
    digest.update(f"{number} {source.hr_dpi or PDF_DPI} {source.case} {text}".encode())
    return SuitePage(name, source.set, path, number, pages, text, source, digest.hexdigest())
