"""``report.md``: the tables, for a terminal or a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from docsr import __version__
from docsr.bench.summary import FEWEST_PAGES, HARM_POINTS, Cell, Rank
from docsr.io.files import atomic_write
from docsr.metrics.bootstrap import Interval
from docsr.metrics.text import FOLDING
from docsr.report.results import Results, machine

SIGNS = {1: "better", -1: "worse", 0: "="}


RANKING = (
    "By how far an arm is ahead of docsr in the settings (set, resolution, degradation) in which it ran and HR is "
    "better than bicubic. docsr is the arm auto (what docsr enhance does with each page when it is asked for nothing), "
    "or where that was not measured docsr's best network."
)


def write_markdown(path: Path, results: Results) -> None:
    """Write ``report.md``, complete or not at all. PageError when it cannot be written."""
    with atomic_write(path) as temporary:
        temporary.write_text(markdown(results), encoding="utf-8")


def markdown(results: Results) -> str:
    """The report as Markdown."""
    return "\n".join([*_head(results), *_ranking(results), *_tables(results.cells), *_tail(results)]) + "\n"


def how(lr_dpi: float | None, degradation: str) -> str:
    """How a page was made low-resolution, in words."""
    return "as it is" if lr_dpi is None else f"{lr_dpi:g} dpi, {degradation}"


def place(cell: Cell) -> str:
    """Where a cell stands, in words: set, resolution, degradation, engine."""
    return f"{cell.set}, {how(cell.lr_dpi, cell.degradation)}, {cell.engine}"


def percent(interval: Interval | None) -> str:
    """``12.3 (11.0-13.9)``."""
    if interval is None:
        return ""
    return f"{100 * interval.value:.2f} ({100 * interval.low:.2f}-{100 * interval.high:.2f})"


def champion_gap(one: Rank) -> str:
    """Docsr's mean gap closed, in percent, over the settings of ``one``; empty where nothing of docsr ran."""
    return "" if one.champion_gap_closed is None else f"{100 * one.champion_gap_closed:.1f}"


def _head(results: Results) -> Iterator[str]:
    runs = machine()
    yield f"# docsr benchmark: {results.suite}"
    yield ""
    yield f"    {results.command}"
    yield ""
    yield f"docsr {__version__}; {runs['processor']}, {runs['cores']} cores; {'; '.join(results.engines.values())}."
    yield ""
    yield f"{FOLDING} Rates are pooled over pages (micro), in percent, with 95 % intervals from a paired bootstrap over"
    yield "pages. Bicubic is 2x or 4x, whichever reads the set better. Gap closed: 0 is that bicubic, 100 the original"
    yield "scan; it is empty where the original is not better than bicubic beyond chance. Harmed: pages whose error"
    yield f"exceeds bicubic's by over {100 * HARM_POINTS:g} point. Better and worse: beyond chance, on at least"
    yield f"{FEWEST_PAGES} pages."
    yield ""


def _ranking(results: Results) -> Iterator[str]:
    if not results.ranking:
        return
    yield "## Ranking"
    yield ""
    yield RANKING
    yield ""
    yield "| engine | arm | mean gap closed, % | docsr there, % | settings | better than bicubic | worse |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for one in results.ranking:
        gaps = f"{100 * one.gap_closed:.1f} | {champion_gap(one)}"
        yield f"| {one.engine} | {one.arm} | {gaps} | {one.cells} | {one.better} | {one.worse} |"
    yield ""


def _tables(cells: Sequence[Cell]) -> Iterator[str]:
    for title, group in groupby(cells, key=place):
        rows = sorted(group, key=lambda cell: cell.error.value)
        name = "CER" if rows[0].score == "cer" else "words missed"
        yield f"## {title}"
        yield ""
        yield f"{rows[0].pages} pages; bicubic is {rows[0].baseline}." + (
            f" No gap closed: {rows[0].gap_reason}." if rows[0].gap_reason else ""
        )
        yield ""
        columns = ["arm", f"{name}, %", "gap closed, %", "against bicubic", "docsr against it", "harmed"]
        yield "| " + " | ".join([*columns, "digits wrong, %", "WER, %", "ink", "s"]) + " |"
        yield "|---|---:|---:|---|---|---:|---:|---:|---:|---:|"
        yield from map(_line, rows)
        yield ""


def _line(cell: Cell) -> str:
    values: Iterable[str] = (
        cell.arm,
        percent(cell.error),
        percent(cell.gap_closed),
        against_bicubic(cell),
        against_champion(cell),
        str(cell.pages_harmed),
        _number(cell.digit_cer, 100),
        _number(cell.wer, 100),
        _number(cell.ink_ratio, 1),
        _number(cell.seconds_upscale, 1),
    )
    return "| " + " | ".join(values) + " |"


def against_bicubic(cell: Cell) -> str:
    """Whether the arm is better or worse than bicubic beyond chance, in a word; empty for bicubic itself."""
    return "" if cell.arm == cell.baseline else SIGNS[cell.beats_bicubic]


def against_champion(cell: Cell) -> str:
    """Whether docsr is better or worse than the arm beyond chance, in a word."""
    return "" if cell.champion in {None, cell.arm} else SIGNS[cell.champion_beats]


def _number(value: float | None, times: float) -> str:
    return "" if value is None else f"{times * value:.2f}"


def _tail(results: Results) -> Iterator[str]:
    if results.confused:
        yield "## Characters confused most"
        yield ""
        for arm, pairs in results.confused.items():
            yield f"- {arm}: " + ", ".join(f"`{true}` read as `{read}` {count} times" for true, read, count in pairs)
        yield ""
    if results.not_run or results.failed:
        yield "## Not run"
        yield ""
        yield from (f"- {name}: {reason}" for name, reason in results.not_run.items())
        yield from (f"- {sentence}" for sentence in results.failed)
