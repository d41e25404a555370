"""Many items through one callable in worker processes: bounded, stoppable, and surviving the death of a worker."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from itertools import islice
from multiprocessing import active_children, get_context
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_state: dict[str, Any] = {"call": None, "busy": False}
"""This worker's callable, and whether an item is under way; set once by :func:`_start`."""


def run_in_processes(
    call: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    jobs: int,
    broken: Callable[[Item], Result],
    ordered: bool = False,
) -> Generator[tuple[Item, Result], None, None]:
    """Yield ``(item, call(item))`` as items finish, at most ``2 * jobs`` under way.

    Workers are spawned and get one pickled copy of ``call`` each. When the generator is closed or interrupted the
    workers are told to stop, so that they clean up what they were writing.

    Args:
        call: what each worker does to an item; what it loads lazily is loaded once per worker.
        items: taken one by one, as there is room.
        jobs: worker processes.
        broken: the result of an item that was under way when a worker died.
        ordered: yield in the order of ``items``; a slow item then holds back those behind it.
    """
    queue = iter(items)
    while (yield from _until_broken(call, queue, jobs, broken, ordered)):
        pass


def _until_broken(
    call: Callable[[Item], Result],
    queue: Iterator[Item],
    jobs: int,
    broken: Callable[[Item], Result],
    ordered: bool,
) -> Generator[tuple[Item, Result], None, bool]:
    """Run one pool until the queue is empty (False) or a worker died (True)."""
    others = set(active_children())
    under_way: dict[Future[Result], Item] = {}
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_start, initargs=(call,))
    try:
        while True:
            try:
                for item in islice(queue, 2 * jobs - len(under_way)):
                    under_way[pool.submit(_work, item)] = item
                if not under_way:
                    return False
                awaited = [next(iter(under_way))] if ordered else list(under_way)
                for future in wait(awaited, return_when=FIRST_COMPLETED).done:
                    result = future.result()
                    yield under_way.pop(future), result
            except BrokenProcessPool:
                lost = list(under_way.items())
                under_way.clear()
                yield from ((item, future.result() if _is_whole(future) else broken(item)) for future, item in lost)
                return True
    finally:
        if under_way:
            _interrupt(pid for child in set(active_children()) - others if (pid := child.pid))
        pool.shutdown(wait=True, cancel_futures=True)


def _is_whole(future: Future[Any]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _interrupt(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)


def _start(call: Callable[[Any], Any]) -> None:
    _state["call"] = call
    signal.signal(signal.SIGINT, _stop_item)


def _work(item: Any) -> Any:
    _state["busy"] = True
    try:
        return _state["call"](item)
    finally:
        _state["busy"] = False


def _stop_item(_number: int, _frame: Any) -> None:
    """Interrupt the item under way, once: a second signal must not cut off its cleaning up."""
    if _state["busy"]:
        _state["busy"] = False
        raise KeyboardInterrupt
