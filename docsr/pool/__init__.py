"""Many items through one callable in worker processes: bounded, stoppable, and surviving the death of a worker."""

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
from docsr.pool.worker import concluding, hearing, in_worker, reset_timeout, send, time_limit
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
_Heard: TypeAlias = Callable[[Item, Any], None]
"""Called with an item under way, and what :func:`send` was given while it was worked on."""

_ENDLESS = ": a page that hangs is not given up"
"""What else to tell then, where items have a limit on their time."""


def run_here(
    call: Callable[[Item], Result], items: Iterable[Item], heard: _Heard[Item] | None = None
) -> Generator[tuple[Item, Result], None, None]:
    """Yield ``(item, call(item))`` one by one, in this process; ``heard`` as of :func:`run_in_processes`."""
    for item in items:
        with interruptible(), hearing(None if heard is None else partial(heard, item)):
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
    heard: _Heard[Item] | None = None,
    on_timeout: Callable[[Item], Result] | None = None,
) -> Generator[tuple[Item, Result], None, None]:
    """Yield ``(item, call(item))`` as items finish, at most ``2 * jobs`` under way.

    Workers are spawned and get a pickled copy of ``call`` each. When the generator is closed or interrupted, or this
    process dies, each worker drops its item by a KeyboardInterrupt and cleans up; what had finished is yielded first.
    What was under way when a worker died is done again, each item in a worker of its own. Without processes it is here.

    Args:
        call: what each worker does to an item; what it loads lazily is loaded once per worker.
        items: taken one by one, as there is room.
        jobs: worker processes.
        on_crash: the result of an item that kills its worker.
        ordered: yield in the order of ``items``; a slow item then holds back those behind it.
        limit: seconds after which a worker that hangs is ended, counted anew by :func:`reset_timeout`; none: never.
        memory: gives the bytes that a worker may hold while it is at an item (:func:`docsr.pool.memory.limit_memory`).
        sandbox: what workers may do; None: whatever this process may.
        heard: called, in this thread and before the result, with an item and what :func:`send` told; some is dropped.
        on_timeout: the result of an item that took longer than ``limit``; None: ``on_crash``.
    """
    queue, workers = iter(items), partial(opened, Work(call, limit, memory, sandbox, heard))
    alone = partial(_alone, workers, on_crash=on_crash, on_timeout=on_timeout or on_crash)
    try:
        while suspects := (yield from _until_broken(workers, queue, jobs, ordered)):
            yield from _each_alone(suspects, alone)
    except NoProcesses as error:
        refuse_here(sandbox, str(error))
        tell_alone(str(error), "" if limit is None else _ENDLESS)
        yield from run_here(call, queue, heard)


class SingleWorker:
    """One worker process for items that come one by one; it is kept from item to item, and replaced when it dies.

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
        """Take what :func:`run_in_processes` takes; the process starts with the first item."""
        self._call, self._broken, self._limit, self._sandbox = call, on_crash, limit, sandbox
        self._late = on_timeout or on_crash
        self._workers = partial(opened, Work(call, limit, memory, sandbox))
        self._opened = ExitStack()
        self._pool: Pool | None = None

    def __call__(self, item: Any) -> Any:
        """Return the result of one item."""
        lost = self._broken
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
                lost = self._late if self._pool.was_late() else self._broken
                self.close()
        return lost(item)

    def close(self) -> None:
        """End the process, dropping what it is at."""
        self._pool = None
        self._opened.close()


def _until_broken(
    workers: Callable[[int], AbstractContextManager[Pool]], queue: Iterator[Item], jobs: int, ordered: bool
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
        yield from _of_whole([(item, future) for future, item in under_way.items()])
        raise


def _each_alone(
    suspects: list[tuple[Item, Future[Any]]], alone: Callable[[Item], Result]
) -> Generator[tuple[Item, Result], None, None]:
    """Yield the result of each item, in their order; those that have none are done now."""
    left = list(reversed(suspects))
    try:
        while left:
            item, future = left.pop()
            yield item, future.result() if _is_whole(future) else alone(item)
    except KeyboardInterrupt:
        yield from _of_whole(reversed(left))
        raise


def _of_whole(items: Iterable[tuple[Item, Future[Any]]]) -> Iterator[tuple[Item, Any]]:
    return ((item, future.result()) for item, future in items if _is_whole(future))


def _alone(
    workers: Callable[[int], AbstractContextManager[Pool]],
    item: Item,
    on_crash: Callable[[Item], Result],
    on_timeout: Callable[[Item], Result],
) -> Result:
    """Do one item in a worker that has nothing else to do, so that its death is the item's doing."""
    try:
        with workers(1) as pool:
            future = pool.submit(item)
            pool.wait([future])
            if _is_broken(future):
                return (on_timeout if pool.was_late() else on_crash)(item)
            result: Result = future.result()
    except (BrokenProcessPool, NoProcesses):  # here it would end this process
        return on_crash(item)
    return result


def _is_broken(future: Future[Any]) -> bool:
    return not future.cancelled() and isinstance(future.exception(), BrokenProcessPool)


def _is_whole(future: Future[Any]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
