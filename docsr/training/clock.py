"""Measure, between two logs, how long steps take, how much of that is waiting, and the means of their scalars."""

from __future__ import annotations

from statistics import fmean
from time import perf_counter


class Clock:
    """Measure the steps of a run, and how long each waits for its batches."""

    def __init__(self) -> None:
        self._last = 0.0
        self._waiting = self._stepping = 0.0
        self._steps = 0

    def begin(self) -> None:
        """Start a step; the time since the last one (saving, validating) does not count."""
        self._last = perf_counter()

    def waited(self) -> None:
        """Note that the batches of a step are there."""
        self._waiting += self._lap()

    def stepped(self) -> None:
        """Note that the step is done."""
        self._stepping += self._lap()
        self._steps += 1

    def read(self) -> dict[str, float]:
        """Return the seconds per step, and the share of them spent waiting for batches, since the last reading."""
        total = self._waiting + self._stepping
        times = {"seconds": total / max(1, self._steps), "waiting": self._waiting / total if total else 0.0}
        self._waiting = self._stepping = 0.0
        self._steps = 0
        return times

    def _lap(self) -> float:
        now = perf_counter()
        lap, self._last = now - self._last, now
        return lap


class Means:
    """Average the scalars of steps: the loss of one batch says little, the mean of fifty says more."""

    def __init__(self) -> None:
        self._values: dict[str, list[float]] = {}

    def add(self, scalars: dict[str, float]) -> None:
        """Add the scalars of a step."""
        for name, value in scalars.items():
            self._values.setdefault(name, []).append(value)

    def read(self) -> dict[str, float]:
        """Return the mean of each scalar over the steps that had it, since the last reading."""
        means = {name: fmean(values) for name, values in self._values.items()}
        self._values = {}
        return means
