"""The tables of docs/goals.md: what the networks should do, and what the committed results say (see publish.py)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.publish import committed
from benchmarks.publish.committed import RESULTS, ROOT, WEIGHTS, Cells
from benchmarks.publish.tables import filled, table
from docsr.bench.arms import AUTO
from docsr.bench.peers import PEERS
from docsr.bench.report.wording import how
from docsr.bench.summary import NO_GAP

GOALS = ROOT / "docs" / "goals.md"
TESSERACT, RAPIDOCR = "tesseract", "rapidocr"

UNHARMED = 0.1
"""Points of error above the better of bicubic and the page as it is that count as no harm."""

SMALL_DPI, HARMED_SMALL = 75, 0.03
"""At this resolution and below, so large a part of the pages may be harmed; none from UNHARMED_DPI on."""
UNHARMED_DPI = 150

PAGE_BY_PAGE = 0.3
"""Points of error that deciding page by page may cost against the best single way of treating all pages."""

INK = (0.95, 1.05)
"""Darkness of the text over the original's."""

HARM = ("digits wrong, bicubic", "digits wrong, docsr", "pages harmed")

SPEED = {"speed": "with VNNI", "speed_avx2": "AVX2 alone"}
"""Results of benchmarks/measure/speed.py, each with NAME_small beside it, and the processors they are of."""

Rows = Sequence[dict[str, Any]]

Verdict = tuple[str, bool]
"""What was measured, in words, and whether that is the goal."""


def _error(cells: Cells, arm: str) -> float:
    """In percent."""
    return 100 * float(cells[arm]["error"]["value"])


def _bicubic(cells: Cells) -> float:
    return _error(cells, cells[AUTO]["baseline"])


def _gap(at_least: float) -> Callable[[Cells], Verdict]:
    def judged(cells: Cells) -> Verdict:
        closed = cells[AUTO]["gap_closed"]
        if closed is not None:
            chance = ", may be chance" if cells[AUTO]["beats_bicubic"] == 0 else ""
            return f"{100 * closed['value']:.1f} %{chance}", 100 * closed["value"] >= at_least
        if cells[AUTO]["gap_reason"] != NO_GAP:
            raise SystemExit(f"no gap to close in {cells[AUTO]['set']}: {cells[AUTO]['gap_reason']}")
        measured, met = _no_harm(cells)
        return f"no gap: {measured}", met

    return judged


def _no_harm(cells: Cells) -> Verdict:
    own, other = _error(cells, AUTO), min(_bicubic(cells), _error(cells, "none"))
    return f"{own:.2f} against {other:.2f}", own <= other + UNHARMED


def _half(cells: Cells) -> Verdict:
    arm = min((arm for arm in (AUTO, "compact_x8") if arm in cells), key=lambda arm: _error(cells, arm))
    own, bicubic = _error(cells, arm), _bicubic(cells)
    return f"{own:.2f} against {bicubic:.2f} ({arm})", own <= bicubic / 2


def _points(at_least: float) -> Callable[[Cells], Verdict]:
    def judged(cells: Cells) -> Verdict:
        gain = _bicubic(cells) - _error(cells, AUTO)
        return f"{gain:.2f} points", gain >= at_least

    return judged


def _lower(at_least: float) -> Callable[[Cells], Verdict]:
    def judged(cells: Cells) -> Verdict:
        part = 100 * (1 - _error(cells, AUTO) / _bicubic(cells))
        return f"{part:.1f} % lower", part >= at_least

    return judged


@dataclass(frozen=True, slots=True)
class Goal:
    """What is wanted in one setting."""

    set: str
    lr_dpi: float | None
    degradation: str
    words: str
    judge: Callable[[Cells], Verdict]
    engine: str = TESSERACT

    def is_of(self, cell: dict[str, Any]) -> bool:
        """Whether the goal is about the cell's setting."""
        mine = (self.set, self.lr_dpi, self.degradation, self.engine)
        return mine == (cell["set"], cell["lr_dpi"], cell["degradation"], cell["engine"])


def _of_gap(set_: str, lr_dpi: float, degradation: str, percent: float, engine: str = TESSERACT) -> Goal:
    return Goal(set_, lr_dpi, degradation, f"{percent:g} % of the gap", _gap(percent), engine)


def _unharmed(degradation: str) -> Goal:
    return Goal("typeset", 150, degradation, "no harm", _no_harm)


def _halved(degradation: str) -> Goal:
    return Goal("typeset", 50, degradation, "half of bicubic, by default or at 8x", _half)


IN_ONE_SETTING = (
    _of_gap("typeset", 75, "scan", 55),
    _of_gap("typeset", 60, "scan", 50),
    _of_gap("typeset", 75, "clean", 85),
    _of_gap("typeset", 75, "fax", 30),
    _of_gap("books", 60, "scan", 80),
    _of_gap("books", 50, "scan", 60),
    _of_gap("mixed", 100, "scan", 50),
    _of_gap("typeset", 100, "scan", 50),
    *map(_unharmed, ("clean", "scan")),
    *map(_halved, ("clean", "scan", "fax")),
    Goal("forms", None, "as-it-is", "5 points below bicubic", _points(5)),
    _of_gap("receipts", 75, "scan", 35),
    Goal("receipts-low", None, "as-it-is", "20 % below bicubic", _lower(20)),
    _of_gap("typeset", 60, "scan", 25, RAPIDOCR),
)


def goals(settings: Sequence[Cells]) -> str:
    """docs/goals.md with its tables."""
    found = [arms for arms in settings if AUTO in arms]
    text = GOALS.read_text(encoding="utf-8")
    text = filled(text, "one setting", in_one_setting(found))
    text = filled(text, "all settings", in_all_settings(found))
    text = filled(text, "folder", in_a_folder(committed.settings("folder")))
    text = filled(
        text, "cost", cost({told: (speed_rows(name), speed_rows(f"{name}_small")) for name, told in SPEED.items()})
    )
    return filled(text, "each setting", in_each_setting(found))


def _met(met: bool) -> str:
    return "yes" if met else "**no**"


def in_one_setting(settings: Sequence[Cells]) -> str:
    """The goals that are about one setting."""
    rows = []
    for goal in IN_ONE_SETTING:
        arms = next((arms for arms in settings if goal.is_of(arms[AUTO])), None)
        if arms is None:
            raise SystemExit(f"no suite measured {goal.set}, {how(goal.lr_dpi, goal.degradation)}, {goal.engine}")
        measured, met = goal.judge(arms)
        rows.append([goal.set, how(goal.lr_dpi, goal.degradation), goal.engine, goal.words, measured, _met(met)])
    return table(["pages", "made low", "engine", "goal", "measured", "met"], rows)


def in_all_settings(settings: Sequence[Cells]) -> str:
    """The goals that are about all settings, counted: of how many settings or pages something is so."""
    mine = [arms[AUTO] for arms in settings]
    low, high = INK
    inked = [cell["ink_ratio"] for cell in mine if cell["ink_ratio"] is not None and cell["engine"] == TESSERACT]
    counts = {
        "settings read worse than after bicubic beyond chance": [cell["beats_bicubic"] < 0 for cell in mine],
        "settings with more digits wrong than after bicubic": [_more_digits_wrong(cell) for cell in mine],
        f"settings with ink below {low:g} of the original's": [ink < low for ink in inked],
        f"settings with ink above {high:g} of the original's": [ink > high for ink in inked],
        "settings in which docsr is not ahead of every peer beyond chance": [
            bool(_not_beaten(arms)) for arms in settings if _peers(arms)
        ],
    }
    rows = [[words, 0, f"{sum(bad)} of {len(bad)}", _met(not any(bad))] for words, bad in counts.items()]
    for engine in (TESSERACT, RAPIDOCR):
        made = [cell for cell in mine if cell["lr_dpi"] is not None and cell["engine"] == engine]
        small = [cell for cell in made if cell["lr_dpi"] <= SMALL_DPI]
        rows.append(_harmed(f"pages harmed at {SMALL_DPI} dpi and below, {engine}", small, HARMED_SMALL))
        if large := [cell for cell in made if cell["lr_dpi"] >= UNHARMED_DPI]:
            rows.append(_harmed(f"pages harmed at {UNHARMED_DPI} dpi and above, {engine}", large, 0))
    return table(["what", "at most", "measured", "met"], rows)


def in_a_folder(settings: Iterable[Cells]) -> str:
    """Whether what is decided page by page is as good as one way for all pages."""
    rows = []
    for arms in settings:
        best = min((arm for arm in arms if arm != AUTO), key=lambda arm: _error(arms, arm))
        own, other = _error(arms, AUTO), _error(arms, best)
        rows.append([arms[AUTO]["set"], f"{other:.2f} ({best})", own, _met(own <= other + PAGE_BY_PAGE), *_harm(arms)])
    return table(["pages", "best way for all pages", "docsr", "met", *HARM], rows)


def _harmed(words: str, cells: Sequence[dict[str, Any]], most: float) -> list[Any]:
    harmed, pages = (sum(cell[what] for cell in cells) for what in ("pages_harmed", "pages"))
    return [words, f"{100 * most:g} %" if most else 0, f"{harmed} of {pages}", _met(harmed <= most * pages)]


def _more_digits_wrong(cell: dict[str, Any]) -> bool:
    return cell["digit_cer"] is not None and cell["digit_cer"] > cell["digit_cer_bicubic"]


def _peers(arms: Cells) -> list[dict[str, Any]]:
    return [cell for name, cell in arms.items() if name in PEERS]


def _not_beaten(arms: Cells) -> list[dict[str, Any]]:
    """The peers that docsr is not ahead of beyond chance."""
    return [cell for cell in _peers(arms) if cell["champion_beats"] != 1]


def cost(machines: Mapping[str, tuple[Rows, Rows]]) -> str:
    """Time and memory, and the size of the files.

    Args:
        machines: by what tells the processor, the rows of measure/speed.py for pages of 75 dpi and for small text.
    """
    rows: list[list[Any]] = []
    for processor, (speed, small) in machines.items():
        row, small_text = _on_one_thread(speed, "compact_x4"), _on_one_thread(small, "small_text_x4")
        rows += [
            [what, processor, f"{most}{unit}", f"{found:{form}}{unit}", _met(found <= most)]
            for what, most, found, form, unit in (
                ("time over FSRCNN x4's", 1, row["of_fsrcnn_x4"], ".2f", ""),
                ("time over Tesseract's on the result", 0.5, row["of_tesseract"], ".2f", ""),
                ("small text, small_text_x4: time over Tesseract's", 1, small_text["of_tesseract"], ".2f", ""),
                ("peak memory", 500, row["peak_mib"], ".0f", " MiB"),
                ("small text, small_text_x4: peak memory", 500, small_text["peak_mib"], ".0f", " MiB"),
            )
        ]
    largest = max(path.stat().st_size for path in WEIGHTS.glob("*.onnx"))
    rows.append(["largest file of a network", "", "1,000,000 bytes", f"{largest:,} bytes", _met(largest <= 1_000_000)])
    return table(["what", "processor", "at most", "measured", "met"], rows)


def speed_rows(name: str) -> Rows:
    """The rows of NAME.json; SystemExit where they are of another processor than the name says."""
    found = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    alone = "(avx2)" in found["machine"]["processor"]
    if alone != ("avx2" in name):
        raise SystemExit(
            f"{name}.json is of {found['machine']['processor']}: SPEED in the Makefile tells where that goes"
        )
    rows: Rows = found["rows"]
    return rows


def _on_one_thread(speed: Rows, arm: str) -> dict[str, Any]:
    mine = [row for row in speed if row["arm"] == arm and row["threads"] == 1]
    if len(mine) != 1:
        raise SystemExit(f"there is not one row of {arm} on one thread: run make speed")
    return mine[0]


def in_each_setting(settings: Sequence[Cells]) -> str:
    """What the counts of all settings are made of."""
    header = ["pages", "made low", "engine", *HARM, "ink", "peers not beaten", "peers ahead"]
    return table(header, [_setting(arms) for arms in settings])


def _setting(arms: Cells) -> list[Any]:
    mine = arms[AUTO]
    place = mine["set"], how(mine["lr_dpi"], mine["degradation"]), mine["engine"]
    peers, ahead = _peers(arms), [cell for cell in _peers(arms) if cell["champion_beats"] < 0]
    beside = [f"{len(_not_beaten(arms))} of {len(peers)}", len(ahead)] if peers else ["", ""]
    return [*place, *_harm(arms), mine["ink_ratio"], *beside]


def _harm(arms: Cells) -> list[Any]:
    """What HARM heads."""
    mine = arms[AUTO]
    digits = [None if mine[what] is None else 100 * mine[what] for what in ("digit_cer_bicubic", "digit_cer")]
    return [*digits, f"{mine['pages_harmed']} of {mine['pages']}"]
