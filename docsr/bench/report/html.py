"""Write ``report.html``: one self-contained file with plots, sortable tables and a slider between pictures of pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Any

from docsr.bench.arms import AUTO, BASELINE, HR
from docsr.bench.page_changes import PageChange
from docsr.bench.report import wording
from docsr.bench.report.plots import Series, lines, scatter
from docsr.bench.results import Results
from docsr.bench.small_digits import pooled
from docsr.bench.suite import SuitePage
from docsr.bench.summary import Cell
from docsr.io.paths.atomic import atomic_write
from docsr.metrics.bootstrap import Interval
from docsr.metrics.text import differences
from docsr.text.shown import in_html
from docsr.text.wording import counted
from docsr.viewer.templates import template
from docsr.weights import catalogue

MOST_LINES = 8
"""Number of arms in a plot."""


def write_html(path: Path, results: Results, changes: Sequence[PageChange], left_out: int) -> None:
    """Write ``report.html``, complete or not at all.

    Args:
        path: the file.
        results: results of the benchmark.
        changes: pages with pictures, from :func:`docsr.bench.page_changes.worst_changes`.
        left_out: number of pages without pictures.

    Raises:
        PageError: the file cannot be written.
        MissingExtraError: jinja2 is not installed.
    """
    report = template("report.html.j2", "the HTML report", "benchmark")
    page = report.render(
        results=results,
        made_by=wording.made_by(results),
        method=f"{results.folding} {wording.METHOD}",
        verdicts=list(wording.verdicts(results.summary)),
        counted=counted,
        ranking_note=wording.RANKING,
        champion_gap=wording.champion_gap,
        digits_note=wording.DIGITS,
        digits=pooled(results.digits),
        plots=list(_plots(results.summary)),
        tables=list(_tables(results.summary)),
        changes=[(_title(change), change, list(_marked(change))) for change in changes],
        left_out=left_out,
    )
    with atomic_write(path) as file:
        file.write(page.encode())


def _plots(cells: Sequence[Cell]) -> Iterator[tuple[str, str]]:
    """Yield (title, SVG): error by dpi, and error by seconds."""

    def setting(cell: Cell) -> tuple[str, str, str]:
        return cell.set, cell.degradation, wording.reader(cell, cells)

    for (name, degradation, reader), group in groupby(sorted(cells, key=setting), key=setting):
        setting_cells = list(group)
        axis = wording.score_name(setting_cells[0])
        title = f"{name}, {degradation}, {reader}"
        dpis = {cell.lr_dpi for cell in setting_cells}
        if len(dpis) > 1:
            yield title, lines(_series(setting_cells), "dpi", axis, f"{axis} by dpi: {title}")
        lowest = [cell for cell in setting_cells if cell.lr_dpi == min(dpi or 0 for dpi in dpis) or len(dpis) == 1]
        timed = [cell for cell in lowest if cell.arm not in {HR, "none"} and cell.seconds_upscale > 0]
        if timed:
            points = [Series(cell.arm, [(cell.seconds_upscale, _percent(cell.error))]) for cell in timed]
            where = wording.place(timed[0], cells)
            yield f"time: {where}", scatter(points, "seconds a page", axis, f"{axis} by seconds: {where}")


def _series(cells: Sequence[Cell]) -> list[Series]:
    """Return the most telling arms: the ceiling, bicubic, docsr's own, then the best of those that ran most often."""
    arms = list(dict.fromkeys(cell.arm for cell in cells))
    mean = {arm: fmean([cell.error.value for cell in cells if cell.arm == arm]) for arm in arms}
    first = [HR, *(arm for arm in arms if arm.startswith(BASELINE)), AUTO, *catalogue()]
    ran = Counter(cell.arm for cell in cells)
    ranked = sorted(arms, key=lambda arm: (arm not in first, -ran[arm], mean[arm]))[:MOST_LINES]
    return [
        Series(arm, [(cell.lr_dpi or 0.0, _percent(cell.error)) for cell in cells if cell.arm == arm]) for arm in ranked
    ]


def _percent(interval: Interval) -> Interval:
    return Interval(100 * interval.value, 100 * interval.low, 100 * interval.high)


def _tables(cells: Sequence[Cell]) -> Iterator[dict[str, Any]]:
    for title, group in groupby(cells, key=lambda cell: wording.place(cell, cells)):
        rows = sorted(group, key=lambda cell: cell.error.value)
        yield {
            "title": title,
            "score": wording.score_name(rows[0]),
            "note": wording.note(rows[0]),
            "more": wording.RESPACED if wording.loses_spaces(rows) else (),
            "rows": [
                (
                    cell,
                    wording.percent(cell.error),
                    wording.percent(cell.gap_closed),
                    wording.against_bicubic(cell),
                    wording.against_champion(cell),
                    wording.respaced(cell),
                )
                for cell in rows
            ],
        }


def _title(change: PageChange) -> str:
    how = wording.how(change.condition.lr_dpi, change.condition.degradation)
    return f"{change.page.set}: {change.page.name}, {how}, {change.engine}"


def _marked(change: PageChange) -> Iterator[tuple[str, str]]:
    """Yield the name and the marked text of each arm whose text is known."""
    for name, text in (("bicubic", change.bicubic_text), (change.arm, change.text)):
        if text is not None:
            yield name, _mark_errors(change.page, text)


def _mark_errors(page: SuitePage, text: str) -> str:
    """Return the hypothesis as HTML: errors are marked, and missing text is struck out in its place."""
    parts = []
    for same, true, read in differences(page.text, text, case=page.source.case):
        if same:
            parts.append(_as_html(read))
        else:
            parts.append(
                (f"<del>{_as_html(true)}</del>" if true else "") + (f"<mark>{_as_html(read)}</mark>" if read else "")
            )
    return "".join(parts)


def _as_html(text: str) -> str:
    """Return a text of several lines as HTML."""
    return "\n".join(map(in_html, text.split("\n")))
