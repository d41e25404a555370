"""Handle worker processes that cannot be started (everything then runs in this one) or that remain after a pool."""

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
    """No worker process can be started. The message says why."""


def why_alone() -> str | None:
    """Return why this system cannot run worker processes, or None if it can.

    Processes that share work need semaphores. Linux keeps these in /dev/shm, which some containers and cloud functions
    lack.
    """
    try:
        get_context("spawn").Lock()
    except (OSError, ImportError, NotImplementedError) as error:
        return f"the system has no semaphores: {first_line(error)}"
    return None


def tell_alone(why: str, consequence: str) -> None:
    """Warn, once per process, that everything runs in one process."""
    tell_once(f"everything runs in one process because no other can be started ({why}){consequence}")


def tell_once(sentence: str) -> None:
    """Log a warning, unless this process has logged it before."""
    if sentence not in _told:
        _told.add(sentence)
        _log.warning("%s", sentence)


@contextmanager
def launching() -> Iterator[None]:
    """Turn errors that keep processes from starting into NoProcesses.

    Raises:
        NoProcesses: a process could not be started.
    """
    try:
        yield
    except (OSError, ImportError, NotImplementedError) as error:
        raise NoProcesses(first_line(error)) from error


def end_left(processes: Mapping[int, BaseProcess]) -> None:
    """End a pool's processes that the pool has not ended itself.

    They remain if the pool was interrupted while it started or ended them, for example by a second signal. Python would
    wait for them when this process exits.
    """
    left = [process for process in list(processes.values()) if process.is_alive()]
    for process in left:
        process.terminate()  # the process then cleans up
    for process in left:
        process.join(_SECONDS_TO_CLEAN_UP)
        process.kill()
        process.join()
