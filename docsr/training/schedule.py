"""Learning rate by step."""

from __future__ import annotations

import math

from docsr.config import ScheduleConfig


def learning_rate(config: ScheduleConfig, step: int) -> float:
    """Share of the base rate at ``step`` (from 0): linear warm-up, then cosine to 0 or halving every so often."""
    if step < config.warmup:
        return (step + 1) / config.warmup
    if config.shape == "step":
        return float(0.5 ** ((step - config.warmup) // config.step_every))
    progress = (step - config.warmup) / max(1, config.steps - config.warmup)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


class SpikeGuard:
    """Tells steps whose loss is far above the running mean: such a step is skipped, not learned from."""

    SETTLED = 100
    MEMORY = 0.99

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.mean = 0.0
        self.seen = 0

    def is_spike(self, loss: float) -> bool:
        """Judge a loss and take it into the mean."""
        spike = self.seen >= self.SETTLED and loss > self.limit * self.mean
        kept = min(loss, self.limit * self.mean) if spike else loss
        memory = min(self.MEMORY, self.seen / (self.seen + 1))
        self.mean = memory * self.mean + (1 - memory) * kept
        self.seen += 1
        return spike
