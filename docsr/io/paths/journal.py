"""Files of lines in an output folder, which are added to and read on: regular files alone, in bounded memory.

Whoever may write in the folder may put anything in the place of such a file: a pipe, which would be waited for, a link
to a device without end or to a file of somebody else. What is not a regular file is refused, and links are not
followed.
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
"""Of such files together; more are refused: a file that holds nothing takes no room, and days to read."""

MOST_OF_A_LINE = 1 << 16
"""Bytes; longer lines are passed over."""

_PIECE = 1 << 20
_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
_KINDS = ((stat.S_ISLNK, "a link"), (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
_ALL_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Journal:
    """One such file, read on from where it was read to.

    Attributes:
        size: of the file when it was read last, in bytes.
    """

    def __init__(self, folder: OutputFolder, place: str) -> None:
        """Take the place of the file below the folder; it need not be there."""
        self._folder, self._place = folder, place
        self._known: Identity | None = None
        self._read_to = self.size = 0

    def lines(self, most: int = MOST_BYTES) -> Iterator[bytes]:
        """Yield the whole lines that were added since the last time, without their ends; none where there is no file.

        A file that has come to the place of another is read from its start.

        Args:
            most: bytes that the file may have.

        Raises:
            FolderError: it is no regular file, is too large, or does not belong to who may be believed.
        """
        descriptor = _opened(self._folder, self._place, os.O_RDONLY)
        if descriptor is None:
            return
        try:
            status = os.fstat(descriptor)
            self.size = status.st_size
            if self.size > most:
                told = f"{self._folder.path / self._place} is too large to be read"
                most_told = f"{MOST_BYTES:,} bytes for the manifest and its parts together"
                raise FolderError(f"{told} ({most_told}): remove it, or choose another --out folder")
            found = status.st_dev, status.st_ino
            if found != self._known or self.size < self._read_to:
                self._known, self._read_to = found, 0
            os.lseek(descriptor, self._read_to, os.SEEK_SET)
            yield from self._read_on(descriptor)
        finally:
            os.close(descriptor)

    def _read_on(self, descriptor: int) -> Iterator[bytes]:
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
    """Add whole lines to a file, on the disk when this returns; processes may do so at once.

    Raises:
        PageError: it cannot be written.
        FolderError: it is no regular file, has other names, or does not belong to who may be believed.
    """
    path = folder.path / place
    try:
        descriptor = _opened(folder, place, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        assert descriptor is not None
        try:
            status = os.fstat(descriptor)
            if status.st_nlink > 1:
                raise FolderError(f"{path} is a file with other names, which would change too: put a copy in its place")
            if status.st_size:
                os.lseek(descriptor, -1, os.SEEK_END)
                if os.read(descriptor, 1) != b"\n":  # an earlier run was cut off within its line
                    lines = b"\n" + lines
            if os.write(descriptor, lines) != len(lines):  # in one piece, so that processes do not mix theirs
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise PageError(f"{path} could not be written: {reason_of(error)}") from error


def remove(folder: OutputFolder, place: str) -> None:
    """Remove such a file. PageError where that cannot be done."""
    try:
        with folder.reached(place) as (name, above), suppress(FileNotFoundError):
            os.unlink(name, dir_fd=above)
    except OSError as error:
        raise PageError(f"{folder.path / place} could not be removed: {reason_of(error)}") from error


def names_in(folder: OutputFolder, below: str, suffix: str, most: int) -> list[str]:
    """Return the names, sorted, that end so in a folder below an output folder; none where it is not there.

    Raises:
        FolderError: it is a link or no folder, holds more than so many, or does not belong to who may be believed.
    """
    path, names = folder.path / below, list[str]()
    try:
        with folder.reached(f"{below}/names") as (name, descriptor):
            if descriptor is not None:
                with folder.reached(below) as (_, above):
                    _check_owner(os.fstat(descriptor), above, path)
            with os.scandir(os.path.dirname(name) if descriptor is None else descriptor) as found:
                for number, one in enumerate(found, 1):
                    names += [one.name] if one.name.endswith(suffix) else []
                    if number > most:
                        raise FolderError(f"{path} holds more than {most:,} files: choose another --out folder")
    except (OSError, ValueError) as error:
        if os.path.lexists(path) and not os.path.isdir(path):
            raise FolderError(f"{path} is no folder: remove it, or choose another --out folder") from error
        return []
    return sorted(names)


def _opened(folder: OutputFolder, place: str, how: int) -> int | None:
    """Open a file; to read it, None if it is not there or cannot be read.

    Raises:
        OSError: it cannot be written.
        FolderError: it is no regular file, or does not belong to who may be believed.
    """
    path = folder.path / place
    try:
        with folder.reached(place, make=bool(how & os.O_CREAT)) as (name, above):
            try:
                descriptor = os.open(name, how | _FLAGS, 0o666, dir_fd=above)
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
        if how & os.O_CREAT:
            raise
        return None


def _check_kind(status: os.stat_result, path: os.PathLike[str]) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((word for is_one, word in _KINDS if is_one(status.st_mode)), "a device")
        raise FolderError(f"{path} is {kind}, not a file that docsr wrote: remove it, or choose another --out folder")


def _check_owner(status: os.stat_result, above: int | None, path: os.PathLike[str]) -> None:
    """Refuse what somebody else has put into a folder like /tmp: others cannot exchange files of each other there."""
    if above is None or not hasattr(os, "geteuid"):
        return
    folder = os.fstat(above)
    shared = folder.st_mode & stat.S_ISVTX and folder.st_mode & _ALL_MAY_WRITE
    if shared and status.st_uid not in {os.geteuid(), 0, folder.st_uid}:
        raise FolderError(
            f"{path} belongs to another user, in a folder that all may write in: choose another --out folder"
        )
