"""The tables of results: all settings for docs/results.md, and the few that README.md opens with (see publish.py)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.publish.committed import RESULTS, ROOT, WEIGHTS, Cells, alone, reported, words_missed
from benchmarks.publish.tables import filled, table, text_of
from docsr.bench.arms import AUTO, BASELINE, HR, UNTOUCHED
from docsr.bench.report.wording import how

README, RESULTS_PAGE = ROOT / "README.md", ROOT / "docs" / "results.md"

SIGNS = {1: " ▲", -1: " ▼", 0: ""}
"""Better, worse, neither beyond chance."""

PERHAPS = {1: " △", -1: " ▽", 0: ""}
"""The same by the interval of that comparison alone."""

HEADLINE = {
    ("books", 60.0, "scan"): "old books, 60 dpi scan",
    ("books", 75.0, "scan"): "old books, 75 dpi scan",
    ("books", 204.0, "standard_fax"): "old books, 204 x 98 dpi fax",
    ("forms", None, "as-it-is"): "forms as they are, about 91 dpi",
    ("typeset", 150.0, "scan"): "typeset pages, 150 dpi scan",
}
"""Set, resolution and degradation of the settings in the README -> its words; Tesseract reads them."""
ENGINE = "tesseract"
NO_GAIN, MAY_BE_CHANCE = "no gain", "may be chance"


def error(cells: Cells, arm: str) -> float | None:
    """In percent; None where the arm did not run."""
    return round(100 * cells[arm]["error"]["value"], 2) if arm in cells else None


def found() -> list[Cells]:
    """Every setting that is reported and that docsr was measured in."""
    return [cells for _, cells in reported() if AUTO in cells]


def results_table(cells: Iterable[Cells]) -> str:
    """One row for each setting and engine."""
    header = ["pages", "made low", "engine", "as it is", "bicubic", "best other", "**docsr**", "original scan"]
    return table([*header, "gap closed", "harmed"], list(map(_row, cells)))


def _row(cells: Cells) -> list[Any]:
    mine = cells[AUTO]
    own = {UNTOUCHED, HR, AUTO, *(path.stem for path in WEIGHTS.glob("*.onnx"))}
    others = {arm: cell for arm, cell in cells.items() if arm not in own and not arm.startswith(BASELINE)}
    best = min(others, key=lambda arm: others[arm]["error"]["value"], default=None)
    gap = mine["gap_closed"]
    return [
        mine["set"],
        how(mine["lr_dpi"], mine["degradation"]),
        mine["engine"],
        error(cells, UNTOUCHED),
        error(cells, mine["baseline"]),
        best and f"{text_of(error(cells, best))}{_against_docsr(others[best])} ({best})",
        f"**{text_of(error(cells, AUTO))}**{_mark(mine['beats_bicubic'], alone(mine))}",
        error(cells, HR),
        "" if gap is None else _percent(100 * gap["value"], sure=mine["beats_bicubic"] != 0),
        f"{mine['pages_harmed']} of {mine['pages']}",
    ]


def _mark(sign: int, by_itself: int) -> str:
    return SIGNS[sign] or PERHAPS[by_itself]


def _against_docsr(cell: dict[str, Any]) -> str:
    return _mark(-cell["champion_beats"], -alone(cell, "champion_gain"))


def _percent(value: float, *, sure: bool) -> str:
    """In brackets where it may be chance."""
    return f"{round(value)} %" if sure else f"({round(value)} %)"


def headline_table(cells: Iterable[Cells]) -> str:
    """The rows of HEADLINE, in its order."""
    places = {
        (one[AUTO]["set"], one[AUTO]["lr_dpi"], one[AUTO]["degradation"], one[AUTO]["engine"]): one for one in cells
    }
    header = ["pages (n)", "as it is", "bicubic", "docsr", "original, 300 dpi"]
    rows = [_headline_row(places[(*place, ENGINE)], words) for place, words in HEADLINE.items()]
    return table(header, rows)


def _headline_row(cells: Cells, words: str) -> list[str]:
    mine = cells[AUTO]
    own = f"**{_short(cells, AUTO)}**"
    if mine["beats_bicubic"] == 0 and error(cells, AUTO) == error(cells, mine["baseline"]):
        own += f" ({NO_GAIN})"
    elif mine["gain"]["value"] < 0:
        raise SystemExit(f"docsr reads worse than bicubic in the README's row '{words}': say so, or take another")
    elif mine["beats_bicubic"] != 1:
        own += f" ({MAY_BE_CHANCE})"
    unit = ", words" if mine["set"] in words_missed() else ""
    return [
        f"{words}{unit} ({mine['pages']})",
        _short(cells, UNTOUCHED),
        _short(cells, mine["baseline"]),
        own,
        _short(cells, HR) if HR in cells else "none",
    ]


def _short(cells: Cells, arm: str) -> str:
    return f"{100 * cells[arm]['error']['value']:.1f} %"


def picture_table() -> str:
    """The line in the README's picture, and all lines that it was chosen from (headline_picture.py)."""
    told = json.loads((RESULTS / "headline.json").read_text(encoding="utf-8"))
    chosen, names = told["chosen"], {"none": "as scanned", "bicubic_x4": "bicubic, 4x", "auto": "docsr"}
    rows = [
        [
            name,
            f"{told['wrong_percent'][arm]:.1f} %",
            f"{chosen['wrong'][arm]} of {len(chosen['text'])}",
            chosen["read"][arm],
        ]
        for arm, name in names.items()
    ]
    return table(["", f"wrong in all {told['lines']} lines", "wrong in the line shown", "read there"], rows)


def filled_pages(cells: Iterable[Cells]) -> dict[Path, str]:
    """The README and the page of results, with their tables."""
    every = list(cells)
    page = filled(RESULTS_PAGE.read_text(encoding="utf-8"), "results", results_table(every))
    return {
        README: filled(README.read_text(encoding="utf-8"), "headline", headline_table(every)),
        RESULTS_PAGE: filled(page, "picture", picture_table()),
    }
