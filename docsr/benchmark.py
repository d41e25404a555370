"""Measure pages with upscalers and OCR engines, and return a row of scores for each (``docsr benchmark``).

Rows are kept in ``rows.jsonl`` of the output folder as they finish, keyed by a hash of everything that decides them. A
run that was killed, or that gets a new arm, measures only what is missing.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from docsr.bench.arms import Arm
from docsr.bench.confusions import most_confused
from docsr.bench.measure import ROW_FIELDS, Measured, Measurement, Measurer, Row, key_of, tasks_of
from docsr.bench.results import Results
from docsr.bench.reuse import EarlierResults
from docsr.bench.small_digits import small_digits, with_earlier
from docsr.bench.suite import Suite
from docsr.bench.summary import rank, summarise
from docsr.errors import Interrupted, PageError, reason_of
from docsr.io.paths.own_files import OwnFile
from docsr.ocr.base import Engine
from docsr.pool import run_here, run_in_processes
from docsr.text.parsing import read_json
from docsr.text.shown import in_json

ROWS = "rows.jsonl"
ROWS_FILE = OwnFile("docsr benchmark", re.compile(rb'\A\s*\{"key": "'), "choose another --out folder", within=400)

FEW_ARMS = 2
"""Up to this many arms are named in a message about the same failure on one page; more are counted."""


@dataclass(frozen=True, slots=True)
class Measurements:
    """The results of a benchmark.

    Attributes:
        rows: one per page, condition, arm and engine, in the order of the suite.
        texts: what the engine read for each row; None for a row that is reused.
        failed: a sentence for each measurement that failed.
    """

    rows: list[Row] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def run_benchmark(
    suite: Suite,
    arms: Sequence[Arm],
    engines: dict[str, Engine],
    out: Path,
    *,
    peers: Path | None = None,
    earlier: EarlierResults | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Measurements:
    """Measure every page with every arm and engine, and return the rows.

    Args:
        suite: the pages.
        arms: from :func:`docsr.bench.arms.plan_arms`.
        engines: OCR engines by the name, or name and options, by which they were asked for.
        out: the folder that keeps the rows.
        peers: folder of the peers' weights.
        earlier: a benchmark; its rows are reused where they are still valid.
        jobs: number of processes, one thread each.
        progress: called with (measurements done, measurements in all).

    Raises:
        Interrupted: the user stopped the run; finished rows are kept.
        PageError: the rows cannot be written.
    """
    store = RowStore(out)
    wanted = [task for page in suite.pages for task in tasks_of(page, arms, tuple(engines))]
    if earlier is not None:
        store.reuse(earlier, wanted, engines)
    failed = _measure(wanted, store, Measurer(engines, peers), jobs, progress)
    measurements = Measurements(failed=failed)
    for task in wanted:
        for engine in task.engines:
            stored = store.get(task, engine, engines[engine])
            if stored is not None:
                measurements.rows.append(stored[0])
                measurements.texts.append(stored[1])
    return measurements


def signatures_of(suite: Suite, engines: dict[str, Engine]) -> dict[str, str]:
    """Check, before work starts, that the engines can read the suite's pages; return each one's signature.

    Where an engine reads sources in several languages, its signatures are separated by ``; ``.

    Raises:
        UsageError: an engine has no data for a page's language.
        DocsrError: an engine is not installed.
    """
    languages = sorted({page.source.language for page in suite.pages})
    found = {}
    for name, engine in engines.items():
        readers = [engine.in_language(language) for language in languages]
        for reader in dict.fromkeys(readers):
            reader.check()
        found[name] = "; ".join(dict.fromkeys(reader.signature for reader in readers))
    return found


def results_of(
    measured: Measurements,
    suite: Suite,
    arms: Sequence[Arm],
    engines: dict[str, str],
    not_run: dict[str, str],
    command: str,
    earlier: EarlierResults | None = None,
) -> Results:
    """Return what is written of a benchmark: its rows, their summary, and what their texts show.

    ``engines`` are signatures by name, ``not_run`` gives the reason for each arm that was not run, and ``earlier`` is
    the benchmark of which rows were reused.
    """
    rows, texts = measured.rows, measured.texts
    scores: dict[str, str] = {page.set: page.source.score for page in suite.pages}
    cells = summarise(rows, scores)
    confused = most_confused(rows, texts, suite.pages)
    digits = small_digits(rows, texts, cells, suite.pages)
    if earlier is not None and earlier.has_scores(scores):
        confused, digits = confused | earlier.confusions(rows), with_earlier(digits, earlier.digits(rows), cells)
    return Results(
        suite=suite.name,
        command=command,
        engines=engines,
        arms={arm.label: arm.signature for arm in arms},
        not_run=not_run,
        failed=[*suite.problems, *measured.failed],
        rows=rows,
        summary=cells,
        ranking=rank(cells),
        confusions=confused,
        digits=digits,
        pages=suite.digests(),
    )


def _measure(
    wanted: list[Measurement], store: RowStore, measurer: Measurer, jobs: int, progress: Callable[[int, int], None]
) -> list[str]:
    """Measure what ``store`` lacks and add it there; return a sentence for each failure."""
    engines, failed = measurer.engines, dict[tuple[str, str], list[str]]()
    tasks = _missing(wanted, store, engines)
    total = sum(len(task.engines) for task in wanted)
    done = total - sum(len(task.engines) for task in tasks)
    progress(done, total)
    run = run_here(measurer, tasks) if jobs == 1 else run_in_processes(measurer, tasks, jobs=jobs, on_crash=_on_crash)
    try:
        with closing(run) as results:
            for task, measured in results:
                store.add(task, measured, engines)
                if measured.failure is not None:
                    failed.setdefault((task.page.name, measured.failure), []).append(task.arm.label)
                done += len(task.engines)
                progress(done, total)
    except KeyboardInterrupt as error:
        raise Interrupted("interrupted: finished rows are kept, run the same command again to go on") from error
    return [f"{page} ({_names_of(arms)}): {failure}" for (page, failure), arms in failed.items()]


def _names_of(arms: list[str]) -> str:
    """Return a few arms by name, or the number of many: what is wrong with a page is wrong for all of them."""
    names = list(dict.fromkeys(arms))
    return ", ".join(names) if len(names) <= FEW_ARMS else f"{len(names)} arms"


class RowStore:
    """Store finished rows in a folder as JSON lines; a truncated line is ignored."""

    def __init__(self, folder: Path) -> None:
        """Read the rows that are there."""
        self._path = folder / ROWS
        self._rows: dict[str, tuple[Row, str | None]] = {}
        text = self._path.read_text(encoding="utf-8", errors="replace") if os.path.isfile(self._path) else ""
        for line in text.split("\n"):  # splitlines would also split at U+2028, which texts may hold
            self._read(line)
        self._append("" if text.endswith("\n") or not text else "\n")  # end a truncated line

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def get(self, task: Measurement, name: str, engine: Engine) -> tuple[Row, str | None] | None:
        """Return the row and text of a task by the engine that was asked for by ``name``; None if it was not measured.

        The row has the task's own names. The text of a reused row is None.
        """
        stored = self._rows.get(key_of(task.page, task.condition, task.arm, engine))
        if stored is None:
            return None
        row, text = stored
        condition = task.condition
        own = replace(row, page=task.page.name, upscaler=task.arm.name, engine=name)
        return replace(own, lr_dpi=condition.lr_dpi, degradation=condition.degradation), text

    def reuse(self, earlier: EarlierResults, tasks: Iterable[Measurement], engines: dict[str, Engine]) -> None:
        """Take the rows of an earlier benchmark that are still valid and not in the folder."""
        lines = []
        for task in tasks:
            for name in task.engines:
                row = earlier.row(task, name, engines[name])
                key = key_of(task.page, task.condition, task.arm, engines[name])
                if row is not None and key not in self:
                    lines.append(self._put(key, row, None))
        self._append("".join(lines))

    def add(self, task: Measurement, measured: Measured, engines: dict[str, Engine]) -> None:
        """Add a task's rows, and write them to disk at once. PageError if they cannot be written."""
        for row, text in measured.rows:
            key = key_of(task.page, task.condition, task.arm, engines[row.engine])
            self._append(self._put(key, row, text))

    def _put(self, key: str, row: Row, text: str | None) -> str:
        """Keep a row, and return its line."""
        self._rows[key] = (row, text)
        return in_json(json.dumps({"key": key, "text": text, **asdict(row)}, ensure_ascii=False)) + "\n"

    def _append(self, text: str) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise PageError(f"cannot write {self._path}: {reason_of(error)}") from error

    def _read(self, line: str) -> None:
        try:
            values = read_json(line)
            self._rows[values["key"]] = (Row(**{name: values[name] for name in ROW_FIELDS}), values["text"])
        except (ValueError, TypeError, KeyError):
            return


def _missing(wanted: list[Measurement], store: RowStore, engines: dict[str, Engine]) -> list[Measurement]:
    """Return the tasks with the engines still to run; the ceiling is measured once for all conditions of a page."""
    tasks, planned = list[Measurement](), set[str]()
    for task in wanted:
        names = {key_of(task.page, task.condition, task.arm, engines[name]): name for name in reversed(task.engines)}
        missing = tuple(name for key, name in reversed(names.items()) if key not in store and key not in planned)
        planned |= names.keys()
        if missing:
            tasks.append(replace(task, engines=missing))
    return tasks


def _on_crash(task: Measurement) -> Measured:
    return Measured([], "its worker died (out of memory?): use fewer --jobs")
