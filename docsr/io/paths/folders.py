"""Output folders that are opened once: a file goes into the folder itself, whatever its path has come to mean.

A path can change its meaning while a run goes on: ``--out`` is turned into a link to the inputs, a folder below it is
exchanged. So the folder is opened once, by the path that the user gave, links followed, and from then on everything in
it is reached from there (``openat`` and its like); below it no link is followed on the way. Where the system has no
such calls (Windows) paths are used, as they are at that moment.
"""

from __future__ import annotations

import os
import stat
import time
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TypeAlias

from docsr.errors import FolderError

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

Identity: TypeAlias = tuple[int, int]
"""What tells a file from all others: its device, and its number there."""

HANDLES = {os.open, os.stat, os.mkdir, os.unlink, os.rename} <= os.supports_dir_fd
"""Whether files can be reached from an open folder here."""

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
PATIENCE = 20.0
"""Seconds to wait for the lock of a folder. docsr holds it for a moment: who holds it longer is somebody else."""

_SECONDS_BETWEEN_TRIES = 0.005
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class OutputFolder:
    """An output folder, and the files that nothing put into it may replace.

    It is opened when this is made, or, if it is not there yet, when the first file is put into it. A copy in another
    process (pickled) opens it anew, and refuses another folder that has come to its path.

    Attributes:
        path: as the user gave it, for sentences.
    """

    def __init__(self, path: Path) -> None:
        """Open the folder, if it is there; links are followed, now."""
        self.path, self._kept = path, frozenset[Identity]()
        self._identity: Identity | None = None
        self._descriptor: int | None = None
        with suppress(OSError, ValueError):
            self._open()

    def __getstate__(self) -> tuple[Path, frozenset[Identity], Identity | None]:
        return self.path, self._kept, self._identity

    def __setstate__(self, state: tuple[Path, frozenset[Identity], Identity | None]) -> None:
        self.path, self._kept, self._identity = state
        self._descriptor = None

    def keeping(self, files: Iterable[Path]) -> OutputFolder:
        """Keep files from being replaced here from now on, and return this folder; before it is sent to a process."""
        self._kept |= identities(files)
        return self

    def make(self) -> None:
        """Make the folder, with those above it, unless it is open already.

        Raises:
            OSError: it cannot be made, or not be opened.
            FolderError: another folder has come to its path.
        """
        if self._descriptor is None:
            if self._identity is None:
                self.path.mkdir(parents=True, exist_ok=True)
            self._open()

    def _open(self) -> None:
        if not HANDLES:
            self._check(self.path.stat())
            return
        descriptor = _open_folder(str(self.path), None, _FOLDER)
        try:
            self._check(os.fstat(descriptor))
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)

    def _check(self, status: os.stat_result) -> None:
        found = status.st_dev, status.st_ino
        if self._identity not in {None, found}:
            raise FolderError(f"{self.path} is another folder now than when the run began: run the same command again")
        self._identity = found

    @contextmanager
    def reached(self, place: str | PurePath, *, make: bool = False) -> Iterator[tuple[str, int | None]]:
        """Open the folder that a file lies in, or is to lie in.

        Args:
            place: of the file below this folder.
            make: whether to make the folders on the way.

        Yields:
            The name of the file for the functions of :mod:`os`, and the descriptor that they take as ``dir_fd`` with it
            (None where there are none: the name is a whole path then).

        Raises:
            OSError: a folder is not there, cannot be made, or not be opened.
            FolderError: the place is not below this folder, a link is on the way, or this is another folder now.
        """
        parts = PurePath(place).parts
        if not parts or PurePath(place).is_absolute() or ".." in parts:
            raise FolderError(f"{place} does not lie below {self.path}: nothing is read or written there")
        if make:
            self.make()
        elif self._descriptor is None:
            self._open()
        if self._descriptor is None:
            whole = self.path / place
            if make:
                whole.parent.mkdir(parents=True, exist_ok=True)
            yield str(whole), None
            return
        here = self._descriptor
        try:
            for depth in range(1, len(parts)):
                above, here = here, self._step(here, parts[:depth], make=make)
                if above != self._descriptor:
                    os.close(above)
            yield parts[-1], here
        finally:
            if here != self._descriptor:
                os.close(here)

    def _step(self, above: int, parts: tuple[str, ...], *, make: bool) -> int:
        """Open a folder in the one above it, but not through a link."""
        name = parts[-1]
        if make:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=above)
        try:
            return _open_folder(name, above, _FOLDER | _NO_LINK)
        except OSError:
            if stat.S_ISLNK(os.stat(name, dir_fd=above, follow_symlinks=False).st_mode):
                link = self.path.joinpath(*parts)
                raise FolderError(
                    f"{link} is a link, and no link below the output folder is followed: give what it leads to as --out"
                ) from None
            raise

    def again(self) -> int | None:
        """Open this folder once more and return the descriptor, which has locks of its own; None if that cannot be."""
        try:
            return None if self._descriptor is None else os.open(".", _FOLDER, dir_fd=self._descriptor)
        except OSError:
            return None

    def keeps(self, name: str, folder: int | None, more: frozenset[Identity] = frozenset()) -> bool:
        """Tell whether what has a name now, as :meth:`reached` gives it, or what it leads to, may not be replaced.

        Args:
            name: of the file.
            folder: where it is.
            more: files that may not be replaced either.
        """
        found = set[Identity]()
        for follow in (False, True):
            with suppress(OSError):
                status = os.stat(name, dir_fd=folder, follow_symlinks=follow)
                found.add((status.st_dev, status.st_ino))
        return not found.isdisjoint(self._kept) or not found.isdisjoint(more)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file goes: below an output folder.

    Attributes:
        folder: the folder.
        below: the path of the file from there.
        kept: files that it may not replace, besides those of the folder.
    """

    folder: OutputFolder
    below: str
    kept: frozenset[Identity] = frozenset()

    @property
    def path(self) -> Path:
        """Its path, for sentences."""
        return self.folder.path / self.below

    def exists(self) -> bool:
        """Tell whether something has its name, also a link that leads nowhere; errors as of OutputFolder.reached."""
        try:
            with self.folder.reached(self.below) as (name, folder):
                os.stat(name, dir_fd=folder, follow_symlinks=False)
        except (OSError, ValueError):
            return False
        return True

    def open(self) -> int:
        """Open the file to read it, and return its descriptor; its own links are followed, a pipe is not waited for.

        Raises:
            OSError: it cannot be opened.
            FolderError: as of OutputFolder.reached.
        """
        with self.folder.reached(self.below) as (name, folder):
            return os.open(name, _READ, dir_fd=folder)


def opened(folder: Path | OutputFolder) -> OutputFolder:
    """Return the folder that a path leads to now, or one that was opened before."""
    return OutputFolder(folder) if isinstance(folder, Path) else folder


@contextmanager
def locked(folder: Path | OutputFolder, patience: float = PATIENCE) -> Iterator[bool]:
    """Keep other processes out of the same block for the same output folder.

    The lock is the folder's own, so that it leaves no file and ends with its holder, however that ends. Where folders
    cannot be locked (Windows, some network drives) nobody is kept out; and as anybody who can read a folder can lock
    it, nobody is waited for longer than docsr itself would take.

    Args:
        folder: the output folder.
        patience: seconds to wait.

    Yields:
        False if somebody held the lock all the time: nobody is kept out then either.
    """
    descriptor = None
    if fcntl is not None:
        descriptor = opened(folder).again()
    try:
        yield descriptor is None or _has_locked(descriptor, patience)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _has_locked(descriptor: int, patience: float) -> bool:
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_SECONDS_BETWEEN_TRIES)
        except OSError:  # it cannot be locked
            return True
        else:
            return True


def opened_to_read(path: Path) -> int:
    """Open a file to read it, and return its descriptor; a pipe is not waited for. OSError where that cannot be."""
    return os.open(path, _READ)


def place_at(path: Path, kept: frozenset[Identity] = frozenset()) -> Place:
    """Return the place of a file in its folder, which is opened if it is there; ``kept`` as of Place."""
    return Place(OutputFolder(path.parent), path.name, kept)


def identities(paths: Iterable[Path]) -> frozenset[Identity]:
    """Return what the files at the paths are told by, as far as there are any."""
    return frozenset(filter(None, map(_identity_of, paths)))


def _identity_of(path: Path) -> Identity | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _open_folder(name: str, above: int | None, flags: int) -> int:
    """Open a folder, also one that may be entered and written in, and not listed."""
    try:
        return os.open(name, flags, dir_fd=above)
    except PermissionError:
        if not hasattr(os, "O_PATH"):
            raise
        return os.open(name, flags | os.O_PATH, dir_fd=above)
