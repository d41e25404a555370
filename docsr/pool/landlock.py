"""Wrap the system calls of Landlock, by which a Linux process gives up rights without being root.

A thread gives up rights for itself and for all threads and processes that it starts later. It cannot regain them.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from contextlib import suppress
from functools import cache

from docsr.pool import seccomp

LEAST = 3
"""The oldest sufficient version (Linux 6.2). Older ones let a process truncate a file that it may only read."""

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION, _PATH_BENEATH = 1, 1
_NO_NEW_PRIVILEGES = 38
_CAPABILITIES_3, _OF_FILES_ALONE = 0x20080522, 0b11111
"""The version of the capability structures, and the capabilities that root keeps: those to access any user's files."""

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_FILE = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_REFER, _TRUNCATE = 1 << 13, 1 << 14

READ = READ_FILE | READ_DIR
RUN = READ | EXECUTE
WRITE = READ | WRITE_FILE | _TRUNCATE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_FILE | _REFER
"""The rights below a writable folder, without the right to make links, pipes, sockets or devices."""

_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | _TRUNCATE
_FILES = {3: (1 << 15) - 1, 5: (1 << 16) - 1}
_TCP = {4: 0b11}
_SCOPES = {6: 0b11}
"""First version -> all rights that it knows: for files, for TCP, and for other processes' signals and sockets."""


class _Rights(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("tcp", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("descriptor", ctypes.c_int32))


class _Capabilities(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


@cache
def version() -> int:
    """Return the version of Landlock that this system offers, 0 if it has none."""
    if sys.platform != "linux" or sys.maxsize < 1 << 32:
        return 0
    with suppress(OSError):
        return _call(_CREATE_RULESET, None, 0, _ASK_VERSION)
    return 0


class Rules:
    """The rights to files that a thread keeps when it gives up all others."""

    def __init__(self) -> None:
        """Create rules that allow nothing.

        Raises:
            OSError: the system has no Landlock.
        """
        of = (_newest(table) for table in (_FILES, _TCP, _SCOPES))
        rights = _Rights(*of)
        self._descriptor = _call(_CREATE_RULESET, ctypes.byref(rights), ctypes.sizeof(rights), 0)

    def allow(self, path: str | os.PathLike[str], rights: int) -> None:
        """Grant rights to a file, or to a folder and everything below it. Ignore a path that does not exist."""
        with suppress(OSError, ValueError):
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            try:
                is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
                rule = _Beneath(rights if is_folder else rights & _OF_FILES, descriptor)
                _call(_ADD_RULE, self._descriptor, _PATH_BENEATH, ctypes.byref(rule), 0)
            finally:
                os.close(descriptor)

    def enforce(self) -> None:
        """Give up all other rights, and the calls that docsr.pool.seccomp refuses, in this thread and for good.

        Raises:
            OSError: the system does not allow it.
        """
        if _libc().prctl(_NO_NEW_PRIVILEGES, *map(ctypes.c_ulong, (1, 0, 0, 0))):
            raise _failure()
        _drop_capabilities()
        _call(_RESTRICT_SELF, self._descriptor, 0)
        seccomp.enforce(_libc())

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._descriptor)


def _drop_capabilities() -> None:
    """Keep only those of root's capabilities that open files. Others inspect processes and change the kernel."""
    head, sets = (ctypes.c_uint32 * 2)(_CAPABILITIES_3, 0), (_Capabilities * 2)()
    if _libc().capget(head, sets):
        raise _failure()
    low = sets[0].permitted & _OF_FILES_ALONE
    sets[0], sets[1] = _Capabilities(low, low, 0), _Capabilities()
    if _libc().capset(head, sets):
        raise _failure()


def _newest(table: dict[int, int]) -> int:
    return max((rights for since, rights in table.items() if version() >= since), default=0)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(number: int, *words: object) -> int:
    passed = [ctypes.c_long(word) if isinstance(word, int) else word for word in words]
    result = ctypes.c_long(_libc().syscall(ctypes.c_long(number), *passed)).value
    if result < 0:
        raise _failure()
    return result


def _failure() -> OSError:
    return OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
