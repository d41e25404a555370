"""The committed results: what the suites in benchmarks/results measured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "docsr" / "weights"
RESULTS = ROOT / "benchmarks" / "results"

TUNE = "tune"
UNREPORTED = {TUNE, "folder"}
"""Suites not among the settings reported: what is decided on, and a folder, which docs/goals.md has a table for."""

Cells = dict[str, dict[str, Any]]
"""The arms of one setting: one set, resolution, degradation and engine."""


@cache
def results(suite: str) -> dict[str, Any]:
    """What a suite's results.json holds."""
    found: dict[str, Any] = json.loads((RESULTS / suite / "results.json").read_text(encoding="utf-8"))
    return found


def suites() -> list[str]:
    """The suites that are reported."""
    return [path.parent.name for path in sorted(RESULTS.glob("*/results.json")) if path.parent.name not in UNREPORTED]


def settings(suite: str) -> Iterator[Cells]:
    """The cells of each setting, by arm."""
    found: dict[tuple[Any, ...], Cells] = {}
    for cell in results(suite)["summary"]:
        place = cell["set"], cell["lr_dpi"], cell["degradation"], cell["engine"]
        found.setdefault(place, {})[cell["arm"]] = cell
    yield from found.values()


@cache
def words_missed() -> set[str]:
    """The sets without a reading order, of which words missed are counted and not CER."""
    cells = (cell for suite in suites() for arms in settings(suite) for cell in arms.values())
    return {cell["set"] for cell in cells if cell["score"] == "words"}
