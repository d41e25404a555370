"""Write ``report.md``: the tables of a benchmark, for a terminal or a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from textwrap import wrap

from docsr.bench.report import wording
from docsr.bench.results import Results
from docsr.bench.small_digits import pooled
from docsr.bench.summary import Cell
from docsr.io.paths.atomic import atomic_write
from docsr.text.shown import in_markdown, in_markdown_code, visible
from docsr.text.wording import counted

WIDTH = 118
"""Columns of running text."""


def write_markdown(path: Path, results: Results) -> None:
    """Write ``report.md``, complete or not at all. PageError if it cannot be written."""
    with atomic_write(path) as file:
        file.write(markdown(results).encode())


def markdown(results: Results) -> str:
    """Return the report as Markdown."""
    return (
        "\n".join([*_head(results), *_ranking(results), *_digits(results), *_tables(results.summary), *_tail(results)])
        + "\n"
    )


def _head(results: Results) -> Iterator[str]:
    yield f"# docsr benchmark: {in_markdown(results.suite)}"
    yield ""
    yield f"    {visible(results.command)}"
    yield ""
    made_by, verdicts = wording.made_by(results), " ".join(wording.verdicts(results.summary))
    for paragraph in (in_markdown(made_by), f"{in_markdown(results.folding)} {wording.METHOD}", in_markdown(verdicts)):
        yield from (*wrap(paragraph, WIDTH, break_long_words=False, break_on_hyphens=False), "")


def _ranking(results: Results) -> Iterator[str]:
    if not results.ranking:
        return
    yield "## Ranking"
    yield ""
    yield wording.RANKING
    yield ""
    yield "| engine | arm | mean gap closed, % | docsr there, % | settings | better than bicubic | worse |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for rank in results.ranking:
        gaps = f"{100 * rank.gap_closed:.1f} | {wording.champion_gap(rank)}"
        name = f"{in_markdown(rank.engine)} | {in_markdown(rank.arm)}"
        yield f"| {name} | {gaps} | {rank.cells} | {rank.better} | {rank.worse} |"
    yield ""


def _digits(results: Results) -> Iterator[str]:
    if not results.digits:
        return
    yield "## Digits in small text"
    yield ""
    yield from (*wrap(wording.DIGITS, WIDTH, break_long_words=False, break_on_hyphens=False), "")
    yield "| engine | arm | numbers | lost | won |"
    yield "|---|---|---:|---:|---:|"
    for engine, arm, changes in pooled(results.digits):
        name = f"{in_markdown(engine)} | {in_markdown(arm)}"
        yield f"| {name} | {changes.numbers:,} | {changes.lost:,} | {changes.won:,} |"
    yield ""


def _tables(cells: Sequence[Cell]) -> Iterator[str]:
    for title, group in groupby(cells, key=lambda cell: wording.place(cell, cells)):
        rows = sorted(group, key=lambda cell: cell.error.value)
        yield f"## {in_markdown(title)}"
        yield ""
        yield in_markdown(wording.note(rows[0]))
        yield ""
        spaces = wording.loses_spaces(rows)
        columns = ["arm", wording.score_name(rows[0]), "gap closed, %", "against bicubic", "docsr against it", "harmed"]
        more = wording.RESPACED if spaces else ()
        yield "| " + " | ".join([*columns, "digits wrong, %", "WER, %", "ink", "s", *more]) + " |"
        yield "|---|---:|---:|---|---|---:|---:|---:|---:|---:|" + "---:|" * len(more)
        yield from (_line(cell, wording.respaced(cell) if spaces else []) for cell in rows)
        yield ""


def _line(cell: Cell, more: Sequence[str]) -> str:
    values: Iterable[str] = (
        in_markdown(cell.arm),
        wording.percent(cell.error),
        wording.percent(cell.gap_closed),
        wording.against_bicubic(cell),
        wording.against_champion(cell),
        str(cell.pages_harmed),
        _number(cell.digit_cer, 100),
        _number(cell.wer, 100),
        _number(cell.ink_ratio, 1),
        _number(cell.seconds_upscale, 1),
        *more,
    )
    return "| " + " | ".join(values) + " |"


def _number(value: float | None, times: float) -> str:
    return "" if value is None else f"{times * value:.2f}"


def _tail(results: Results) -> Iterator[str]:
    if results.confusions:
        yield "## Characters confused most"
        yield ""
        for arm, pairs in results.confusions.items():
            sentences = (
                f"{in_markdown_code(true)} read as {in_markdown_code(read)} {counted(count, 'time')}"
                for true, read, count in pairs
            )
            yield f"- {in_markdown(arm)}: {', '.join(sentences)}"
        yield ""
    if results.not_run or results.failed:
        yield "## Not run"
        yield ""
        yield from (f"- {in_markdown(name)}: {in_markdown(reason)}" for name, reason in results.not_run.items())
        yield from (f"- {in_markdown(sentence)}" for sentence in results.failed)
