"""Count, for each arm, numbers that change on pages whose text is too small for its digits to be trusted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from docsr.bench.measure import Row
from docsr.bench.suite import SuitePage
from docsr.bench.summary import Cell, label
from docsr.metrics.digits import NumberChanges, number_changes

DOUBTFUL = 7.0
"""x-height in px below which digits cannot be trusted, whatever enlarged the page (docs/gans.md)."""


@dataclass(frozen=True, slots=True)
class SmallDigits:
    """What an arm does to the numbers of a setting, compared with bicubic, on pages below DOUBTFUL.

    Attributes:
        baseline: the size of bicubic.
        pages: number of such pages of which both texts are available.
        numbers: words of their true texts that are digits only.
        lost: numbers that are right after bicubic and another number after the arm.
        won: numbers that are another number after bicubic and right after the arm.
    """

    set: str
    lr_dpi: float | None
    degradation: str
    engine: str
    engine_options: str
    arm: str
    baseline: str
    pages: int
    numbers: int
    lost: int
    won: int


def small_digits(
    rows: Sequence[Row], texts: Sequence[str | None], cells: Iterable[Cell], pages: Iterable[SuitePage]
) -> list[SmallDigits]:
    """Count for each cell other than bicubic; cells without such pages, or with an unknown text, are left out.

    Args:
        rows: rows of a benchmark.
        texts: what the engine read for each row; None if it is unknown.
        cells: summary of the rows.
        pages: pages with the true texts.
    """
    truth = {(page.set, page.name): page for page in pages}
    read: dict[tuple[str, float | None, str, str, str, str], dict[str, str]] = defaultdict(dict)
    unknown = set()
    for row, text in zip(rows, texts, strict=True):
        if row.x_height is not None and row.x_height < DOUBTFUL:
            of_arm = row.set, row.lr_dpi, row.degradation, row.engine, row.engine_options, label(row)
            if text:
                read[of_arm][row.page] = text
            elif text is None:
                unknown.add(of_arm)
    counts = []
    for cell in cells:
        place = cell.set, cell.lr_dpi, cell.degradation, cell.engine, cell.engine_options
        before, after = read[(*place, cell.baseline)], read[(*place, cell.arm)]
        both = [(truth[cell.set, page], before[page], after[page]) for page in before if page in after]
        if unknown & {(*place, cell.baseline), (*place, cell.arm)}:
            continue
        if cell.arm != cell.baseline and both:
            changes = [_changes(*texts_of) for texts_of in both]
            sums = (sum(getattr(change, name) for change in changes) for name in ("numbers", "lost", "won"))
            counts.append(SmallDigits(*place, cell.arm, cell.baseline, len(both), *sums))
    return [count for count in counts if count.numbers]


def with_earlier(
    counts: Iterable[SmallDigits], earlier: Iterable[SmallDigits], cells: Iterable[Cell]
) -> list[SmallDigits]:
    """Return the counts of the cells, in their order: those of ``counts``, or ``earlier`` ones of the same baseline."""
    found = {_key(count): count for count in (*earlier, *counts)}
    wanted = ((found.get(_key(cell)), cell) for cell in cells)
    return [count for count, cell in wanted if count is not None and count.baseline == cell.baseline]


def _key(one: SmallDigits | Cell) -> tuple[str, float | None, str, str, str, str]:
    return one.set, one.lr_dpi, one.degradation, one.engine, one.engine_options, one.arm


def _changes(page: SuitePage, before: str, after: str) -> NumberChanges:
    ordered, case = page.source.score == "cer", page.source.case
    return number_changes(page.text, before, after, ordered=ordered, case=case)


def pooled(digits: Iterable[SmallDigits]) -> list[tuple[str, str, NumberChanges]]:
    """Return (engine, arm, counts over all settings); arms that turn most numbers into others come first."""
    sums: dict[tuple[str, str], NumberChanges] = defaultdict(lambda: NumberChanges(0, 0, 0))
    for count in digits:
        before = sums[count.engine, count.arm]
        sums[count.engine, count.arm] = NumberChanges(
            before.numbers + count.numbers, before.lost + count.lost, before.won + count.won
        )
    ranked = sorted(sums.items(), key=lambda item: (item[0][0], -item[1].lost, item[0][1]))
    return [(engine, arm, changes) for (engine, arm), changes in ranked]
