from __future__ import annotations

import numpy as np
import pytest

from docsr.bench.summary import FEWEST_PAGES
from docsr.metrics.bootstrap import PagedRates

PAGES = 60


def draw(random: np.random.Generator, rate: float, spread: float, pages: int = PAGES) -> tuple[list[int], list[int]]:
    """Errors and characters of pages whose own error rates scatter about ``rate``."""
    characters = random.integers(800, 3000, pages)
    rates = rate * random.gamma(1 / spread, spread, pages)
    return [int(n) for n in random.poisson(rates * characters)], [int(n) for n in characters]


@pytest.mark.slow_except("6-0.9")
@pytest.mark.parametrize(("pages", "least"), [(PAGES, 0.93), (FEWEST_PAGES, 0.9)])
def test_the_interval_holds_the_truth_as_often_as_it_says(pages: int, least: float) -> None:
    random = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        errors, totals = draw(random, 0.05, 0.3, pages)
        interval = PagedRates({"a": errors}, totals).rate("a")
        held += interval.low <= 0.05 <= interval.high
    assert least <= held / 400 <= 0.97


def test_a_paired_gain_is_surer_than_the_rates() -> None:
    errors, totals = draw(np.random.default_rng(2), 0.1, 0.5)
    better = [round(0.9 * n) for n in errors]
    rates = PagedRates({"before": errors, "after": better}, totals)
    gain = rates.gain("after", "before")
    assert gain.low > 0
    assert rates.rate("after").high > rates.rate("before").low
    assert rates.gain("before", "after").high < 0


def test_gap_closed_runs_from_bicubic_to_hr() -> None:
    errors, totals = draw(np.random.default_rng(3), 0.2, 0.3)
    arms = {"bicubic": errors, "half": [round(0.6 * n) for n in errors], "hr": [round(0.2 * n) for n in errors]}
    rates = PagedRates(arms, totals)

    def gap(arm: str) -> float:
        found = rates.gap_closed(arm, "bicubic", "hr")
        assert found is not None
        assert found.low <= found.value <= found.high
        return found.value

    assert (gap("bicubic"), gap("hr")) == (0, 1)
    assert gap("half") == pytest.approx(0.5, abs=0.01)


def test_there_is_no_gap_where_hr_is_not_better_beyond_chance() -> None:
    errors, totals = draw(np.random.default_rng(4), 0.05, 0.3)
    other, _ = draw(np.random.default_rng(5), 0.05, 0.3)
    rates = PagedRates({"bicubic": errors, "hr": other}, totals)
    assert rates.gap_closed("bicubic", "bicubic", "hr") is None


def test_the_same_pages_give_the_same_interval() -> None:
    errors, totals = draw(np.random.default_rng(6), 0.05, 0.3)
    assert PagedRates({"a": errors}, totals).rate("a") == PagedRates({"a": errors}, totals).rate("a")
