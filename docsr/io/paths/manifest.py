"""The manifest of an output folder: what was made from what, so that a second run does only what changed.

JSON lines, one per output, on the disk before the output takes its place: a run that is killed at any moment leaves no
output that the manifest does not know. An output is docsr's own when it is as one of its lines says; any other file in
its place is somebody else's. A line that cannot be read (cut off, or of another version) is passed over.

Machines that share a folder do not share a file to append to: each writes a part of the manifest of its own.

Whoever may write in the folder may write the manifest, so it is believed no further than that: docsr reads and writes
regular files alone, which no link leads to, line by line, and keeps few entries of an output. Who owns them is asked
only in a folder that all may write in and where nobody may replace the files of others (the sticky bit, as of /tmp), as
Linux does there for any file (fs.protected_regular). Elsewhere people, containers and machines share a folder under
several numbers, and who may write in it could exchange the outputs themselves.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from docsr.errors import FolderError
from docsr.io.paths.folders import OutputFolder, Place, locked, opened, opened_to_read
from docsr.io.paths.journal import MOST_BYTES, Journal, append, names_in, remove

NAME = ".docsr-manifest.jsonl"

PARTS = ".docsr-manifest.d"
"""Folder of parts of a manifest (``*.jsonl``), each with a writer of its own, beside it."""

MOST_OF_ONE = 64
"""So many entries of an output are kept, the newest that tell of different bytes. As often may runs in a row be killed
just before an output takes its place, and the one that is there is still known."""

MOST_OUTPUTS = 1_000_000
"""Of a folder; more are refused, for each takes up to a kilobyte of memory."""

MOST_PARTS = 100_000

_SUFFIX = ".jsonl"
_PIECE = 1 << 20


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

    def describes(self, file: Path | Place) -> bool:
        """Return whether a file is what this entry says: by size and time, or (a copy) by its bytes."""
        return entry_of((self,), file) is not None


_TYPES = {field.name: int if field.type == "int" else str for field in fields(Entry)}


def entry_of(entries: Iterable[Entry], file: Path | Place) -> Entry | None:
    """Return the first of the entries that say what a file is: by size and time, or (a copy) by its bytes.

    Raises:
        PageError: the way to it leads through a link in an output folder.
    """
    try:
        descriptor = file.open() if isinstance(file, Place) else opened_to_read(file)
    except (OSError, ValueError):
        return None
    try:
        status = os.fstat(descriptor)
        alike = [entry for entry in entries if entry.size == status.st_size] if stat.S_ISREG(status.st_mode) else []
        digest = None
        for entry in alike:
            if entry.modified == status.st_mtime_ns:
                return entry
            digest = digest or sha256_of_open(descriptor)
            if entry.output_sha256 == digest:
                return entry
        return None
    finally:
        os.close(descriptor)


class Manifest:
    """The entries of one output folder; an output that was made several times has several."""

    def __init__(self, folder: Path | OutputFolder) -> None:
        """Read the manifest of ``folder`` with its parts; a missing one is empty.

        Raises:
            FolderError: as of :meth:`refresh`.
        """
        self._folder = opened(folder)
        self._entries: dict[str, tuple[Entry, ...]] = {}
        self._journals: dict[str, Journal] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read what was added since.

        Raises:
            FolderError: what lies in its place is no regular file, is larger than a manifest can be, or belongs to
                another user in a folder like /tmp.
        """
        left = MOST_BYTES
        for place in (NAME, *_parts(self._folder)):
            journal = self._journals.setdefault(place, Journal(self._folder, place))
            for line in journal.lines(left):
                self._load(line)
            left -= journal.size

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
        entry = _read(line)
        if entry is None:
            return
        known = self._entries.get(entry.output)
        if known is None and len(self._entries) >= MOST_OUTPUTS:
            told = f"{self._folder.path / NAME} tells of more than {MOST_OUTPUTS:,} outputs"
            raise FolderError(f"{told}: choose another --out folder")
        others = [one for one in known or () if one.output_sha256 != entry.output_sha256]
        self._entries[entry.output] = (entry, *others[: MOST_OF_ONE - 1])


def _read(line: bytes) -> Entry | None:
    """Return what a line says, or None where it says nothing that can be believed."""
    try:
        values = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or {name: type(value) for name, value in values.items()} != _TYPES:
        return None
    if values["size"] < 0 or not _is_inside(values["output"]):
        return None
    values["options"] = sys.intern(values["options"])
    return Entry(**values)


def _is_inside(output: str) -> bool:
    """Tell whether a path is one below a folder, as docsr writes it."""
    if os.path.normpath(output) != output or os.path.isabs(output) or "\0" in output:
        return False
    return output not in {".", ".."} and not output.startswith(f"..{os.sep}")


def incomplete(options: str) -> str:
    """Return what an entry has in the place of ``options`` where a page failed: the output is made again next time."""
    return f"{options} but for pages that failed"


def note(folder: Path | OutputFolder, entry: Entry, part: str | None = None) -> None:
    """Add an entry to the manifest of ``folder``, on the disk when this returns; processes may do so at once.

    Args:
        folder: the output folder.
        entry: the entry.
        part: name of the part of the manifest to write to; None: to the manifest itself.

    Raises:
        PageError: the manifest cannot be written.
    """
    append(opened(folder), NAME if part is None else f"{PARTS}/{part}{_SUFFIX}", as_line(entry))


def merge_parts(folder: Path | OutputFolder, prefix: str) -> None:
    """Put the parts whose names begin with ``prefix``, which nobody writes any more, into the manifest itself.

    Raises:
        PageError: the manifest cannot be written; the parts stay.
    """
    folder = opened(folder)
    with locked(folder):
        for place in _parts(folder, prefix):
            for lines in _gathered(Journal(folder, place).lines()):
                append(folder, NAME, lines)
            remove(folder, place)
        with (
            suppress(OSError),
            folder.reached(PARTS) as (name, above),
        ):  # others' parts are there, or nothing was written
            os.rmdir(name, dir_fd=above)


def _parts(folder: OutputFolder, prefix: str = "") -> list[str]:
    names = names_in(folder, PARTS, _SUFFIX, MOST_PARTS)
    return [f"{PARTS}/{name}" for name in names if name.startswith(prefix)]


def _gathered(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Join lines, with their ends, to pieces that are worth a write."""
    piece = bytearray()
    for line in lines:
        piece += line + b"\n"
        if len(piece) > _PIECE:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def as_line(entry: Entry) -> bytes:
    """Return the line of the manifest that says so."""
    return json.dumps(asdict(entry)).encode() + b"\n"


def sha256_of(path: Path) -> str | None:
    """Return the SHA-256 of a file's bytes in hexadecimal, or None if it cannot be read or is no regular file."""
    try:
        descriptor = opened_to_read(path)
    except (OSError, ValueError):
        return None
    try:
        return sha256_of_open(descriptor) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    finally:
        os.close(descriptor)


def sha256_of_open(descriptor: int) -> str | None:
    """Return the SHA-256 of all bytes of an open file, which may be read from its start; None if it cannot be read."""
    try:
        with os.fdopen(os.dup(descriptor), "rb") as file:
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def sha256_of_text(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
