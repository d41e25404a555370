"""Stop a run on SIGINT or SIGTERM: between two steps, or at once during a validation."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Stopped(KeyboardInterrupt):
    """A signal came while the run did something that can be interrupted anywhere."""


class Stop:
    """Know whether a signal asked the run to stop."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._at_once = False

    def __call__(self) -> bool:
        """Return whether a signal asked the run to stop."""
        return self._asked.is_set()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """End the block by :class:`Stopped`, once, if a signal comes or came before."""
        self._at_once = True
        try:
            if self():
                self._handle()
            yield
        finally:
            self._at_once = False

    def _handle(self, *_: Any) -> None:
        self._asked.set()
        if self._at_once:
            self._at_once = False  # a second signal must not interrupt the cleaning up
            raise Stopped


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """Let SIGINT and SIGTERM ask for a stop within the block; only the main thread can."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop._handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
