"""Measure a suite again where only some arms have changed: the rows of all others are taken from its results.json.

    python -m benchmarks.research.take_over benchmarks/results/typeset [...] [--also LABEL[:ENGINE]] [--anew MODEL]

The command is the one in results.json, run from the repository's root, where it must find what it reads (`make
benchmark` fetches it). Rows are taken over where arm and engine, the weights and the versions among what tells one
from another, are what they were, or where `--also` says that an arm still computes the same (for an engine), but for
the models of `--anew` and the pages of which `auto` takes one of them; pages are told by their names. What was read is
not in results.json, so the characters that such arms confused, and what they made of digits in small text, are taken
over too (or left out, where pages were added or some were measured anew), and in report.html their texts are empty.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from docsr.bench.arms import AUTO, plan_arms, taken
from docsr.bench.degradations import SHAPES
from docsr.bench.measure import ROW_FIELDS, Measured, Row, tasks_of
from docsr.bench.report.markdown import write_markdown
from docsr.bench.results import Results, write_results
from docsr.bench.small_digits import SmallDigits
from docsr.bench.suite import load_suite
from docsr.bench.summary import label, rank, summarise
from docsr.benchmark import ROWS, RowStore
from docsr.cli.benchmark import benchmark
from docsr.ocr.engines import ENGINES
from docsr.weights import catalogue

RESULTS, REPORT = "results.json", "report.md"


def asked(command: str) -> dict[str, Any]:
    """The options of a command of docsr benchmark."""
    words = shlex.split(command)[2:]
    with benchmark.make_context("benchmark", words) as context:
        return dict(context.params)


def take_over(folder: Path, known: dict[str, Any], also: Collection[str], anew: Collection[str]) -> int:
    """Put into the folder's rows.jsonl what is known and still holds; return how many rows these are."""
    options = asked(known["command"])
    suite = load_suite(options["suite"], options["root"], None)
    arms, _ = plan_arms(options["upscalers"], options["peers"])
    engines = {name: ENGINES.find(name)() for name in options["engines"]}
    engines = {name: one for name, one in engines.items() if known["engines"].get(name) == one.signature}
    rows = {_place(row): row for row in (Row(**row) for row in known["rows"])}
    store, kept = RowStore(folder), 0
    for page in suite.pages:
        for task in tasks_of(page, arms, tuple(engines)):
            for engine in task.engines:
                if not _holds(known, task.arm.label, task.arm.signature, engine, also):
                    continue
                how = task.condition
                row = rows.get((page.set, page.name, how.lr_dpi, how.degradation, task.arm.label, engine))
                if row is not None and not _is_new(row, anew) and store.get(task, engines[engine]) is None:
                    store.add(task, Measured([(row, "")]), engines)
                    kept += 1
    return kept


def forget(folder: Path, anew: Collection[str]) -> None:
    """Leave out of the folder's rows.jsonl what is to be measured anew: there it would be found, and not measured."""
    path = folder / ROWS
    if anew and path.is_file():
        lines = path.read_text(encoding="utf-8").split("\n")  # and not at U+2028, which texts hold
        path.write_text("".join(f"{line}\n" for line in lines if _stays(line, anew)), encoding="utf-8")


def _stays(line: str, anew: Collection[str]) -> bool:
    try:
        values = json.loads(line)
    except ValueError:  # the last one, cut off
        return False
    return not _is_new(Row(**{name: values[name] for name in ROW_FIELDS}), anew)


def _place(row: Row) -> tuple[Any, ...]:
    return row.set, row.page, row.lr_dpi, row.degradation, label(row), row.engine


def _is_new(row: Row, anew: Collection[str]) -> bool:
    """Whether a row is one of ``anew``, or of ``auto`` for a page of which it takes one of them now."""
    shape = SHAPES.get(row.degradation, 1.0)
    return row.upscaler in anew or (row.upscaler == AUTO and taken(row.x_height, row.engine, shape).model in anew)


def _holds(known: dict[str, Any], arm: str, signature: str, engine: str, also: Collection[str]) -> bool:
    return known["arms"].get(arm) == signature or arm in also or f"{arm}:{engine}" in also


def _read_by(rows: Iterable[dict[str, Any]]) -> dict[str, set[tuple[Any, ...]]]:
    """What was read, by engine and arm as results.json names them."""
    places = defaultdict(set)
    for row in (Row(**row) for row in rows):
        places[f"{row.engine}, {label(row)}"].add(_place(row))
    return places


def put_back(folder: Path, known: dict[str, Any], also: Collection[str], anew: Collection[str]) -> None:
    """Write results.json and report.md again, with what texts told of the arms that were taken over."""
    found = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    before, now, confused = _read_by(known["rows"]), _read_by(found["rows"]), {}
    new = {f"{row.engine}, {label(row)}" for row in (Row(**row) for row in found["rows"]) if _is_new(row, anew)}

    def measured(reader: str) -> bool:
        engine, _, arm = reader.partition(", ")
        return not before[reader] or arm in anew or not _holds(known, arm, found["arms"][arm], engine, also)

    taken_over = {one for one in now if not measured(one) and before[one] == now[one] and one not in new}
    for reader, pairs in found["confusions"].items():
        if measured(reader):
            confused[reader] = pairs
        elif reader in taken_over and reader in known["confusions"]:
            confused[reader] = known["confusions"][reader]
    rows = [Row(**row) for row in found["rows"]]
    options = asked(found["command"])
    suite = load_suite(options["suite"], options["root"], None)
    cells = summarise(rows, {page.set: page.source.score for page in suite.pages})
    kept = {name: found[name] for name in ("suite", "command", "engines", "arms", "not_run", "failed")}
    digits = _digits(known, found, taken_over)
    results = Results(**kept, rows=rows, cells=cells, ranking=rank(cells), confused=confused, digits=digits)
    write_results(folder / RESULTS, results)
    write_markdown(folder / REPORT, results)


def _digits(known: dict[str, Any], found: dict[str, Any], taken_over: Collection[str]) -> list[SmallDigits]:
    """What was counted of numbers: as it was where both texts were taken over, else as it is counted now."""

    def stays(one: SmallDigits) -> bool:
        return {f"{one.engine}, {arm}" for arm in (one.arm, one.baseline)} <= set(taken_over)

    before, now = ([SmallDigits(**one) for one in values.get("digits", [])] for values in (known, found))
    return [one for one in before if stays(one)] + [one for one in now if not stays(one)]


def main() -> None:
    """Take over, measure, put back."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="+", help="benchmarks/results/SUITE")
    parser.add_argument(
        "--also", metavar="LABEL[:ENGINE]", default=[], action="append", help="an arm that computes the same"
    )
    parser.add_argument(
        "--anew",
        metavar="MODEL",
        default=[],
        action="append",
        choices=catalogue(),
        help="measure this network, and the pages of which `auto` takes it",
    )
    options = parser.parse_args()
    for folder in options.folder:
        known = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
        forget(folder, options.anew)
        rows = take_over(folder, known, options.also, options.anew)
        sys.stderr.write(f"{folder}: {rows:,} of {len(known['rows']):,} rows are taken over\n")
        ended = subprocess.run([sys.executable, "-m", *shlex.split(known["command"])], check=False)
        if ended.returncode:
            sys.exit(ended.returncode)
        put_back(folder, known, options.also, options.anew)


if __name__ == "__main__":
    main()
