"""Temporary folders: all of a run lie below one, which its process removes at its end, or else the next run does.

That one is named ``docsr-MACHINE-PROCESS-RANDOM``, and its process holds a lock on it, which the system takes back
whatever ends the process: a folder of this machine that nobody holds is left over. Worker processes make theirs below
the folder of their pool, so that nothing of them stays when they are killed.
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
except ImportError:  # Windows; there a folder cannot be held, nor be known to be left over
    _can_hold = False
else:
    _can_hold = True

_TRIES = 10


def machine_name(apart: str = "") -> str:
    """Name this machine in eight signs; ``apart``: what else tells who numbers its processes together."""
    return f"{zlib.crc32((platform.node() + apart).encode()):08x}"


_MACHINE = machine_name()
_NAME = re.compile(rf"docsr-{_MACHINE}-[0-9]+-\w+")


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield an empty folder of its own, which is removed with all that is in it when the block ends.

    Raises:
        NoTemporaryFolder: none can be made.
    """
    with _home.opened() as above:
        made, owner = _made(above), os.getpid()
        try:
            yield made
        finally:
            if os.getpid() == owner:  # else a fork of it leaves the block
                shutil.rmtree(made, ignore_errors=True)


def need_temporary_folder() -> None:
    """Make sure, before work starts, that there is a place for temporary files: of libraries that want one.

    Raises:
        NoTemporaryFolder: there is none.
    """
    with temporary_folder():
        pass


def live_in(folder: Path) -> None:
    """Make temporary files of this process, and of programs that it runs, below ``folder``, whose owner is another."""
    _home.given = folder
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)


class _Home:
    """The one folder of this process: there while something is in it."""

    def __init__(self) -> None:
        self.given: Path | None = None
        self._lock = threading.RLock()  # garbage that is collected meanwhile may end a block of the same thread
        self._tidied = False
        self._path: Path | None = None
        self._begun: Path | None = None
        self._held: int | None = None
        self._users = 0
        atexit.register(self._remove)
        if hasattr(os, "register_at_fork"):  # it belongs to the process that made it
            os.register_at_fork(after_in_child=self._leave_to_parent)

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """Yield it, made if need be, and keep it for as long as the block."""
        if self.given is not None:
            yield self.given
            return
        with self._lock:
            if self._path is None:
                self._path, self._held = self._new()
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
            # Its name is kept before it is made: a signal may come when it is there, and not yet known.
            path = self._begun = below(place, f"docsr-{_MACHINE}-{os.getpid()}-{secrets.token_hex(8)}")
            _make(path)
            with suppress(BlockingIOError, FileNotFoundError):  # another run has just taken it for left over
                return path, _held(path)
        raise NoTemporaryFolder(f"no temporary folder stays in {place}: something removes it")

    def _remove(self) -> None:
        for path in {self._path, self._begun} - {None}:
            shutil.rmtree(str(path), ignore_errors=True)
        if self._held is not None:
            os.close(self._held)
        self._forget()

    def _leave_to_parent(self) -> None:
        if self._held is not None:  # the parent holds it still
            os.close(self._held)
        self._lock = threading.RLock()
        self._forget()

    def _forget(self) -> None:
        self._path, self._begun, self._held, self._users = None, None, None, 0


def _made(above: Path) -> Path:
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


def _held(path: Path) -> int | None:
    """Hold a folder, so that nobody takes it for left over; None where the system has no such locks.

    Raises:
        BlockingIOError: another process holds it.
        FileNotFoundError: it is gone.
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
    """Remove what runs on this machine left that were ended before they could."""
    with suppress(OSError), os.scandir(place) as found:
        for path in [Path(one.path) for one in found if _NAME.fullmatch(one.name)]:
            with suppress(OSError):
                _remove_if_left(path)


def _remove_if_left(path: Path) -> None:
    if not _can_hold or path.lstat().st_uid != os.geteuid():
        return
    held = _held(path)
    if held is not None:
        try:
            shutil.rmtree(path, ignore_errors=True)
        finally:
            os.close(held)


_home = _Home()
