"""Defer stop signals where an interruption would lose a result, and handle them while the process waits or works.

Python may raise KeyboardInterrupt between any two of its instructions, also between taking a result and counting it.
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
    """The state of stop signals within :func:`patient`.

    Attributes:
        is_immediate: whether a signal interrupts at once.
        is_pending: whether a signal is deferred; a second one then interrupts at once.
    """

    is_immediate: bool = False
    is_pending: bool = False

    def on_signal(self, _number: int, _frame: Any) -> None:
        """Raise KeyboardInterrupt, or defer the signal."""
        if self.is_immediate or self.is_pending:
            self.is_immediate = self.is_pending = False
            raise KeyboardInterrupt
        self.is_pending = True

    def interrupt_if_pending(self) -> None:
        """Raise the deferred KeyboardInterrupt, if any."""
        if self.is_pending:
            self.is_immediate = self.is_pending = False
            raise KeyboardInterrupt


_patience = _Patience()


@contextmanager
def patient() -> Iterator[None]:
    """Defer a stop signal until :func:`interruptible` or the end of the block. A second signal interrupts at once.

    This covers only signals that Python's own handler turns into KeyboardInterrupt, and only the main thread, because
    no other thread gets signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = signal.default_int_handler
    numbers = [number for number in STOPPING if signal.getsignal(number) is usual]
    _patience.is_immediate = _patience.is_pending = False
    for number in numbers:
        signal.signal(number, _patience.on_signal)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, usual)
    _patience.interrupt_if_pending()


@contextmanager
def interruptible() -> Iterator[None]:
    """Let stop signals, also a deferred one, interrupt the block. Use it where an interruption loses nothing."""
    _patience.is_immediate = True
    try:
        _patience.interrupt_if_pending()
        yield
    finally:
        _patience.is_immediate = False


def conclude() -> None:
    """Defer signals from here to the end of :func:`interruptible`, because the work is practically finished."""
    _patience.is_immediate = False
