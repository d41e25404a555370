"""The tables of docs/goals.md: what the networks should do, and what the committed results say (see publish.py)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tables import filled, table

from docsr.bench.arms import AUTO, BICUBICS
from docsr.report.words import how
from docsr.upscalers.peers import PEERS

ROOT = Path(__file__).resolve().parents[1]
GOALS = ROOT / "docs" / "goals.md"
SPEED = ROOT / "benchmarks" / "results" / "speed.json"
WEIGHTS = ROOT / "docsr" / "weights"

UNHARMED = 0.1
"""Points of error above the better of bicubic and the page as it is that count as no harm."""

SMALL_DPI, HARMED_SMALL = 75, 0.03
"""At this resolution and below, so large a part of the pages may be harmed; none from UNHARMED_DPI on."""
UNHARMED_DPI = 150

ENGINE = "tesseract"
"""The engine whose harmed pages are counted: the one for which it was decided where a network is used."""

INK = (0.95, 1.05)
"""Darkness of the text over the original's."""

Cells = dict[str, dict[str, Any]]
"""The arms of one set, resolution, degradation and engine."""

Verdict = tuple[str, bool]
"""What was measured, in words, and whether that is the goal."""


def _error(cell: dict[str, Any]) -> float:
    """In percent."""
    return 100 * float(cell["error"]["value"])


def _bicubic(cells: Cells) -> float:
    return min(_error(cells[arm]) for arm in BICUBICS)


def _own(cells: Cells, arm: str = AUTO) -> float:
    return _error(cells[arm])


def _gap(at_least: float) -> Callable[[Cells], Verdict]:
    def judged(cells: Cells) -> Verdict:
        closed = cells[AUTO]["gap_closed"]
        if closed is None:  # the original scan itself is not read better than bicubic beyond chance
            return _no_harm(cells)
        return f"{100 * closed['value']:.0f} %", 100 * closed["value"] >= at_least

    return judged


def _no_harm(cells: Cells) -> Verdict:
    other = min(_bicubic(cells), _error(cells["none"]))
    return f"{_own(cells):.2f} against {other:.2f}", _own(cells) <= other + UNHARMED


def _half(cells: Cells) -> Verdict:
    own = min(_own(cells, arm) for arm in (AUTO, "compact_x8") if arm in cells)
    return f"{own:.2f} against {_bicubic(cells):.2f}", own <= _bicubic(cells) / 2


def _points(at_least: float) -> Callable[[Cells], Verdict]:
    def judged(cells: Cells) -> Verdict:
        gain = _bicubic(cells) - _own(cells)
        return f"{gain:.1f} points", gain >= at_least

    return judged


def _lower(at_least: float) -> Callable[[Cells], Verdict]:
    def judged(cells: Cells) -> Verdict:
        part = 100 * (1 - _own(cells) / _bicubic(cells))
        return f"{part:.0f} % lower", part >= at_least

    return judged


@dataclass(frozen=True, slots=True)
class Goal:
    """What is wanted in one setting."""

    set: str
    lr_dpi: float | None
    degradation: str
    words: str
    judge: Callable[[Cells], Verdict]
    engine: str = "tesseract"

    def is_of(self, cell: dict[str, Any]) -> bool:
        """Whether the goal is about the cell's setting."""
        mine = (self.set, self.lr_dpi, self.degradation, self.engine)
        return mine == (cell["set"], cell["lr_dpi"], cell["degradation"], cell["engine"])


def _of_gap(set_: str, lr_dpi: float, degradation: str, percent: float, engine: str = "tesseract") -> Goal:
    return Goal(set_, lr_dpi, degradation, f"{percent:g} % of the gap", _gap(percent), engine)


def _unharmed(lr_dpi: float, degradation: str) -> Goal:
    return Goal("typeset", lr_dpi, degradation, f"at most {UNHARMED:g} above bicubic and as it is", _no_harm)


def _halved(degradation: str) -> Goal:
    return Goal("typeset", 50, degradation, "half of bicubic, by auto or at 8x", _half)


IN_ONE_SETTING = (
    _of_gap("typeset", 75, "scan", 55),
    _of_gap("typeset", 60, "scan", 50),
    _of_gap("typeset", 75, "clean", 85),
    _of_gap("typeset", 75, "fax", 30),
    _of_gap("books", 60, "scan", 80),
    _of_gap("books", 50, "scan", 60),
    _of_gap("mixed", 100, "scan", 50),
    _of_gap("typeset", 100, "scan", 50),
    *(_unharmed(150, degradation) for degradation in ("clean", "scan")),
    *(_halved(degradation) for degradation in ("clean", "scan", "fax")),
    Goal("forms", None, "as-it-is", "5 points below bicubic", _points(5)),
    _of_gap("receipts", 75, "scan", 35),
    Goal("receipts-low", None, "as-it-is", "20 % below bicubic", _lower(20)),
    _of_gap("typeset", 60, "scan", 25, "rapidocr"),
)


def goals(settings: Sequence[Cells]) -> str:
    """docs/goals.md with its tables."""
    found = [cells for cells in settings if AUTO in cells]
    text = GOALS.read_text(encoding="utf-8")
    text = filled(text, "one setting", _in_one_setting(found))
    text = filled(text, "every setting", _in_every_setting(found))
    text = filled(text, "cost", _cost())
    return filled(text, "settings", _settings(found))


def _met(met: bool) -> str:
    return "yes" if met else "**no**"


def _in_one_setting(settings: Sequence[Cells]) -> str:
    rows = []
    for goal in IN_ONE_SETTING:
        cells = next(cells for cells in settings if goal.is_of(cells[AUTO]))
        measured, met = goal.judge(cells)
        rows.append([goal.set, how(goal.lr_dpi, goal.degradation), goal.engine, goal.words, measured, _met(met)])
    return table(["pages", "made low", "engine", "goal", "measured", "met"], rows)


def _in_every_setting(settings: Sequence[Cells]) -> str:
    mine = [cells[AUTO] for cells in settings]
    low, high = INK
    counts = {
        "read worse than after bicubic beyond chance: no setting": [cell["beats_bicubic"] < 0 for cell in mine],
        "more digits wrong than after bicubic: no setting": [_more_digits_wrong(cell) for cell in mine],
        f"ink below {low:g} or above {high:g} of the original's: no setting": [
            not low <= cell["ink_ratio"] <= high for cell in mine if cell["ink_ratio"] is not None
        ],
        "not ahead of every peer beyond chance: no setting": [bool(_not_behind(cells)) for cells in settings],
    }
    rows = [[words, f"{sum(bad)} of {len(bad)}", _met(not any(bad))] for words, bad in counts.items()]
    read = [cell for cell in mine if cell["lr_dpi"] is not None and cell["engine"] == ENGINE]
    small = [cell for cell in read if cell["lr_dpi"] <= SMALL_DPI]
    large = [cell for cell in read if cell["lr_dpi"] >= UNHARMED_DPI]
    for words, cells, most in (
        (f"pages harmed at {SMALL_DPI} dpi and below: at most {100 * HARMED_SMALL:g} %", small, HARMED_SMALL),
        (f"pages harmed at {UNHARMED_DPI} dpi: none", large, 0.0),
    ):
        harmed, pages = (sum(cell[what] for cell in cells) for what in ("pages_harmed", "pages"))
        rows.append([words, f"{harmed} of {pages}", _met(harmed <= most * pages)])
    return table(["goal", "measured", "met"], rows)


def _more_digits_wrong(cell: dict[str, Any]) -> bool:
    return cell["digit_cer"] is not None and cell["digit_cer"] > cell["digit_cer_bicubic"]


def _not_behind(cells: Cells) -> list[str]:
    """The peers that docsr is not ahead of beyond chance."""
    return [arm for arm, cell in sorted(cells.items()) if arm in PEERS and cell["champion_beats"] != 1]


def _cost() -> str:
    speed = json.loads(SPEED.read_text(encoding="utf-8"))["rows"]
    mine = next(row for row in speed if row["arm"] == "compact_x4" and row["threads"] == 1)
    largest = max(path.stat().st_size for path in WEIGHTS.glob("*.onnx"))
    rows = [
        ["time of FSRCNN x4: at most 1", mine["of_fsrcnn_x4"], _met(mine["of_fsrcnn_x4"] <= 1)],
        ["time of Tesseract on the result: at most 0.5", mine["of_tesseract"], _met(mine["of_tesseract"] <= 0.5)],
        ["peak memory: below 500 MiB", f"{mine['peak_mib']:.0f} MiB", _met(mine["peak_mib"] < 500)],
        ["largest file of a network: below 1 MB", f"{largest:,} bytes", _met(largest < 1_000_000)],
    ]
    return table(["goal", "measured", "met"], rows)


def _settings(settings: Sequence[Cells]) -> str:
    header = ["pages", "made low", "engine", "digits wrong, bicubic", "docsr", "ink", "harmed", "not ahead of"]
    return table(header, [_setting(cells) for cells in settings])


def _setting(cells: Cells) -> list[Any]:
    mine = cells[AUTO]
    bicubic, own = (None if mine[what] is None else 100 * mine[what] for what in ("digit_cer_bicubic", "digit_cer"))
    place = mine["set"], how(mine["lr_dpi"], mine["degradation"]), mine["engine"]
    harmed = f"{mine['pages_harmed']} of {mine['pages']}"
    peers = sum(arm in PEERS for arm in cells)
    return [*place, bicubic, own, mine["ink_ratio"], harmed, f"{len(_not_behind(cells))} of {peers}"]
