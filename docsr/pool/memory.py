"""How much memory this process may take, a limit that the system keeps whatever code runs into it; and giving it back.

Linux counts what a process may write to (RLIMIT_DATA): an allocation beyond fails, so that the library that asked for
it raises an error, or ends its process. Other systems keep no such limit.
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
"""What a thread reserves, and hardly uses."""


def limit_memory(most: int) -> None:
    """Let this process hold ``most`` bytes of memory, what it holds already included; Linux only.

    What it has reserved and not used so far, and a stack for a thread on each core, come on top. A later call replaces
    the limit.
    """
    if sys.platform != "linux":
        return
    import resource

    try:
        held = {name: int(kib) << 10 for name, kib in _KIB.findall(_STATUS.read_bytes())}
        unused = max(0, held[b"VmData"] - held[b"RssAnon"])
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        wall = most + unused + _STACK_BYTES * (os.cpu_count() or 1)
        resource.setrlimit(resource.RLIMIT_DATA, (wall if hard == resource.RLIM_INFINITY else min(wall, hard), hard))
    except (OSError, KeyError, ValueError):  # no /proc, or a system that only says it is Linux
        return


def give_back() -> None:
    """Give memory that is free back to the system; Linux with glibc only, which keeps what lies between used pieces."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@lru_cache(1)
def _malloc_trim() -> Any:
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
