"""Files: what may not be written over, and writing that is complete or absent."""

from __future__ import annotations

import os
import platform
import re
import secrets
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from docsr.errors import PageError, UsageError


def refuse_same_file(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Make sure that no output is one of the inputs, under whatever name.

    Raises:
        UsageError: an output path is an input file.
    """
    known = {key for path in inputs for key in _identities(path)}
    for output in outputs:
        if not known.isdisjoint(_identities(output)):
            raise UsageError(f"{output} is an input and would be overwritten: choose another --out folder")


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
    return any(identity in own for other in others for identity in _identities(other))


def _identities(path: Path) -> list[object]:
    """Return what identifies a file: its real path and, when it exists, its device and number."""
    identities: list[object] = [os.path.realpath(path)]
    with suppress(OSError):
        status = path.stat()
        identities.append((status.st_dev, status.st_ino))
    return identities


_TEMPORARY = re.compile(r"\.docsr-([0-9a-f]{8})-([0-9]+)-[0-9a-f]{8}(\..*)?")
"""Names of temporary files: the machine, the process that writes it, a random number, a suffix."""

_A_DAY = 24 * 60 * 60.0


def _machine() -> str:
    """Name what numbers its processes together: a machine, or a container (which may have its machine's name)."""
    numbered = ""
    with suppress(OSError):
        numbered = os.readlink("/proc/self/ns/pid")
    return f"{zlib.crc32((platform.node() + numbered).encode()):08x}"


_MACHINE = _machine()


@contextmanager
def atomic_write(path: Path, finished: Callable[[Path], None] = lambda temporary: None) -> Iterator[Path]:
    """Write a file so that it is complete or absent.

    Yields a hidden temporary path in the same folder (created, empty, with the suffix of ``path``). When the
    block ends well the file is flushed to the disk and takes the place of ``path``; on any error it is removed
    and what was at ``path`` stays as it was. Missing parent folders are made.

    Args:
        path: the file.
        finished: called with the flushed temporary file just before it takes its place.

    Raises:
        PageError: the file cannot be created, written or put in place (no space, no permission).
    """
    temporary = path.with_name(f".docsr-{_MACHINE}-{os.getpid()}-{secrets.token_hex(4)}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield temporary
        _flush(temporary)
        finished(temporary)
        os.replace(temporary, path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            raise PageError(f"{path} could not be written: {reason[:1].lower()}{reason[1:]}") from error
        raise
    with suppress(OSError):  # some file systems cannot flush a folder; the file itself is complete
        _flush(path.parent)


def remove_leftovers(folders: Iterable[Path]) -> None:
    """Remove temporary files that nobody writes any more, a killed run's: from ``folders``, not from below them.

    These are what processes of this machine left that are gone, and what nothing was written to for a day.
    """
    for folder in folders:
        with suppress(OSError):
            for path in folder.iterdir():
                match = _TEMPORARY.fullmatch(path.name)
                old = match is not None and time.time() - path.stat().st_mtime > _A_DAY
                if match is not None and (old or (match[1] == _MACHINE and _is_gone(int(match[2])))):
                    path.unlink(missing_ok=True)


def _is_gone(process: int) -> bool:
    if os.name != "posix":  # elsewhere a process cannot be asked for without harm
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    try:
        status = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:  # no /proc, or it is somebody else's business
        return False
    return status.rpartition(b")")[2].split()[0] in b"ZX"  # dead, and nobody asked: in a container often nobody does


def _flush(path: Path) -> None:
    """Bring a file's or a folder's content to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
