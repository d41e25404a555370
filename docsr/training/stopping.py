"""How a run is stopped: SIGINT and SIGTERM become a question between steps, and an end to a validation at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Stopped(KeyboardInterrupt):
    """A signal came while the run did something that can be broken off anywhere."""


class Stop:
    """Whether a signal asked the run to stop."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._at_once = False

    def __call__(self) -> bool:
        """Tell whether one did."""
        return self._asked.is_set()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Let a signal, also one that came before, end the block by :class:`Stopped`; only once."""
        self._at_once = True
        try:
            if self():
                self._hear()
            yield
        finally:
            self._at_once = False

    def _hear(self, *_: Any) -> None:
        self._asked.set()
        if self._at_once:
            self._at_once = False  # a second signal does not cut off the cleaning up
            raise Stopped


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """Let SIGINT and SIGTERM ask for a stop within the block, in the main thread."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop._hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
