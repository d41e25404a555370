"""Many items through one callable in worker processes: bounded, stoppable, and surviving the death of a worker."""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from multiprocessing import connection, get_context, parent_process
from typing import Any, TypeAlias, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
_Pool: TypeAlias = AbstractContextManager[ProcessPoolExecutor]

_SECONDS_TO_CLEAN_UP = 30
"""A worker whose parent is gone ends after so long, even if what it was doing has not let go."""


class Finished(KeyboardInterrupt):
    """Raised by a callable in the place of a KeyboardInterrupt that came when its work was done, to tell the result."""

    def __init__(self, result: Any) -> None:
        super().__init__(result)
        self.result = result


def run_here(call: Callable[[Item], Result], items: Iterable[Item]) -> Generator[tuple[Item, Result], None, None]:
    """Yield ``(item, call(item))`` one by one, in this process."""
    for item in items:
        try:
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
) -> Generator[tuple[Item, Result], None, None]:
    """Yield ``(item, call(item))`` as items finish, at most ``2 * jobs`` under way.

    Workers are spawned and get one pickled copy of ``call`` each. When the generator is closed or interrupted, or when
    this process dies, each worker drops its item by a KeyboardInterrupt, so that it cleans up what it was writing, and
    starts no other. On KeyboardInterrupt what had finished is still yielded before it is raised again.

    When a worker dies, what was under way is done again, one item at a time in a worker of its own, so that only the
    item that kills its worker is lost. ``call`` may therefore see an item twice.

    Args:
        call: what each worker does to an item; what it loads lazily is loaded once per worker.
        items: taken one by one, as there is room.
        jobs: worker processes.
        broken: the result of an item that kills its worker.
        ordered: yield in the order of ``items``; a slow item then holds back those behind it.
        limit: seconds after which a worker that hangs is ended, counted anew by each :func:`alive`; none: never.
    """
    queue, workers = iter(items), partial(_workers, call, limit)
    while suspects := (yield from _until_broken(workers, queue, jobs, ordered)):
        for item, future in suspects:
            yield item, future.result() if _is_whole(future) else _alone(workers, item, broken)


class Apart:
    """One worker process for items that come one by one; it is kept from item to item, and replaced when it dies.

    An item whose worker dies is tried once more.
    """

    def __init__(self, call: Callable[[Any], Any], broken: Callable[[Any], Any], limit: float | None = None) -> None:
        """Take what :func:`run_in_processes` takes; the process starts with the first item."""
        self._call, self._broken, self._limit = call, broken, limit
        self._opened = ExitStack()
        self._pool: ProcessPoolExecutor | None = None

    def __call__(self, item: Any) -> Any:
        """Return the result of one item."""
        for _ in range(2):
            if self._pool is None:
                self._pool = self._opened.enter_context(_workers(self._call, self._limit, 1))
            try:
                return _submit(self._pool, item).result()
            except BrokenProcessPool:
                self.close()
        return self._broken(item)

    def close(self) -> None:
        """End the process, dropping what it is at."""
        self._pool = None
        self._opened.close()


def alive() -> None:
    """Say, from within an item, that a part of it is done: the limit on its time begins anew."""
    if _worker.limit is not None:
        # Its thread does without the interpreter, which a hanging decoder may never give back.
        faulthandler.dump_traceback_later(_worker.limit, exit=True, file=_worker.nowhere)


def time_limit() -> float | None:
    """Return the seconds that an item may take here, for what it starts itself; None: no limit."""
    return _worker.limit


def in_worker() -> bool:
    """Tell whether this process is a worker."""
    return _worker.call is not None


def _until_broken(
    workers: Callable[[int], _Pool], queue: Iterator[Item], jobs: int, ordered: bool
) -> Generator[tuple[Item, Any], None, list[tuple[Item, Future[Any]]]]:
    """Run one pool until the queue is empty or a worker died; return what was under way then."""
    under_way: dict[Future[Any], Item] = {}
    try:
        with workers(jobs) as pool:
            while True:
                for item in islice(queue, 2 * jobs - len(under_way)):
                    under_way[_submit(pool, item)] = item
                if not under_way:
                    return []
                awaited = [next(iter(under_way))] if ordered else list(under_way)
                for future in wait(awaited, return_when=FIRST_COMPLETED).done:
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


def _alone(workers: Callable[[int], _Pool], item: Item, broken: Callable[[Item], Result]) -> Result:
    """Do one item in a worker that has nothing else to do, so that its death is the item's doing."""
    with workers(1) as pool:
        try:
            result: Result = _submit(pool, item).result()
        except BrokenProcessPool:
            return broken(item)
        return result


@contextmanager
def _workers(call: Callable[[Any], Any], limit: float | None, jobs: int) -> Iterator[ProcessPoolExecutor]:
    """A pool that drops what is still under way when the block ends.

    Workers are told by the closing of a pipe, which also reaches one that has not begun to listen.
    """
    context = get_context("spawn")
    told, telling = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start, initargs=(call, told, limit))
    try:
        yield pool
    finally:
        telling.close()
        pool.shutdown(wait=True, cancel_futures=True)
        told.close()


def _submit(pool: ProcessPoolExecutor, item: Any) -> Future[Any]:
    """Submit an item; in a pool that is found broken the item is not lost, its future says so."""
    try:
        with _sigint_blocked():
            return pool.submit(_work, item)
    except BrokenProcessPool as error:
        future: Future[Any] = Future()
        future.set_exception(error)
        return future


@contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Spawn workers deaf to Ctrl-C until they have their own way of stopping: a terminal sends it to them too."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _is_whole(future: Future[Any]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


# What follows runs in the workers.


@dataclass
class _Worker:
    """This process as a worker.

    Attributes:
        call: what it does to an item.
        armed: whether a signal may interrupt the item under way: once, or a second one cuts off its cleaning up.
        idle: set while no item is under way.
        limit: seconds that an item may take from one :func:`alive` to the next.
        nowhere: descriptor for what nobody shall read.
        stopping: whether to start no more items.
        leaving: whether to end once the item under way has cleaned up.
    """

    call: Callable[[Any], Any] | None = None
    armed: bool = False
    idle: threading.Event = field(default_factory=threading.Event)
    limit: float | None = None
    nowhere: int = -1
    stopping: bool = False
    leaving: bool = False


_worker = _Worker()


def _start(call: Callable[[Any], Any], told: connection.Connection, limit: float | None) -> None:
    _worker.call, _worker.limit = call, limit
    if limit is not None:
        _worker.nowhere = os.open(os.devnull, os.O_WRONLY)
    _worker.idle.set()
    signal.signal(signal.SIGINT, _on_interrupt)
    signal.signal(signal.SIGTERM, _on_terminate)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_watch, args=(told,), daemon=True).start()


def _work(item: Any) -> Any:
    assert _worker.call is not None
    _worker.idle.clear()
    _worker.armed = True
    try:
        if _worker.stopping:
            raise KeyboardInterrupt
        alive()
        return _worker.call(item)
    finally:
        faulthandler.cancel_dump_traceback_later()
        _worker.armed = False
        _worker.idle.set()
        if _worker.leaving:
            os._exit(128 + signal.SIGTERM)


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
