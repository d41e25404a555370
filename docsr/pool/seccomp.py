"""Refuse system calls that Landlock leaves open and that no decoder needs, in sandboxed workers.

These are sockets (except pairs within a process), io_uring (which can open sockets without the socket call), changes to
permissions, owners and attributes of files, the user's keys, and calls that type into the user's terminal.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
from dataclasses import dataclass

_SET_SECCOMP, _FILTER = 22, 2
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_AT, _MACHINE_AT, _SECOND_WORD_AT = 0, 4, 24
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_TYPES_INTO_TERMINAL = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX, of ioctl."""

_NEWER = (425, 452, 463, 466, 469)
"""io_uring_setup, fchmodat2, setxattrat, removexattrat, file_setattr: their numbers are the same on all machines."""


@dataclass(frozen=True, slots=True)
class _Machine:
    """A processor: Linux's number for it, the number of ioctl, and the numbers of the refused calls."""

    name: int
    ioctl: int
    refused: tuple[int, ...]


_MACHINES = {
    "x86_64": _Machine(
        0xC000003E,
        16,
        # socket; chmod, fchmod, chown, fchown, lchown; xattrs set and removed; keys; fchownat, fchmodat
        (41, *range(90, 95), *range(188, 191), *range(197, 200), *range(248, 251), 260, 268, *_NEWER),
    ),
    # xattrs set and removed; fchmod, fchmodat, fchownat, fchown; socket; keys
    "aarch64": _Machine(0xC00000B7, 29, (*range(5, 8), *range(14, 17), *range(52, 56), 198, *range(217, 220), *_NEWER)),
}

_OTHER_X86 = 1 << 30
"""From this number on, x86_64 has each call a second time, for x32 programs."""


class _Program(ctypes.Structure):
    _fields_ = (("steps", ctypes.c_ushort), ("code", ctypes.c_void_p))


def is_known() -> bool:
    """Return whether the numbers of this machine's calls are known."""
    return platform.machine() in _MACHINES


def enforce(libc: ctypes.CDLL) -> None:
    """Refuse the calls, with "operation not permitted", in this thread and in all that it starts.

    Raises:
        OSError: the system does not allow it.
    """
    code = _code(_MACHINES[platform.machine()])
    held = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(held))
    words = ctypes.c_ulong(_FILTER), ctypes.byref(program), ctypes.c_ulong(0), ctypes.c_ulong(0)
    if libc.prctl(_SET_SECCOMP, *words):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _code(machine: _Machine) -> bytes:
    """Return the program that the kernel runs at each call. A refused call jumps to its last step."""
    last = 6 + len(machine.refused) + len(_TYPES_INTO_TERMINAL) + 1
    steps = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_IF_EQUAL, 0, last - 2, machine.name),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_IF_AT_LEAST, last - 4, 0, _OTHER_X86),
    ]
    for number in machine.refused:
        steps.append((_IF_EQUAL, last - len(steps) - 1, 0, number))
    steps.append((_IF_EQUAL, 0, last - len(steps) - 2, machine.ioctl))
    steps.append((_LOAD, 0, 0, _SECOND_WORD_AT))
    for command in _TYPES_INTO_TERMINAL:
        steps.append((_IF_EQUAL, last - len(steps) - 1, 0, command))
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    return b"".join(
        code.to_bytes(2, "little") + bytes((true, false)) + value.to_bytes(4, "little")
        for code, true, false, value in steps
    )
