"""benchmarks/publish/loss_curve.py: the first hundredth of a training, compared with the card's curve."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from docsr.train import CONFIG, train
from docsr.train_config_file import check_config
from tests.training_runs import TINY, Heard

ROOT = Path(__file__).parents[2]
SCRIPT = ("-m", "benchmarks.publish.loss_curve")
pytestmark = pytest.mark.usefixtures("on_the_cpu")


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *SCRIPT, *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_first_hundredth_is_the_same_again_and_another_training_is_told_apart(tmp_path, patches):
    schedule, output = {**TINY["schedule"], "steps": 200}, {**TINY["output"], "validate_every": 1000}
    train(check_config({**TINY, "schedule": schedule, "output": output}), patches, tmp_path / "run", heard := Heard())
    curve = tmp_path / "curve.csv"
    assert run("--curve", curve, "keep", tmp_path / "run").returncode == 0
    assert len(curve.read_text().splitlines()) == 1 + len(heard.steps)
    again = ("--curve", curve, "again", "--config", tmp_path / "run" / CONFIG, "--data", patches)
    same = run(*again)
    assert same.returncode == 0, same.stderr
    assert same.stdout.splitlines()[1].startswith("step 2:")
    assert len(same.stdout.splitlines()) == 2
    other = run(*again, "--set", "loss.pixel_weight=2")
    assert other.returncode == 1
    assert "more than 10 % off" in other.stderr
