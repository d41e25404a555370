"""Sandbox workers: restrict their files, and deny connections and access to other processes. Linux only.

A worker is sandboxed from its start. The thread that starts the process gives up all other rights first, and the
process inherits that, with all its threads and programs. If a process gave up rights itself, threads that its
libraries had started before would keep them.
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
"""System files that libraries read. Of /etc, no file that names users."""

_PROGRAMS = ("jbig2dec",)
"""Programs that workers run, besides Python, which starts them with limits."""

_LAZY = ("PIL", "cv2", "numpy", "onnxruntime", "pikepdf", "pypdfium2", "pypdfium2_raw", "tifffile", "zlib_ng")
"""Packages that docsr loads on first use."""

_MAPPED = re.compile(r"^\S+ \S+ \S+ \S+ \S+ +(/.+\.so[.\d]*)$", re.MULTILINE)
_SEMAPHORES, _SEMAPHORE = Path("/dev/shm"), "sem.mp-"  # nosec B108
"""Where Linux keeps the semaphores of multiprocessing, and how their names begin."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The rights of a worker, besides reading the files of Python and its libraries.

    Attributes:
        reads: files and folders (with everything below) that it may read.
        writes: folders below which it may read, write and remove files.
        required: whether work without a sandbox is an error, also in this process.
    """

    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()
    required: bool = False


def refuse_here(sandbox: Sandbox | None, why: str) -> None:
    """Raise a UsageError if a sandbox is required but no worker process can be started."""
    if sandbox is not None and sandbox.required:
        raise UsageError(f"no sandbox, because no process can be started ({why}): use --sandbox auto, or off")


class CannotBegin(Exception):
    """A worker ended in its sandbox before it got an item."""


def wait_for_first(begun: Sequence[Future[None]]) -> None:
    """Wait until the first worker runs.

    Raises:
        CannotBegin: the worker ended.
    """
    try:
        begun[0].result()
    except BrokenProcessPool as error:
        raise CannotBegin from error


def go_without(sandbox: Sandbox | None) -> None:
    """Warn, once per process, that there is no sandbox, or raise a UsageError if one is required."""
    why = "no process starts in it: a module that every Python loads here may need more rights"
    if sandbox is not None and sandbox.required:
        raise UsageError(f"there is no sandbox, but --sandbox on needs one ({why}): use --sandbox auto, or off")
    tell_once(f"files are read without a sandbox ({why})")


@cache
def why_none() -> str | None:
    """Return why this system has no sandbox for workers, or None if it has one in which docsr's files can be read."""
    if landlock.version() < landlock.LEAST:
        return "it needs Linux 6.2 or later with Landlock enabled"
    if not seccomp.is_known():
        return "it supports only x86_64 and aarch64 processors"
    try:
        with _rules(Sandbox()) as rules:
            _in_restricted_thread(rules, _open_own_files)
    except (OSError, UsageError) as error:
        return f"docsr's own files cannot be read in it ({first_line(error)})"
    return None


@contextmanager
def spawning(sandbox: Sandbox | None, place: Path | None) -> Iterator[SpawnContext]:
    """Yield a context that starts worker processes, in the sandbox if there is one.

    Args:
        sandbox: the workers' rights, or None for all rights of this process.
        place: the folder for their temporary files.

    Raises:
        UsageError: the sandbox cannot be made.
    """
    if sandbox is None:
        yield SpawnContext()
        return
    with _rules(sandbox, place) as rules:
        yield _Context(rules)


class _Context(SpawnContext):
    """A context whose processes start with the rules in force."""

    def __init__(self, rules: landlock.Rules) -> None:
        super().__init__()
        self._rules = rules

    def Process(self, *args: Any, **kwargs: Any) -> SpawnProcess:  # type: ignore[override]
        return _Confined(self._rules, *args, **kwargs)


class _Confined(SpawnProcess):
    """A process that starts with rules in force. The rules are not pickled for the new process."""

    def __init__(self, rules: landlock.Rules, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rules: landlock.Rules | None = rules

    def start(self) -> None:
        assert self._rules is not None
        rules, self._rules = self._rules, None
        for semaphore in _semaphores():
            rules.allow(semaphore, landlock.WRITE)
        _in_restricted_thread(rules, super().start)


def _in_restricted_thread(rules: landlock.Rules, do: Any) -> None:
    """Call ``do`` in a new thread that first gives up all rights but those of the rules, and ends afterwards.

    Raises:
        UsageError: the system did not let the thread give up rights.
    """

    def give_up() -> None:
        try:
            rules.enforce()
        except OSError as error:
            raise UsageError(f"no sandbox can be made ({first_line(error)}): use --sandbox off") from error

    def restrict_and_do() -> None:
        give_up()
        do()

    with ThreadPoolExecutor(1) as executor:
        executor.submit(restrict_and_do).result()


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
        for path in sys.path:  # if a folder could not be listed, Python would import a namesake from a later one
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
    """Yield the folders of Python and its packages, without the current folder."""
    listed = [sys.prefix, sys.base_prefix, *sys.path]
    yield from (path for path in listed if path and not _holds_home(path) and not _is_here(path))
    for namespace in _modules():
        yield from map(str, namespace.get("__path__") or filter(None, [namespace.get("__file__")]))


def _modules() -> Iterator[dict[str, Any]]:
    """Yield the ``__dict__`` of each loaded module. It is read directly, because some modules answer any getattr."""
    for module in list(sys.modules.values()):
        yield getattr(module, "__dict__", {})


def _holds_home(path: str) -> bool:
    """Return whether a folder is or contains the user's home, and so is too much to open just for a library."""
    with suppress(RuntimeError):  # the user has no home
        return Path(os.path.realpath(Path.home())).is_relative_to(os.path.realpath(path))
    return os.path.realpath(path) == os.path.sep


def _is_here(path: str) -> bool:
    return os.path.realpath(path) == os.path.realpath(os.curdir)


def _mapped() -> list[str]:
    """Return the paths of the shared libraries that this process has loaded."""
    with suppress(OSError):
        return sorted(set(_MAPPED.findall(Path("/proc/self/maps").read_text(errors="surrogateescape"))))
    return []


def _programs() -> Iterable[str]:
    return filter(None, (sys.executable, *map(shutil.which, _PROGRAMS)))


def _semaphores() -> list[str]:
    """Return the paths of this user's semaphores. A process opens those of its pool by name."""
    with suppress(OSError), os.scandir(_SEMAPHORES) as found:
        own = (one for one in found if one.name.startswith(_SEMAPHORE))
        return [one.path for one in own if one.stat(follow_symlinks=False).st_uid == os.geteuid()]
    return []


def _open_own_files() -> None:
    """Open each file that docsr consists of. Raise an OSError if the rules leave one out."""
    origins = [spec.origin for name in _LAZY if (spec := find_spec(name)) is not None]
    modules = [namespace.get("__file__") for namespace in _modules()]
    for path in {*_mapped(), *_programs(), *filter(None, origins), *filter(None, modules)}:
        if os.path.isabs(path) and os.path.exists(path):
            os.close(os.open(path, os.O_RDONLY))
