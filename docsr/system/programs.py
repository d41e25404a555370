"""Run other programs: each one ends with this process, and its messages are bounded."""

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
"""A script that sets its own limits, asks the kernel (Linux) to kill it with its parent, and executes the program."""


class Ended(NamedTuple):
    """The outcome of a program: its exit status, its standard output, and the beginning of its standard error."""

    code: int
    out: bytes
    said: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """A program's limits: bytes of memory, seconds of processor time, and seconds of clock time. None means no limit.

    Memory and processor time are limited only on POSIX.
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
    """Run a program until it ends. If this process ends first, for any reason, so does the program (Linux).

    Args:
        program: its path.
        words: its arguments, which are not passed through a shell.
        given: its standard input.
        limits: its limits.
        written: True to return its standard output, False to drop it, or a file to write it to.

    Raises:
        OSError: the program cannot be started.
        subprocess.TimeoutExpired: the program took longer than ``limits.clock`` and was ended.
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
                process.kill()  # does nothing if it has ended
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
"""A script that unpickles a function from standard input and calls it with standard output as a file."""

_PAGE_ERROR = 3


def call_apart(call: Callable[[BinaryIO], None], out: BinaryIO) -> None:
    """Call a function of docsr with a file in a separate process, whose memory is free again when it ends.

    Args:
        call: the function, which must be picklable.
        out: a file that is open for reading and writing.

    Raises:
        PageError: the function raised it.
        OSError: the process could not be started, or ended in another way.
    """
    python = get_executable()
    if not python:
        raise OSError("this process cannot start another one")
    ended = run(os.fsdecode(python), ["-Ic", _CALL, *sys.path], pickle.dumps(call), written=out)
    if ended.code == _PAGE_ERROR:
        raise PageError(os.fsdecode(ended.said))
    if ended.code:
        raise OSError(f"a process ended with {ended.code}")


def end_running() -> None:
    """End every program that other threads of this process run. The threads that wait for them then go on."""
    for process in tuple(_running):
        process.kill()


def _command(program: str, words: Sequence[str], limits: Limits) -> list[str]:
    python = get_executable()  # the one that multiprocessing starts, also if Python is embedded in another program
    if os.name != "posix" or not python:
        return [program, *words]
    numbers = map(str, (os.getpid(), limits.memory or 0, limits.processor or 0))
    return [os.fsdecode(python), "-ISc", _BECOME, *numbers, program, *words]


@dataclass(frozen=True, slots=True)
class BoundedPipe:
    """A pipe that holds what fits in its buffer, usually 64 kB. Further writes fail at once and never block."""

    reading: int
    writing: int

    def read(self) -> bytes:
        """Return the content of the pipe and remove it, or b"" if the pipe is empty."""
        if os.name != "posix":
            return b""
        try:
            return os.read(self.reading, 1 << 20)
        except BlockingIOError:
            return b""


@contextmanager
def bounded_pipe() -> Iterator[BoundedPipe]:
    """Yield a pipe and close it when the block ends."""
    reading, writing = os.pipe()
    try:
        if os.name == "posix":
            os.set_blocking(reading, False)
            os.set_blocking(writing, False)
        yield BoundedPipe(reading, writing)
    finally:
        os.close(reading)
        os.close(writing)
