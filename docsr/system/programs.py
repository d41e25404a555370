"""Other programs that docsr runs: each ends with the process that runs it, and what it says is bounded."""

from __future__ import annotations

import os
import pickle  # nosec B403
import subprocess  # nosec B404
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.spawn import get_executable
from typing import BinaryIO, NamedTuple

from docsr.errors import PageError

_BECOME = """
import os, sys
parent, memory, seconds = map(int, sys.argv[1:4])
try:
    import ctypes
    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL
except (ImportError, OSError, AttributeError):
    pass
if os.getppid() != parent:
    os._exit(1)
import resource
for kind, most in (resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds):
    try:
        if most:
            resource.setrlimit(kind, (most, most))
    except (OSError, ValueError):
        pass
os.execv(sys.argv[4], sys.argv[4:])
"""
"""Limits itself, asks the kernel (Linux) to be ended with its parent, and becomes another program."""


class Ended(NamedTuple):
    """A program that has ended: its exit status, what it wrote to standard output, and the beginning of its stderr."""

    code: int
    out: bytes
    said: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may take: bytes of memory, seconds of the processor, and seconds of the clock; None: no limit.

    Memory and processor are limited on POSIX alone.
    """

    memory: int | None = None
    processor: int | None = None
    clock: float | None = None


_NO_LIMITS = Limits()
_TO = {True: subprocess.PIPE, False: subprocess.DEVNULL}

_running: set[subprocess.Popen[bytes]] = set()


def run(
    program: str,
    words: Sequence[str],
    given: bytes = b"",
    *,
    limits: Limits = _NO_LIMITS,
    written: bool | BinaryIO = True,
) -> Ended:
    """Run a program to its end; when this process ends before, by whatever, so does the program (Linux).

    Args:
        program: its path.
        words: its arguments; no shell sees them.
        given: what it reads from standard input.
        limits: what it may take.
        written: whether to take what it writes to standard output, or the file that this goes into; else it is dropped.

    Raises:
        OSError: it cannot be started.
        subprocess.TimeoutExpired: it took longer than ``limits.clock``, and was ended.
    """
    with bounded_pipe() as stderr:
        with subprocess.Popen(  # nosec B603
            _command(program, words, limits),
            stdin=subprocess.PIPE,
            stdout=_TO[written] if isinstance(written, bool) else written,
            stderr=stderr.writing if os.name == "posix" else subprocess.DEVNULL,
        ) as process:
            _running.add(process)
            try:
                out, _ = process.communicate(given, timeout=limits.clock)
            finally:
                process.kill()  # nothing, where it has ended
                process.wait()
                _running.discard(process)
        return Ended(process.returncode, out or b"", stderr.read())


_CALL = """
import os, pickle, sys, warnings
sys.path[:] = sys.argv[1:]
warnings.simplefilter("ignore")
from docsr.errors import PageError
call = pickle.load(sys.stdin.buffer)
out = os.fdopen(1, "w+b")
try:
    call(out)
except PageError as error:
    os.write(2, os.fsencode(str(error)))
    os._exit(3)
out.flush()
os._exit(0)
"""
"""Calls what it reads from standard input with a file that is its standard output."""

_PAGE_ERROR = 3


def call_apart(call: Callable[[BinaryIO], None], out: BinaryIO) -> None:
    """Call a function of docsr with a file, in a process of its own: what it takes is given back when it ends.

    Args:
        call: what can be pickled.
        out: open to be read and written.

    Raises:
        PageError: the function did.
        OSError: there is no such process, or it ended otherwise.
    """
    python = get_executable()
    if not python:
        raise OSError("no other process can be started from this one")
    ended = run(os.fsdecode(python), ["-Ic", _CALL, *sys.path], pickle.dumps(call), written=out)
    if ended.code == _PAGE_ERROR:
        raise PageError(os.fsdecode(ended.said))
    if ended.code:
        raise OSError(f"a process ended with {ended.code}")


def end_running() -> None:
    """End every program that runs in another thread of this process: what waits for it goes on."""
    for process in tuple(_running):
        process.kill()


def _command(program: str, words: Sequence[str], limits: Limits) -> list[str]:
    python = get_executable()  # as multiprocessing starts it, also where another program has Python in it
    if os.name != "posix" or not python:
        return [program, *words]
    numbers = map(str, (os.getpid(), limits.memory or 0, limits.processor or 0))
    return [os.fsdecode(python), "-ISc", _BECOME, *numbers, program, *words]


@dataclass(frozen=True, slots=True)
class BoundedPipe:
    """A pipe that takes as much as it has room for, 64 kB as a rule; further writing fails, and waits for nobody."""

    reading: int
    writing: int

    def read(self) -> bytes:
        """Return what is in it, once; b"" where that is nothing."""
        if os.name != "posix":
            return b""
        try:
            return os.read(self.reading, 1 << 20)
        except BlockingIOError:
            return b""


@contextmanager
def bounded_pipe() -> Iterator[BoundedPipe]:
    """Yield a pipe, which is closed when the block ends."""
    reading, writing = os.pipe()
    try:
        if os.name == "posix":
            os.set_blocking(reading, False)
            os.set_blocking(writing, False)
        yield BoundedPipe(reading, writing)
    finally:
        os.close(reading)
        os.close(writing)
