"""Choose the pages to look at: those that the arm of interest reads worst compared with bicubic, with crops of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from docsr.bench.arms import AUTO, BASELINE, HR, Arm
from docsr.bench.crops import Crops, crops
from docsr.bench.measure import Condition, Row
from docsr.bench.results import Results
from docsr.bench.suite import Suite, SuitePage
from docsr.bench.summary import Cell, error_rate, label
from docsr.errors import DocsrError
from docsr.weights import catalogue

MOST_PAGES = 24
"""Number of pages that get crops."""


@dataclass(frozen=True, slots=True)
class PageChange:
    """What an arm changed on one page.

    Attributes:
        page: the page with its reference text.
        condition: how it was made low-resolution.
        engine: what read it.
        arm: label of the arm.
        change: the arm's error less bicubic's, in [-1, 1] or above if insertions count.
        crops: the place that changed most.
        bicubic_text: what the engine read after bicubic; None if it is unknown.
        text: what it read after the arm; None if it is unknown.
    """

    page: SuitePage
    condition: Condition
    engine: str
    arm: str
    change: float
    crops: Crops
    bicubic_text: str | None
    text: str | None


class _Place(NamedTuple):
    """A page in one condition, read by one engine."""

    set: str
    page: str
    lr_dpi: float | None
    degradation: str
    engine: str
    engine_options: str


Read = tuple[Row, str | None]
"""A row, and the text that its engine read if it is known."""


def worst_changes(
    results: Results, texts: Sequence[str | None], suite: Suite, arms: Sequence[Arm], peers: Path | None
) -> tuple[list[PageChange], int]:
    """Return pages of the arm that :func:`subject` names, the worst change first, and how many pages are left out.

    Args:
        results: results of the benchmark.
        texts: what the engine read for each of ``results.rows``.
        suite: the pages.
        arms: arms that were run.
        peers: folder of the peers' weights.
    """
    arm = next((arm for arm in arms if arm.label == subject(results.summary)), None)
    if arm is None:
        return [], 0
    pages = {(page.set, page.name): page for page in suite.pages}
    pairs = []
    for place, bicubic, own in _pairs(results, texts, arm.label):
        score = pages[place.set, place.page].source.score
        pairs.append((error_rate(own[0], score) - error_rate(bicubic[0], score), place, bicubic[1], own[1]))
    pairs.sort(key=lambda pair: (-pair[0], str(pair[1])))
    changes = []
    for change, place, *both in pairs[:MOST_PAGES]:
        page, condition = pages[place.set, place.page], Condition(place.lr_dpi, place.degradation)
        try:
            cut = crops(page, condition, arm, place.engine, peers)
        except DocsrError:
            continue  # the file has been removed since it was measured; its rows stay in the tables
        changes.append(PageChange(page, condition, place.engine, arm.label, change, cut, *both))
    return changes, len(pairs) - len(changes)


def _pairs(results: Results, texts: Sequence[str | None], arm: str) -> Iterator[tuple[_Place, Read, Read]]:
    """Yield what was read after bicubic (of the better size) and after the arm, for each place that has both."""
    read: dict[_Place, dict[str, Read]] = {}
    for row, text in zip(results.rows, texts, strict=True):
        place = _Place(row.set, row.page, row.lr_dpi, row.degradation, row.engine, row.engine_options)
        read.setdefault(place, {})[label(row)] = (row, text)
    baselines = {
        (cell.set, cell.lr_dpi, cell.degradation, cell.engine, cell.engine_options): cell.baseline
        for cell in results.summary
    }
    for place, of_arm in read.items():
        setting = place.set, place.lr_dpi, place.degradation, place.engine, place.engine_options
        baseline = baselines.get(setting)
        if arm in of_arm and baseline in of_arm:
            yield place, of_arm[baseline], of_arm[arm]


def subject(cells: Sequence[Cell]) -> str | None:
    """Return the arm that the pictures show: ``auto``, docsr's best network, or the best arm that is no baseline."""
    plain = {HR, "none"}
    arms = {cell.arm for cell in cells if cell.arm not in plain and not cell.arm.startswith(BASELINE)}
    own = arms & {AUTO} or arms & set(catalogue())
    mean = {arm: fmean(cell.error.value for cell in cells if cell.arm == arm) for arm in own or arms}
    return min(mean, key=lambda arm: (mean[arm], arm)) if mean else None
