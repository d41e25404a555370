"""Train every row of a plan with one budget, and export each; what is finished is kept, what was cut off goes on.

    python -m benchmarks.research.train_recipes PLAN.yaml --data PATCHES --vgg FILE --recogniser FILE --out DIR

A plan has ``budget`` (options of every row), ``factors``, and ``rows``: a configuration of configs/train, what is set
over it, and factors of its own if it has some. DIR gets a run for each row and factor, NAME_xFACTOR.onnx for
`docsr benchmark --upscaler`, and trained.json with their sizes. A network with several factors is trained once, at the
last factor.
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from typing import Any

import yaml

from docsr.export import export
from docsr.models import build_generator
from docsr.train import train
from docsr.train_config import TrainConfig
from docsr.train_config_file import load_config
from docsr.training.state import CHECKPOINT, STATE

TRAINED = "trained.json"
LOG = logging.getLogger(__name__)
SAME_LAYER = {18: 16, 36: 30}
"""Of VGG19 and VGG16: the last convolution before the third and after the last but one pooling."""

CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "train"


class Quiet:
    """Hears how a run goes on, and says little."""

    def __init__(self, name: str) -> None:
        self.name = name

    def on_step(self, step: int, scalars: dict[str, float]) -> None:
        """Nothing: the run's tensorboard file has it."""

    def on_validation(self, step: int, scores: dict[str, float]) -> None:
        """A line."""
        LOG.info("%s, step %d: %s", self.name, step, scores)

    def on_validating(self, done: int, total: int) -> None:
        """Nothing."""

    def on_warning(self, sentence: str) -> None:
        """A line."""
        LOG.info("%s: %s", self.name, sentence)


def configuration(plan: dict[str, Any], row: dict[str, Any], factor: int, files: dict[str, str]) -> TrainConfig:
    """The row's configuration with the budget and what is set over both."""
    values = {**plan["budget"], "factor": factor, **row.get("set", {})}
    path = CONFIGS / f"{row['config']}.yaml"
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    if given["loss"].get("perceptual_weight"):
        values |= {f"loss.perceptual_{key}": files[key] for key in ("network", "weights", "input")}
        if files["network"] == "vgg16":
            values["loss.perceptual_layer"] = SAME_LAYER[given["loss"]["perceptual_layer"]]
    if given["loss"].get("recogniser_weight") or given["loss"].get("reading_weight"):
        values["loss.recogniser_weights"] = files["recogniser"]
    return load_config(path, values)


def run_row(name: str, config: TrainConfig, factors: list[int], data: Path, out: Path) -> None:
    """Train and export one row, unless that is done."""
    folder = out / f"{name}_x{config.factor}"
    networks = {factor: out / f"{name}_x{factor}.onnx" for factor in factors}
    if all(path.is_file() for path in networks.values()):
        return
    checkpoint = train(config, data, folder, Quiet(folder.name), resume=(folder / STATE).exists())
    assert checkpoint == folder / CHECKPOINT
    for factor, path in networks.items():
        exported = export(checkpoint, path, factor=factor)
        facts = {"parameters": exported.parameters, "bytes": exported.bytes, "steps": config.schedule.steps}
        note(out / TRAINED, path.stem, facts)


def note(path: Path, name: str, facts: dict[str, int]) -> None:
    """Add what is known of a network to the file of all."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps(known | {name: facts}, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def main() -> None:
    """All rows, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan", type=Path)
    for name in ("data", "vgg", "recogniser", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--network", choices=("vgg16", "vgg19"), default="vgg16", help="what --vgg holds")
    parser.add_argument("--input", choices=("torchvision", "caffe_bgr"), default="caffe_bgr", help="what --vgg wants")
    parser.add_argument("--row", action="append", default=[], help="repeat; none: all")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    plan = yaml.safe_load(options.plan.read_text(encoding="utf-8"))
    files = {name: str(getattr(options, name)) for name in ("network", "input", "recogniser")}
    files["weights"] = str(options.vgg)
    for name in options.row or plan["rows"]:
        row = plan["rows"][name]
        factors = row.get("factors", plan["factors"])
        several = configuration(plan, row, factors[-1], files).generator
        at_once = build_generator(several.name, factors[-1], several.args).factors
        groups = [factors] if len(at_once) > 1 else [[factor] for factor in factors]
        for group in groups:
            run_row(name, configuration(plan, row, group[-1], files), group, options.data, options.out)


if __name__ == "__main__":
    main()
