"""Call a function for many items in worker processes, with limits, clean interruption and recovery from crashes.

``concurrent.futures``, on which it is built, has no time limit for one item, and one worker that dies fails all items
of its pool.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from itertools import islice
from typing import Any, TypeAlias, TypeVar

from docsr.pool.patience import interruptible, patient
from docsr.pool.processes import NoProcesses, tell_alone, why_alone
from docsr.pool.sandbox import Sandbox, refuse_here, why_none
from docsr.pool.worker import concluding, in_worker, listening, reset_timeout, send, time_limit
from docsr.pool.workers import Pool, Work, opened

__all__ = [
    "Sandbox",
    "SingleWorker",
    "concluding",
    "in_worker",
    "interruptible",
    "patient",
    "reset_timeout",
    "run_here",
    "run_in_processes",
    "send",
    "tell_alone",
    "time_limit",
    "why_alone",
    "why_none",
]

Item = TypeVar("Item")
Result = TypeVar("Result")
_OnProgress: TypeAlias = Callable[[Item, Any], None]
"""Called with an item in progress and a value that its worker passed to :func:`send`."""

_ENDLESS = ": a page that hangs is not given up"
"""Addition to the warning about a single process, if items have a time limit."""


def run_here(
    call: Callable[[Item], Result], items: Iterable[Item], on_progress: _OnProgress[Item] | None = None
) -> Generator[tuple[Item, Result], None, None]:
    """Yield ``(item, call(item))`` one by one, in this process. See :func:`run_in_processes` for ``on_progress``."""
    for item in items:
        with interruptible(), listening(None if on_progress is None else partial(on_progress, item)):
            result = call(item)
        yield item, result


def run_in_processes(
    call: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    jobs: int,
    on_crash: Callable[[Item], Result],
    ordered: bool = False,
    limit: float | None = None,
    memory: Callable[[Item], int] | None = None,
    sandbox: Sandbox | None = None,
    on_progress: _OnProgress[Item] | None = None,
    on_timeout: Callable[[Item], Result] | None = None,
) -> Generator[tuple[Item, Result], None, None]:
    """Yield ``(item, call(item))`` as items finish, with at most ``2 * jobs`` items in progress.

    Workers are spawned, and each gets a pickled copy of ``call``. If the generator is closed or interrupted, or this
    process dies, a KeyboardInterrupt makes each worker drop its item and clean up; finished results are yielded first.
    If a worker dies, each item in progress is done again in its own worker. If none can be started, this process works.

    Args:
        call: the function for each item; whatever it loads lazily is loaded once per worker.
        items: the items, taken one by one when there is room.
        jobs: the number of worker processes.
        on_crash: gives the result of an item that kills its worker.
        ordered: whether to yield in the order of ``items``; a slow item then delays those behind it.
        limit: seconds after which a hanging worker is ended; :func:`reset_timeout` restarts the count. None: never.
        memory: gives the bytes that a worker may hold during an item (:func:`docsr.pool.memory.limit_memory`).
        sandbox: the workers' rights, or None for all rights of this process.
        on_progress: called in this thread, before the result, with an item and a value of :func:`send`, if not dropped.
        on_timeout: gives the result of an item that took longer than ``limit``; None for ``on_crash``.
    """
    queue, workers = iter(items), partial(opened, Work(call, limit, memory, sandbox, on_progress))
    alone = partial(_alone, workers, on_crash=on_crash, on_timeout=on_timeout or on_crash)
    try:
        while suspects := (yield from _until_broken(workers, queue, jobs, ordered)):
            yield from _each_alone(suspects, alone)
    except NoProcesses as error:
        refuse_here(sandbox, str(error))
        tell_alone(str(error), "" if limit is None else _ENDLESS)
        yield from run_here(call, queue, on_progress)


class SingleWorker:
    """One worker process for items that come one by one. It is reused for each item and replaced if it dies.

    An item whose worker dies is tried once more.
    """

    def __init__(
        self,
        call: Callable[[Any], Any],
        on_crash: Callable[[Any], Any],
        limit: float | None = None,
        memory: Callable[[Any], int] | None = None,
        sandbox: Sandbox | None = None,
        on_timeout: Callable[[Any], Any] | None = None,
    ) -> None:
        """Keep the arguments, which are as in :func:`run_in_processes`. The process starts with the first item."""
        self._call, self._broken, self._limit, self._sandbox = call, on_crash, limit, sandbox
        self._late = on_timeout or on_crash
        self._workers = partial(opened, Work(call, limit, memory, sandbox))
        self._opened = ExitStack()
        self._pool: Pool | None = None

    def __call__(self, item: Any) -> Any:
        """Return the result of one item."""
        failed_result = self._broken
        for _ in range(2):
            if self._pool is None:
                try:
                    self._pool = self._opened.enter_context(self._workers(1))
                except NoProcesses as error:
                    refuse_here(self._sandbox, str(error))
                    tell_alone(str(error), "" if self._limit is None else _ENDLESS)
                    return self._call(item)
            try:
                return self._pool.submit(item).result()
            except BrokenProcessPool:
                failed_result = self._late if self._pool.was_late() else self._broken
                self.close()
        return failed_result(item)

    def close(self) -> None:
        """End the process and drop its current item."""
        self._pool = None
        self._opened.close()


def _until_broken(
    workers: Callable[[int], AbstractContextManager[Pool]], queue: Iterator[Item], jobs: int, ordered: bool
) -> Generator[tuple[Item, Any], None, list[tuple[Item, Future[Any]]]]:
    """Run one pool until the queue is empty or a worker dies. Return the items in progress at that time."""
    in_progress: dict[Future[Any], Item] = {}
    try:
        with workers(jobs) as pool:
            while True:
                for item in islice(queue, 2 * jobs - len(in_progress)):
                    in_progress[pool.submit(item)] = item
                if not in_progress:
                    return []
                awaited = [next(iter(in_progress))] if ordered else list(in_progress)
                for future in pool.wait(awaited):
                    result = future.result()
                    yield in_progress.pop(future), result
    except BrokenProcessPool:
        return [(item, future) for future, item in in_progress.items()]
    except KeyboardInterrupt:
        yield from _finished_results([(item, future) for future, item in in_progress.items()])
        raise


def _each_alone(
    suspects: list[tuple[Item, Future[Any]]], alone: Callable[[Item], Result]
) -> Generator[tuple[Item, Result], None, None]:
    """Yield the result of each item in order. Process items without a result now, each in its own worker."""
    remaining = list(reversed(suspects))
    try:
        while remaining:
            item, future = remaining.pop()
            yield item, future.result() if _has_result(future) else alone(item)
    except KeyboardInterrupt:
        yield from _finished_results(reversed(remaining))
        raise


def _finished_results(items: Iterable[tuple[Item, Future[Any]]]) -> Iterator[tuple[Item, Any]]:
    return ((item, future.result()) for item, future in items if _has_result(future))


def _alone(
    workers: Callable[[int], AbstractContextManager[Pool]],
    item: Item,
    on_crash: Callable[[Item], Result],
    on_timeout: Callable[[Item], Result],
) -> Result:
    """Process one item in a worker of its own, so that the item is the cause if the worker dies."""
    try:
        with workers(1) as pool:
            future = pool.submit(item)
            pool.wait([future])
            if _is_broken(future):
                return (on_timeout if pool.was_late() else on_crash)(item)
            result: Result = future.result()
    except (BrokenProcessPool, NoProcesses):  # the item must not run here: it could end this process
        return on_crash(item)
    return result


def _is_broken(future: Future[Any]) -> bool:
    return not future.cancelled() and isinstance(future.exception(), BrokenProcessPool)


def _has_result(future: Future[Any]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
