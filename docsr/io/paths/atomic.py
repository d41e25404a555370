"""Files: what may not be written over, and writing that is complete or absent."""

from __future__ import annotations

import os
import re
import secrets
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from docsr.errors import PageError, UsageError, reason_of
from docsr.io.paths.folders import Place, identities, place_at
from docsr.system.temporary import machine_name


def refuse_same_file(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Make sure that no output is one of the inputs, under whatever name.

    Raises:
        UsageError: an output path is an input file.
    """
    known = {key for path in inputs for key in _identities(path)}
    for output in outputs:
        if not known.isdisjoint(_identities(output)):
            raise UsageError(would_overwrite(output))


def would_overwrite(output: Path) -> str:
    """Return the sentence about an output that is an input."""
    return f"{output} is an input and would be overwritten: choose another --out folder"


def refuse_same_folder(out: Path, inputs: Iterable[Path]) -> None:
    """Make sure that the output folder is none of the input folders, under whatever name.

    Raises:
        UsageError: it is one.
    """
    for one in inputs:
        if one.is_dir() and os.path.realpath(one) == os.path.realpath(out):
            raise UsageError(f"--out {out} is the input folder itself: choose another folder for the outputs")


def is_one_of(path: Path, others: Iterable[Path]) -> bool:
    """Return whether ``path`` is the same file as one of ``others``, under whatever name."""
    own = _identities(path)
    return any(not own.isdisjoint(_identities(other)) for other in others)


def _identities(path: Path) -> set[object]:
    """Return what identifies a file: its real path and, when it exists, its device and number."""
    return {os.path.realpath(path), *identities([path])}


_TEMPORARY = re.compile(r"\.docsr-([0-9a-f]{8})-([0-9]+)-([0-9]+)-[0-9a-f]{8}(\..*)?")
"""Names of temporary files: the machine, the process that writes it, when that began, a random number, a suffix."""

_A_WEEK = 7 * 24 * 60 * 60.0

_HOW = os.O_CREAT | os.O_EXCL | os.O_RDWR
_HOW |= sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"))


def _machine() -> str:
    """Name what numbers its processes together: a machine, or a container (which may have its machine's name)."""
    numbered = ""
    with suppress(OSError):
        numbered = os.readlink("/proc/self/ns/pid")
    return machine_name(numbered)


_MACHINE = _machine()


class Staged:
    """A file that is being written beside its target, and takes its place by :meth:`commit`.

    Attributes:
        file: open to be written and read.
    """

    def __init__(self, place: Place, name: str, folder: int | None, temporary: str, file: BinaryIO) -> None:
        self.file = file
        self._place, self._name, self._folder, self._temporary = place, name, folder, temporary

    def flush(self) -> None:
        """Hand the file over to the disk: what is noted of it from here on is true when it takes its place."""
        self.file.flush()
        os.fsync(self.file.fileno())

    def commit(self) -> None:
        """Let it take the place of the target. PageError: that is an input now, or no file."""
        self.flush()
        self.file.close()
        path = self._place.path
        if self._place.folder.keeps(self._name, self._folder, self._place.kept):
            raise PageError(would_overwrite(path))
        if is_special(self._name, self._folder):
            raise PageError(f"{path} is a device, a pipe or the like, which is not replaced")
        os.replace(self._temporary, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        with suppress(OSError):  # some file systems cannot flush a folder; the file itself is complete
            _flush(self._name, self._folder)


@contextmanager
def staged(target: Path | Place) -> Iterator[Staged]:
    """Write a file in two steps, so that it is complete or absent.

    Yields a hidden temporary file in the same folder. Unless the block commits it, it is removed, and what was there
    stays as it was. Missing folders are made. The folder is opened once: it is the same one at the end, whatever its
    path leads to then.

    Args:
        target: the file. What its folder, or the place itself, keeps is not replaced.

    Raises:
        PageError: the file cannot be created, written or put in place (no space, no permission), or would replace what
            is kept, or what is no file (/dev/null).
    """
    place = place_at(target) if isinstance(target, Path) else target
    try:
        with (
            place.folder.reached(place.below, make=True) as (name, folder),
            _temporary(name, folder, Path(name).suffix) as (temporary, file),
        ):
            yield Staged(place, name, folder, temporary, file)
    except OSError as error:
        raise PageError(f"{place.path} could not be written: {reason_of(error)}") from error


@contextmanager
def atomic_write(target: Path | Place) -> Iterator[BinaryIO]:
    """Write a file in one step: it takes its place when the block ends well; arguments and errors as of staged."""
    with staged(target) as output:
        yield output.file
        output.commit()


def is_special(name: str | Path, folder: int | None = None) -> bool:
    """Tell whether a name, or what it leads to, is a device, a pipe, a socket: neither a file nor a folder."""
    for follow in (False, True):
        with suppress(OSError, ValueError):
            mode = os.stat(name, dir_fd=folder, follow_symlinks=follow).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode)):
                return True
    return False


@contextmanager
def _temporary(name: str, folder: int | None, suffix: str) -> Iterator[tuple[str, BinaryIO]]:
    """A new file beside another, as the functions of os know it, and open; it is removed unless it is renamed."""
    own = f".docsr-{_MACHINE}-{os.getpid()}-{_began(os.getpid()) or 0}-{secrets.token_hex(4)}{suffix}"
    temporary = os.path.join(os.path.dirname(name), own)
    file = os.fdopen(os.open(temporary, _HOW, 0o666, dir_fd=folder), "w+b")
    try:
        yield temporary, file
    finally:
        with suppress(OSError):  # what could not be written cannot be flushed either
            file.close()
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)


def remove_leftovers(folders: Iterable[Path]) -> None:
    """Remove temporary files that nobody writes any more, a killed run's: from ``folders``, not from below them.

    These are what processes of this machine left that are gone, and what other machines have not written to for a week.
    """
    for folder in folders:
        with suppress(OSError):
            for path in folder.iterdir():
                match = _TEMPORARY.fullmatch(path.name)
                if match is not None and _is_left(match, path):
                    path.unlink(missing_ok=True)


def _is_left(match: re.Match[str], path: Path) -> bool:
    if match[1] == _MACHINE:
        return _is_gone(int(match[2]), int(match[3]))
    return time.time() - path.lstat().st_mtime > _A_WEEK


def _is_gone(process: int, began: int) -> bool:
    """Tell whether a process has ended; another may have its number since."""
    if os.name != "posix":  # elsewhere a process cannot be asked for without harm
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    known = _status(process)
    if known is None:  # no /proc, or it is somebody else's business
        return False
    return known[0] in b"ZX" or began not in {0, int(known[19])}  # in a container often nobody asks for the dead


@lru_cache(maxsize=1)
def _began(process: int) -> int | None:
    """When a process began, in ticks since the machine did; None where that is not told."""
    known = _status(process)
    return None if known is None else int(known[19])


def _status(process: int) -> list[bytes] | None:
    """What Linux tells of a process, from its state on (proc(5), stat)."""
    try:
        return Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None


def _flush(name: str, folder: int | None) -> None:
    """Bring the names of a folder, in which a file has one, to the disk."""
    if folder is not None:
        os.fsync(folder)
        return
    descriptor = os.open(os.path.dirname(name) or ".", os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
