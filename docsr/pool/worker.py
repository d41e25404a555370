"""This process as a worker of a pool: told to stop, bounded in time, and able to tell how far it is."""

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
"""A worker whose parent is gone ends after so long, even if what it was doing has not let go."""
LATE = 1
"""The code with which faulthandler ends a process."""


def reset_timeout() -> None:
    """Say, from within an item, that a part of it is done: the limit on its time begins anew."""
    if _worker.limit is not None:
        # Its thread does without the interpreter, which a hanging decoder may never give back.
        faulthandler.dump_traceback_later(_worker.limit, exit=True, file=_worker.late)


def concluding() -> None:
    """Say, from within an item, that its work is as good as done: it is not interrupted, and its result is known."""
    _worker.armed = False
    conclude()


def send(value: Any) -> None:
    """Say, from within an item, how far it is; ``value`` is small when pickled. Nobody need listen."""
    if _worker.heard is not None:
        _worker.heard(value)


def time_limit() -> float | None:
    """Return the seconds that an item may take here, for what it starts itself; None: no limit."""
    return _worker.limit


def in_worker() -> bool:
    """Tell whether this process is a worker."""
    return _worker.call is not None


@contextmanager
def hearing(heard: Callable[[Any], None] | None) -> Iterator[None]:
    """Let ``heard`` have what this process tells within the block."""
    before, _worker.heard = _worker.heard, heard
    try:
        yield
    finally:
        _worker.heard = before


@dataclass
class _Worker:
    """This process as a worker.

    Attributes:
        call: what it does to an item.
        armed: whether a signal may interrupt the item under way: once, or a second one cuts off its cleaning up.
        idle: set while no item is under way.
        limit: seconds that an item may take from one :func:`reset_timeout` to the next.
        memory: bytes that this process may hold while it is at an item.
        late: descriptor to which something is written when that time is over.
        mouth: what is told goes through it.
        heard: what gets what is told; None: nobody listens.
        stopping: whether to start no more items.
        leaving: whether to end once the item under way has cleaned up.
    """

    call: Callable[[Any], Any] | None = None
    armed: bool = False
    idle: threading.Event = field(default_factory=threading.Event)
    limit: float | None = None
    memory: Callable[[Any], int] | None = None
    late: int = -1
    mouth: connection.Connection | None = None
    heard: Callable[[Any], None] | None = None
    stopping: bool = False
    leaving: bool = False


_worker = _Worker()


def start(
    call: Callable[[Any], Any],
    told: connection.Connection,
    mouth: connection.Connection | None,
    limit: float | None,
    memory: Callable[[Any], int] | None,
    place: Path | None,
    late: connection.Connection | None,
) -> None:
    """Make this process a worker.

    Args:
        call: what it does to items.
        told: closed by the parent when the run is to stop.
        mouth: where what is told goes, if anybody listens.
        limit: seconds that an item may take from one :func:`reset_timeout` to the next, if there is one.
        memory: bytes that this process may hold while it is at an item, if that is bounded.
        place: where its temporary files go, which the parent removes; None: there is none.
        late: where the parent sees that the limit ended this process; None: it does not look there.
    """
    if place is not None:
        live_in(place)
    _worker.call, _worker.mouth, _worker.limit, _worker.memory = call, mouth, limit, memory
    if limit is not None:
        _worker.late = os.open(os.devnull, os.O_WRONLY) if late is None else os.dup(late.fileno())
    _worker.idle.set()
    signal.signal(signal.SIGINT, _on_interrupt)
    signal.signal(signal.SIGTERM, _on_terminate)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    threading.Thread(target=_watch, args=(told,), daemon=True).start()


def work(number: int, item: Any) -> Any:
    """Return the result of an item, whose number the parent knows."""
    assert _worker.call is not None
    _worker.idle.clear()
    _worker.heard = None if _worker.mouth is None else partial(_send, _worker.mouth, number)
    _worker.armed = True
    try:
        if _worker.stopping:
            raise KeyboardInterrupt
        reset_timeout()
        give_back()  # what the item before left: its result was not to wait for that
        if _worker.memory is not None:
            limit_memory(_worker.memory(item))
        return _worker.call(item)
    finally:
        faulthandler.cancel_dump_traceback_later()
        _worker.armed = False
        _worker.idle.set()
        if _worker.leaving:
            os._exit(128 + signal.SIGTERM)


def _send(mouth: connection.Connection, number: int, value: Any) -> None:
    """Tell it to the parent, where there is room in the pipe: so small a message goes whole or not at all."""
    with suppress(OSError):
        mouth.send((number, value))


def _on_interrupt(_number: int, _frame: Any) -> None:
    """Interrupt the item under way if the parent stops the run; a Ctrl-C in the terminal is the parent's to judge."""
    if _worker.stopping and _worker.armed:
        _worker.armed = False
        raise KeyboardInterrupt


def _on_terminate(_number: int, _frame: Any) -> None:
    """Leave, but clean up first."""
    if _worker.idle.is_set():
        os._exit(128 + signal.SIGTERM)
    _worker.stopping = _worker.leaving = True
    _on_interrupt(signal.SIGINT, None)


def _watch(told: connection.Connection) -> None:
    """Interrupt the item under way when the parent says so or dies; end this process when it is dead."""
    parent = parent_process()
    assert parent is not None
    connection.wait([told, parent.sentinel])
    _worker.stopping = True
    if hasattr(signal, "pthread_kill"):  # it also wakes the main thread from a wait
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)
    connection.wait([parent.sentinel])
    _worker.idle.wait(_SECONDS_TO_CLEAN_UP)
    os._exit(1)
