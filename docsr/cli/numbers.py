"""Numbers on the command line: each has a smallest and a largest value, and is neither infinite nor undefined."""

from __future__ import annotations

import math
from reprlib import repr as shortened
from typing import Any

import click

MOST_JOBS = 4_096
"""Processes that can be asked for: more than machines have cores."""

MOST_PIXELS = 1_000_000_000_000
"""Of a page: as many bytes fill the memory of any machine."""

LEAST_MEMORY, MOST_MEMORY = 300, 1_000_000
"""MB of a process: libraries and networks alone take as much as the least."""

LONGEST = 31_536_000
"""Seconds of a year: timers of the system take not many more."""

MOST = 1_000_000_000
"""Of what is counted: pages, patches, steps."""


class Whole(click.IntRange):
    """A whole number within a range, both ends of which belong to it."""

    def __init__(self, low: int, high: int) -> None:
        """Take the smallest and the largest number."""
        super().__init__(low, high)
        self._wanted = f"give a whole number from {low:,} to {high:,}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number that was given, or refuse it in one sentence."""
        try:
            number = int(value)
        except (ValueError, OverflowError):
            self.fail(f"{shortened(str(value))} is no whole number: {self._wanted}", param, ctx)
        if not self.min <= number <= self.max:  # type: ignore[operator]  # of this kind both are always there
            self.fail(f"{shortened(number)} is out of range: {self._wanted}", param, ctx)
        return number


class Real(click.FloatRange):
    """A number within a range, both ends of which belong to it."""

    def __init__(self, low: float, high: float) -> None:
        """Take the smallest and the largest number."""
        super().__init__(low, high)
        self._wanted = f"give a number from {low:,} to {high:,}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number that was given, or refuse it in one sentence."""
        try:
            number = float(value)
        except (ValueError, OverflowError):
            self.fail(f"{shortened(str(value))} is no number: {self._wanted}", param, ctx)
        if not math.isfinite(number) or not self.min <= number <= self.max:  # type: ignore[operator]  # likewise
            self.fail(f"{number:g} is out of range: {self._wanted}", param, ctx)
        return number
