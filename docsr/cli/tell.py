"""What ``docsr enhance`` says: progress, failures as they come, pages one by one where asked, and counts at the end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from docsr.errors import DocsrError

if TYPE_CHECKING:
    from docsr.enhance import PageResult

_FEW = 20
"""So many pages are listed at the end; a report lists all."""

_SECONDS_BETWEEN_LINES = 60.0
"""How often a run that writes to no terminal says how far it is."""

_MIXED = 0.5
"""25-75 % range over the median from which a page has text of several sizes."""

_NOTABLE = 0.001
"""Part of a page from which it is told that the guard put it back."""

_COLUMNS = "{:<12} {:>6} {:>12} {:>12} {:>9}  {}"
"""Of a dry run: model, factor, size before and after (``--dpi`` too), x-height, then the page, where it would go, and
what decided."""


@dataclass
class Tally:
    """Counts of a run in bounded memory: rows are kept only for a report.

    Attributes:
        keep_rows: whether ``rows`` is filled.
        pages: number of pages by status; skipped files are not among them.
        files: number of files whose pages are counted.
        skipped: number of files that were done before.
        readable: whether anything could be read.
        bytes_in: size of the files that were read and written.
        bytes_out: size of what was written.
        rows: of the report.
    """

    keep_rows: bool
    pages: Counter[str] = field(default_factory=Counter)
    files: int = 0
    skipped: int = 0
    readable: bool = False
    bytes_in: int = 0
    bytes_out: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    _last: str | None = None

    def add(self, result: PageResult) -> None:
        """Count one result (those of a file follow each other)."""
        if result.status == "skipped":
            self.skipped += 1
        else:
            self.pages[result.status] += 1
            if result.input != self._last:
                self.files += 1
                self.bytes_in += result.bytes_in or 0
                self.bytes_out += result.bytes_out or 0
        self._last = result.input
        self.readable |= result.readable
        if self.keep_rows:
            self.rows.append(result.as_row())

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
            sizes = f"; {_bytes(self.bytes_in)} became {_bytes(self.bytes_out)}" if self.bytes_out else ""
            parts.append(f"{_counted(self.pages.total(), 'page')} in {_counted(self.files, 'file')}: {counts}{sizes}")
        if self.skipped:
            parts.append(f"{_counted(self.skipped, 'file')} skipped, up to date")
        return "; ".join(parts)


class Lines:
    """Names failures at once, and at the end lists the first pages and the counts."""

    def __init__(self) -> None:
        self._listed: list[PageResult] = []
        self._unlisted = 0

    def page(self, result: PageResult) -> None:
        """Hear of a page."""
        _echo_complaints(result)
        if result.error is None and result.status != "unwritten" and len(self._listed) < _FEW:
            self._listed.append(result)
        elif result.error is None and result.status != "unwritten":
            self._unlisted += 1

    def end(self, tally: Tally) -> None:
        """Say what was written; nothing if nothing was reached."""
        for row in self._listed:
            click.echo(_line(row))
        if self._unlisted:
            click.echo(f"... and {self._unlisted} more (--report FILE lists every page)")
        _echo_summary(tally)


class Decisions:
    """Names failures at once, and each page with what would happen to it, as the columns of a table."""

    def __init__(self) -> None:
        click.echo(_COLUMNS.format("model", "factor", "size", "becomes", "x-height", "page"))

    def page(self, result: PageResult) -> None:
        """Hear of a page."""
        _echo_complaints(result)
        if result.status == "skipped":
            click.echo(_COLUMNS.format(result.status, "", "", "", "", f"{result.input}: up to date"))
        elif result.error is None:
            sizes = ("" if size is None else f"{size[0]}x{size[1]}" for size in (result.size_in, result.size_out))
            why = f"{_place(result.input, result.page)} -> {result.output}: {result.why}{_mixed(result)}"
            click.echo(_COLUMNS.format(result.model, f"{result.factor}x", *sizes, _height(result.x_height_in), why))

    def end(self, tally: Tally) -> None:
        """Count."""
        _echo_summary(tally)


class JsonLines:
    """Writes a JSON object for each page as it is done, failures too, and one with the counts at the end."""

    def page(self, result: PageResult) -> None:
        """Hear of a page."""
        click.echo(json.dumps(result.as_row()))

    def end(self, tally: Tally) -> None:
        """Count."""
        sizes = {"bytes_in": tally.bytes_in, "bytes_out": tally.bytes_out}
        counts = {"files": tally.files, "skipped": tally.skipped, **sizes, "pages": dict(sorted(tally.pages.items()))}
        click.echo(json.dumps({"end": counts}))


def tell_warning(result: PageResult, name: str) -> None:
    """Say what decoders said of the file, by the name that the user knows."""
    if result.warning is not None:
        click.echo(f"docsr: warning: {name}: {result.warning}", err=True)


def _echo_complaints(result: PageResult) -> None:
    tell_warning(result, result.input)
    if result.error is not None:
        click.echo(f"docsr: failed: {result.error}", err=True)


def _echo_summary(tally: Tally) -> None:
    if summary := tally.summary():
        click.echo(summary)


def _bytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


@contextmanager
def progress(total: int, tally: Tally) -> Iterator[Callable[[str], None]]:
    """Say how far the run is: a bar on stderr if that is a terminal, else a line now and then.

    Yields a function to call with the input of each result, once ``tally`` has it.
    """
    from rich.console import Console

    console = Console(stderr=True)
    seen: set[str] = set()
    with _bar(total, tally) if console.is_terminal else _log(total, tally) as advance:

        def heard(source: str) -> None:
            new = source not in seen
            seen.clear()
            seen.add(source)
            advance(int(new))

        yield heard


@contextmanager
def _bar(total: int, tally: Tally) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), "files", TextColumn("{task.fields[pace]}"), TimeRemainingColumn())
    started = monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, pace="")

        def advance(files: int) -> None:
            bar.update(task, advance=files, pace=_pace(tally, monotonic() - started))

        yield advance


@contextmanager
def _log(total: int, tally: Tally) -> Iterator[Callable[[int], None]]:
    started = said = monotonic()
    done = 0

    def advance(files: int) -> None:
        nonlocal said, done
        done += files
        now = monotonic()
        if now - said >= _SECONDS_BETWEEN_LINES:
            said = now
            left = (total - done) * (now - started) / max(1, done)
            pace = _pace(tally, now - started)
            click.echo(f"docsr: {done} of {total} files, {pace}, about {left / 60:.0f} min left", err=True)

    yield advance


def _pace(tally: Tally, seconds: float) -> str:
    """How many pages, how fast, and how many failed."""
    pages, failed = tally.pages.total(), tally.pages["failed"]
    return f"{pages} pages, {pages / max(seconds, 1e-3):.2f} a second" + (f", {failed} failed" if failed else "")


def write_report(path: Path, rows: list[dict[str, Any]]) -> bool:
    """Write the report; if that fails say so, beside whatever else went wrong, and return False."""
    from docsr.io.files import atomic_write

    try:
        with atomic_write(path) as temporary:
            temporary.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    except DocsrError as error:
        click.echo(f"docsr: failed: the report {error}", err=True)
        return False
    return True


def _line(row: PageResult) -> str:
    if row.status == "skipped":
        return f"{row.output}: skipped, up to date"
    if row.size_in is None or row.size_out is None:
        return f"{_place(row.output, row.page)}: left as it is ({row.why})"
    sizes = _change(_size(row.size_in, row.dpi_in), _size(row.size_out, row.dpi_out))
    heights = _change(_height(row.x_height_in), _height(row.x_height_out))
    text = f", x-height {heights}" if heights else ""
    made = "not enlarged" if row.model == "none" else row.model
    how = f"copied as it is ({row.why}{_mixed(row)})" if row.status == "copied" else made
    part = row.put_back or 0.0
    back = f", {100 * part:.1f} % of it put back to bicubic" if part >= _NOTABLE else ""
    return f"{_place(row.output, row.page)}: {sizes}{text}, {how}{back}"


def _change(before: str, after: str) -> str:
    return before if before == after else f"{before} -> {after}"


def _mixed(row: PageResult) -> str:
    """Say so where text of several sizes shares a page: the median over its ink decided."""
    spread = row.x_height_spread or 0.0
    return f"; sizes differ by {100 * spread:.0f} %" if spread > _MIXED else ""


def _place(path: str, page: int) -> str:
    return path if page == 0 else f"{path} page {page + 1}"


def _height(x_height: float | None) -> str:
    return "" if x_height is None else f"{x_height:.1f} px"


def _size(size: tuple[int, int], dpi: tuple[float, float] | None) -> str:
    if dpi is None:
        return f"{size[0]}x{size[1]}"
    x, y = round(dpi[0]), round(dpi[1])
    return f"{size[0]}x{size[1]} @ {x if x == y else f'{x}x{y}'} dpi"
