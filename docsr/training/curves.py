"""The learning curve as a picture: loss, PSNR and CER against steps, from the run's tensorboard file."""

from __future__ import annotations

from logging import ERROR, getLogger
from pathlib import Path

from matplotlib.figure import Figure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from docsr.io.paths.atomic import atomic_write

PANELS = (
    ("loss", {"train/loss": "training, smoothed"}),
    ("PSNR, dB", {"validation/psnr": "network", "validation/psnr_bicubic": "bicubic"}),
    ("CER, %", {"validation/cer": "network", "validation/cer_bicubic": "bicubic"}),
)
"""Axis, and tag -> label of its lines."""

FEW = 30
"""So few points are marked, or one alone would not be seen."""

SMOOTHING = 0.95
"""Of the training loss, which jumps from batch to batch: an exponential average over the logged steps."""


def draw_curves(tensorboard: Path, picture: Path) -> None:
    """Draw what was logged so far, interrupted and resumed runs as one. PageError when it cannot be written."""
    getLogger("tensorboard").setLevel(ERROR)  # it takes a resumed run for a mishap, and says so
    events = EventAccumulator(str(tensorboard), size_guidance={"scalars": 0})
    events.Reload()
    known = set(events.Tags()["scalars"])
    panels = [(axis, lines) for axis, tags in PANELS if (lines := {tag: tags[tag] for tag in tags if tag in known})]
    figure = Figure(figsize=(5 * max(1, len(panels)), 3.6), layout="constrained")
    for number, (axis, lines) in enumerate(panels, 1):
        plot = figure.add_subplot(1, len(panels), number, xlabel="step", ylabel=axis)
        for tag, label in lines.items():
            points = events.Scalars(tag)
            steps, values = [point.step for point in points], [point.value for point in points]
            if tag.startswith("train/"):
                plot.plot(steps, values, alpha=0.25)
                values = _smoothed(values)
            plot.plot(steps, values, marker="." if len(steps) < FEW else "", label=label)
        plot.grid(alpha=0.3)
        plot.legend()
    with atomic_write(picture) as file:
        figure.savefig(file, format="png", dpi=110)


def _smoothed(values: list[float]) -> list[float]:
    """The average of all values so far, the older the lighter."""
    smooth, weight, total = [], 0.0, 0.0
    for value in values:
        total, weight = SMOOTHING * total + value, SMOOTHING * weight + 1
        smooth.append(total / weight)
    return smooth
