"""How fast networks train here, and what share of a step they wait for their batches.

    python -m benchmarks.research.training_speed --data PATCHES --out benchmarks/recipes/results/training_speed.json

Pixel loss alone, which makes the shortest steps and so the hardest task for the processes that read and degrade
patches. Readings are of 20 steps each; the first is left out (workers and caches warm up). On a GPU the file has its
peak memory too. OMP_NUM_THREADS=1 leaves a core to the process that degrades; nothing else should run meanwhile.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import torch

from docsr.machine import machine
from docsr.train import train
from docsr.train_config_file import load_config
from docsr.training.processes import joined
from docsr.training.updates import has_bf16

ROOT = Path(__file__).resolve().parents[2]
EVERY, READINGS = 20, 4
NETWORKS: dict[str, dict[str, Any]] = {
    "compact_x4": {"loss.recogniser_weight": 0},
    "r3_srgan": {"factor": 4, "schedule.gan_start": None, "loss.perceptual_weight": 0},
}
"""Configuration of configs/train -> what is set over it."""


@dataclass
class Readings:
    """Hears a run and keeps what its clock said."""

    read: list[dict[str, float]] = field(default_factory=list)

    def on_step(self, step: int, scalars: dict[str, float]) -> None:
        """Keep it."""
        self.read.append(scalars)

    def on_validation(self, step: int, scores: dict[str, float]) -> None:
        """Nothing: the last step has one."""

    def on_validating(self, done: int, total: int) -> None:
        """Nothing."""

    def on_warning(self, sentence: str) -> None:
        """Show it."""
        sys.stderr.write(f"{sentence}\n")


def measure(name: str, changes: dict[str, Any], patches: Path) -> dict[str, Any]:
    """Train one configuration for a short while."""
    brief = {
        "schedule.steps": EVERY * (READINGS + 1),
        "output.log_every": EVERY,
        "output.validation_pages": 0,
        "output.validation_patches": 1,
    }
    config = load_config(ROOT / "configs" / "train" / f"{name}.yaml", changes | brief)
    heard = Readings()
    with tempfile.TemporaryDirectory() as folder:
        train(config, patches, Path(folder) / "run", heard)
    with joined() as processes:
        mixed = config.schedule.bf16 and has_bf16(processes.device)
    kept = heard.read[1:]
    return {
        "config": name,
        "set": changes,
        "lr_patch": config.data.lr_patch,
        "batch": config.data.batch,
        "workers": config.data.workers,
        "bf16": mixed,
        "seconds_step": round(median(one["seconds"] for one in kept), 4),
        "waiting_share": round(median(one["waiting"] for one in kept), 4),
        "waiting_share_high": round(max(one["waiting"] for one in kept), 4),
        "gpu_mib": round(kept[-1]["memory"]) if "memory" in kept[-1] else None,
    }


def main() -> None:
    """All networks, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder made by docsr prepare")
    parser.add_argument("--out", type=Path, required=True, help="the .json file")
    options = parser.parse_args()
    found = {
        "command": shlex.join(["python", "-m", "benchmarks.research.training_speed", *sys.argv[1:]]),
        "machine": machine(),
        "torch": torch.__version__,
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "networks": [measure(name, changes, options.data) for name, changes in NETWORKS.items()],
    }
    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
