"""Show how far a command is: with a bar on a terminal, otherwise with a line now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

from docsr.cli.echo import say, terminal

if TYPE_CHECKING:
    from rich.progress import Progress

SECONDS_BETWEEN_LINES = 60.0
"""Seconds between two lines where there is no terminal, and between two progress objects for a program."""


class Bar:
    """A bar on stderr, or lines. Get one from :func:`shown_bar`."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar, self._line = bar, ""
        self._task = None if bar is None else bar.add_task("", total=None)
        self._say = now_and_then(lambda: say(f"docsr: {self._line}", err=True))

    @property
    def is_drawn(self) -> bool:
        """Return whether there is a bar."""
        return self._bar is not None

    def update(self, done: float, total: float | None, counts: str, line: str | None = None) -> None:
        """Show progress.

        Args:
            done: what is done.
            total: of how many; None if that is unknown.
            counts: the same in short words, which stand after the bar.
            line: the same as a sentence, which is printed now and then where there is no bar.
        """
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total, description=counts)
        elif line is not None:
            self._line = line
            self._say()


@contextmanager
def shown_bar(doing: str, *, hidden: bool = False) -> Iterator[Bar]:
    """Show a bar on stderr within the block if it is a terminal, with the word ``doing`` before it."""
    console = terminal(err=True)
    if hidden or not console.is_terminal:
        yield Bar(None)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(doing), BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, speed_estimate_period=600) as bar:
        yield Bar(bar)


@contextmanager
def counting_bar(doing: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function to call with (done, total), and show that."""
    with shown_bar(doing) as bar:
        yield lambda done, total: bar.update(done, total, f"{done:,}/{total:,}", f"{done:,} of {total:,} {doing}")


def now_and_then(call: Callable[[], Any]) -> Callable[[], None]:
    """Return a function that calls ``call`` at most once in SECONDS_BETWEEN_LINES, and first after as many."""
    last = monotonic()

    def maybe_call() -> None:
        nonlocal last
        if monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = monotonic()
            call()

    return maybe_call
