"""Worker processes: the memory that they may hold, and what running into that costs."""

from __future__ import annotations

import ctypes
import mmap
import sys
from pathlib import Path

import numpy as np
import pytest

from docsr.pool import run_in_processes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems keep no such limit")

MOST = 300_000_000
LITTLE, MUCH, MORE_ALLOWED = 10, 400, 401
"""MB that an item takes."""


def take(megabytes: int) -> str:
    """Take memory in C; what a library makes of a refusal is told."""
    try:
        taken = np.ones(megabytes * 10**6, np.uint8)
    except MemoryError:
        return "refused"
    return f"had {int(taken.sum()) // 10**6} MB"


def most(megabytes: int) -> int:
    return MOST * 3 if megabytes == MORE_ALLOWED else MOST


def lost(megabytes: int) -> str:
    return f"lost {megabytes}"


def test_what_takes_too_much_fails_and_the_next_items_of_the_same_worker_are_done():
    items = [LITTLE, MUCH, LITTLE + 1, MORE_ALLOWED, MUCH]
    found = dict(run_in_processes(take, items[:4], jobs=1, on_crash=lost, memory=most))
    assert found == {LITTLE: "had 10 MB", MUCH: "refused", LITTLE + 1: "had 11 MB", MORE_ALLOWED: "had 401 MB"}


def test_without_a_limit_nothing_is_refused():
    assert list(run_in_processes(take, [MUCH], jobs=1, on_crash=lost)) == [(MUCH, "had 400 MB")]


def crowd(megabytes: int) -> str:
    """Hold it in many small pieces, as Python does."""
    try:
        pieces = [bytes(100_000) for _ in range(10 * megabytes)]
    except MemoryError:
        return "refused"
    return f"had {len(pieces) // 10} MB"


@pytest.mark.parametrize(("megabytes", "told"), [(LITTLE, "had 10 MB"), (MUCH, "refused")])
def test_many_small_pieces_count_as_well(megabytes, told):
    assert list(run_in_processes(crowd, [megabytes], jobs=1, on_crash=lost, memory=most)) == [(megabytes, told)]


_KEPT: list[bytes] = []


def resident(megabytes: int) -> str:
    """Return how many MB are resident; then take some in small pieces, and keep a little that lies above them."""
    held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * mmap.PAGESIZE // 10**6
    pieces = [bytes(100_000) for _ in range(10 * megabytes)]
    _KEPT.append(bytes(10_000))
    del pieces
    return str(held)


@pytest.mark.skipif(sys.platform != "linux" or not hasattr(ctypes.pythonapi, "malloc_trim"), reason="glibc alone")
def test_what_an_item_has_freed_is_given_back_before_the_next():
    done = run_in_processes(resident, [MUCH, MUCH + 1, MUCH + 2], jobs=1, on_crash=lost)
    before, *later = [int(held) for _, held in done]
    assert all(held < before + 40 for held in later)
