"""Run this process as a pool's worker: it stops on request, has a time limit, and reports its progress."""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import Any

from docsr.pool.memory import give_back, limit_memory
from docsr.pool.patience import STOPPING, conclude
from docsr.system.temporary import live_in

_SECONDS_TO_CLEAN_UP = 30
"""A worker whose parent is gone ends after this time at the latest, even if its item still runs."""
LATE = 1
"""The exit code with which faulthandler ends a process."""


def reset_timeout() -> None:
    """Restart the item's time limit. Items call this when a part of their work is done."""
    if _worker.limit is not None:
        # faulthandler's thread does not need the interpreter lock, which a hanging decoder may never release.
        faulthandler.dump_traceback_later(_worker.limit, exit=True, file=_worker.late)


def concluding() -> None:
    """Protect the item from interruption. Items call this when their work is practically done."""
    _worker.armed = False
    conclude()


def send(value: Any) -> None:
    """Report an item's progress to the listener, if there is one. ``value`` must be small when pickled."""
    if _worker.on_progress is not None:
        _worker.on_progress(value)


def time_limit() -> float | None:
    """Return the seconds that an item may take in this process, or None for no limit. Items pass it on."""
    return _worker.limit


def in_worker() -> bool:
    """Return whether this process is a worker."""
    return _worker.call is not None


@contextmanager
def listening(on_progress: Callable[[Any], None] | None) -> Iterator[None]:
    """Pass the values of :func:`send` to ``on_progress`` within the block."""
    before, _worker.on_progress = _worker.on_progress, on_progress
    try:
        yield
    finally:
        _worker.on_progress = before


@dataclass
class _Worker:
    """The state of this process as a worker.

    Attributes:
        call: the function for each item.
        armed: whether a signal may interrupt the current item. It may only once: a second one would cut its clean-up.
        idle: set while there is no current item.
        limit: seconds that an item may take from one :func:`reset_timeout` to the next.
        memory: gives the bytes that this process may hold during an item.
        late: descriptor to which faulthandler writes when the time limit is over.
        sender: the pipe for progress.
        on_progress: gets the values of :func:`send`; None if nobody listens.
        stopping: whether to start no more items.
        leaving: whether to exit when the current item has cleaned up.
    """

    call: Callable[[Any], Any] | None = None
    armed: bool = False
    idle: threading.Event = field(default_factory=threading.Event)
    limit: float | None = None
    memory: Callable[[Any], int] | None = None
    late: int = -1
    sender: connection.Connection | None = None
    on_progress: Callable[[Any], None] | None = None
    stopping: bool = False
    leaving: bool = False


_worker = _Worker()


def start(
    call: Callable[[Any], Any],
    stop: connection.Connection,
    sender: connection.Connection | None,
    limit: float | None,
    memory: Callable[[Any], int] | None,
    temporary: Path | None,
    late: connection.Connection | None,
) -> None:
    """Make this process a worker.

    Args:
        call: the function for each item.
        stop: a pipe that the parent closes to stop the run.
        sender: the pipe for progress, or None if nobody listens.
        limit: seconds that an item may take from one :func:`reset_timeout` to the next, or None for no limit.
        memory: gives the bytes that this process may hold during an item, or None for no limit.
        temporary: the folder for its temporary files, which the parent removes, or None for no folder.
        late: the pipe by which the parent sees that the time limit ended this process, or None if it does not check.
    """
    if temporary is not None:
        live_in(temporary)
    _worker.call, _worker.sender, _worker.limit, _worker.memory = call, sender, limit, memory
    if limit is not None:
        _worker.late = os.open(os.devnull, os.O_WRONLY) if late is None else os.dup(late.fileno())
    _worker.idle.set()
    signal.signal(signal.SIGINT, _on_interrupt)
    signal.signal(signal.SIGTERM, _on_terminate)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    threading.Thread(target=_watch, args=(stop,), daemon=True).start()


def work(number: int, item: Any) -> Any:
    """Return the result of an item. The parent knows the item by its number."""
    assert _worker.call is not None
    _worker.idle.clear()
    _worker.on_progress = None if _worker.sender is None else partial(_send, _worker.sender, number)
    _worker.armed = True
    try:
        if _worker.stopping:
            raise KeyboardInterrupt
        reset_timeout()
        give_back()  # memory of the previous item, whose result was not to be delayed by this
        if _worker.memory is not None:
            limit_memory(_worker.memory(item))
        return _worker.call(item)
    finally:
        faulthandler.cancel_dump_traceback_later()
        _worker.armed = False
        _worker.idle.set()
        if _worker.leaving:
            os._exit(128 + signal.SIGTERM)


def _send(sender: connection.Connection, number: int, value: Any) -> None:
    """Send progress to the parent if the pipe has room. So small a message is sent completely or not at all."""
    with suppress(OSError):
        sender.send((number, value))


def _on_interrupt(_number: int, _frame: Any) -> None:
    """Interrupt the current item if the parent stops the run. A Ctrl-C in the terminal is for the parent to handle."""
    if _worker.stopping and _worker.armed:
        _worker.armed = False
        raise KeyboardInterrupt


def _on_terminate(_number: int, _frame: Any) -> None:
    """Clean up and exit."""
    if _worker.idle.is_set():
        os._exit(128 + signal.SIGTERM)
    _worker.stopping = _worker.leaving = True
    _on_interrupt(signal.SIGINT, None)


def _watch(stop: connection.Connection) -> None:
    """Interrupt the current item when the parent stops the run or dies. Exit when the parent is dead."""
    parent = parent_process()
    assert parent is not None
    connection.wait([stop, parent.sentinel])
    _worker.stopping = True
    if hasattr(signal, "pthread_kill"):  # this also wakes the main thread from a wait
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)
    connection.wait([parent.sentinel])
    _worker.idle.wait(_SECONDS_TO_CLEAN_UP)
    os._exit(1)
