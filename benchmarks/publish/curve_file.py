"""The loss curves beside the cards (benchmarks/cards/NAME.csv): step, and mean loss since the step before."""

from __future__ import annotations

import csv
from pathlib import Path

HUNDREDTH = 0.01


def read_curve(path: Path) -> dict[int, float]:
    """Step -> loss."""
    with path.open(encoding="utf-8", newline="") as file:
        return {int(row["step"]): float(row["loss"]) for row in csv.DictReader(file)}


def hundredth(curve: dict[int, float]) -> int:
    """The first logged step at which a hundredth of the run is over."""
    return next(step for step in sorted(curve) if step >= HUNDREDTH * max(curve))


def in_words(curve: dict[int, float]) -> str:
    """The first hundredth, then a few steps more."""
    last = max(curve)
    later = [min(curve, key=lambda step: abs(step - part * last)) for part in (0.05, 0.25, 0.5, 0.75, 1)]
    told = [step for step in sorted(curve) if step <= hundredth(curve) or step in later]
    return ", ".join(f"{curve[step]:.4f} (step {step:,})" for step in told)
