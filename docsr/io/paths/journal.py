"""Append to and read line files in an output folder, safely: only regular files, and in bounded memory.

Anybody who may write in the folder can replace such a file: by a pipe that blocks, or by a link to an endless device or
to another user's file. So anything but a regular file is refused, and links are not followed.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress

from docsr.errors import FolderError, PageError, reason_of
from docsr.io.paths.folders import Identity, OutputFolder

MOST_BYTES = 1 << 32
"""Limit for these files together. A sparse file takes no disk space, but could take days to read."""

MOST_OF_A_LINE = 1 << 16
"""Bytes; longer lines are skipped."""

_PIECE = 1 << 20
_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
_KINDS = ((stat.S_ISLNK, "a link"), (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
_ALL_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Journal:
    """A line file that is read in steps, each from where the last one ended.

    Attributes:
        size: of the file when it was last read, in bytes.
    """

    def __init__(self, folder: OutputFolder, place: str) -> None:
        """Remember the file's path relative to the folder; the file need not exist."""
        self._folder, self._place = folder, place
        self._identity: Identity | None = None
        self._read_to = self.size = 0

    def lines(self, most: int = MOST_BYTES) -> Iterator[bytes]:
        """Yield the whole lines that were added since the last call, without line ends; none if there is no file.

        If another file has taken its place, that file is read from its start.

        Args:
            most: the most bytes that the file may have.

        Raises:
            FolderError: it is not a regular file, is too large, or belongs to another user in a shared folder.
        """
        descriptor = _opened(self._folder, self._place, os.O_RDONLY)
        if descriptor is None:
            return
        try:
            status = os.fstat(descriptor)
            self.size = status.st_size
            if self.size > most:
                problem = f"{self._folder.path / self._place} is too large to be read"
                limit = f"{MOST_BYTES:,} bytes for the manifest and its parts together"
                raise FolderError(f"{problem} ({limit}): remove it, or choose another --out folder")
            identity = status.st_dev, status.st_ino
            if identity != self._identity or self.size < self._read_to:
                self._identity, self._read_to = identity, 0
            os.lseek(descriptor, self._read_to, os.SEEK_SET)
            yield from self._read_lines(descriptor)
        finally:
            os.close(descriptor)

    def _read_lines(self, descriptor: int) -> Iterator[bytes]:
        rest, at, too_long = b"", self._read_to, False
        while at < self.size and (piece := os.read(descriptor, _PIECE)):
            at += len(piece)
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self._read_to += len(line) + 1
                if not too_long and len(line) <= MOST_OF_A_LINE:
                    yield line
                too_long = False
            if len(rest) > MOST_OF_A_LINE:
                self._read_to += len(rest)
                rest, too_long = b"", True


def append(folder: OutputFolder, place: str, lines: bytes) -> None:
    """Append whole lines to a file, synced to the disk on return; several processes may append at the same time.

    Raises:
        PageError: it cannot be written.
        FolderError: it is not a regular file, has other names, or belongs to another user in a shared folder.
    """
    path = folder.path / place
    try:
        descriptor = _opened(folder, place, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        assert descriptor is not None
        try:
            status = os.fstat(descriptor)
            if status.st_nlink > 1:
                raise FolderError(f"{path} has other names (hard links), which would change too: replace it by a copy")
            if status.st_size:
                os.lseek(descriptor, -1, os.SEEK_END)
                if os.read(descriptor, 1) != b"\n":  # an earlier run was cut off within a line
                    lines = b"\n" + lines
            if os.write(descriptor, lines) != len(lines):  # one write, so that lines of several processes do not mix
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise PageError(f"{path} could not be written: {reason_of(error)}") from error


def remove(folder: OutputFolder, place: str) -> None:
    """Remove a line file. PageError if it cannot be removed."""
    try:
        with folder.reached(place) as (name, above), suppress(FileNotFoundError):
            os.unlink(name, dir_fd=above)
    except OSError as error:
        raise PageError(f"{folder.path / place} could not be removed: {reason_of(error)}") from error


def names_in(folder: OutputFolder, below: str, suffix: str, most: int) -> list[str]:
    """Return the sorted file names with a suffix in a folder below an output folder; none if there is no such folder.

    Raises:
        FolderError: it is a link or not a folder, holds more than ``most`` files, or belongs to another user in a
            shared folder.
    """
    path, names = folder.path / below, list[str]()
    try:
        with folder.reached(f"{below}/names") as (name, descriptor):
            if descriptor is not None:
                with folder.reached(below) as (_, above):
                    _check_owner(os.fstat(descriptor), above, path)
            with os.scandir(os.path.dirname(name) if descriptor is None else descriptor) as files:
                for number, file in enumerate(files, 1):
                    names += [file.name] if file.name.endswith(suffix) else []
                    if number > most:
                        raise FolderError(f"{path} holds more than {most:,} files: choose another --out folder")
    except (OSError, ValueError) as error:
        if os.path.lexists(path) and not os.path.isdir(path):
            raise FolderError(f"{path} is not a folder: remove it, or choose another --out folder") from error
        return []
    return sorted(names)


def _opened(folder: OutputFolder, place: str, flags: int) -> int | None:
    """Open a file; for reading, return None if it does not exist or cannot be read.

    Raises:
        OSError: it cannot be opened for writing.
        FolderError: it is not a regular file, or belongs to another user in a shared folder.
    """
    path = folder.path / place
    try:
        with folder.reached(place, make=bool(flags & os.O_CREAT)) as (name, above):
            try:
                descriptor = os.open(name, flags | _FLAGS, 0o666, dir_fd=above)
            except OSError:
                _check_kind(os.stat(name, dir_fd=above, follow_symlinks=False), path)
                raise
            try:
                _check_kind(os.fstat(descriptor), path)
                _check_owner(os.fstat(descriptor), above, path)
            except BaseException:
                os.close(descriptor)
                raise
            return descriptor
    except (OSError, ValueError):
        if flags & os.O_CREAT:
            raise
        return None


def _check_kind(status: os.stat_result, path: os.PathLike[str]) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((word for is_kind, word in _KINDS if is_kind(status.st_mode)), "a device")
        raise FolderError(f"{path} is {kind}, not a file that docsr wrote: remove it, or choose another --out folder")


def _check_owner(status: os.stat_result, above: int | None, path: os.PathLike[str]) -> None:
    """Refuse another user's file in a shared folder like /tmp, whose sticky bit keeps users from replacing it."""
    if above is None or not hasattr(os, "geteuid"):
        return
    folder = os.fstat(above)
    shared = folder.st_mode & stat.S_ISVTX and folder.st_mode & _ALL_MAY_WRITE
    if shared and status.st_uid not in {os.geteuid(), 0, folder.st_uid}:
        raise FolderError(
            f"{path} belongs to another user, in a folder that all may write in: choose another --out folder"
        )
