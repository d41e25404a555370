"""What is logged of the steps between two logs: how long they take, how much of that is waiting, and means."""

from __future__ import annotations

from statistics import fmean
from time import perf_counter


class Clock:
    """Told when a step begins, when its batches are there, and when it is done; read now and then."""

    def __init__(self) -> None:
        self._last = 0.0
        self._waiting = self._stepping = 0.0
        self._steps = 0

    def begin(self) -> None:
        """A step begins; what was done since the last one (saving, validating) does not count."""
        self._last = perf_counter()

    def waited(self) -> None:
        """The batches of a step are there."""
        self._waiting += self._lap()

    def stepped(self) -> None:
        """The step is done."""
        self._stepping += self._lap()
        self._steps += 1

    def read(self) -> dict[str, float]:
        """Seconds a step, and the share of them spent waiting for its batches, since the last reading."""
        total = self._waiting + self._stepping
        found = {"seconds": total / max(1, self._steps), "waiting": self._waiting / total if total else 0.0}
        self._waiting = self._stepping = 0.0
        self._steps = 0
        return found

    def _lap(self) -> float:
        now = perf_counter()
        lap, self._last = now - self._last, now
        return lap


class Means:
    """Told the scalars of each step; read now and then. One batch's loss says little, the mean of fifty says more."""

    def __init__(self) -> None:
        self._told: dict[str, list[float]] = {}

    def add(self, scalars: dict[str, float]) -> None:
        """A step is done."""
        for name, value in scalars.items():
            self._told.setdefault(name, []).append(value)

    def read(self) -> dict[str, float]:
        """The mean of each scalar over the steps that had it, since the last reading."""
        found = {name: fmean(values) for name, values in self._told.items()}
        self._told = {}
        return found
