"""Make temporary folders below one folder of the process, which this process removes at its end, or else the next run.

That folder is named ``docsr-MACHINE-PROCESS-RANDOM``, and its process holds a lock on it. The system releases the lock
however the process ends, so a folder of this machine that nobody holds is a leftover. Worker processes make their
folders below the folder of their pool, so that nothing remains if they are killed.
"""

from __future__ import annotations

import atexit
import os
import platform
import re
import secrets
import shutil
import tempfile
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from docsr.errors import NoTemporaryFolder, reason_of
from docsr.system.names import below

try:
    import fcntl
except ImportError:  # Windows, where a folder cannot be locked, and leftovers cannot be recognised
    _can_hold = False
else:
    _can_hold = True

_TRIES = 10


def machine_name(apart: str = "") -> str:
    """Return eight characters for this machine. ``apart`` is anything else that separates its process numbers."""
    return f"{zlib.crc32((platform.node() + apart).encode()):08x}"


_MACHINE = machine_name()
_NAME = re.compile(rf"docsr-{_MACHINE}-[0-9]+-\w+")


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a new empty folder, and remove it with its content when the block ends.

    Raises:
        NoTemporaryFolder: no folder can be made.
    """
    with _home.opened() as above:
        folder, owner = _make_inside(above), os.getpid()
        try:
            yield folder
        finally:
            if os.getpid() == owner:  # otherwise a fork of the owner leaves the block
                shutil.rmtree(folder, ignore_errors=True)


def need_temporary_folder() -> None:
    """Check, before work starts, that temporary files can be made, as some libraries need them.

    Raises:
        NoTemporaryFolder: no folder can be made.
    """
    with temporary_folder():
        pass


def live_in(folder: Path) -> None:
    """Put temporary files of this process and of its programs below ``folder``, which another process owns."""
    _home.given = folder
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)


class _Home:
    """The temporary folder of this process, which exists while it is in use."""

    def __init__(self) -> None:
        self.given: Path | None = None
        self._lock = threading.RLock()  # reentrant: garbage collection may end another block in the same thread
        self._tidied = False
        self._path: Path | None = None
        self._started: Path | None = None
        self._lock_descriptor: int | None = None
        self._users = 0
        atexit.register(self._remove)
        if hasattr(os, "register_at_fork"):  # the folder belongs to the process that made it
            os.register_at_fork(after_in_child=self._leave_to_parent)

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """Yield the folder, make it if needed, and keep it until the block ends."""
        if self.given is not None:
            yield self.given
            return
        with self._lock:
            if self._path is None:
                self._path, self._lock_descriptor = self._new()
            self._users, path, owner = self._users + 1, self._path, os.getpid()
        try:
            yield path
        finally:
            with self._lock:
                self._users -= os.getpid() == owner
                if self._users == 0:
                    self._remove()

    def _new(self) -> tuple[Path, int | None]:
        try:
            place = Path(tempfile.gettempdir())
        except OSError as error:
            raise _none(error) from error
        if not self._tidied:
            self._tidied = True
            _remove_leftovers(place)
        for _ in range(_TRIES):
            # The path is stored before the folder is made, in case a signal interrupts right after it is made.
            path = self._started = below(place, f"docsr-{_MACHINE}-{os.getpid()}-{secrets.token_hex(8)}")
            _make(path)
            with suppress(BlockingIOError, FileNotFoundError):  # another run has just removed it as a leftover
                return path, _lock_folder(path)
        raise NoTemporaryFolder(f"temporary folders in {place} disappear at once: find out what removes them")

    def _remove(self) -> None:
        for path in {self._path, self._started} - {None}:
            shutil.rmtree(str(path), ignore_errors=True)
        if self._lock_descriptor is not None:
            os.close(self._lock_descriptor)
        self._forget()

    def _leave_to_parent(self) -> None:
        if self._lock_descriptor is not None:  # the parent still holds the lock
            os.close(self._lock_descriptor)
        self._lock = threading.RLock()
        self._forget()

    def _forget(self) -> None:
        self._path, self._started, self._lock_descriptor, self._users = None, None, None, 0


def _make_inside(above: Path) -> Path:
    try:
        return Path(tempfile.mkdtemp(dir=above))
    except OSError as error:
        raise _none(error) from error


def _make(path: Path) -> None:
    try:
        path.mkdir(0o700)
    except OSError as error:
        raise _none(error) from error


def _none(error: OSError) -> NoTemporaryFolder:
    return NoTemporaryFolder(
        f"no temporary folder can be made ({reason_of(error)}): set TMPDIR to a folder that can be written"
    )


def _lock_folder(path: Path) -> int | None:
    """Lock a folder, so that no process takes it for a leftover. Return None if the system has no such locks.

    Raises:
        BlockingIOError: another process holds the lock.
        FileNotFoundError: the folder is gone.
    """
    if not _can_hold:
        return None
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.stat(path), os.fstat(descriptor)):
            raise FileNotFoundError(path)
    except (BlockingIOError, FileNotFoundError):
        os.close(descriptor)
        raise
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _remove_leftovers(place: Path) -> None:
    """Remove the folders of runs on this machine that were killed before they could remove them."""
    with suppress(OSError), os.scandir(place) as found:
        for path in [Path(entry.path) for entry in found if _NAME.fullmatch(entry.name)]:
            with suppress(OSError):
                _remove_if_left(path)


def _remove_if_left(path: Path) -> None:
    if not _can_hold or path.lstat().st_uid != os.geteuid():
        return
    lock = _lock_folder(path)
    if lock is not None:
        try:
            shutil.rmtree(path, ignore_errors=True)
        finally:
            os.close(lock)


_home = _Home()
