"""Which numbers one reading has right and another reading has as other numbers."""

from __future__ import annotations

import pytest

from docsr.metrics.digits import NumberChanges, number_changes

CASES = {
    "the same": ("sum 690 of 12", "sum 690 of 12", "sum 690 of 12", 2, 0, 0),
    "lost": ("sum 890 of 12", "sum 890 of 12", "sum 690 of 12", 2, 1, 0),
    "won": ("sum 890 of 12", "sum 690 of 12", "sum 890 of 12", 2, 0, 1),
    "one each": ("sum 890 of 12", "sum 690 of 12", "sum 890 of 17", 2, 1, 1),
    "wrong both times": ("sum 890", "sum 690", "sum 590", 1, 0, 0),
    "no number before": ("sum 890", "sum B9O", "sum 690", 1, 0, 0),
    "no number after": ("sum 890", "sum 890", "sum B90", 1, 0, 0),
    "gone": ("sum 890 due", "sum 890 due", "sum due", 1, 0, 0),
    "a digit less": ("sum 890 due", "sum 890 due", "sum 89 due", 1, 1, 0),
    "signs among digits": ("due $1,890.00 (now)", "due $1.890,00 (now)", "due $1,690.00 (now)", 1, 1, 0),
    "letters and digits are no number": ("page B12 3rd", "page B12 3rd", "page B17 8rd", 0, 0, 0),
    "words before it are lost": ("the sum of 890 due", "the sum of 890 due", "890 due", 1, 0, 0),
    "words before it are invented": ("sum 890", "a b sum 890", "a b c sum 690", 1, 1, 0),
    "full width": ("sum 890", "sum \uff18\uff19\uff10", "sum 690", 1, 1, 0),
    "nothing": ("", "12", "17", 0, 0, 0),
}


@pytest.mark.parametrize("case", CASES)
def test_counts_by_hand(case: str) -> None:
    true, before, after, numbers, lost, won = CASES[case]
    assert number_changes(true, before, after) == NumberChanges(numbers, lost, won)


@pytest.mark.parametrize("case", CASES)
def test_the_other_way_is_the_other_way(case: str) -> None:
    true, before, after, *_ = CASES[case]
    there, back = number_changes(true, before, after), number_changes(true, after, before)
    assert (there.numbers, there.lost, there.won) == (back.numbers, back.won, back.lost)


def test_where_the_order_is_an_engine_s_own_readings_are_laid_beside_each_other() -> None:
    true, before, after = "total 890 tax 45 date 12", "date 12 tax 45 total 890", "date 12 tax 46 total 890"
    assert number_changes(true, before, after, ordered=False) == NumberChanges(3, 1, 0)
    assert number_changes(true, after, before, ordered=False) == NumberChanges(3, 0, 1)
    moved = "tax 45 date 12 total 890"
    assert number_changes(true, before, moved, ordered=False) == NumberChanges(3, 0, 0)


def test_numbers_that_the_page_has_elsewhere_are_no_change() -> None:
    assert number_changes("890 690", "890 690", "690 890", ordered=False) == NumberChanges(2, 0, 0)
