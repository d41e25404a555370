"""Write what the committed results say into their reports, the model cards, the README, and pages and plots of docs/.

    python -m benchmarks.publish.everything            # writes what says something else
    python -m benchmarks.publish.everything --check    # exit code 1 when one of them says something else

Results are benchmarks/results/SUITE/results.json, each made by the command in it. A card is made of the network's own
metadata, benchmarks/cards/NAME.yaml (in words: training_data, training_command, steps, hours, notes) and the results.
Where ``--factor auto`` uses a network is decided in where_used.py.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from statistics import median
from typing import Any

import onnx
import yaml

from benchmarks.measure.where_used import helpful_range, largest_bicubic, largest_network
from benchmarks.publish.committed import RESULTS, ROOT, WEIGHTS, Cells, alone, reported, results
from benchmarks.publish.curve_file import in_words, read_curve
from benchmarks.publish.experiments import DOCUMENT, document
from benchmarks.publish.goals import GOALS, goals
from benchmarks.publish.result_tables import error, filled_pages, found
from benchmarks.publish.script_table import script_page
from benchmarks.publish.site_tables import LIMITS, ZOO, helped, limits, trained_for, zoo
from benchmarks.publish.tables import table
from benchmarks.publish.tables_drawn import drawn
from docsr.bench.arms import HR
from docsr.bench.report.markdown import markdown
from docsr.bench.report.wording import SIGNS, how, standing
from docsr.bench.results import read_results
from docsr.choices import MEASURED_ENGINES
from docsr.decide.decision import auto_range
from docsr.upscalers.catalog import shipped

WEIGHT_TYPES = {onnx.TensorProto.FLOAT, onnx.TensorProto.INT8, onnx.TensorProto.INT32}
NO_WEIGHTS = ("kernel", "gaussian.bias", "_scale", "_zero_point")

LARGEST = ROOT / "docsr" / "decide" / "measured.json"


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
        "x_height_helps": {engine: helpful_range(name, engine) for engine in MEASURED_ENGINES},
        "results": [row for suite, cells in reported() if (row := _card_row(suite, cells, name))],
    }


def parameters(model: onnx.ModelProto) -> int:
    """Learned weights of a network in floating point or 8 bits; kernels that are not learned, and ranges, are none.

    A LeakyRelu is a PReLU of one slope, which `docsr export` wrote so.
    """
    weights = (
        tensor
        for tensor in model.graph.initializer
        if tensor.dims and tensor.data_type in WEIGHT_TYPES and not tensor.name.endswith(NO_WEIGHTS)
    )
    slopes = [node for node in model.graph.node if node.op_type == "LeakyRelu"]
    counted: int = sum((math.prod(tensor.dims) for tensor in weights), start=len(slopes))
    return counted


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
        "as it is": error(cells, "none"),
        "bicubic": error(cells, mine["baseline"]),
        name: error(cells, name),
        "hr": error(cells, HR),
        "beyond chance": standing(mine["beats_bicubic"], alone(mine)).removeprefix(SIGNS[0]),
        "harmed": f"{mine['pages_harmed']} of {mine['pages']}",
    }


def _loss(card: dict[str, Any]) -> str:
    """The line of the loss curve, where one is kept."""
    if not card["loss"]:
        return ""
    return f"""- Loss, the mean since the step before: {card["loss"]}.
  `benchmarks/cards/{card["name"]}.csv` has all of it; `python -m benchmarks.publish.loss_curve`, with the data and the
  `init` of the command above, trains the first hundredth again and compares.
"""


def _unasked(card: dict[str, Any]) -> str:
    """At which of the x-heights at which it helps ``--factor auto`` takes a network, for each engine."""
    spans = ((engine, auto_range(card["name"], engine)) for engine in card["x_height_helps"])
    found = [f"for {engine} at {span[0]:g} to {span[1]:g} px" for engine, span in spans if span]
    return f"`--factor auto` takes it {' and '.join(found)}." if found else "`--factor auto` takes others."


def card_markdown(card: dict[str, Any]) -> str:
    """The card for people."""
    used = f"`--factor {card['factor']}` takes it there, for the engine that `--engine` names"
    if card["dense"]:
        used += ", before the compact one"
    elif any(other.dense for other in shipped(card["factor"])):
        used += ", unless the small one helps, too"
    used += f". {_unasked(card)}"
    if card["fax"]:
        used = f"It is for standard faxes alone (204 x 98 dpi), made square with as many pixels as they have; {used}"
    if not card["results"]:
        raise SystemExit(f"no suite of {RESULTS} measured {card['name']}")
    rows = table(list(card["results"][0]), [list(row.values()) for row in card["results"]])
    return f"""# {card["name"]}

{card["factor"]}x, {card["parameters"]:,} parameters, {card["bytes"]:,} bytes.

- Trained on: {card["training_data"]}
- Command: `{card["training_command"].strip()}`
- {trained_for(card)}
{_loss(card)}- Trained x-height of the input: {card["x_height"][0]:g} to {card["x_height"][1]:g} px.
- Helps {helped(card)}.
  {used}
  Decided for each engine on the suite `tune`, whose pages are in no table: there it is read better than bicubic in some
  degradation, and in none worse by more than a letter a page.

{card["notes"]}

## Measured

In percent, pooled over pages: CER, or words missed for forms, receipts and mixed. Bicubic is taken at 2x or 4x,
whichever reads better in that row. Beyond chance: better or worse than that bicubic by a paired randomization test over
pages, after Holm's correction for all networks and settings. Perhaps: the 95 % interval of the difference (paired
bootstrap) does not hold 0, but among so many settings that may be chance. Harmed: pages whose error is over half a
point above that bicubic's. The network is measured by itself. No page was trained on. Commands, machine, intervals and
all other arms: benchmarks/results/*/report.md.

{rows}
"""


def cards() -> dict[Path, str]:
    """What docsr itself reads: the cards, and the largest factor that it chooses by default for each engine."""
    largest = {one: min(largest_network(one), largest_bicubic(one)) for one in MEASURED_ENGINES}
    files = {LARGEST: json.dumps({"largest_auto_factor": largest}, indent=1) + "\n"}
    return files | {path.with_suffix(".json"): json.dumps(card(path.stem), indent=1) + "\n" for path in _networks()}


def pages() -> dict[Path, str]:
    """Every other file that follows from the results, and what it says; what ``auto`` does follows from the cards."""
    every = [cells for _, cells in reported()]
    told = {path: json.loads(path.with_suffix(".json").read_text(encoding="utf-8")) for path in _networks()}
    files = {DOCUMENT: document(), LIMITS: limits(every), GOALS: goals(every), ZOO: zoo(list(told.values()), every)}
    files |= filled_pages(found()) | drawn(found()) | script_page()
    files |= {path.with_name("report.md"): markdown(read_results(path)) for path in _measured()}
    return files | {path.with_suffix(".md"): card_markdown(one) for path, one in told.items()}


def _measured() -> list[Path]:
    return sorted((ROOT / "benchmarks").rglob("results.json"))


def _networks() -> list[Path]:
    return sorted(WEIGHTS.glob("*.onnx"))


def main() -> None:
    """Write, or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when a file says otherwise")
    check = parser.parse_args().check
    for made in (cards, pages):
        files = made()
        other = [path for path, text in files.items() if not path.is_file() or path.read_text("utf-8") != text]
        if check and other:
            names = ", ".join(str(path.relative_to(ROOT)) for path in other)
            sys.exit(f"{names}: not what benchmarks/results says; run make tables")
        for path in other:
            path.parent.mkdir(exist_ok=True)
            path.write_text(files[path], encoding="utf-8")


if __name__ == "__main__":
    main()
