"""Print what ``docsr train`` says while it runs."""

from __future__ import annotations

import os
from time import monotonic

from docsr.cli.echo import say, terminal

_SECONDS_BETWEEN_LINES = 10.0
"""Seconds between the progress lines of a validation where there is no terminal."""


def prints() -> bool:
    """Return whether this process prints: under torchrun only the first one does."""
    return os.environ.get("RANK", "0") == "0"


class TrainingProgress:
    """Show how a run goes on: with a bar on a terminal, otherwise with lines."""

    def __init__(self, steps: int) -> None:
        from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        console = terminal(err=True)
        columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console, disable=not (console.is_terminal and prints()), transient=True)
        self._task, self._last_line = self._bar.add_task("step", total=steps), 0.0

    def __enter__(self) -> TrainingProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def on_step(self, step: int, scalars: dict[str, float]) -> None:
        """Print the scalars of a logged step."""
        self._bar.update(self._task, completed=step)
        if self._bar.disable:
            say(f"step {step}: {_numbers(scalars)}", err=True)

    def on_validation(self, step: int, scores: dict[str, float]) -> None:
        """Print the scores of a validation."""
        say(f"step {step}, validation: {_numbers(scores) or 'no validation patches'}", err=True)

    def on_validating(self, done: int, total: int) -> None:
        """Show how many patches and pages of a validation are done."""
        self._bar.update(self._task, description="step" if done == total else f"validating {done}/{total}, step")
        now = monotonic()
        if not done:
            self._last_line = now
        elif self._bar.disable and now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            say(f"validating: {done} of {total}", err=True)

    def on_warning(self, sentence: str) -> None:
        """Print what is left out while the run goes on."""
        say(f"docsr: warning: {sentence}", err=True)


def _numbers(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items())
