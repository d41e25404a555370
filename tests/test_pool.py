from __future__ import annotations

import os
import time

import pytest

from docsr.pool import run_in_processes

DEADLY = 5


def work(item: int) -> str:
    if item == DEADLY:
        time.sleep(0.5)  # so that its neighbours are done first
        os._exit(9)
    time.sleep(0.02 * (item % 3))
    return f"did {item}"


def broken(item: int) -> str:
    return f"lost {item}"


def test_ordered_results_come_in_the_order_of_the_items():
    items = [0, 2, 1, 4, 3]
    found = list(run_in_processes(work, items, jobs=2, broken=broken, ordered=True))
    assert found == [(item, f"did {item}") for item in items]


@pytest.mark.parametrize("ordered", [False, True])
def test_the_death_of_a_worker_costs_at_most_what_was_under_way(ordered):
    found = list(run_in_processes(work, range(12), jobs=2, broken=broken, ordered=ordered))
    assert sorted(item for item, _ in found) == list(range(12))
    if ordered:
        assert [item for item, _ in found] == list(range(12))
    lost = [item for item, result in found if result == f"lost {item}"]
    assert DEADLY in lost
    assert len(lost) <= 4
    assert all(result == f"did {item}" for item, result in found if item not in lost)
