"""Print the pages of ``docsr enhance``: failures as they come, each page if asked for, and counts at the end."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docsr.cli.echo import say, say_json
from docsr.cli.growth import Growth
from docsr.errors import DocsrError
from docsr.text.wording import counted, in_bytes

if TYPE_CHECKING:
    from docsr.batch.run import EnhanceOptions, PageResult
    from docsr.io.paths.folders import Place
    from docsr.io.paths.passed_over import PassedOver

_FEW = 20
"""How many pages done in this run are listed at the end; a report lists all."""

_MIXED = 0.5
"""A page has text of several sizes if the 25-75 % range of its sizes exceeds this part of the median."""

_NOTABLE = 0.001
"""Part of a page that the guard must have put back before a line says so."""

_COLUMNS = "{:<12} {:>6} {:>12} {:>12} {:>9} {:>22}  {}"
"""Columns of a dry run: model, factor, size before and after (``--dpi`` too), x-height, bytes of the file before and
estimated after (on its first page only), then the page, its output, and what decided."""


@dataclass
class Tally:
    """Count the results of a run in bounded memory: rows are kept only for a report.

    Attributes:
        keep_rows: whether ``rows`` is filled.
        options: the options of the run.
        passed: files that were passed over in folders.
        pages: number of pages by status, without the pages of skipped files.
        files: number of files whose pages are counted.
        skipped: number of files that an earlier run finished.
        failed: number of counted files that failed in whole or in part.
        unread: number of failed files that are missing or are not documents.
        readable: whether any file could be read.
        bytes_in: size of the files that were read and written.
        bytes_out: size of what was written, or an estimate of what would be.
        growth: finds files that grew far more than their pixels did.
        rows: rows of the report.
    """

    keep_rows: bool
    options: EnhanceOptions
    passed: PassedOver | None = None
    pages: Counter[str] = field(default_factory=Counter)
    files: int = 0
    skipped: int = 0
    failed: int = 0
    unread: int = 0
    readable: bool = False
    bytes_in: int = 0
    bytes_out: int = 0
    growth: Growth = field(default_factory=Growth)
    rows: list[dict[str, Any]] = field(default_factory=list)
    _last: str | None = None
    _failing: str | None = None

    def add(self, result: PageResult) -> None:
        """Count one result; the results of a file must follow each other."""
        if result.status == "skipped":
            self.skipped += 1
        else:
            self.pages[result.status] += 1
            self.growth.add(result)
            if result.input != self._last:
                self.files += 1
                self.bytes_in += result.bytes_in or 0
                self.bytes_out += result.bytes_out or 0
                self.unread += not result.readable and result.pages is None
            if result.status == "failed" and result.input != self._failing:
                self.failed += 1
                self._failing = result.input
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
        """Return the numbers of pages and files in one line."""
        parts, files = [], self.files - self.unread
        if self.failed and files and self.files > 1:  # the parts below say it for a single file
            parts.append(f"{self.failed:,} of {counted(self.files, 'file')} failed, whole or in part")
        if files:
            pages = self.pages - Counter(failed=self.unread)
            counts = ", ".join(f"{number} {status}" for status, number in sorted(pages.items()))
            became = "would become about" if self.pages["planned"] else "became"
            sizes = f"; {in_bytes(self.bytes_in)} {became} {in_bytes(self.bytes_out)}" if self.bytes_out else ""
            parts.append(f"{counted(pages.total(), 'page')} in {counted(files, 'file')}: {counts}{sizes}")
        if self.unread:
            parts.append(f"{counted(self.unread, 'file')} could not be read at all")
        if self.skipped:
            parts.append(f"{counted(self.skipped, 'file')} skipped, up to date")
        if self.passed is not None and self.passed.counts():
            parts.append(self.passed.sentence())
        return "; ".join(parts)


class Lines:
    """Print failures at once; at the end list the first pages that this run did, and the counts."""

    def __init__(self) -> None:
        self._listed: list[PageResult] = []
        self._unlisted = 0

    def page(self, result: PageResult) -> None:
        """Print a failure, or keep the page for the list; skipped pages take no line of the list."""
        _print_problems(result)
        if result.error is not None or result.status in {"skipped", "unwritten"}:
            return
        if len(self._listed) < _FEW:
            self._listed.append(result)
        else:
            self._unlisted += 1

    def end(self, tally: Tally) -> None:
        """Print the list and the counts; print nothing if no page was reached."""
        for row in self._listed:
            say(_line(row))
        if self._unlisted:
            say(f"... and {self._unlisted} more (--report FILE lists every page)")
        _print_summary(tally)


class Decisions:
    """Print failures at once, and a row for each page with what would happen to it."""

    def __init__(self) -> None:
        self._last: str | None = None
        say(_COLUMNS.format("model", "factor", "size", "becomes", "x-height", "bytes", "page"))

    def page(self, result: PageResult) -> None:
        """Print the row of a page."""
        _print_problems(result)
        if result.status == "skipped":
            say(_COLUMNS.format(result.status, "", "", "", "", "", f"{result.input}: up to date"))
        elif result.error is None:
            sizes = ("" if size is None else f"{size[0]}x{size[1]}" for size in (result.size_in, result.size_out))
            why = f"{_place(result.input, result)} -> {result.output}: {result.why}{_mixed_sizes(result)}"
            height, bytes_change = _height(result.x_height_in), ""
            if result.input != self._last:
                bytes_change = _expected_bytes(result)
            say(_COLUMNS.format(result.model, f"{result.factor}x", *sizes, height, bytes_change, why))
        self._last = result.input

    def end(self, tally: Tally) -> None:
        """Print the counts."""
        _print_summary(tally)


class JsonLines:
    """Print a JSON object for each page as it is done, failures too, and one with the counts at the end."""

    def page(self, result: PageResult) -> None:
        """Print a page."""
        say_json(result.as_row())

    def progress(self, row: dict[str, Any]) -> None:
        """Print how far the run is."""
        say_json({"progress": row})

    def end(self, tally: Tally) -> None:
        """Print the counts."""
        sizes = {"bytes_in": tally.bytes_in, "bytes_out": tally.bytes_out}
        files = {"files": tally.files, "failed": tally.failed, "unread": tally.unread, "skipped": tally.skipped}
        passed = tally.passed.counts() if tally.passed is not None else {}
        over = {"passed_over": passed} if passed else {}
        say_json({"end": {**files, **sizes, "pages": dict(sorted(tally.pages.items())), **over}})


def print_warning(result: PageResult, name: str) -> None:
    """Print the warnings of the decoders, under the name that the user gave the file."""
    if result.warning is not None:
        say(f"docsr: warning: {name}: {result.warning}", err=True)


def _print_problems(result: PageResult) -> None:
    print_warning(result, result.input)
    if result.error is not None:
        say(f"docsr: failed: {result.error}", err=True)


def _print_summary(tally: Tally) -> None:
    if warning := tally.growth.warning(tally.options):
        say(f"docsr: warning: {warning}", err=True)
    if summary := tally.summary():
        say(summary)


def _expected_bytes(result: PageResult) -> str:
    if result.bytes_in is None or result.bytes_out is None:
        return ""
    return f"{in_bytes(result.bytes_in)} -> ~{in_bytes(result.bytes_out)}"


def write_report(target: Path | Place, rows: list[dict[str, Any]], *, again: bool) -> bool:
    """Write the report, or print why it failed, and return whether it was written.

    ``again``: it replaces an existing file of any kind.
    """
    from docsr.batch.results import REPORT
    from docsr.io.paths.atomic import staged

    try:
        with staged(target) as report:
            report.file.write(f"{json.dumps(rows, indent=1)}\n".encode())
            if not again:
                REPORT.check(target)
            report.commit()
    except DocsrError as error:
        say(f"docsr: failed: the report {error}", err=True)
        return False
    return True


def _line(row: PageResult) -> str:
    if row.size_out is None:
        return f"{_place(row.output, row)}: left as it is ({row.why})"
    if row.size_in is None:
        made, size = "not enlarged" if row.model == "none" else row.model, _size(row.size_out, row.dpi_out)
        return f"{_place(row.output, row)}: rendered, {made} ({row.why}), {size}"
    sizes = _change(_size(row.size_in, row.dpi_in), _size(row.size_out, row.dpi_out))
    heights = _change(_height(row.x_height_in), _height(row.x_height_out))
    text = f", x-height {heights}" if heights else ""
    how = f"copied as it is ({row.why}{_mixed_sizes(row)})" if row.status == "copied" else _how_made(row.size_in, row)
    part = row.put_back or 0.0
    back = f", {100 * part:.1f} % of it put back to bicubic" if part >= _NOTABLE else ""
    return f"{_place(row.output, row)}: {sizes}{text}, {how}{back}"


def _how_made(size: tuple[int, int], row: PageResult) -> str:
    """Return what made a page of this size before: an upscaler, or else how its pixels were resampled."""
    if row.model != "none" or row.size_out is None:
        return row.model or ""
    across, down = row.size_out[0] / size[0], row.size_out[1] / size[1]
    if min(across, down) < 1:
        return "reduced by interpolation"
    if min(across, down) > 1:
        return "enlarged by interpolation"
    return "not enlarged" if across == down else "its pixels made square by interpolation, not enlarged"


def _change(before: str, after: str) -> str:
    return before if before == after else f"{before} -> {after}"


def _mixed_sizes(row: PageResult) -> str:
    """Return a note if the page has text of several sizes, since the median over its ink decided."""
    spread = row.x_height_spread or 0.0
    return f"; sizes differ by {100 * spread:.0f} %" if spread > _MIXED else ""


def _place(path: str, row: PageResult) -> str:
    return path if row.pages in {None, 1} else f"{path} page {row.page}"


def _height(x_height: float | None) -> str:
    return "" if x_height is None else f"{x_height:.1f} px"


def _size(size: tuple[int, int], dpi: tuple[float, float] | None) -> str:
    if dpi is None:
        return f"{size[0]}x{size[1]}"
    x, y = round(dpi[0]), round(dpi[1])
    return f"{size[0]}x{size[1]} @ {x if x == y else f'{x}x{y}'} dpi"
