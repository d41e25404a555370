"""Open output folders once, so that files go into the folder itself whatever its path leads to later.

A path can change its meaning during a run: ``--out`` is turned into a link to the inputs, or a folder below it is
exchanged. So the folder is opened once, by the path that the user gave, with links followed. From then on everything
in it is reached from the open folder (``openat`` and the like), and no link below it is followed. Systems without such
calls (Windows) use the paths as they are at that moment.
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
"""What identifies a file: its device, and its inode number there."""

HANDLES = {os.open, os.stat, os.mkdir, os.unlink, os.rename} <= os.supports_dir_fd
"""Whether this system can reach files from an open folder."""

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
PATIENCE = 20.0
"""Seconds to wait for a folder's lock. docsr holds it only briefly; whoever holds it longer is another program."""

_SECONDS_BETWEEN_TRIES = 0.005
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class OutputFolder:
    """An output folder, and the files that outputs in it may not replace.

    The folder is opened by the constructor or, if it does not exist yet, when the first file is put into it. A pickled
    copy in another process opens it anew, and refuses a different folder at the same path.

    Attributes:
        path: as the user gave it, for messages.
    """

    def __init__(self, path: Path) -> None:
        """Open the folder if it exists; links are followed only now."""
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
        """Protect files from being replaced here, and return this folder; call it before pickling."""
        self._kept |= identities(files)
        return self

    def make(self) -> None:
        """Make the folder and its parents, unless it is open already.

        Raises:
            OSError: it cannot be made or opened.
            FolderError: its path leads to another folder now.
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
        identity = status.st_dev, status.st_ino
        if self._identity not in {None, identity}:
            raise FolderError(f"{self.path} is another folder now than when the run began: run the same command again")
        self._identity = identity

    @contextmanager
    def reached(self, place: str | PurePath, *, make: bool = False) -> Iterator[tuple[str, int | None]]:
        """Open the folder that contains a file, or will contain it.

        Args:
            place: path of the file, relative to this folder.
            make: whether to make missing folders on the way.

        Yields:
            The file's name for the functions of :mod:`os`, and the descriptor to pass as ``dir_fd``. On systems without
            descriptors the name is a whole path and the descriptor is None.

        Raises:
            OSError: a folder does not exist, or cannot be made or opened.
            FolderError: the place is not below this folder, a link is on the way, or this is another folder now.
        """
        parts = PurePath(place).parts
        if not parts or PurePath(place).is_absolute() or ".." in parts:
            raise FolderError(f"{place} is not below {self.path}: docsr reads and writes nothing there")
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
                above, here = here, self._open_subfolder(here, parts[:depth], make=make)
                if above != self._descriptor:
                    os.close(above)
            yield parts[-1], here
        finally:
            if here != self._descriptor:
                os.close(here)

    def _open_subfolder(self, above: int, parts: tuple[str, ...], *, make: bool) -> int:
        """Open a subfolder, unless it is a link."""
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
                    f"{link} is a link, and docsr follows no link below the output folder: give its target as --out"
                ) from None
            raise

    def reopened(self) -> int | None:
        """Open this folder once more and return the descriptor, which locks independently; None if that fails."""
        try:
            return None if self._descriptor is None else os.open(".", _FOLDER, dir_fd=self._descriptor)
        except OSError:
            return None

    def keeps(self, name: str, folder: int | None, more: frozenset[Identity] = frozenset()) -> bool:
        """Return whether the file of this name, or the target of its link, may not be replaced.

        Args:
            name: of the file, as :meth:`reached` yields it.
            folder: the descriptor of its folder.
            more: further files that may not be replaced.
        """
        present = set[Identity]()
        for follow in (False, True):
            with suppress(OSError):
                status = os.stat(name, dir_fd=folder, follow_symlinks=follow)
                present.add((status.st_dev, status.st_ino))
        return not present.isdisjoint(self._kept) or not present.isdisjoint(more)


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a file below an output folder.

    Attributes:
        folder: the folder.
        below: the path of the file, relative to the folder.
        kept: files that it may not replace, besides those of the folder.
    """

    folder: OutputFolder
    below: str
    kept: frozenset[Identity] = frozenset()

    @property
    def path(self) -> Path:
        """The file's path, for messages."""
        return self.folder.path / self.below

    def exists(self) -> bool:
        """Return whether the name exists, even as a broken link; errors as of OutputFolder.reached."""
        try:
            with self.folder.reached(self.below) as (name, folder):
                os.stat(name, dir_fd=folder, follow_symlinks=False)
        except (OSError, ValueError):
            return False
        return True

    def open(self) -> int:
        """Open the file for reading and return its descriptor. Its own link is followed; a pipe does not block.

        Raises:
            OSError: it cannot be opened.
            FolderError: as of OutputFolder.reached.
        """
        with self.folder.reached(self.below) as (name, folder):
            return os.open(name, _READ, dir_fd=folder)


def opened(folder: Path | OutputFolder) -> OutputFolder:
    """Return the folder that a path leads to now; an opened folder is returned as it is."""
    return OutputFolder(folder) if isinstance(folder, Path) else folder


@contextmanager
def locked(folder: Path | OutputFolder, patience: float = PATIENCE) -> Iterator[bool]:
    """Lock an output folder against other processes that run the same block.

    The lock is on the folder itself, so it leaves no file and ends with its holder, even if that is killed. Folders on
    Windows and some network drives cannot be locked; there the block runs without a lock. Anybody who can read a folder
    can lock it, so the wait ends after the longest time that docsr itself would hold the lock.

    Args:
        folder: the output folder.
        patience: seconds to wait.

    Yields:
        False if the lock was held for all that time; the block then runs without it.
    """
    descriptor = None
    if fcntl is not None:
        descriptor = opened(folder).reopened()
    try:
        yield descriptor is None or _acquire(descriptor, patience)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _acquire(descriptor: int, patience: float) -> bool:
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
    """Open a file for reading and return its descriptor; a pipe does not block. OSError if it cannot be opened."""
    return os.open(path, _READ)


def place_at(path: Path, kept: frozenset[Identity] = frozenset()) -> Place:
    """Return the place of a file in its folder, which is opened if it exists; ``kept`` as of Place."""
    return Place(OutputFolder(path.parent), path.name, kept)


def identities(paths: Iterable[Path]) -> frozenset[Identity]:
    """Return what identifies the files at the paths; paths without a file are left out."""
    return frozenset(filter(None, map(_identity_of, paths)))


def _identity_of(path: Path) -> Identity | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _open_folder(name: str, above: int | None, flags: int) -> int:
    """Open a folder, even one that may be entered and written to but not listed."""
    try:
        return os.open(name, flags, dir_fd=above)
    except PermissionError:
        if not hasattr(os, "O_PATH"):
            raise
        return os.open(name, flags | os.O_PATH, dir_fd=above)
