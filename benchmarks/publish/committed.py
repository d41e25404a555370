"""The committed results: what the suites in benchmarks/results measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from docsr.bench.arms import AUTO, BASELINE, HR, UNTOUCHED
from docsr.bench.summary import FEWEST_PAGES, sign_alone
from docsr.metrics.bootstrap import Interval
from docsr.metrics.chance import beyond_chance

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "docsr" / "weights"
RESULTS = ROOT / "benchmarks" / "results"

TUNE = "tune"
UNREPORTED = {TUNE, "folder"}
"""Suites not among the settings reported: what is decided on, and a folder, which docs/goals.md has a table for."""

Cells = dict[str, dict[str, Any]]
"""The arms of one setting: one set, resolution and degradation, and one engine with its options."""


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
        place = cell["set"], cell["lr_dpi"], cell["degradation"], cell["engine"], cell["engine_options"]
        found.setdefault(place, {})[cell["arm"]] = cell
    yield from found.values()


@cache
def reported() -> tuple[tuple[str, Cells], ...]:
    """(suite, cells) of every setting that is reported, with signs corrected for all of them together."""
    return tuple(together([(suite, cells) for suite in suites() for cells in settings(suite)]))


def together(found: Sequence[tuple[str, Cells]]) -> list[tuple[str, Cells]]:
    """The settings with the signs of what is shown together: they say what is beyond chance after Holm's correction.

    Three families: the gains of ``auto`` over bicubic; those of the networks by themselves; those of docsr over other
    projects' upscalers, filters and interpolation.
    """
    networks = {path.stem for path in WEIGHTS.glob("*.onnx")}
    own = {AUTO, HR, UNTOUCHED, *networks}
    families: list[tuple[Callable[[str], bool], str, str, str]] = [
        (lambda arm: arm == AUTO, "gain", "p_value", "beats_bicubic"),
        (lambda arm: arm in networks, "gain", "p_value", "beats_bicubic"),
        (
            lambda arm: arm not in own and not arm.startswith(BASELINE),
            "champion_gain",
            "champion_p_value",
            "champion_beats",
        ),
    ]
    signed = [(suite, dict(cells)) for suite, cells in found]
    for is_member, gain, p_value, sign in families:
        tests = {
            (place, arm): (cell[gain]["value"], cell[p_value])
            for place, (_, cells) in enumerate(signed)
            for arm, cell in cells.items()
            if is_member(arm) and cell["pages"] >= FEWEST_PAGES and cell[p_value] is not None
        }
        for (place, arm), beats in beyond_chance(tests).items():
            signed[place][1][arm] = signed[place][1][arm] | {sign: beats}
    return signed


def alone(cell: dict[str, Any], gain: str = "gain") -> int:
    """1 or -1 if the interval of the cell's own comparison does not hold 0, whatever else was compared; else 0."""
    return sign_alone(Interval(**cell[gain]), cell["pages"])


@cache
def words_missed() -> set[str]:
    """The sets without a reading order, of which words missed are counted and not CER."""
    cells = (cell for suite in suites() for arms in settings(suite) for cell in arms.values())
    return {cell["set"] for cell in cells if cell["score"] == "words"}
