"""Write ``report.html``: one self-contained file with plots, sortable tables and a slider between pictures of pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from docsr.bench.arms import AUTO, BASELINE, HR, Arm
from docsr.bench.crops import Crops, crops
from docsr.bench.measure import Condition, Row
from docsr.bench.report import wording
from docsr.bench.report.plots import Series, lines, scatter
from docsr.bench.results import Results
from docsr.bench.small_digits import pooled
from docsr.bench.suite import Suite, SuitePage
from docsr.bench.summary import Cell, error_rate, label
from docsr.errors import DocsrError
from docsr.io.paths.atomic import atomic_write
from docsr.metrics.bootstrap import Interval
from docsr.metrics.text import differences
from docsr.text.shown import in_html
from docsr.text.wording import counted
from docsr.viewer.templates import template
from docsr.weights import catalogue

MOST_PAGES = 24
"""Number of pages with pictures; the worst come first, and the report says how many are left out."""

MOST_LINES = 8
"""Number of arms in a plot."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One page of the report: pictures, the marked errors of each arm's text, and how much worse it is than bicubic."""

    title: str
    change: float
    arm: str
    crops: Crops
    texts: list[tuple[str, str]]


def write_html(
    path: Path, results: Results, suite: Suite, texts: Sequence[str], arms: Sequence[Arm], peers: Path | None
) -> None:
    """Write ``report.html``, complete or not at all.

    Args:
        path: the file.
        results: results of the benchmark.
        suite: its pages.
        texts: what the engine read for each of ``results.rows``.
        arms: arms that were run.
        peers: folder of the peers' weights, for the pictures of a peer.

    Raises:
        PageError: the file cannot be written.
        MissingExtraError: jinja2 is not installed.
    """
    report = template("report.html.j2", "the HTML report", "benchmark")
    shown, left_out = _pages(results, suite, texts, arms, peers)
    page = report.render(
        results=results,
        made_by=wording.made_by(results),
        method=wording.METHOD,
        verdicts=list(wording.verdicts(results.cells)),
        counted=counted,
        ranking_note=wording.RANKING,
        champion_gap=wording.champion_gap,
        digits_note=wording.DIGITS,
        digits=pooled(results.digits),
        plots=list(_plots(results.cells)),
        tables=list(_tables(results.cells)),
        shown=shown,
        left_out=left_out,
    )
    with atomic_write(path) as file:
        file.write(page.encode())


def subject(cells: Sequence[Cell]) -> str | None:
    """Return the arm that the pictures show: ``auto``, docsr's best network, or the best arm that is no baseline."""
    plain = {HR, "none"}
    arms = {cell.arm for cell in cells if cell.arm not in plain and not cell.arm.startswith(BASELINE)}
    own = arms & {AUTO} or arms & set(catalogue())
    mean = {arm: _mean([cell.error.value for cell in cells if cell.arm == arm]) for arm in own or arms}
    return min(mean, key=lambda arm: (mean[arm], arm)) if mean else None


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _plots(cells: Sequence[Cell]) -> Iterator[tuple[str, str]]:
    """Yield (title, SVG): error by dpi, and error by seconds."""

    def setting(cell: Cell) -> tuple[str, str, str]:
        return cell.set, cell.degradation, cell.engine

    for (name, degradation, engine), group in groupby(sorted(cells, key=setting), key=setting):
        setting_cells = list(group)
        axis = wording.score_name(setting_cells[0])
        title = f"{name}, {degradation}, {engine}"
        dpis = {cell.lr_dpi for cell in setting_cells}
        if len(dpis) > 1:
            yield title, lines(_series(setting_cells), "dpi", axis, f"{axis} by dpi: {title}")
        lowest = [cell for cell in setting_cells if cell.lr_dpi == min(dpi or 0 for dpi in dpis) or len(dpis) == 1]
        timed = [cell for cell in lowest if cell.arm not in {HR, "none"} and cell.seconds_upscale > 0]
        if timed:
            points = [Series(cell.arm, [(cell.seconds_upscale, _percent(cell.error))]) for cell in timed]
            where = wording.place(timed[0])
            yield f"time: {where}", scatter(points, "seconds a page", axis, f"{axis} by seconds: {where}")


def _series(cells: Sequence[Cell]) -> list[Series]:
    """Return the most telling arms: the ceiling, bicubic, docsr's own, then the best of those that ran most often."""
    arms = list(dict.fromkeys(cell.arm for cell in cells))
    mean = {arm: _mean([cell.error.value for cell in cells if cell.arm == arm]) for arm in arms}
    first = [HR, *(arm for arm in arms if arm.startswith(BASELINE)), AUTO, *catalogue()]
    ran = Counter(cell.arm for cell in cells)
    ranked = sorted(arms, key=lambda arm: (arm not in first, -ran[arm], mean[arm]))[:MOST_LINES]
    return [
        Series(arm, [(cell.lr_dpi or 0.0, _percent(cell.error)) for cell in cells if cell.arm == arm]) for arm in ranked
    ]


def _percent(interval: Interval) -> Interval:
    return Interval(100 * interval.value, 100 * interval.low, 100 * interval.high)


def _tables(cells: Sequence[Cell]) -> Iterator[dict[str, Any]]:
    for title, group in groupby(cells, key=wording.place):
        rows = sorted(group, key=lambda cell: cell.error.value)
        yield {
            "title": title,
            "score": wording.score_name(rows[0]),
            "note": wording.note(rows[0]),
            "rows": [
                (
                    cell,
                    wording.percent(cell.error),
                    wording.percent(cell.gap_closed),
                    wording.against_bicubic(cell),
                    wording.against_champion(cell),
                )
                for cell in rows
            ],
        }


def _pages(
    results: Results, suite: Suite, texts: Sequence[str], arms: Sequence[Arm], peers: Path | None
) -> tuple[list[Shown], int]:
    """Return pages of the subject, the worst change against bicubic first, and how many are not shown."""
    chosen = next((arm for arm in arms if arm.label == subject(results.cells)), None)
    if chosen is None:
        return [], 0
    read: dict[tuple[Any, ...], dict[str, tuple[Row, str]]] = {}
    for row, text in zip(results.rows, texts, strict=True):
        read.setdefault((row.set, row.page, row.lr_dpi, row.degradation, row.engine), {})[label(row)] = (row, text)
    pages = {(page.set, page.name): page for page in suite.pages}
    baseline = {(c.set, c.lr_dpi, c.degradation, c.engine): c.baseline for c in results.cells}
    changes = []
    for key, row_of in read.items():
        bicubic = row_of.get(baseline.get((key[0], *key[2:]), ""))
        if chosen.label in row_of and bicubic is not None:
            row, text = row_of[chosen.label]
            score = pages[row.set, row.page].source.score
            changes.append((error_rate(row, score) - error_rate(bicubic[0], score), key, (bicubic[1], text)))
    changes.sort(key=lambda change: (-change[0], str(change[1])))
    shown = []
    for change, (name, page, lr_dpi, degradation, engine), texts_of in changes[:MOST_PAGES]:
        condition = Condition(lr_dpi, degradation)
        shown_page = _shown(pages[name, page], condition, chosen, engine, change, texts_of, peers)
        if shown_page is not None:
            shown.append(shown_page)
    return shown, len(changes) - len(shown)


def _shown(
    page: SuitePage,
    condition: Condition,
    arm: Arm,
    engine: str,
    change: float,
    read: tuple[str, str],
    peers: Path | None,
) -> Shown | None:
    try:
        pictures = crops(page, condition, arm, engine, peers)
    except DocsrError:
        return None  # the file has been removed since it was measured; its rows stay in the tables
    texts = [(name, _mark_errors(page, text)) for name, text in zip(("bicubic", arm.label), read, strict=True)]
    how = wording.how(condition.lr_dpi, condition.degradation)
    return Shown(f"{page.set}: {page.name}, {how}, {engine}", 100 * change, arm.label, pictures, texts)


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
