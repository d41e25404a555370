"""Print what ``docsr train`` says while it runs."""

from __future__ import annotations

import os
from time import monotonic
from typing import Any

from docsr.cli.bar import shown_bar
from docsr.cli.echo import say

_SECONDS_BETWEEN_LINES = 10.0
"""Seconds between the progress lines of a validation where there is no terminal."""


def prints() -> bool:
    """Return whether this process prints: under torchrun only the first one does."""
    return os.environ.get("RANK", "0") == "0"


class TrainingProgress:
    """Show how a run goes on: with a bar on a terminal, otherwise with lines."""

    def __init__(self, steps: int) -> None:
        self._steps, self._step, self._last_line = steps, 0, 0.0
        self._shown = shown_bar("", hidden=not prints())

    def __enter__(self) -> TrainingProgress:
        self._bar = self._shown.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._shown.__exit__(*error)

    def _show(self, doing: str) -> None:
        self._bar.update(self._step, self._steps, f"{doing} {self._step}/{self._steps}")

    def on_step(self, step: int, scalars: dict[str, float]) -> None:
        """Print the scalars of a logged step."""
        self._step = step
        self._show("step")
        if not self._bar.is_drawn:
            say(f"step {step}: {_numbers(scalars)}", err=True)

    def on_validation(self, step: int, scores: dict[str, float]) -> None:
        """Print the scores of a validation."""
        say(f"step {step}, validation: {_numbers(scores) or 'no validation patches'}", err=True)

    def on_validating(self, done: int, total: int) -> None:
        """Show how many patches and pages of a validation are done."""
        self._show("step" if done == total else f"validating {done}/{total}, step")
        now = monotonic()
        if not done:
            self._last_line = now
        elif not self._bar.is_drawn and now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            say(f"validating: {done} of {total}", err=True)

    def on_warning(self, sentence: str) -> None:
        """Print what is left out while the run goes on."""
        say(f"docsr: warning: {sentence}", err=True)


def _numbers(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items())
