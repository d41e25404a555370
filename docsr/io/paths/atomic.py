"""Write files so that they are complete or absent, and protect the inputs from being overwritten."""

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
    """Check that no output is one of the inputs, even under another name.

    Raises:
        UsageError: an output path is an input file.
    """
    input_identities = {key for path in inputs for key in _identities(path)}
    for output in outputs:
        if not input_identities.isdisjoint(_identities(output)):
            raise UsageError(would_overwrite(output))


def would_overwrite(output: Path) -> str:
    """Return the error sentence for an output that is also an input."""
    return f"{output} is an input and would be overwritten: choose another --out folder"


def refuse_same_folder(out: Path, inputs: Iterable[Path]) -> None:
    """Check that the output folder is not one of the input folders, even under another name.

    Raises:
        UsageError: it is one of them.
    """
    for path in inputs:
        if path.is_dir() and os.path.realpath(path) == os.path.realpath(out):
            raise UsageError(f"--out {out} is the input folder itself: choose another folder for the outputs")


def is_one_of(path: Path, others: Iterable[Path]) -> bool:
    """Return whether ``path`` is the same file as one of ``others``, even under another name."""
    own = _identities(path)
    return any(not own.isdisjoint(_identities(other)) for other in others)


def _identities(path: Path) -> set[object]:
    """Return what identifies a file: its real path and, if it exists, its device and inode number."""
    return {os.path.realpath(path), *identities([path])}


_TEMPORARY = re.compile(r"\.docsr-([0-9a-f]{8})-([0-9]+)-([0-9]+)-[0-9a-f]{8}(\..*)?")
"""Names of temporary files: machine, number of the writing process, its start time, a random number, a suffix."""

_WEEK_IN_SECONDS = 7 * 24 * 60 * 60.0

_CREATE_FLAGS = os.O_CREAT | os.O_EXCL | os.O_RDWR
_CREATE_FLAGS |= sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"))


def _machine() -> str:
    """Return a name for the PID namespace: a machine, or a container (which may have its machine's name)."""
    namespace = ""
    with suppress(OSError):
        namespace = os.readlink("/proc/self/ns/pid")
    return machine_name(namespace)


_MACHINE = _machine()


class Staged:
    """A file that is written beside its target and takes its place by :meth:`commit`.

    Attributes:
        file: open for writing and reading.
    """

    def __init__(self, place: Place, name: str, folder: int | None, temporary: str, file: BinaryIO) -> None:
        self.file = file
        self._place, self._name, self._folder, self._temporary = place, name, folder, temporary

    def flush(self) -> None:
        """Flush the file to the disk. What is recorded about it after this holds when it takes its place."""
        self.file.flush()
        os.fsync(self.file.fileno())

    def commit(self) -> None:
        """Put the file in the target's place. PageError if the target is now an input, or is not a regular file."""
        self.flush()
        self.file.close()
        path = self._place.path
        if self._place.folder.keeps(self._name, self._folder, self._place.kept):
            raise PageError(would_overwrite(path))
        if is_special(self._name, self._folder):
            raise PageError(f"{path} is a device or a pipe, which docsr does not replace")
        os.replace(self._temporary, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        with suppress(OSError):  # some file systems cannot sync a folder; the file itself is complete
            _flush(self._name, self._folder)


@contextmanager
def staged(target: Path | Place) -> Iterator[Staged]:
    """Write a file in two steps, so that it is complete or absent.

    The block writes a hidden temporary file in the target's folder, which is made if it is missing. If the block does
    not commit it, the temporary file is removed and the target stays as it was. The folder is opened only once, so the
    file ends up in that same folder even if the path leads elsewhere by then.

    Args:
        target: the file. Files that its folder or the place itself keeps are not replaced.

    Yields:
        The staged file.

    Raises:
        PageError: the file cannot be created, written or put in place (no space, no permission); or the target is a
            kept file or not a regular file (/dev/null).
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
    """Write a file that takes its place when the block ends without an error; arguments and errors as of staged."""
    with staged(target) as output:
        yield output.file
        output.commit()


def is_special(name: str | Path, folder: int | None = None) -> bool:
    """Return whether a name, or the target of its link, is a device, a pipe or a socket: not a file, not a folder."""
    for follow in (False, True):
        with suppress(OSError, ValueError):
            mode = os.stat(name, dir_fd=folder, follow_symlinks=follow).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode)):
                return True
    return False


@contextmanager
def _temporary(name: str, folder: int | None, suffix: str) -> Iterator[tuple[str, BinaryIO]]:
    """Create a temporary file beside another; yield its name for the functions of os, and the open file.

    The file is removed at the end unless it was renamed.
    """
    own = f".docsr-{_MACHINE}-{os.getpid()}-{_start_time(os.getpid()) or 0}-{secrets.token_hex(4)}{suffix}"
    temporary = os.path.join(os.path.dirname(name), own)
    file = os.fdopen(os.open(temporary, _CREATE_FLAGS, 0o666, dir_fd=folder), "w+b")
    try:
        yield temporary, file
    finally:
        with suppress(OSError):  # data that could not be written cannot be flushed either
            file.close()
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)


def remove_leftovers(folders: Iterable[Path]) -> None:
    """Remove temporary files that a killed run left in ``folders``; subfolders are not searched.

    A file of this machine is removed if its process has ended; a file of another machine, if it is a week old.
    """
    for folder in folders:
        with suppress(OSError):
            for path in folder.iterdir():
                match = _TEMPORARY.fullmatch(path.name)
                if match is not None and _is_leftover(match, path):
                    path.unlink(missing_ok=True)


def _is_leftover(match: re.Match[str], path: Path) -> bool:
    if match[1] == _MACHINE:
        return _is_gone(int(match[2]), int(match[3]))
    return time.time() - path.lstat().st_mtime > _WEEK_IN_SECONDS


def _is_gone(process: int, began: int) -> bool:
    """Return whether a process has ended; another process may have taken its number since."""
    if os.name != "posix":  # elsewhere os.kill would not only ask for the process, but harm it
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    status = _process_status(process)
    if status is None:  # there is no /proc, or the process belongs to another user
        return False
    return status[0] in b"ZX" or began not in {0, int(status[19])}  # in containers zombies often stay unreaped


@lru_cache(maxsize=1)
def _start_time(process: int) -> int | None:
    """Return when a process began, in clock ticks since the machine booted; None if that is unknown."""
    status = _process_status(process)
    return None if status is None else int(status[19])


def _process_status(process: int) -> list[bytes] | None:
    """Return the fields of /proc/PID/stat from the state on (proc(5)); None if it cannot be read."""
    try:
        return Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None


def _flush(name: str, folder: int | None) -> None:
    """Sync to the disk the folder that holds a file, so that the file's name is kept."""
    if folder is not None:
        os.fsync(folder)
        return
    descriptor = os.open(os.path.dirname(name) or ".", os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
