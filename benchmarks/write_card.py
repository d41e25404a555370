"""Write a model card (docsr/weights/NAME.json and NAME.md) from a measurement, and the README's table from all cards.

    python benchmarks/write_card.py NETWORK.onnx benchmarks/results/NAME.json TRAINING.yaml

TRAINING.yaml says, in words: training_data, training_command, steps, hours, notes. The range in which ``--factor auto``
uses the network is computed: x-heights of the longest run of measured dpis at which it reads no worse than bicubic (at
its better size) in any degradation and better in at least one, between the smallest and the largest that were measured.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from pathlib import Path
from typing import Any

import onnx
import yaml

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = ROOT / "docsr" / "weights"
README = ROOT / "README.md"


def helpful_range(summary: list[dict[str, Any]], name: str) -> list[float] | None:
    """(smallest, largest) x-height in px of the longest run of dpis at which the network helps; None: nowhere."""
    runs: list[list[float]] = [[]]
    for dpi in sorted({row["lr_dpi"] for row in summary}):
        rows = [row for row in summary if row["lr_dpi"] == dpi]
        gains = [row["cer_bicubic"] - row[f"cer_{name}"] for row in rows]
        if min(gains) >= 0 and max(gains) > 0:
            runs[-1] += [row["x_height"] for row in rows]
        else:
            runs.append([])
    best = max(runs, key=len)
    return [min(best), max(best)] if best else None


def make_card(network: Path, result: dict[str, Any], training: dict[str, Any]) -> dict[str, Any]:
    """Everything that docsr.weights.ModelCard reads, and what the .md says."""
    model = onnx.load(network)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    name = metadata["docsr.name"]
    kernel = {tensor.name for tensor in model.graph.initializer if tensor.name.endswith("kernel")}
    weights = [tensor for tensor in model.graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT]
    count = sum(_size(tensor) for tensor in weights if tensor.name not in kernel and tensor.dims)
    x_height = [float(metadata[f"docsr.x_height_{end}"]) for end in ("min", "max")]
    return {
        "name": name,
        "factor": int(metadata["docsr.factor"]),
        "parameters": count,
        "bytes": network.stat().st_size,
        **training,
        "x_height": x_height,
        "x_height_helps": helpful_range(result["summary"], name),
        "engine": result["tesseract"],
        "results": result["summary"],
    }


def table(card: dict[str, Any]) -> str:
    """The measured results as a markdown table."""
    name = card["name"]
    lines = [
        "| dpi | degradation | x-height px | as it is | bicubic | " + name + " | HR | pages harmed |",
        "|" + "---|" * 8,
    ]
    for row in card["results"]:
        cells = (row["lr_dpi"], row["degradation"], row["x_height"], row["cer_none"], row["cer_bicubic"])
        more = (row[f"cer_{name}"], row["cer_hr"], f"{row['pages_harmed']} of {row['pages']}")
        lines.append("| " + " | ".join(map(str, (*cells, *more))) + " |")
    return "\n".join(lines)


def markdown(card: dict[str, Any], documents: list[str], command: str) -> str:
    """The card for people."""
    helps = card["x_height_helps"]
    where = f"{helps[0]:g} to {helps[1]:g} px" if helps else "nowhere: `--factor auto` uses bicubic instead"
    return f"""# {card["name"]}

{card["factor"]}x, {card["parameters"]:,} parameters, {card["bytes"]:,} bytes.

- Trained on: {card["training_data"]}
- Command: `{card["training_command"].strip()}`
- Steps: {card["steps"]:,}, about {card["hours"]:g} hours on one CPU core.
- Trained x-height of the input: {card["x_height"][0]:g} to {card["x_height"][1]:g} px.
- Helps (used by `--factor auto`): {where}.

{card["notes"]}

## Measured

CER in percent ({card["engine"]}), edits pooled over pages, by

    {command}

Documents, none of them trained on: {", ".join(documents)}.
Pages that Tesseract reads with a CER above 5 % in HR are left out (formulae, the order of columns). Bicubic is taken at
2x or 4x, whichever reads better in that row. Harmed: CER worse than that bicubic by over 0.5 point.

{table(card)}
"""


def write_readme() -> None:
    """Put the table of every card between the README's markers."""
    cards = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(WEIGHTS.glob("*.json"))]
    body = "\n\n".join(
        f"Tesseract CER in percent, {card['name']} (measured as docsr/weights/{card['name']}.md says):\n\n{table(card)}"
        for card in cards
    )
    text = README.read_text(encoding="utf-8")
    text = re.sub(r"<!-- results -->.*?(?=\n`data/`)", f"<!-- results -->\n\n{body}\n", text, flags=re.DOTALL)
    README.write_text(text, encoding="utf-8")


def _size(tensor: onnx.TensorProto) -> int:
    size = 1
    for length in tensor.dims:
        size *= length
    return size


def main() -> None:
    """Write the card, the network beside it, and the README's table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("network", "result", "training"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args()
    result = json.loads(options.result.read_text(encoding="utf-8"))
    card = make_card(options.network, result, yaml.safe_load(options.training.read_text(encoding="utf-8")))
    shutil.copyfile(options.network, WEIGHTS / f"{card['name']}.onnx")
    (WEIGHTS / f"{card['name']}.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    text = markdown(card, result["documents"], result["command"])
    (WEIGHTS / f"{card['name']}.md").write_text(text, encoding="utf-8")
    write_readme()


if __name__ == "__main__":
    main()
