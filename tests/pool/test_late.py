"""Worker processes: an item that took too long is told from one that ended its worker."""

from __future__ import annotations

import os
import re

import pytest

from docsr.pool import SingleWorker, run_in_processes

HANGING, DEADLY = 3, 5
TOLD = {HANGING: "took too long over 3", DEADLY: "lost 5"}


def hang_or_die(item: int) -> str:
    if item == HANGING:
        re.match(r"(a+)+$", "a" * 60 + "b")  # hours within C, the interpreter's lock held: as a decoder can
    if item == DEADLY:
        os._exit(9)
    return f"did {item}"


def broken(item: int) -> str:
    return f"lost {item}"


def late(item: int) -> str:
    return f"took too long over {item}"


@pytest.mark.slow
def test_of_many():
    items = [HANGING, DEADLY, 0]
    found = dict(run_in_processes(hang_or_die, items, jobs=2, on_crash=broken, limit=1.5, on_timeout=late))
    assert found == {**TOLD, 0: "did 0"}


def test_of_one():
    apart = SingleWorker(hang_or_die, broken, 1.5, on_timeout=late)
    assert {item: apart(item) for item in TOLD} == TOLD
    apart.close()
