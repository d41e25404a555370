"""Take rows from an earlier benchmark if page, arm, engine and docsr are the same (``docsr benchmark --reuse``).

``results.json`` holds no texts. What was computed from the texts of reused rows, confusions and digits, is taken from
there too where all rows of it are reused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import NamedTuple

from docsr import __version__
from docsr.bench.arms import HR
from docsr.bench.measure import Measurement, Row
from docsr.bench.results import read_results
from docsr.bench.small_digits import SmallDigits
from docsr.bench.summary import label, reader
from docsr.errors import UsageError
from docsr.machine import machine
from docsr.metrics.text import FOLDING
from docsr.ocr.base import Engine


class _Place(NamedTuple):
    """What a row is about."""

    set: str
    page: str
    lr_dpi: float | None
    degradation: str
    arm: str
    engine: str
    engine_options: str


def _place(row: Row) -> _Place:
    return _place_of(row.set, row.page, row.lr_dpi, row.degradation, label(row), row.engine, row.engine_options)


def _place_of(
    set_: str, page: str, lr_dpi: float | None, degradation: str, arm: str, engine: str, engine_options: str
) -> _Place:
    """Return the place of a row; the original is the same however a page is made low-resolution."""
    return _Place(set_, page, *((None, "") if arm == HR else (lr_dpi, degradation)), arm, engine, engine_options)


class EarlierResults:
    """An earlier ``results.json``, whose rows are still valid where page, arm and engine have not changed.

    Args:
        path: the file.

    Raises:
        UsageError: the file cannot be read, or was measured in another way: by another version of docsr, or before
            ``results.json`` had the digests of pages.
    """

    def __init__(self, path: Path) -> None:
        self._results = earlier = read_results(path)
        if earlier.docsr != __version__:
            raise UsageError(f"{path} was measured by docsr {earlier.docsr}: leave out --reuse to measure all again")
        if earlier.folding != FOLDING:
            raise UsageError(f"{path} folded texts in another way: leave out --reuse to measure all again")
        if not earlier.pages:
            raise UsageError(f"{path} has no digests of its pages: leave out --reuse to measure all again")
        self._rows = {_place(row): row for row in earlier.rows}
        self._scores = {cell.set: cell.score for cell in earlier.summary}

    def row(self, task: Measurement, name: str, engine: Engine) -> Row | None:
        """Return the row of a task by the engine that was asked for by ``name``; None if it has to be measured."""
        earlier, page, how = self._results, task.page, task.condition
        reader = engine.in_language(page.source.language)
        if reader.signature not in earlier.engines.get(name, "").split("; "):
            return None
        if earlier.arms.get(task.arm.label) != task.arm.signature:
            return None
        if earlier.pages.get(page.set, {}).get(page.name) != page.digest:
            return None
        read_by = task.arm.label, name, reader.options
        return self._rows.get(_place_of(page.set, page.name, how.lr_dpi, how.degradation, *read_by))

    def measured_elsewhere(self) -> str | None:
        """Return what measured the rows if it is not what runs here, else None."""
        before, here = self._results.machine, machine()
        if before == here:
            return None
        libraries = (f"{name} {version}" for name, version in before["libraries"].items())
        return ", ".join([before["processor"], f"Python {before['python']}", *libraries])

    def has_scores(self, scores: dict[str, str]) -> bool:
        """Return whether the sets were scored as ``scores`` says (set -> ``cer`` or ``words``)."""
        return all(self._scores.get(name, score) == score for name, score in scores.items())

    def confusions(self, rows: Iterable[Row]) -> dict[str, list[tuple[str, str, int]]]:
        """Return the confusions of engines and arms that have the same rows now."""
        before, now = (_grouped(of, reader) for of in (self._results.rows, rows))
        return {name: pairs for name, pairs in self._results.confusions.items() if before[name] == now[name]}

    def digits(self, rows: Iterable[Row]) -> list[SmallDigits]:
        """Return the counts of numbers of arms that, like their bicubic, have the same rows now."""
        before, now = (_grouped(of, lambda row: _place(row)._replace(page="")) for of in (self._results.rows, rows))

        def is_same(count: SmallDigits, arm: str) -> bool:
            read_by = arm, count.engine, count.engine_options
            place = _place_of(count.set, "", count.lr_dpi, count.degradation, *read_by)
            return before[place] == now[place]

        digits = self._results.digits
        return [count for count in digits if is_same(count, count.arm) and is_same(count, count.baseline)]


def _grouped(rows: Iterable[Row], key: Callable[[Row], Hashable]) -> defaultdict[Hashable, set[Row]]:
    groups = defaultdict[Hashable, set[Row]](set)
    for row in rows:
        groups[key(row)].add(row)
    return groups
