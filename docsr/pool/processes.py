"""Worker processes that cannot be made (then everything is done in this one, which is told once), or that are left."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.process import BaseProcess

from docsr.errors import first_line

_log = logging.getLogger(__name__)
_told: set[str] = set()

_SECONDS_TO_CLEAN_UP = 5.0


class NoProcesses(Exception):
    """No worker process can be made; the message says why."""


def why_alone() -> str | None:
    """Say why this system lets nobody make worker processes; None: it does.

    Processes that share work need semaphores, which Linux keeps in /dev/shm: some containers and functions have none.
    """
    try:
        get_context("spawn").Lock()
    except (OSError, ImportError, NotImplementedError) as error:
        return f"the system gives no semaphores: {first_line(error)}"
    return None


def tell_alone(why: str, consequence: str) -> None:
    """Tell, once a process, that all is done in one process."""
    tell_once(f"all is done in one process, for no others can be made ({why}){consequence}")


def tell_once(sentence: str) -> None:
    """Log a warning, unless this process has done so."""
    if sentence not in _told:
        _told.add(sentence)
        _log.warning("%s", sentence)


@contextmanager
def launching() -> Iterator[None]:
    """Make NoProcesses of what keeps processes from starting.

    Raises:
        NoProcesses: some process could not be made.
    """
    try:
        yield
    except (OSError, ImportError, NotImplementedError) as error:
        raise NoProcesses(first_line(error)) from error


def end_left(processes: Mapping[int, BaseProcess]) -> None:
    """End those of a pool's processes that it has not ended itself.

    It was interrupted while it started or ended them, by a second signal for example; Python would wait for them when
    this process ends.
    """
    left = [process for process in list(processes.values()) if process.is_alive()]
    for process in left:
        process.terminate()  # it cleans up
    for process in left:
        process.join(_SECONDS_TO_CLEAN_UP)
        process.kill()
        process.join()
