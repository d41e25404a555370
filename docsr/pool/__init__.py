"""Many items through one callable in worker processes: bounded, stoppable, and surviving the death of a worker."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from itertools import count, islice
from multiprocessing import connection, get_context, resource_tracker
from multiprocessing.context import SpawnContext
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from docsr.errors import NoTemporaryFolder
from docsr.pool.processes import NoProcesses, end_left, launching, tell_alone, why_alone
from docsr.pool.worker import STOPPING, Finished, alive, hearing, in_worker, start, tell, time_limit, work
from docsr.temporary import temporary_folder

__all__ = [
    "Apart",
    "Finished",
    "alive",
    "in_worker",
    "run_here",
    "run_in_processes",
    "tell",
    "tell_alone",
    "time_limit",
    "why_alone",
]

Item = TypeVar("Item")
Result = TypeVar("Result")
_Heard: TypeAlias = Callable[[Item, Any], None]
"""Called with an item under way, and what :func:`tell` was given while it was worked on."""

_ENDLESS = ": a page that hangs is not given up"
"""What else to tell then, where items have a limit on their time."""

_SECONDS_BETWEEN_LOOKS = 0.25
"""How often it is looked whether a worker has told something."""


def run_here(
    call: Callable[[Item], Result], items: Iterable[Item], heard: _Heard[Item] | None = None
) -> Generator[tuple[Item, Result], None, None]:
    """Yield ``(item, call(item))`` one by one, in this process; ``heard`` as of :func:`run_in_processes`."""
    for item in items:
        try:
            with hearing(None if heard is None else partial(heard, item)):
                result = call(item)
        except Finished as stop:
            yield item, stop.result
            raise
        yield item, result


def run_in_processes(
    call: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    jobs: int,
    broken: Callable[[Item], Result],
    ordered: bool = False,
    limit: float | None = None,
    memory: Callable[[Item], int] | None = None,
    heard: _Heard[Item] | None = None,
) -> Generator[tuple[Item, Result], None, None]:
    """Yield ``(item, call(item))`` as items finish, at most ``2 * jobs`` under way.

    Workers are spawned and get one pickled copy of ``call`` each. When the generator is closed or interrupted, or when
    this process dies, each worker drops its item by a KeyboardInterrupt, so that it cleans up what it was writing, and
    starts no other. On KeyboardInterrupt what had finished is still yielded before it is raised again.

    When a worker dies, what was under way is done again, one item at a time in a worker of its own, so that only the
    item that kills its worker is lost. ``call`` may therefore see an item twice.

    Where no processes can be made, all is done in this one, as by :func:`run_here`, which is told once.

    Args:
        call: what each worker does to an item; what it loads lazily is loaded once per worker.
        items: taken one by one, as there is room.
        jobs: worker processes.
        broken: the result of an item that kills its worker.
        ordered: yield in the order of ``items``; a slow item then holds back those behind it.
        limit: seconds after which a worker that hangs is ended, counted anew by each :func:`alive`; none: never.
        memory: gives the bytes that a worker may hold while it is at an item (:func:`docsr.pool.memory.limit_memory`).
        heard: called, in this thread and before the item's result is yielded, with an item and what a worker told of
            it by :func:`tell`. What comes faster than it can be taken is dropped.
    """
    queue, workers = iter(items), partial(_workers, call, limit, memory, heard)
    try:
        while suspects := (yield from _until_broken(workers, queue, jobs, ordered)):
            for item, future in suspects:
                yield item, future.result() if _is_whole(future) else _alone(workers, item, broken)
    except NoProcesses as error:
        tell_alone(str(error), "" if limit is None else _ENDLESS)
        yield from run_here(call, queue, heard)


class Apart:
    """One worker process for items that come one by one; it is kept from item to item, and replaced when it dies.

    An item whose worker dies is tried once more.
    """

    def __init__(
        self,
        call: Callable[[Any], Any],
        broken: Callable[[Any], Any],
        limit: float | None = None,
        memory: Callable[[Any], int] | None = None,
    ) -> None:
        """Take what :func:`run_in_processes` takes; the process starts with the first item."""
        self._call, self._broken, self._limit = call, broken, limit
        self._workers = partial(_workers, call, limit, memory, None)
        self._opened = ExitStack()
        self._pool: _Pool | None = None

    def __call__(self, item: Any) -> Any:
        """Return the result of one item."""
        for _ in range(2):
            if self._pool is None:
                try:
                    self._pool = self._opened.enter_context(self._workers(1))
                except NoProcesses as error:
                    tell_alone(str(error), "" if self._limit is None else _ENDLESS)
                    return self._call(item)
            try:
                return self._pool.submit(item).result()
            except BrokenProcessPool:
                self.close()
        return self._broken(item)

    def close(self) -> None:
        """End the process, dropping what it is at."""
        self._pool = None
        self._opened.close()


def _until_broken(
    workers: Callable[[int], AbstractContextManager[_Pool]], queue: Iterator[Item], jobs: int, ordered: bool
) -> Generator[tuple[Item, Any], None, list[tuple[Item, Future[Any]]]]:
    """Run one pool until the queue is empty or a worker died; return what was under way then."""
    under_way: dict[Future[Any], Item] = {}
    try:
        with workers(jobs) as pool:
            while True:
                for item in islice(queue, 2 * jobs - len(under_way)):
                    under_way[pool.submit(item)] = item
                if not under_way:
                    return []
                awaited = [next(iter(under_way))] if ordered else list(under_way)
                for future in pool.wait(awaited):
                    result = future.result()
                    yield under_way.pop(future), result
    except BrokenProcessPool:
        return [(item, future) for future, item in under_way.items()]
    except KeyboardInterrupt:
        for future, item in under_way.items():
            if _is_whole(future):
                yield item, future.result()
            elif future.done() and not future.cancelled() and isinstance(stop := future.exception(), Finished):
                yield item, stop.result
        raise


def _alone(
    workers: Callable[[int], AbstractContextManager[_Pool]], item: Item, broken: Callable[[Item], Result]
) -> Result:
    """Do one item in a worker that has nothing else to do, so that its death is the item's doing."""
    try:
        with workers(1) as pool:
            future = pool.submit(item)
            pool.wait([future])
            result: Result = future.result()
    except (BrokenProcessPool, NoProcesses):  # here it would end this process
        return broken(item)
    return result


@contextmanager
def _workers(
    call: Callable[[Any], Any],
    limit: float | None,
    memory: Callable[[Any], int] | None,
    heard: _Heard[Any] | None,
    jobs: int,
) -> Iterator[_Pool]:
    """A pool that drops what is still under way when the block ends.

    Workers are told by the closing of a pipe, which also reaches one that has not begun to listen.
    """
    context = get_context("spawn")
    with _place() as place, _ear(context, heard) as (ear, mouth):
        told, telling = context.Pipe(duplex=False)
        given = call, told, mouth, limit, memory, place
        with ExitStack() as opened:
            opened.callback(told.close)
            with launching(), _whole():
                executor = ProcessPoolExecutor(jobs, mp_context=context, initializer=start, initargs=given)
                opened.callback(end_left, executor._processes)
                opened.callback(executor.shutdown, wait=True, cancel_futures=True)
                opened.callback(telling.close)
                for _ in range(jobs):
                    executor.submit(_begin)
            yield _Pool(executor, ear, heard)


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
    context: SpawnContext, heard: _Heard[Any] | None
) -> Iterator[tuple[connection.Connection | None, connection.Connection | None]]:
    """The two ends of the pipe through which workers tell how far they are; of none, where nobody listens."""
    if heard is None:
        yield None, None
        return
    ear, mouth = context.Pipe(duplex=False)
    if os.name == "posix":  # a worker shall never wait for room: there is more to be told soon
        os.set_blocking(mouth.fileno(), False)
    with ear, mouth:
        yield ear, mouth


class _Pool:
    """Worker processes, and what they tell of the items under way."""

    def __init__(
        self, executor: ProcessPoolExecutor, ear: connection.Connection | None, heard: _Heard[Any] | None
    ) -> None:
        self._executor, self._ear, self._heard = executor, ear, heard
        self._numbers, self._items = count(), dict[int, Any]()
        self._under_way: dict[Future[Any], int] = {}

    def submit(self, item: Any) -> Future[Any]:
        """Submit an item; in a pool that is found broken the item is not lost, its future says so."""
        number = next(self._numbers)
        try:
            with _whole():
                future = self._executor.submit(work, number, item)
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
        while not (done := wait(awaited, timeout=pause, return_when=FIRST_COMPLETED).done):
            self._hear()
        self._hear()
        for future in done:
            self._items.pop(self._under_way.pop(future, -1), None)
        return done

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


def _is_whole(future: Future[Any]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
