"""Parse numbers on the command line: each must be finite and within a range."""

from __future__ import annotations

import math
from reprlib import repr as shortened
from typing import Any

import click

MOST = 1_000_000_000
"""Largest number of pages, patches or steps."""


class Whole(click.IntRange):
    """A whole number within a range that includes both ends."""

    def __init__(self, low: int, high: int) -> None:
        """Set the smallest and the largest number."""
        super().__init__(low, high)
        self._wanted = f"give a whole number from {low:,} to {high:,}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or refuse the value in one sentence."""
        try:
            number = int(value)
        except (ValueError, OverflowError):
            self.fail(f"{shortened(str(value))} is not a whole number: {self._wanted}", param, ctx)
        if not self.min <= number <= self.max:  # type: ignore[operator]  # both ends are always set here
            self.fail(f"{shortened(number)} is out of range: {self._wanted}", param, ctx)
        return number


class Real(click.FloatRange):
    """A number within a range that includes both ends."""

    def __init__(self, low: float, high: float) -> None:
        """Set the smallest and the largest number."""
        super().__init__(low, high)
        self._wanted = f"give a number from {low:,} to {high:,}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or refuse the value in one sentence."""
        try:
            number = float(value)
        except (ValueError, OverflowError):
            self.fail(f"{shortened(str(value))} is not a number: {self._wanted}", param, ctx)
        if not math.isfinite(number) or not self.min <= number <= self.max:  # type: ignore[operator]  # as above
            self.fail(f"{number:g} is out of range: {self._wanted}", param, ctx)
        return number
