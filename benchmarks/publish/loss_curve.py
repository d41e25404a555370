"""The loss curve of a shipped network's training, and whether another machine gets the same.

    python -m benchmarks.publish.loss_curve --curve benchmarks/cards/compact_x4.csv keep RUN
    python -m benchmarks.publish.loss_curve --curve benchmarks/cards/compact_x4.csv again --data training/patches_prose
        --config configs/train/compact_x4.yaml --set loss.recogniser_weights=english_g2.pth
        --set init=benchmarks/checkpoints/compact_x4_fourth.safetensors

`keep` writes what a finished run logged: the mean loss since the last log. `again` trains the first hundredth of the
run, with the schedule of the whole, and compares: exit code 1 when a logged loss is more than 10 % off the curve.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import signal
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from benchmarks.publish.curve_file import hundredth, read_curve
from docsr.errors import Interrupted
from docsr.train import LOG, train
from docsr.train_config_file import load_config, parse_override

TOLERANCE = 0.1


@dataclass
class FirstSteps:
    """Hears a run, keeps its losses and ends it after a step."""

    last: int
    losses: dict[int, float] = field(default_factory=dict)

    def on_step(self, step: int, scalars: dict[str, float]) -> None:
        """Keep the loss."""
        self.losses[step] = scalars["loss"]
        if step >= self.last:
            os.kill(os.getpid(), signal.SIGINT)

    def on_validation(self, step: int, scores: dict[str, float]) -> None:
        """Nothing."""

    def on_validating(self, done: int, total: int) -> None:
        """Nothing."""

    def on_warning(self, sentence: str) -> None:
        """Show it."""
        sys.stderr.write(f"{sentence}\n")


def keep(run: Path, curve: Path) -> None:
    """Write the curve of a finished run."""
    events = EventAccumulator(str(run / LOG), size_guidance={"scalars": 0})
    events.Reload()
    with curve.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("step", "loss"))
        rows.writerows((event.step, f"{event.value:.5g}") for event in events.Scalars("train/loss"))


def again(config: Path, curve: Path, data: Path, overrides: list[str]) -> bool:
    """Train the first hundredth, print both losses, and tell whether all are within the tolerance."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # begun in the background it may be ignored
    told = read_curve(curve)
    heard = FirstSteps(hundredth(told))
    options = load_config(config, dict(map(parse_override, overrides)))
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(Interrupted):  # as it was asked to
        train(options, data, Path(folder) / "run", heard)
    if heard.last not in heard.losses:
        sys.exit(f"stopped before step {heard.last}: nothing was compared")
    apart = {step: heard.losses[step] / loss - 1 for step, loss in told.items() if step <= heard.last}
    for step, part in apart.items():
        loss = heard.losses[step]
        sys.stdout.write(f"step {step}: {loss:.5g}, on the curve {told[step]:.5g} ({100 * part:+.1f} %)\n")
    return all(abs(part) <= TOLERANCE for part in apart.values())


def main() -> None:
    """Keep, or train again and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curve", type=Path, required=True, help="the .csv file")
    verbs = parser.add_subparsers(dest="verb", required=True)
    kept = verbs.add_parser("keep")
    kept.add_argument("run", type=Path, help="folder of the finished run")
    repeated = verbs.add_parser("again")
    repeated.add_argument("--config", type=Path, required=True, help="of the run")
    repeated.add_argument("--data", type=Path, required=True, help="its patches")
    repeated.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as of docsr train")
    options = parser.parse_args()
    if options.verb == "keep":
        keep(options.run, options.curve)
    elif not again(options.config, options.curve, options.data, options.set):
        sys.exit("the loss is more than 10 % off the curve")


if __name__ == "__main__":
    main()
