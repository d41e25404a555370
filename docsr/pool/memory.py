"""Limit this process's memory by the system, and return free memory to the system.

Linux limits a process's writable memory (RLIMIT_DATA). An allocation beyond the limit fails, so that the library that
asked for it raises an error or ends the process. Other systems have no such limit.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

_STATUS = Path("/proc/self/status")
_KIB = re.compile(rb"^(VmData|RssAnon):\s+(\d+) kB", re.MULTILINE)
_STACK_BYTES = 8 << 20
"""Memory that a thread reserves for its stack and hardly uses."""


def limit_memory(most: int) -> None:
    """Limit this process to ``most`` bytes of memory, including what it holds already (Linux only).

    Memory that it has reserved but not used so far, and one thread stack per core, come on top. A later call replaces
    the limit.
    """
    if sys.platform != "linux":
        return
    import resource

    try:
        held = {name: int(kib) << 10 for name, kib in _KIB.findall(_STATUS.read_bytes())}
        unused = max(0, held[b"VmData"] - held[b"RssAnon"])
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = most + unused + _STACK_BYTES * (os.cpu_count() or 1)
        resource.setrlimit(resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    except (OSError, KeyError, ValueError):  # no /proc, or a system that only claims to be Linux
        return


def give_back() -> None:
    """Return free memory to the system (Linux with glibc only, which keeps free memory between used blocks)."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@lru_cache(1)
def _malloc_trim() -> Any:
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
