"""``docsr enhance`` and ``docsr models``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docsr.errors import UsageError

if TYPE_CHECKING:
    from docsr.enhance import PageResult

_FEW = 20
"""Up to so many pages each is listed at the end; beyond, a summary."""


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
@click.option("--dpi", type=click.FloatRange(1, 4800), help="Exact resolution of the output.")
@click.option("--model", metavar="NAME|FILE", help="See `docsr models`; or a .onnx or .safetensors file.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["same", "png", "tiff", "jpg", "pdf"]),
    default="same",
    show_default=True,
    help="Format of the output.",
)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--tile", type=click.IntRange(16), default=512, show_default=True, help="Tile side in input px.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--overwrite", is_flag=True, help="Do again what an earlier run finished.")
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

    Originals are never touched. What an earlier run finished is skipped, what changed is done again.
    """
    if format_ == "pdf":
        raise UsageError("--format pdf is not supported yet: use tiff, which holds several pages, or png")
    from docsr.enhance import EnhanceOptions, enhance_files, plan_files

    options = EnhanceOptions(None if factor == "auto" else int(factor), dpi, model, format_, 90, tile, device)
    tasks = plan_files(inputs, out, options, overwrite=overwrite)
    tally = Tally(keep_rows=report is not None)
    try:
        with _progress(len(tasks)) as advance:
            for result in enhance_files(tasks, out, options, jobs=jobs):
                tally.add(result)
                advance(result.input)
    finally:
        if report is not None:
            _write_report(report, tally.rows)
        _tell(tally)
    return tally.exit_code()


@click.command()
def models() -> None:
    """List the shipped networks: factor, parameters, bytes, training data, measured results."""
    from rich.console import Console
    from rich.table import Column, Table

    from docsr.weights import catalogue

    console = Console(soft_wrap=True)
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


# What follows serves `enhance`: counting, progress, and what is said at the end.


@dataclass
class Tally:
    """Counts of a run in bounded memory: rows are kept only for a report."""

    keep_rows: bool
    pages: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    readable: bool = False
    rows: list[dict[str, Any]] = field(default_factory=list)
    listed: list[PageResult] = field(default_factory=list)

    def add(self, result: PageResult) -> None:
        """Count one result; name a failure at once."""
        self.pages += 1
        self.counts[result.status] = self.counts.get(result.status, 0) + 1
        self.readable |= result.readable
        if self.keep_rows:
            self.rows.append(result.as_row())
        if len(self.listed) <= _FEW:
            self.listed.append(result)
        if result.error is not None:
            click.echo(f"docsr: failed: {result.error}", err=True)

    def exit_code(self) -> int:
        """Return 0 when all is done, 1 when some failed, 3 when nothing could be read."""
        if not self.counts.get("failed"):
            return 0
        return 1 if self.readable else 3


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


def _write_report(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    from docsr.io.files import atomic_write

    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(list(rows), indent=1) + "\n", encoding="utf-8")


def _tell(tally: Tally) -> None:
    """Say what was written: a line per page when there are few, and the counts."""
    if tally.pages <= _FEW:
        for row in tally.listed:
            if row.status != "failed":
                click.echo(_line(row))
    counts = ", ".join(f"{number} {status}" for status, number in sorted(tally.counts.items()))
    click.echo(f"{tally.pages} {'page' if tally.pages == 1 else 'pages'}: {counts or 'nothing done'}")


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
