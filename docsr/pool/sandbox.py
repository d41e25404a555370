"""A worker's sandbox: files it may read and write; no connections, and nobody else's processes. Linux only.

A worker is born in it: the thread that starts the process gives up all other rights first, and the process inherits
that, with every thread and program of its own. A process that gave up rights itself would leave threads out that its
libraries had started by then.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any

from docsr.errors import UsageError, first_line
from docsr.pool import landlock, seccomp
from docsr.pool.processes import tell_once

_LIBRARIES = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/nix/store", "/gnu/store")
_SYSTEM = (
    *("/usr", "/proc", "/sys", "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"),
    *(f"/etc/{name}" for name in ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ld.so.preload", "localtime", "fonts")),
    *(f"/etc/{name}" for name in ("ssl/openssl.cnf", "pki/tls/openssl.cnf", "pki/tls/openssl.d", "crypto-policies")),
    *(f"/etc/{name}" for name in ("OpenCL", "locale.alias")),
)
"""What of the system libraries read; of /etc nothing that names its users."""

_PROGRAMS = ("jbig2dec",)
"""Programs that workers run, beside Python, which runs them with limits."""

_LAZY = ("PIL", "cv2", "numpy", "onnxruntime", "pikepdf", "pypdfium2", "pypdfium2_raw", "tifffile", "zlib_ng")
"""What docsr loads when it is needed."""

_MAPPED = re.compile(r"^\S+ \S+ \S+ \S+ \S+ +(/.+\.so[.\d]*)$", re.MULTILINE)
_SEMAPHORES, _SEMAPHORE = Path("/dev/shm"), "sem.mp-"  # nosec B108
"""Where Linux keeps those by which multiprocessing shares work, and how it names them."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What a worker may do, beside reading what Python and its libraries are made of.

    Attributes:
        reads: files, and folders with what is below them, that it may read.
        writes: folders below which it may read, write and remove.
        required: whether nothing may be done where no processes can be made.
    """

    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()
    required: bool = False


def refuse_here(sandbox: Sandbox | None, why: str) -> None:
    """Raise a UsageError if what is to be done in this process, for it can make no others, needs a sandbox."""
    if sandbox is not None and sandbox.required:
        raise UsageError(f"no process can be made, so that there is no sandbox ({why}): use --sandbox auto, or off")


class CannotBegin(Exception):
    """A worker ended in its sandbox before it was given anything."""


def wait_for_first(begun: Sequence[Future[None]]) -> None:
    """Wait until a worker has begun.

    Raises:
        CannotBegin: it ended.
    """
    try:
        begun[0].result()
    except BrokenProcessPool as error:
        raise CannotBegin from error


def go_without(sandbox: Sandbox | None) -> None:
    """Tell, once a process, that there will be no sandbox, or raise a UsageError where one is required."""
    why = "no process begins in it: something that is loaded into every Python may need more"
    if sandbox is not None and sandbox.required:
        raise UsageError(f"there is no sandbox, and one is asked for ({why}): use --sandbox auto, or off")
    tell_once(f"files are read without a sandbox ({why})")


@cache
def why_none() -> str | None:
    """Say why this system has no sandbox for workers; None: it has one, and what docsr needs can be read in it."""
    if landlock.version() < landlock.LEAST:
        return "it takes Linux 6.2 or later with Landlock switched on"
    if not seccomp.is_known():
        return "it knows the system calls of x86_64 and aarch64 alone"
    try:
        with _rules(Sandbox()) as rules:
            _given_up(rules, _look)
    except (OSError, UsageError) as error:
        return f"what docsr is made of cannot be read in it ({first_line(error)})"
    return None


@contextmanager
def spawning(sandbox: Sandbox | None, place: Path | None) -> Iterator[SpawnContext]:
    """Yield what starts worker processes, in a sandbox if there is one.

    Args:
        sandbox: what the workers may do; None: whatever this process may.
        place: where their temporary files go.

    Raises:
        UsageError: no sandbox can be made.
    """
    if sandbox is None:
        yield SpawnContext()
        return
    with _rules(sandbox, place) as rules:
        yield _Context(rules)


class _Context(SpawnContext):
    """Starts processes that are born with the rules."""

    def __init__(self, rules: landlock.Rules) -> None:
        super().__init__()
        self._rules = rules

    def Process(self, *args: Any, **kwargs: Any) -> SpawnProcess:  # type: ignore[override]
        return _Confined(self._rules, *args, **kwargs)


class _Confined(SpawnProcess):
    """A process that is born with rules; they stay here when it is pickled for its other side."""

    def __init__(self, rules: landlock.Rules, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rules: landlock.Rules | None = rules

    def start(self) -> None:
        assert self._rules is not None
        rules, self._rules = self._rules, None
        for semaphore in _semaphores():
            rules.allow(semaphore, landlock.WRITE)
        _given_up(rules, super().start)


def _given_up(rules: landlock.Rules, do: Any) -> None:
    """Do something in a thread that has given up all other rights, and ends then.

    Raises:
        UsageError: the system did not let the thread give them up.
    """

    def give_up() -> None:
        try:
            rules.enforce()
        except OSError as error:
            raise UsageError(f"no sandbox can be made ({first_line(error)}): use --sandbox off") from error

    def both() -> None:
        give_up()
        do()

    with ThreadPoolExecutor(1) as alone:
        alone.submit(both).result()


@contextmanager
def _rules(sandbox: Sandbox, place: Path | None = None) -> Iterator[landlock.Rules]:
    try:
        rules = landlock.Rules()
    except OSError as error:
        raise UsageError(f"no sandbox can be made ({first_line(error)}): use --sandbox off") from error
    try:
        system: tuple[str | Path, ...] = (*_SYSTEM, *_installed())
        for path in (*system, *sandbox.reads):
            rules.allow(path, landlock.READ)
        for path in sys.path:  # where one cannot look, something else of the same name would be found further on
            rules.allow(path or os.curdir, landlock.READ_DIR)
        for path in (*_LIBRARIES, *map(os.path.dirname, _mapped()), *_programs()):
            if not _holds_home(path):
                rules.allow(path, landlock.RUN)
        rules.allow(os.devnull, landlock.READ | landlock.WRITE_FILE)
        for folder in (*sandbox.writes, *(() if place is None else (place,))):
            rules.allow(folder, landlock.WRITE)
        yield rules
    finally:
        rules.close()


def _installed() -> Iterator[str]:
    """Yield where Python lies, and its packages, but for the folder that the user happens to be in."""
    listed = [sys.prefix, sys.base_prefix, *sys.path]
    yield from (path for path in listed if path and not _holds_home(path) and not _is_here(path))
    for told in _modules():
        yield from map(str, told.get("__path__") or filter(None, [told.get("__file__")]))


def _modules() -> Iterator[dict[str, Any]]:
    """Yield what is told of each module that this process has loaded: not by asking it, for some answer anything."""
    for module in list(sys.modules.values()):
        yield getattr(module, "__dict__", {})


def _holds_home(path: str) -> bool:
    """Tell whether a folder is the user's home, or above it: too much to be read because a library lies there."""
    with suppress(RuntimeError):  # nobody knows of a home
        return Path(os.path.realpath(Path.home())).is_relative_to(os.path.realpath(path))
    return os.path.realpath(path) == os.path.sep


def _is_here(path: str) -> bool:
    return os.path.realpath(path) == os.path.realpath(os.curdir)


def _mapped() -> list[str]:
    """The libraries that this process has loaded."""
    with suppress(OSError):
        return sorted(set(_MAPPED.findall(Path("/proc/self/maps").read_text(errors="surrogateescape"))))
    return []


def _programs() -> Iterable[str]:
    return filter(None, (sys.executable, *map(shutil.which, _PROGRAMS)))


def _semaphores() -> list[str]:
    """This user's semaphores: a process opens those of its pool by name."""
    with suppress(OSError), os.scandir(_SEMAPHORES) as found:
        own = (one for one in found if one.name.startswith(_SEMAPHORE))
        return [one.path for one in own if one.stat(follow_symlinks=False).st_uid == os.geteuid()]
    return []


def _look() -> None:
    """Open what docsr is made of; OSError where the rules leave something out."""
    origins = [spec.origin for name in _LAZY if (spec := find_spec(name)) is not None]
    modules = [told.get("__file__") for told in _modules()]
    for path in {*_mapped(), *_programs(), *filter(None, origins), *filter(None, modules)}:
        if os.path.isabs(path) and os.path.exists(path):
            os.close(os.open(path, os.O_RDONLY))
