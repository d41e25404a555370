"""Run one function over many items in worker processes, with bounded memory and results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def map_ordered(function: Callable[[A], B], items: Iterable[A], jobs: int) -> Iterator[B]:
    """Yield ``function(item)`` for each item, in order, with at most ``2 * jobs`` items under way.

    With one job everything happens in this process. Workers are spawned, so ``function`` and the items are pickled.
    """
    if jobs <= 1:
        yield from map(function, items)
        return
    waiting: deque[Future[B]] = deque()
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= 2 * jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
