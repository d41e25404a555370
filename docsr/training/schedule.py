"""Schedule learning rates, and skip updates that would do harm."""

from __future__ import annotations

import math
from collections import Counter

from docsr.errors import TrainingError
from docsr.train_config import ScheduleConfig


def learning_rate(config: ScheduleConfig, step: int) -> float:
    """Return the share of the base rate at ``step`` (from 0): linear warm-up, then a cosine to 0 or reductions."""
    if step < config.warmup:
        return (step + 1) / config.warmup
    if config.shape == "step":
        return float(config.step_factor ** ((step - config.warmup) // config.step_every))
    progress = (step - config.warmup) / max(1, config.steps - config.warmup)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


class SpikeGuard:
    """Detect steps whose loss is far above the running mean, so that they are skipped."""

    SETTLED = 100
    MEMORY = 0.99

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.mean = 0.0
        self.seen = 0

    def is_spike(self, loss: float) -> bool:
        """Return whether a loss is a spike, and add it to the mean."""
        spike = self.seen >= self.SETTLED and loss > self.limit * self.mean
        counted = min(loss, self.limit * self.mean) if spike else loss
        memory = min(self.MEMORY, self.seen / (self.seen + 1))
        self.mean = memory * self.mean + (1 - memory) * counted
        self.seen += 1
        return spike


class Skips:
    """Count the updates that were skipped.

    Attributes:
        total: number of skipped updates of all networks since this run was started or resumed.
    """

    MOST_IN_A_ROW = 200

    def __init__(self) -> None:
        self.total = 0
        self._in_a_row: Counter[str] = Counter()

    def add(self, network: str, *, taken: bool) -> None:
        """Note whether an update was taken. TrainingError if MOST_IN_A_ROW updates were skipped in a row."""
        if taken:
            self._in_a_row[network] = 0
            return
        self.total += 1
        self._in_a_row[network] += 1
        if self._in_a_row[network] >= self.MOST_IN_A_ROW:
            raise TrainingError(
                f"the last {self.MOST_IN_A_ROW} updates of the {network} were skipped because their loss was far above "
                "its mean or their gradient was not finite: start a new --out with a lower learning rate"
            )
