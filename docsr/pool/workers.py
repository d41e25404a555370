"""Start a pool of worker processes, give them items, and receive their progress."""

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

OnProgress: TypeAlias = Callable[[Any, Any], None]
"""Called with an item in progress and a value that its worker passed to :func:`docsr.pool.send`."""

_POLL_SECONDS = 0.25
"""Seconds between two checks for progress from the workers."""


@dataclass(frozen=True, slots=True)
class Work:
    """The workers' function and limits. See :func:`docsr.pool.run_in_processes` for each attribute."""

    call: Callable[[Any], Any]
    limit: float | None = None
    memory: Callable[[Any], int] | None = None
    sandbox: Sandbox | None = None
    on_progress: OnProgress | None = None


@contextmanager
def opened(work: Work, jobs: int) -> Iterator[Pool]:
    """Yield a pool of ``jobs`` workers. It drops the items still in progress when the block ends.

    If no worker can start in the sandbox, the workers run without it, unless it is required.

    Raises:
        NoProcesses: no worker can be started.
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
    """Yield a pool as :func:`opened` does.

    Closing a pipe stops the workers. This also reaches a worker that has not begun to watch the pipe.

    Raises:
        NoProcesses: no worker can be started.
        CannotBegin: the first worker ended in its sandbox before it got an item.
    """
    with (
        _temporary_folder() as temporary,
        spawning(work.sandbox, temporary) as context,
        _pipe_from_workers(context, work.on_progress is not None) as (receiver, sender),
        _pipe_from_workers(context, work.limit is not None and os.name == "posix") as (timeout_receiver, late),
    ):
        stop, stopper = context.Pipe(duplex=False)
        arguments = work.call, stop, sender, work.limit, work.memory, temporary, late
        with ExitStack() as stack:
            stack.callback(stop.close)
            with launching(), _signals_blocked():
                executor = ProcessPoolExecutor(jobs, mp_context=context, initializer=start, initargs=arguments)
                if work.sandbox is not None:
                    guard(executor._result_queue._reader)  # type: ignore[attr-defined]
                    guard(receiver)
                stack.callback(end_left, executor._processes)
                stack.callback(executor.shutdown, wait=True, cancel_futures=True)
                stack.callback(stopper.close)
                begun = [executor.submit(_begin) for _ in range(jobs)]
            if work.sandbox is not None:
                with interruptible():
                    wait_for_first(begun)
            yield Pool(executor, receiver, work.on_progress, timeout_receiver)


def _begin() -> None:
    """Do nothing. As first item it makes a pool start all processes, so that start errors come before real items."""


@contextmanager
def _temporary_folder() -> Iterator[Path | None]:
    """Yield a folder for the workers' temporary files, or None. It is removed with the leftovers of killed workers."""
    with ExitStack() as stack:
        temporary = None
        with suppress(NoTemporaryFolder):  # code that needs a temporary folder reports the error itself
            temporary = stack.enter_context(temporary_folder())
        yield temporary


@contextmanager
def _pipe_from_workers(
    context: SpawnContext, wanted: bool
) -> Iterator[tuple[connection.Connection | None, connection.Connection | None]]:
    """Yield both ends of a pipe from the workers to this process, or (None, None) if it is not wanted."""
    if not wanted:
        yield None, None
        return
    receiver, sender = context.Pipe(duplex=False)
    if os.name == "posix":  # a worker must never wait for room in the pipe: newer progress follows soon
        os.set_blocking(sender.fileno(), False)
    with receiver, sender:
        yield receiver, sender


class Pool:
    """Worker processes and the progress of their items."""

    def __init__(
        self,
        executor: ProcessPoolExecutor,
        receiver: connection.Connection | None,
        on_progress: OnProgress | None,
        timeout_receiver: connection.Connection | None,
    ) -> None:
        self._executor, self._receiver, self._on_progress = executor, receiver, on_progress
        self._timeout_receiver = timeout_receiver
        self._processes = executor._processes
        self._numbers, self._items = count(), dict[int, Any]()
        self._in_progress: dict[Future[Any], int] = {}

    def submit(self, item: Any) -> Future[Any]:
        """Submit an item. If the pool is broken, the returned future holds the BrokenProcessPool error."""
        number = next(self._numbers)
        try:
            with _signals_blocked():
                future = self._executor.submit(done, number, item)
        except BrokenProcessPool as error:
            broken: Future[Any] = Future()
            broken.set_exception(error)
            return broken
        if self._on_progress is not None:
            self._in_progress[future], self._items[number] = number, item
        return future

    def wait(self, awaited: list[Future[Any]]) -> set[Future[Any]]:
        """Wait until at least one future is done, and receive progress meanwhile. Return the futures that are done."""
        pause = None if self._receiver is None else _POLL_SECONDS
        with interruptible():
            while not (done := wait(awaited, timeout=pause, return_when=FIRST_COMPLETED).done):
                self._receive()
            self._receive()
        for future in done:
            self._items.pop(self._in_progress.pop(future, -1), None)
        return done

    def was_late(self) -> bool:
        """Return whether a worker of this broken pool ended because its item took longer than the limit.

        Data in the pipe from faulthandler means that it did; the data itself is not read. Without a pipe, the worker's
        exit code shows it.
        """
        if self._timeout_receiver is not None:
            return self._timeout_receiver.poll()
        ended = list(self._processes.values()) if os.name != "posix" else []
        return any(process.exitcode == LATE for process in ended)

    def _receive(self) -> None:
        while self._receiver is not None and self._on_progress is not None and self._receiver.poll():
            number, value = self._receiver.recv()
            if number in self._items:
                self._on_progress(self._items[number], value)


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block stop signals while workers start, in this process and in the workers until they have their own handlers.

    A terminal sends Ctrl-C to the workers too. A signal that interrupted the start in this process would leave a worker
    waiting for its first item.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # started with a worker instead, it would unblock the signals
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
