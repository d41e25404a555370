"""Count which characters are read as which others, for each engine and arm."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from docsr.bench.measure import Row
from docsr.bench.suite import SuitePage
from docsr.bench.summary import reader
from docsr.metrics.text import confusions

MOST_CONFUSED = 10
"""Number of pairs that are kept for each engine and arm."""


def most_confused(
    rows: Sequence[Row], texts: Sequence[str | None], pages: Iterable[SuitePage]
) -> dict[str, list[tuple[str, str, int]]]:
    """Return for each engine and arm the most frequent (true, read, count).

    Sets without a reading order are left out: their alignment shows disorder, not confusion. So are engines and arms
    with an unknown text.

    Args:
        rows: rows of a benchmark.
        texts: what the engine read for each row; None if it is unknown.
        pages: pages with the true texts.
    """
    truth = {(page.set, page.name): page for page in pages}
    counts: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    unknown = {reader(row) for row, text in zip(rows, texts, strict=True) if text is None}
    for row, text in zip(rows, texts, strict=True):
        page = truth[row.set, row.page]
        if text is not None and reader(row) not in unknown and page.source.score == "cer":
            counts[reader(row)] += confusions(page.text, text, case=page.source.case)
    return {
        name: [(true, read, number) for (true, read), number in counter.most_common(MOST_CONFUSED)]
        for name, counter in counts.items()
    }
