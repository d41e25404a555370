"""The signals that ask this process to stop wait where a result would be lost, and are heard where it waits or works.

Python raises KeyboardInterrupt between any two of its instructions: also between taking a result and counting it.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

STOPPING = frozenset({signal.SIGINT, signal.SIGTERM})
"""The signals that ask a process to stop."""


@dataclass
class _Patience:
    """How signals that ask this process to stop are taken within :func:`patient`.

    Attributes:
        hears: whether one interrupts at once.
        came: whether one came while none was heard; another one interrupts all the same.
    """

    hears: bool = False
    came: bool = False

    def on_signal(self, _number: int, _frame: Any) -> None:
        """Interrupt, or keep in mind that it came."""
        if self.hears or self.came:
            self.hears = self.came = False
            raise KeyboardInterrupt
        self.came = True

    def interrupt_if_one_came(self) -> None:
        """Raise the KeyboardInterrupt that waits."""
        if self.came:
            self.hears = self.came = False
            raise KeyboardInterrupt


_patience = _Patience()


@contextmanager
def patient() -> Iterator[None]:
    """Let signals that ask to stop wait until :func:`interruptible`, or the end of the block; a second one does not.

    Only those that raise KeyboardInterrupt by Python's own handler, and only in the main thread, which alone gets any.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = signal.default_int_handler
    numbers = [number for number in STOPPING if signal.getsignal(number) is usual]
    _patience.hears = _patience.came = False
    for number in numbers:
        signal.signal(number, _patience.on_signal)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, usual)
    _patience.interrupt_if_one_came()


@contextmanager
def interruptible() -> Iterator[None]:
    """Hear signals at once, and the one that waits: nothing that is done here is lost by an interruption."""
    _patience.hears = True
    try:
        _patience.interrupt_if_one_came()
        yield
    finally:
        _patience.hears = False


def conclude() -> None:
    """Let signals wait from here until the end of :func:`interruptible`: what is done here is as good as finished."""
    _patience.hears = False
