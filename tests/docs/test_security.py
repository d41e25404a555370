"""Each promise of SECURITY.md names the tests that hold it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROMISES = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in (ROOT / "SECURITY.md").read_text(encoding="utf-8").partition("| promise |")[2].splitlines()
    if line.startswith("| ") and not line.startswith("| ---")
]


def test_there_are_promises():
    assert len(PROMISES) > 15


@pytest.mark.parametrize("row", PROMISES, ids=lambda row: row[0][:40])
def test_a_promise_is_held_by_tests_that_are_there(row: list[str]):
    promise, how, held = row
    assert promise.endswith((".", ")."))
    assert how.endswith((".", ".)"))
    named = re.findall(r"`(tests/[\w/.]+\.py)`", held)
    assert named
    assert held == ", ".join(f"`{name}`" for name in named)
    assert [name for name in named if not (ROOT / name).is_file()] == []
