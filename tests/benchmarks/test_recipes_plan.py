"""benchmarks/recipes/plan.yaml trains the networks whose results docs/experiments.md shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from benchmarks.research import train_recipes
from docsr.models import build_generator

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
TRAINED = json.loads((BENCHMARKS / "recipes" / "results" / "trained.json").read_text(encoding="utf-8"))
PLAN: dict[str, Any] = yaml.safe_load((BENCHMARKS / "recipes" / "plan.yaml").read_text(encoding="utf-8"))
ROWS = [(row, factor) for row, asked in PLAN["rows"].items() for factor in asked.get("factors", PLAN["factors"])]
FILES = {"network": "vgg16", "weights": "vgg16.npz", "input": "caffe_bgr", "recogniser": "english_g2.pth"}


def test_every_network_of_the_results_is_in_the_plan():
    assert {f"{row}_x{factor}" for row, factor in ROWS} == set(TRAINED)


@pytest.mark.slow_but_one_in(7)
@pytest.mark.parametrize(("row", "factor"), ROWS)
def test_a_row_is_as_large_and_as_long_as_what_was_measured(row, factor, monkeypatch):
    config = train_recipes.configuration(PLAN, PLAN["rows"][row], factor, FILES)
    with torch.device("meta"):  # no weights are made: only their number matters
        network = build_generator(config.generator.name, factor, config.generator.args)
        network.on_grey(torch.rand(1, 1, 8, 8)).sum().backward()
    used = sum(weight.numel() for weight in network.parameters() if weight.grad is not None)
    measured = TRAINED[f"{row}_x{factor}"]
    assert (used, config.schedule.steps) == (measured["parameters"], measured["steps"])
