"""``docsr enhance`` and ``docsr models``."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import click

from docsr.errors import DocsrError, UsageError

if TYPE_CHECKING:
    from docsr.enhance import PageResult
    from docsr.upscalers.results import Task

_FEW = 20
"""So many pages are listed at the end; a report lists all."""

_PIPE_WIDTH = 200
"""Columns of a table that goes to no terminal."""


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Output folder.")
@click.option(
    "--factor",
    type=click.Choice(["auto", "2", "4", "8"]),
    default="auto",
    show_default=True,
    help="Enlargement; auto brings the measured x-height to 20-30 px and leaves large text as it is.",
)
@click.option("--dpi", type=click.FloatRange(1, 4800), help="Exact resolution of the output, in place of --factor.")
@click.option("--model", metavar="NAME|FILE", help="See `docsr models`; or a .onnx or .safetensors file.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["same", "png", "tiff", "jpg"]),
    default="same",
    show_default=True,
    help="Format of the output.",
)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--tile", type=click.IntRange(64), default=512, show_default=True, help="Tile side in input px.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--overwrite", is_flag=True, help="Do again what is done, and replace files that docsr did not write.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="JSON file, a row per page.")
def enhance(
    inputs: tuple[Path, ...],
    out: Path,
    factor: str,
    dpi: float | None,
    model: str | None,
    format_: str,
    jobs: int,
    tile: int,
    device: str,
    overwrite: bool,
    report: Path | None,
) -> int:
    """Enlarge images so that OCR can read them. Files, or folders with everything below them.

    Originals are never touched. What an earlier run finished is skipped, what changed is done again; a file that is in
    the way of an output and that docsr did not make from the same input is left alone.

    Exit code: 0 all pages done, 1 some failed, 2 wrong options, 3 nothing readable, 130 stopped by Ctrl-C or SIGTERM.
    """
    from docsr.enhance import EnhanceOptions, enhance_files, plan_files
    from docsr.manifest import NAME as MANIFEST

    _check_out(out)
    size = None if factor == "auto" else int(factor)
    options = EnhanceOptions(factor=size, dpi=dpi, model=model, format=format_, tile=tile, device=device)
    tasks = plan_files(inputs, out, options, overwrite=overwrite)
    if report is not None:
        _check_report(report, tasks, [out / MANIFEST, Path(model or out)])
    tally, reported = Tally(keep_rows=report is not None), True
    try:
        with _terminable(), _progress(len(tasks)) as advance:
            for result in enhance_files(tasks, out, options, jobs=jobs):
                tally.add(result)
                advance(result.input)
    finally:
        _tell(tally)
        reported = report is None or _write_report(report, tally.rows)
    return tally.exit_code() or int(not reported)


@click.command()
def models() -> None:
    """List the shipped networks: factor, parameters, bytes, training data, measured results."""
    from rich.console import Console
    from rich.table import Column, Table

    from docsr.weights import catalogue

    console = Console(soft_wrap=True)
    if not console.is_terminal:  # a pipe has no width to fit into
        console.width = _PIPE_WIDTH
    cards = catalogue().values()
    for card in cards:
        console.print(f"[bold]{card.name}[/]: {card.factor}x, {card.parameters:,} parameters, {card.bytes:,} bytes")
        console.print(
            f"  trained on text of {_span(card.x_height)}; --factor auto uses it at {_span(card.x_height_helps)}"
        )
        console.print(f"  {card.training_data}")
        columns = list(card.results[0]) if card.results else []
        table = Table(*(Column(column, min_width=len(column)) for column in columns), box=None)
        for row in card.results:
            table.add_row(*(str(row.get(column, "")) for column in columns))
        console.print(table, "")
    if not cards:
        console.print("no network is shipped with this version")
    console.print("without a network: none, nearest, bicubic, lanczos (any factor)")


def _span(x_height: tuple[float, float] | None) -> str:
    return "no x-height" if x_height is None else f"x-heights of {x_height[0]:g}-{x_height[1]:g} px"


# What follows serves `enhance`: checks, counting, progress, and what is said at the end.


def _check_out(out: Path) -> None:
    from docsr.io.files import IMAGE_SUFFIXES

    if out.suffix.lower() in IMAGE_SUFFIXES and not out.is_dir():
        raise UsageError(f"--out {out} is named like an image: give a folder, the outputs keep the names of the inputs")


def _check_report(report: Path, tasks: Iterable[Task], others: Iterable[Path]) -> None:
    """Refuse, before the first page, a report that would replace something or could not be written.

    Raises:
        UsageError: it would be one of the files of ``tasks`` or ``others``, is named like an image, or has no place.
    """
    from docsr.io.files import IMAGE_SUFFIXES, is_one_of

    if report.suffix.lower() in IMAGE_SUFFIXES:
        raise UsageError(f"--report {report} is named like an image: give the name of a .json file")
    if is_one_of(report, [path for task in tasks for path in (task.source, task.output)] + list(others)):
        raise UsageError(f"--report {report} is an input or an output of this run: choose another name")
    try:
        report.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=report.parent):
            pass
    except OSError as error:
        raise UsageError(f"--report {report} cannot be written: {error.strerror or error}") from error


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM, which service managers send, stop the run as Ctrl-C does: nothing half-written stays."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@dataclass
class Tally:
    """Counts of a run in bounded memory: rows are kept only for a report.

    Attributes:
        keep_rows: whether ``rows`` is filled.
        pages: number of pages by status; skipped files are not among them.
        files: number of files whose pages are counted.
        skipped: number of files that were done before.
        readable: whether anything could be read.
        rows: of the report.
        listed: the first results that did not fail.
        unlisted: number of further ones.
    """

    keep_rows: bool
    pages: Counter[str] = field(default_factory=Counter)
    files: int = 0
    skipped: int = 0
    readable: bool = False
    rows: list[dict[str, Any]] = field(default_factory=list)
    listed: list[PageResult] = field(default_factory=list)
    unlisted: int = 0
    _last: str | None = None

    def add(self, result: PageResult) -> None:
        """Count one result (those of a file follow each other); name a failure at once."""
        if result.status == "skipped":
            self.skipped += 1
        else:
            self.pages[result.status] += 1
            self.files += result.input != self._last
        self._last = result.input
        self.readable |= result.readable
        if self.keep_rows:
            self.rows.append(result.as_row())
        if result.error is not None:
            click.echo(f"docsr: failed: {result.error}", err=True)
        elif result.status != "unwritten" and len(self.listed) < _FEW:
            self.listed.append(result)
        elif result.status != "unwritten":
            self.unlisted += 1

    def exit_code(self) -> int:
        """Return 0 when all is done, 1 when some failed, 3 when nothing could be read."""
        if not self.pages["failed"]:
            return 0
        return 1 if self.readable else 3

    def summary(self) -> str:
        """Say how many pages and files there were, in one line."""
        parts = []
        if self.files:
            counts = ", ".join(f"{number} {status}" for status, number in sorted(self.pages.items()))
            parts.append(f"{_counted(self.pages.total(), 'page')} in {_counted(self.files, 'file')}: {counts}")
        if self.skipped:
            parts.append(f"{_counted(self.skipped, 'file')} skipped, up to date")
        return "; ".join(parts)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    """Show a bar of files on stderr if that is a terminal; yields a function to call with each result's input."""
    from rich.console import Console
    from rich.progress import Progress

    seen: set[str] = set()
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("files", total=total)

        def advance(source: str) -> None:
            if source not in seen:
                seen.clear()
                seen.add(source)
                bar.advance(task)

        yield advance


def _write_report(path: Path, rows: list[dict[str, Any]]) -> bool:
    """Write the report; if that fails say so, beside whatever else went wrong, and return False."""
    from docsr.io.files import atomic_write

    try:
        with atomic_write(path) as temporary:
            temporary.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    except DocsrError as error:
        click.echo(f"docsr: failed: the report {error}", err=True)
        return False
    return True


def _tell(tally: Tally) -> None:
    """Say what was written: a line for each of the first pages, and the counts; nothing if nothing was reached."""
    for row in tally.listed:
        click.echo(_line(row))
    if tally.unlisted:
        click.echo(f"... and {tally.unlisted} more (--report FILE lists every page)")
    if summary := tally.summary():
        click.echo(summary)


def _line(row: PageResult) -> str:
    if row.size_in is None or row.size_out is None:
        return f"{row.output}: {row.status}, up to date"
    place = row.output if row.page == 0 else f"{row.output} page {row.page + 1}"
    sizes = f"{_size(row.size_in, row.dpi_in)} -> {_size(row.size_out, row.dpi_out)}"
    text = "" if row.x_height_in is None else f", x-height {row.x_height_in:.0f} -> {row.x_height_out or 0:.0f} px"
    return f"{place}: {sizes}{text}, {'copied as it is' if row.status == 'copied' else row.model}"


def _size(size: tuple[int, int], dpi: tuple[float, float] | None) -> str:
    if dpi is None:
        return f"{size[0]}x{size[1]}"
    x, y = round(dpi[0]), round(dpi[1])
    return f"{size[0]}x{size[1]} @ {x if x == y else f'{x}x{y}'} dpi"
