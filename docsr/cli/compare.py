"""Define ``docsr compare``, and write the page of ``docsr enhance --preview``."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docsr.choices import MOST_PIXELS
from docsr.cli.bar import shown_bar
from docsr.cli.checks import ANY_PATH, check_own
from docsr.cli.echo import say
from docsr.cli.numbers import MOST, Whole
from docsr.errors import NoInputError, UsageError
from docsr.text.wording import counted

if TYPE_CHECKING:
    from docsr.batch.results import Task
    from docsr.compare import Outcome
    from docsr.io.paths.folders import OutputFolder
    from docsr.ocr.tesseract import Tesseract

PREVIEW = "preview.html"
PREVIEW_PAGES = 3

_SUFFIXES = {".html", ".htm"}


@click.command()
@click.argument("before", metavar="A", type=ANY_PATH)
@click.argument("after", metavar="B", type=ANY_PATH)
@click.option("--hr", type=ANY_PATH, help="Original of higher resolution: a file or a folder.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("compare.html"),
    show_default=True,
    help="HTML file; a file that docsr compare did not write is replaced only with --overwrite.",
)
@click.option("--ocr", is_flag=True, help="Read all pages with Tesseract, and mark the words that differ.")
@click.option("--lang", help="With --ocr: Tesseract's name of the language, such as deu or eng+fra.  [default: eng]")
@click.option("--limit", type=Whole(1, MOST), default=20, show_default=True, help="Most pages to show.")
@click.option(
    "--max-pixels",
    type=Whole(1, MOST_PIXELS),
    default=1_000_000_000,
    show_default=True,
    help="Refuse pages with more pixels.",
)
@click.option("--overwrite", is_flag=True, help="Replace --out, whatever wrote it.")
def compare(
    before: Path,
    after: Path,
    hr: Path | None,
    out: Path,
    ocr: bool,
    lang: str | None,
    limit: int,
    max_pixels: int,
    overwrite: bool,
) -> int:
    """Show pages before and after an enhancement in one HTML file, with a slider.

    A and B are two image or PDF files, one an enhancement of the other, whose pages are paired by number. Or they are
    two folders, whose files are paired by relative path and name, whatever the suffix. If one page is larger, the
    bicubic enlargement of the smaller one is shown too. The HTML file opens offline and needs no other file.

    Exit code: 0 nothing failed (files without a partner are named), 1 some failed, 2 wrong options, 3 nothing to
    compare, 130 stopped by Ctrl-C or SIGTERM.
    """
    from docsr.compare import CompareOptions, compare_files, plan_pairs
    from docsr.io.paths.atomic import remove_leftovers

    if lang and not ocr:
        raise UsageError("--lang is the language that --ocr reads: give --ocr too")
    check_page(out, "--out", [path for path in (before, after, hr) if path is not None], overwrite=overwrite)
    pairs, notes = plan_pairs(before, after, hr)
    options = CompareOptions(limit, _reader(lang or "eng") if ocr else None, max_pixels, overwrite=overwrite)
    remove_leftovers({out.parent})
    with _progress(limit) as progress:
        outcome = compare_files(pairs, out, options, f"{before} and {after}", notes, progress)
    _print_sentences(outcome)
    if not outcome.pages:
        raise NoInputError(f"there is nothing to compare in {before} and {after}")
    say(_summary(outcome, out))
    return 1 if outcome.failed else 0


def _print_sentences(outcome: Outcome) -> None:
    for sentence in outcome.warnings:
        say(f"docsr: warning: {sentence}", err=True)
    for sentence in outcome.failed:
        say(f"docsr: failed: {sentence}", err=True)
    for sentence in outcome.notes:
        say(f"docsr: {sentence}", err=True)


def _summary(outcome: Outcome, out: Path) -> str:
    return f"{out}: {counted(outcome.pages, 'page')}, {outcome.size / 1e6:.1f} MB"


def _reader(language: str) -> Tesseract:
    """Return Tesseract, after a check that it and the extra for scores are installed."""
    from docsr.metrics.text import word_edits
    from docsr.ocr.tesseract import Tesseract

    word_edits([], [])  # raises if the extra that marks words is missing
    reader = Tesseract(language)
    reader.check()
    return reader


def check_page(page: Path, option: str, inputs: Iterable[Path], *, overwrite: bool) -> None:
    """Refuse, before work starts, a page that would replace another file or cannot be written.

    Raises:
        UsageError: the page has no name of an HTML file, is one of ``inputs``, exists and was not written by docsr
            compare, or cannot be written there.
        MissingExtraError: a package that writes it is not installed.
    """
    from docsr.io.paths.atomic import is_one_of
    from docsr.viewer.page import VIEWER, check_viewer

    check_viewer()
    if page.suffix.lower() not in _SUFFIXES or os.path.isdir(page):
        raise UsageError(f"{option} {page}: give the name of a .html file")
    if is_one_of(page, inputs):
        raise UsageError(f"{option} {page} is an input or an output of this run: choose another name")
    check_own(page, option, VIEWER, overwrite=overwrite)


def check_preview(pages: int | None, out: Path, report: Path | None, *, dry: bool, overwrite: bool) -> None:
    """Refuse a preview in the folder ``out`` likewise, if one is asked for; errors as of :func:`check_page`."""
    if pages is None:
        return
    if dry:
        raise UsageError("--dry-run writes nothing: there is nothing to preview")
    check_page(out / PREVIEW, "the preview", [] if report is None else [report], overwrite=overwrite)


class PreviewCommand(click.Command):
    """A command whose ``--preview`` may lack its number, even before the name of a file."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert the default number after each ``--preview`` without one."""
        for place, (arg, following) in enumerate(zip(args, [*args[1:], ""], strict=False)):
            if arg == "--":
                break
            if arg == "--preview" and not following.isdecimal():
                args = [*args[:place], f"{arg}={PREVIEW_PAGES}", *args[place + 1 :]]
        return super().parse_args(ctx, args)


def preview_of(
    tasks: Iterable[Task],
    failed: Container[str],
    folder: OutputFolder,
    pages: int | None,
    max_pixels: int,
    *,
    again: bool,
    piped: bool,
) -> int:
    """Write the preview of the files that did not fail, if one is asked for; return the exit code.

    ``piped``: print its summary on stderr, since a program reads stdout.
    """
    if pages is None:
        return 0
    from docsr.compare import DOCSR, CompareOptions, Pair, compare_files
    from docsr.io.paths.folders import Place

    out = folder.path
    done = islice((task for task in tasks if str(task.source) not in failed), pages)
    pairs = [Pair(task.source, task.output, None, str(task.output.relative_to(out))) for task in done]
    options = CompareOptions(pages, None, max_pixels, maker=DOCSR, counted=False, overwrite=again)
    title = f"docsr: the first {'page' if pages == 1 else f'{pages} pages'} in {out}"
    with _progress(pages) as progress:
        outcome = compare_files(pairs, Place(folder, PREVIEW), options, title, progress=progress)
    _print_sentences(outcome)
    say(_summary(outcome, out / PREVIEW) if outcome.pages else "no preview: no page was done", err=piped)
    return 1 if outcome.failed else 0


@contextmanager
def _progress(limit: int) -> Iterator[Callable[[Outcome], None]]:
    """Show how many pages of how many are compared."""
    with shown_bar("comparing") as bar:

        def update(outcome: Outcome) -> None:
            total, more = outcome.of_all(limit)
            pages = f"{total:,}+ pages" if more else counted(total, "page")
            bar.update(outcome.pages, total, f"{outcome.pages:,}/{pages}", f"{outcome.pages:,} of {pages} compared")

        yield update
