"""The manifest of an output folder: what was made from what, so that a second run does only what changed.

JSON lines, one per output, on the disk before the output takes its place: a run that is killed at any moment leaves no
output that the manifest does not know. An output is docsr's own when it is as one of its lines says; any other file in
its place is somebody else's. A line that cannot be read (cut off, or of another version) is passed over.

Machines that share a folder do not share a file to append to: each writes a part of the manifest of its own.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from docsr.errors import PageError

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

NAME = ".docsr-manifest.jsonl"

PARTS = ".docsr-manifest.d"
"""Folder of parts of a manifest (``*.jsonl``), each with a writer of its own, beside it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One output as it was written.

    Attributes:
        input: absolute path of the input.
        sha256: of the input's bytes.
        options: hash of what else decided the output: options, networks, version.
        output: path of the output below the output folder.
        size: of the output, in bytes.
        modified: time of the output's last change, in nanoseconds.
        output_sha256: of the output's bytes.
    """

    input: str
    sha256: str
    options: str
    output: str
    size: int
    modified: int
    output_sha256: str

    def describes(self, path: Path) -> bool:
        """Return whether the file ``path`` is what this entry says: by size and time, or (a copy) by its bytes."""
        try:
            status = path.stat()
        except OSError:
            return False
        if status.st_size != self.size:
            return False
        return status.st_mtime_ns == self.modified or sha256_of(path) == self.output_sha256


class Manifest:
    """The entries of one output folder; an output that was made several times has several."""

    def __init__(self, folder: Path) -> None:
        """Read the manifest of ``folder`` with its parts; a missing one is empty."""
        self._folder = folder
        self._entries: dict[str, tuple[Entry, ...]] = {}
        self._read_to: dict[Path, int] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read what was added since."""
        parts: list[Path] = []
        with suppress(OSError):  # no folder can be there: the name is too long, say
            parts = sorted((self._folder / PARTS).glob("*.jsonl"))
        for path in (self._folder / NAME, *parts):
            self._read_on(path)

    def _read_on(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                file.seek(self._read_to.get(path, 0))
                lines = file.read().rpartition(b"\n")[0]
        except OSError:
            return
        self._read_to[path] = self._read_to.get(path, 0) + (len(lines) + 1 if lines else 0)
        for line in lines.splitlines():
            self._load(line)

    def entries(self, output: str) -> tuple[Entry, ...]:
        """Return what is known of ``output``, the newest first."""
        return self._entries.get(output, ())

    def made(self) -> dict[str, list[str]]:
        """Return, for each input, the outputs that were last made of it."""
        outputs: dict[str, list[str]] = {}
        for name, entries in self._entries.items():
            outputs.setdefault(entries[0].input, []).append(name)
        return outputs

    def _load(self, line: bytes) -> None:
        try:
            fields = json.loads(line)
            if not (isinstance(fields["input"], str) and isinstance(fields["output"], str)):
                return
            entry = Entry(**fields)
            self._entries[entry.output] = (entry, *self.entries(entry.output))
        except (ValueError, TypeError, KeyError):
            return


def incomplete(options: str) -> str:
    """Return what an entry has in the place of ``options`` where a page failed: the output is made again next time."""
    return f"{options} but for pages that failed"


def note(folder: Path, entry: Entry, part: str | None = None) -> None:
    """Add an entry to the manifest of ``folder``, on the disk when this returns; processes may do so at once.

    Args:
        folder: the output folder.
        entry: the entry.
        part: name of the part of the manifest to write to; None: to the manifest itself.

    Raises:
        PageError: the manifest cannot be written.
    """
    _append(folder / NAME if part is None else folder / PARTS / f"{part}.jsonl", as_line(entry))


def merge_parts(folder: Path, prefix: str) -> None:
    """Put the parts whose names begin with ``prefix``, which nobody writes any more, into the manifest itself.

    Raises:
        PageError: the manifest cannot be written; the parts stay.
    """
    with locked(folder):
        for part in sorted((folder / PARTS).glob(f"{prefix}*.jsonl")):
            try:
                lines = part.read_bytes().rpartition(b"\n")[0]
            except OSError as error:
                raise PageError(f"{part} could not be read: {error.strerror or error}") from error
            if lines:
                _append(folder / NAME, lines + b"\n")
            part.unlink(missing_ok=True)
        with suppress(OSError):  # others' parts are there, or nothing was written
            (folder / PARTS).rmdir()


def as_line(entry: Entry) -> bytes:
    """Return the line of the manifest that says so."""
    return json.dumps(asdict(entry)).encode() + b"\n"


def _append(path: Path, line: bytes) -> None:
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("a+b", buffering=0) as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # an earlier run was cut off within its line
                    line = b"\n" + line
            if file.write(line) != len(line):  # in one piece, so that processes do not mix theirs
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
    except OSError as error:
        raise PageError(f"{path} could not be written: {error.strerror or error}") from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes out of the same block for the same output folder.

    The lock is the folder's own, so that it leaves no file and ends with its holder, however that ends. Where folders
    cannot be locked (Windows, some network drives) nobody is kept out.
    """
    descriptor = None
    try:
        if fcntl is not None:
            with suppress(OSError):
                descriptor = os.open(folder, os.O_RDONLY)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def sha256_of(path: Path) -> str | None:
    """Return the SHA-256 of a file's bytes in hexadecimal, or None if it cannot be read or is no regular file."""
    if not path.is_file():  # a pipe would be waited for
        return None
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def sha256_of_text(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
