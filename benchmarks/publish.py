"""Write what the committed results say into the model cards, the README and pages of docs/.

    python benchmarks/publish.py            # writes what says something else
    python benchmarks/publish.py --check    # exit code 1 when one of them says something else

Results are benchmarks/results/SUITE/results.json, each made by the command in it. A card is made of the network's own
metadata, benchmarks/cards/NAME.yaml (in words: training_data, training_command, steps, hours, notes) and the results.
The x-heights at which ``--factor auto`` uses a network are decided by the suite ``tune`` alone, which nothing else
reports: the longest run of resolutions at which it reads better than bicubic (at its better size) in at least one
degradation and in none worse by more than a letter a page. It reaches as far as these resolutions are the nearest to a
page: to halfway (by ratio) between the median x-heights of the outermost and of the next beyond it; to the smallest or
largest x-height where no lower or higher resolution was measured. Pages that Tesseract cannot read in HR do not take
part: which way it fails at formulae or at the order of columns is luck.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import onnx
import yaml
from committed import RESULTS, ROOT, TUNE, WEIGHTS, Cells, results, settings, suites
from curve_file import in_words, read_curve
from experiments import DOCUMENT, document
from goals import GOALS, goals
from site_tables import BEYOND_CHANCE, LIMITS, ZOO, limits, trained_for, zoo
from tables import filled, table, text_of

from docsr.bench.arms import AUTO, BASELINE, HR, label_of
from docsr.report.words import how
from docsr.upscalers.choose import LARGEST_CHOSEN

README = ROOT / "README.md"

SIGNS = {1: " ▲", -1: " ▼", 0: ""}
"""Better, worse, neither beyond chance."""

WEIGHT_TYPES = {onnx.TensorProto.FLOAT, onnx.TensorProto.INT8, onnx.TensorProto.INT32}
NO_WEIGHTS = ("kernel", "_scale", "_zero_point")

TUNE_ENGINE = "tesseract"

A_LETTER_A_PAGE = 1.0
"""So much worse, in edits, tells nothing against a network that is better otherwise."""

READABLE = 0.05
"""Highest CER of HR with which a page takes part in deciding where a network is used."""


def helpful_range(name: str) -> list[float] | None:
    """(smallest, largest) x-height in px at which the network is used; None: nowhere."""
    rows = [row for row in results(TUNE)["rows"] if row["engine"] == TUNE_ENGINE]
    readable = {row["page"] for row in rows if row["upscaler"] == HR and row["cer"] <= READABLE}
    edits: dict[tuple[float, str], dict[str, dict[str, int]]] = {}
    heights: dict[float, list[float]] = {}
    for row in rows:
        if row["page"] in readable and row["upscaler"] != HR:
            arm = edits.setdefault((row["lr_dpi"], row["degradation"]), {}).setdefault(_label(row), {})
            arm[row["page"]] = row["edits"]
            if row["x_height"] is not None:
                heights.setdefault(row["lr_dpi"], []).append(row["x_height"])
    runs: list[list[float]] = [[]]
    for dpi in sorted(heights):
        found = [arms for (at, _), arms in edits.items() if at == dpi]
        gains = [_gain(arms, name) for arms in found if name in arms]
        if len(gains) == len(found) and helps(gains):
            runs[-1].append(dpi)
        else:
            runs.append([])
    best = max(runs, key=len)
    if not best:
        return None
    tried = sorted(heights)
    first, last = tried.index(best[0]), tried.index(best[-1])
    # Where no smaller text was measured there is nothing against the smallest of this; likewise the largest.
    low = _between(heights, tried[first - 1], best[0]) if first else min(heights[best[0]])
    high = _between(heights, best[-1], tried[last + 1]) if last + 1 < len(tried) else max(heights[best[-1]])
    return [round(low, 1), round(high, 1)]


def helps(gains: Sequence[float]) -> bool:
    """Whether a network is used at a resolution, by its gains in edits a page in each degradation."""
    return min(gains) >= -A_LETTER_A_PAGE and max(gains) > 0


def _between(heights: dict[float, list[float]], lower: float, higher: float) -> float:
    """The x-height as many times the median of one resolution as that of the other is of it."""
    return math.sqrt(median(heights[lower]) * median(heights[higher]))


def _label(row: dict[str, Any]) -> str:
    return label_of(row["upscaler"], row["factor"])


def _gain(arms: dict[str, dict[str, int]], name: str) -> float:
    """How many edits a page fewer than bicubic at its better size, over the pages that all of them have."""
    chosen = {label: pages for label, pages in arms.items() if label == name or label.startswith(f"{BASELINE}_x")}
    common = set.intersection(*(set(pages) for pages in chosen.values()))
    totals = {label: sum(pages[page] for page in common) for label, pages in chosen.items()}
    return (min(total for label, total in totals.items() if label != name) - totals[name]) / len(common)


def card(name: str) -> dict[str, Any]:
    """Everything that docsr.weights.ModelCard reads, and what the .md says."""
    network = WEIGHTS / f"{name}.onnx"
    curve = ROOT / "benchmarks" / "cards" / f"{name}.csv"
    training = yaml.safe_load((ROOT / "benchmarks" / "cards" / f"{name}.yaml").read_text(encoding="utf-8"))
    model = onnx.load(network)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    return {
        "name": name,
        "factor": int(metadata["docsr.factor"]),
        "parameters": parameters(model),
        "bytes": network.stat().st_size,
        **training,
        "loss": in_words(read_curve(curve)) if curve.is_file() else None,
        "x_height": [float(metadata[f"docsr.x_height_{end}"]) for end in ("min", "max")],
        "x_height_helps": helpful_range(name),
        "results": [row for suite in suites() for cells in settings(suite) if (row := _card_row(suite, cells, name))],
    }


def parameters(model: onnx.ModelProto) -> int:
    """Learned weights of a network in floating point or 8 bits; bicubic's kernel and the ranges are none."""
    weights = (
        tensor
        for tensor in model.graph.initializer
        if tensor.dims and tensor.data_type in WEIGHT_TYPES and not tensor.name.endswith(NO_WEIGHTS)
    )
    return sum(math.prod(tensor.dims) for tensor in weights)


def _card_row(suite: str, cells: Cells, name: str) -> dict[str, Any] | None:
    """What a setting says of one arm; errors in percent."""
    if name not in cells:
        return None
    mine = cells[name]
    place = (mine["set"], mine["lr_dpi"], mine["degradation"])
    rows = results(suite)["rows"]
    heights = [
        row["x_height"]
        for row in rows
        if (row["set"], row["lr_dpi"], row["degradation"]) == place and row["upscaler"] == "none" and row["x_height"]
    ]
    return {
        "set": mine["set"],
        "made low": how(mine["lr_dpi"], mine["degradation"]),
        "engine": mine["engine"],
        "x-height, px": round(median(heights), 1) if heights else None,
        "as it is": _error(cells, "none"),
        "bicubic": _error(cells, mine["baseline"]),
        name: _error(cells, name),
        "hr": _error(cells, HR),
        "beyond chance": BEYOND_CHANCE[mine["beats_bicubic"]],
        "harmed": f"{mine['pages_harmed']} of {mine['pages']}",
    }


def _error(cells: Cells, arm: str) -> float | None:
    return round(100 * cells[arm]["error"]["value"], 2) if arm in cells else None


def _loss(card: dict[str, Any]) -> str:
    """The line of the loss curve, where one is kept."""
    if not card["loss"]:
        return ""
    return f"""- Loss, the mean since the step before: {card["loss"]}.
  `benchmarks/cards/{card["name"]}.csv` has all of it; `python benchmarks/loss_curve.py`, with the data and the `init`
  of the command above, trains the first hundredth again and compares.
"""


def card_markdown(card: dict[str, Any]) -> str:
    """The card for people."""
    span, factor = card["x_height_helps"], card["factor"]
    where = f"{span[0]:g} to {span[1]:g} px, where `--factor {factor}` uses it" if span else "nowhere"
    if span and factor <= LARGEST_CHOSEN:
        where += ", and `--factor auto` if no other that helps brings the text nearer to 20-30 px"
    if not card["results"]:
        raise SystemExit(f"no suite of {RESULTS} measured {card['name']}")
    rows = table(list(card["results"][0]), [list(row.values()) for row in card["results"]])
    return f"""# {card["name"]}

{card["factor"]}x, {card["parameters"]:,} parameters, {card["bytes"]:,} bytes.

- Trained on: {card["training_data"]}
- Command: `{card["training_command"].strip()}`
- {trained_for(card)}
{_loss(card)}- Trained x-height of the input: {card["x_height"][0]:g} to {card["x_height"][1]:g} px.
- Helps, with Tesseract: {where}. Decided on the suite `tune`, whose pages are in no table: there it reads better
  than bicubic in some degradation, and in none worse by more than a letter a page.

{card["notes"]}

## Measured

In percent, pooled over pages: CER, or words missed for forms, receipts and mixed. Bicubic is taken at 2x or 4x,
whichever reads better in that row. Beyond chance: better or worse than that bicubic by more than the choice of pages
explains (95 %, paired bootstrap). Harmed: pages whose error is over half a point above that bicubic's. No page was
trained on. Commands, machine, intervals and all other arms: benchmarks/results/*/report.md.

{rows}
"""


def readme_table() -> str:
    """One row for each setting and engine in which docsr was measured."""
    header = ["pages", "made low", "engine", "as it is", "bicubic", "best other", "**docsr**", "original scan"]
    rows = [row for suite in suites() for cells in settings(suite) if (row := _readme_row(cells)) is not None]
    return table([*header, "gap closed", "harmed"], rows)


def _readme_row(cells: Cells) -> list[Any] | None:
    if AUTO not in cells:
        return None
    mine = cells[AUTO]
    own = {"none", HR, AUTO, *(path.stem for path in WEIGHTS.glob("*.onnx"))}
    others = {arm: cell for arm, cell in cells.items() if arm not in own and not arm.startswith(BASELINE)}
    best = min(others, key=lambda arm: others[arm]["error"]["value"])
    gap = mine["gap_closed"]
    return [
        mine["set"],
        how(mine["lr_dpi"], mine["degradation"]),
        mine["engine"],
        _error(cells, "none"),
        _error(cells, mine["baseline"]),
        f"{text_of(_error(cells, best))}{SIGNS[-others[best]['champion_beats']]} ({best})",
        f"**{text_of(_error(cells, AUTO))}**{SIGNS[mine['beats_bicubic']]}",
        _error(cells, HR),
        "" if gap is None else _percent(100 * gap["value"], sure=mine["beats_bicubic"] != 0),
        f"{mine['pages_harmed']} of {mine['pages']}",
    ]


def _percent(value: float, *, sure: bool) -> str:
    """In brackets where it may be chance."""
    return f"{value:.0f} %" if sure else f"({value:.0f} %)"


def readme() -> str:
    """The README with its table."""
    return filled(README.read_text(encoding="utf-8"), "results", readme_table())


def published() -> dict[Path, str]:
    """Every file that follows from the results, and what it says."""
    cards = [card(path.stem) for path in sorted(WEIGHTS.glob("*.onnx"))]
    found = [cells for suite in suites() for cells in settings(suite)]
    files = {README: readme(), DOCUMENT: document(), ZOO: zoo(cards, found), LIMITS: limits(found), GOALS: goals(found)}
    for one in cards:
        path = WEIGHTS / f"{one['name']}.onnx"
        files[path.with_suffix(".json")] = json.dumps(one, indent=1) + "\n"
        files[path.with_suffix(".md")] = card_markdown(one)
    return files


def main() -> None:
    """Write, or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when a file says otherwise")
    check = parser.parse_args().check
    files = published()
    other = [path for path, text in files.items() if not path.is_file() or path.read_text("utf-8") != text]
    if check and other:
        names = ", ".join(str(path.relative_to(ROOT)) for path in other)
        sys.exit(f"{names}: not what benchmarks/results says; run make tables")
    for path in other:
        path.write_text(files[path], encoding="utf-8")


if __name__ == "__main__":
    main()
