"""A pool of worker processes: started in one piece, told what to do, and heard."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count
from multiprocessing import connection, resource_tracker
from multiprocessing.context import SpawnContext
from pathlib import Path
from typing import Any, TypeAlias

from docsr.errors import NoTemporaryFolder
from docsr.pool.patience import STOPPING, interruptible
from docsr.pool.processes import end_left, launching
from docsr.pool.received import guard
from docsr.pool.sandbox import CannotBegin, Sandbox, go_without, spawning, wait_for_first
from docsr.pool.worker import LATE, start
from docsr.pool.worker import work as done
from docsr.system.temporary import temporary_folder

Heard: TypeAlias = Callable[[Any, Any], None]
"""Called with an item under way, and what :func:`docsr.pool.tell` was given while it was worked on."""

_SECONDS_BETWEEN_LOOKS = 0.25
"""How often it is looked whether a worker has told something."""


@dataclass(frozen=True, slots=True)
class Work:
    """What workers are for; the parts are said at :func:`docsr.pool.run_in_processes`."""

    call: Callable[[Any], Any]
    limit: float | None = None
    memory: Callable[[Any], int] | None = None
    sandbox: Sandbox | None = None
    heard: Heard | None = None


@contextmanager
def opened(work: Work, jobs: int) -> Iterator[Pool]:
    """A pool of ``jobs`` workers that drops what is still under way when the block ends.

    Where no worker begins in the sandbox, they do without, unless it is required.

    Raises:
        NoProcesses: none can be started.
        UsageError: a sandbox is required, and there is none.
    """
    with ExitStack() as stack:
        try:
            pool = stack.enter_context(_started(work, jobs))
        except CannotBegin:
            go_without(work.sandbox)
            pool = stack.enter_context(_started(replace(work, sandbox=None), jobs))
        yield pool


@contextmanager
def _started(work: Work, jobs: int) -> Iterator[Pool]:
    """A pool as of :func:`opened`.

    Workers are told by the closing of a pipe, which also reaches one that has not begun to listen.

    Raises:
        NoProcesses: none can be started.
        CannotBegin: the first ended in its sandbox before it was given anything.
    """
    with (
        _place() as place,
        spawning(work.sandbox, place) as context,
        _ear(context, work.heard is not None) as (ear, mouth),
        _ear(context, work.limit is not None and os.name == "posix") as (clock, late),
    ):
        told, telling = context.Pipe(duplex=False)
        given = work.call, told, mouth, work.limit, work.memory, place, late
        with ExitStack() as stack:
            stack.callback(told.close)
            with launching(), _whole():
                executor = ProcessPoolExecutor(jobs, mp_context=context, initializer=start, initargs=given)
                if work.sandbox is not None:
                    guard(executor._result_queue._reader)  # type: ignore[attr-defined]
                    guard(ear)
                stack.callback(end_left, executor._processes)
                stack.callback(executor.shutdown, wait=True, cancel_futures=True)
                stack.callback(telling.close)
                begun = [executor.submit(_begin) for _ in range(jobs)]
            if work.sandbox is not None:
                with interruptible():
                    wait_for_first(begun)
            yield Pool(executor, ear, work.heard, clock)


def _begin() -> None:
    """What makes a pool start its processes, all at once: what keeps one from starting is met before any item is."""


@contextmanager
def _place() -> Iterator[Path | None]:
    """Where the temporary files of workers go: removed with what workers that were killed left; None: nowhere."""
    with ExitStack() as stack:
        place = None
        with suppress(NoTemporaryFolder):  # what needs one says so
            place = stack.enter_context(temporary_folder())
        yield place


@contextmanager
def _ear(
    context: SpawnContext, wanted: bool
) -> Iterator[tuple[connection.Connection | None, connection.Connection | None]]:
    """The two ends of a pipe through which workers tell something; of none, where nobody listens."""
    if not wanted:
        yield None, None
        return
    ear, mouth = context.Pipe(duplex=False)
    if os.name == "posix":  # a worker shall never wait for room: there is more to be told soon
        os.set_blocking(mouth.fileno(), False)
    with ear, mouth:
        yield ear, mouth


class Pool:
    """Worker processes, and what they tell of the items under way."""

    def __init__(
        self,
        executor: ProcessPoolExecutor,
        ear: connection.Connection | None,
        heard: Heard | None,
        clock: connection.Connection | None,
    ) -> None:
        self._executor, self._ear, self._heard, self._clock = executor, ear, heard, clock
        self._processes = executor._processes
        self._numbers, self._items = count(), dict[int, Any]()
        self._under_way: dict[Future[Any], int] = {}

    def submit(self, item: Any) -> Future[Any]:
        """Submit an item; in a pool that is found broken the item is not lost, its future says so."""
        number = next(self._numbers)
        try:
            with _whole():
                future = self._executor.submit(done, number, item)
        except BrokenProcessPool as error:
            broken: Future[Any] = Future()
            broken.set_exception(error)
            return broken
        if self._heard is not None:
            self._under_way[future], self._items[number] = number, item
        return future

    def wait(self, awaited: list[Future[Any]]) -> set[Future[Any]]:
        """Wait until at least one of them is done, and hear what is told meanwhile; return those that are."""
        pause = None if self._ear is None else _SECONDS_BETWEEN_LOOKS
        with interruptible():
            while not (done := wait(awaited, timeout=pause, return_when=FIRST_COMPLETED).done):
                self._hear()
            self._hear()
        for future in done:
            self._items.pop(self._under_way.pop(future, -1), None)
        return done

    def was_late(self) -> bool:
        """Tell, of a broken pool, whether a worker ended because its item took longer than the limit.

        What it wrote then is not read: that there is something says it. Where it can write nothing, the code says it
        with which it ends.
        """
        if self._clock is not None:
            return self._clock.poll()
        ended = list(self._processes.values()) if os.name != "posix" else []
        return any(process.exitcode == LATE for process in ended)

    def _hear(self) -> None:
        while self._ear is not None and self._heard is not None and self._ear.poll():
            number, value = self._ear.recv()
            if number in self._items:
                self._heard(self._items[number], value)


@contextmanager
def _whole() -> Iterator[None]:
    """Spawn workers in one piece, and deaf until they have their own way of stopping.

    A terminal sends Ctrl-C to them too; and a signal that ended this process's part of the start would leave a worker
    that waits for what it is to do.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # it would let the signals through when a worker's start begins it
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
