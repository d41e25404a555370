"""Write each shipped network as the folder of a model hub: ONNX file, card, licence, README.md with front matter.

    python -m benchmarks.publish.hub --out build/hub    # a folder for each; nothing is uploaded

The README.md is made of the network's own card (docsr/weights/NAME.json and NAME.md), as the Hugging Face hub reads it:
https://huggingface.co/docs/hub/model-cards.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from benchmarks.publish.committed import ROOT, WEIGHTS, words_missed


def front_matter(card: dict[str, Any]) -> dict[str, Any]:
    """What the hub reads of a network, from its card."""
    return {
        "license": "mit",
        "library_name": "onnxruntime",
        "pipeline_tag": "image-to-image",
        "tags": ["onnx", "super-resolution", "ocr", "document-images", "docsr"],
        "model-index": [{"name": card["name"], "results": [_result(card["name"], row) for row in card["results"]]}],
    }


def _result(name: str, row: dict[str, Any]) -> dict[str, Any]:
    kind = ("words_missed", "words missed") if row["set"] in words_missed() else ("cer", "CER")
    pages = f"{row['set']}, {row['made low']}"
    return {
        "task": {"type": "image-to-image", "name": f"{row['engine']} after enlargement"},
        "dataset": {"type": "docsr-suite", "name": pages, "config": row["engine"]},
        "metrics": [
            {"type": kind[0], "name": f"{kind[1]} in percent, {label}", "value": row[arm]}
            for arm, label in ((name, name), ("bicubic", "bicubic"))
            if row[arm] is not None
        ],
    }


def readme(card: dict[str, Any], text: str) -> str:
    """The card for the hub: front matter, how to use it, and the card for people.

    Args:
        card: what NAME.json holds.
        text: what NAME.md holds.
    """
    name, title = card["name"], f"# {card['name']}\n"
    head = yaml.safe_dump(front_matter(card), sort_keys=False, allow_unicode=True, width=1000)
    use = f"""
One of the networks that docsr ships. It enlarges grey pages {card["factor"]} times so
that OCR can read them. Input and output are float32 N x 1 x H x W in [0, 1], of any height and width.

```python
import docsr

docsr.Enhancer(model="{name}.onnx", factor={card["factor"]})("scan.png").save("enlarged.png")
```

It is for printed text of the sizes below, on scans. It invents where the page does not say what stands there: docsr
compares what it makes with the page and puts the rest back to bicubic, and without docsr that is left to you.
"""
    return f"---\n{head}---\n\n{title}{use}{text.removeprefix(title)}"


def write(out: Path) -> list[Path]:
    """Write the folder of every shipped network below ``out`` and return them."""
    folders = []
    for path in sorted(WEIGHTS.glob("*.json")):
        card = json.loads(path.read_text(encoding="utf-8"))
        folder = out / card["name"]
        folder.mkdir(parents=True, exist_ok=True)
        for file in (path, path.with_suffix(".onnx"), ROOT / "LICENSE"):
            shutil.copy(file, folder)
        text = path.with_suffix(".md").read_text(encoding="utf-8")
        (folder / "README.md").write_text(readme(card, text), encoding="utf-8")
        folders.append(folder)
    return folders


def main() -> None:
    """Write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="a folder is made in it for each network")
    write(parser.parse_args().out)


if __name__ == "__main__":
    main()
