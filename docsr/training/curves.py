"""Draw the learning curve of a run: loss, PSNR and CER over steps, from its tensorboard file."""

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
"""Axis, and the label of each line by its tag."""

FEW = 30
"""Lines with fewer points have markers, since a single point would be invisible without one."""

SMOOTHING = 0.95
"""Memory of the exponential average over the logged steps: the training loss jumps from batch to batch."""


def draw_curves(tensorboard: Path, picture: Path) -> None:
    """Draw what was logged so far; resumed runs continue their lines. PageError if the picture cannot be written."""
    getLogger("tensorboard").setLevel(ERROR)  # it would warn about every resumed run
    events = EventAccumulator(str(tensorboard), size_guidance={"scalars": 0})
    events.Reload()
    logged = set(events.Tags()["scalars"])
    panels = [(axis, lines) for axis, tags in PANELS if (lines := {tag: tags[tag] for tag in tags if tag in logged})]
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
    """Return for each value the average of all values up to it, weighted less the older they are."""
    smooth, weight, total = [], 0.0, 0.0
    for value in values:
        total, weight = SMOOTHING * total + value, SMOOTHING * weight + 1
        smooth.append(total / weight)
    return smooth
