"""Keep the manifest of an output folder: what was made from what, so that a second run does only what changed.

The manifest is JSON lines, one per output. A line is on the disk before its output takes its place, so a run that is
killed at any moment leaves no output that the manifest does not list. An output is docsr's own if it matches one of
its lines; any other file in its place belongs to somebody else. A line that cannot be read (cut off, or of another
version) is skipped.

Machines that share a folder do not append to one file: each writes its own part of the manifest.

Anybody who may write in the folder may write the manifest, so docsr trusts it no further. It reads and writes only
regular files that are not reached by a link, line by line, and keeps few entries of an output. It checks the owner
only in a folder like /tmp, where everybody may write and the sticky bit keeps users from replacing files of others;
Linux does the same for any file there (fs.protected_regular). Elsewhere people, containers and machines may share a
folder under different user ids, and whoever may write in it could replace the outputs themselves.
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
"""Folder beside the manifest that holds its parts (``*.jsonl``), each with its own writer."""

MOST_OF_ONE = 64
"""How many entries of an output are kept: the newest with different bytes. So many runs in a row may be killed just
before an output takes its place, and the present output is still recognised."""

MOST_OUTPUTS = 1_000_000
"""Outputs that one folder may have; a manifest of more is refused, since each takes up to a kilobyte of memory."""

MOST_PARTS = 100_000

_SUFFIX = ".jsonl"
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """The record of one output.

    Attributes:
        input: absolute path of the input.
        sha256: of the input's bytes.
        options: hash of everything else that decided the output: options, networks, version.
        output: path of the output, relative to the output folder.
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
        """Return whether a file matches this entry: by size and time, or (for a copy) by its bytes."""
        return entry_of((self,), file) is not None


_TYPES = {field.name: int if field.type == "int" else str for field in fields(Entry)}


def entry_of(entries: Iterable[Entry], file: Path | Place) -> Entry | None:
    """Return the first entry that matches a file: by size and time, or (for a copy) by its bytes.

    Raises:
        PageError: the path to the file leads through a link in an output folder.
    """
    try:
        descriptor = file.open() if isinstance(file, Place) else opened_to_read(file)
    except (OSError, ValueError):
        return None
    try:
        status = os.fstat(descriptor)
        same_size = [entry for entry in entries if entry.size == status.st_size] if stat.S_ISREG(status.st_mode) else []
        digest = None
        for entry in same_size:
            if entry.modified == status.st_mtime_ns:
                return entry
            digest = digest or sha256_of_open(descriptor)
            if entry.output_sha256 == digest:
                return entry
        return None
    finally:
        os.close(descriptor)


class Manifest:
    """The entries of one output folder; an output that was made several times has several entries."""

    def __init__(self, folder: Path | OutputFolder) -> None:
        """Read the manifest of ``folder`` and its parts; a missing manifest is empty.

        Raises:
            FolderError: as of :meth:`refresh`.
        """
        self._folder = opened(folder)
        self._entries: dict[str, tuple[Entry, ...]] = {}
        self._journals: dict[str, Journal] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the lines that were added since the last call.

        Raises:
            FolderError: the manifest or a part is not a regular file, is larger than a manifest can be, or belongs to
                another user in a folder like /tmp.
        """
        bytes_left = MOST_BYTES
        for place in (NAME, *_parts(self._folder)):
            journal = self._journals.setdefault(place, Journal(self._folder, place))
            for line in journal.lines(bytes_left):
                self._load(line)
            bytes_left -= journal.size

    def entries(self, output: str) -> tuple[Entry, ...]:
        """Return the entries of ``output``, the newest first."""
        return self._entries.get(output, ())

    def made(self) -> dict[str, list[str]]:
        """Return, for each input, the outputs that were last made from it."""
        outputs: dict[str, list[str]] = {}
        for name, entries in self._entries.items():
            outputs.setdefault(entries[0].input, []).append(name)
        return outputs

    def _load(self, line: bytes) -> None:
        entry = _read(line)
        if entry is None:
            return
        earlier = self._entries.get(entry.output)
        if earlier is None and len(self._entries) >= MOST_OUTPUTS:
            problem = f"{self._folder.path / NAME} lists more than {MOST_OUTPUTS:,} outputs"
            raise FolderError(f"{problem}: choose another --out folder")
        others = [old for old in earlier or () if old.output_sha256 != entry.output_sha256]
        self._entries[entry.output] = (entry, *others[: MOST_OF_ONE - 1])


def _read(line: bytes) -> Entry | None:
    """Return the entry in a line, or None if the line is not a valid entry."""
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
    """Return whether a path lies below the folder, in the form that docsr writes."""
    if os.path.normpath(output) != output or os.path.isabs(output) or "\0" in output:
        return False
    return output not in {".", ".."} and not output.startswith(f"..{os.sep}")


def incomplete(options: str) -> str:
    """Return the ``options`` of an output of which a page failed: they match no run, so the output is made again."""
    return f"{options} but for pages that failed"


def note(folder: Path | OutputFolder, entry: Entry, part: str | None = None) -> None:
    """Add an entry to the manifest of ``folder``, synced on return; several processes may do so at the same time.

    Args:
        folder: the output folder.
        entry: the entry.
        part: name of the part of the manifest to write to; None for the manifest itself.

    Raises:
        PageError: the manifest cannot be written.
    """
    append(opened(folder), NAME if part is None else f"{PARTS}/{part}{_SUFFIX}", as_line(entry))


def merge_parts(folder: Path | OutputFolder, prefix: str) -> None:
    """Move the parts whose names begin with ``prefix`` into the manifest itself; nobody may write them any more.

    Raises:
        PageError: the manifest cannot be written; the parts are kept.
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
        ):  # the folder holds other writers' parts, or does not exist
            os.rmdir(name, dir_fd=above)


def _parts(folder: OutputFolder, prefix: str = "") -> list[str]:
    names = names_in(folder, PARTS, _SUFFIX, MOST_PARTS)
    return [f"{PARTS}/{name}" for name in names if name.startswith(prefix)]


def _gathered(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Join lines, with their ends, into pieces of about 1 MiB, so that few writes are needed."""
    piece = bytearray()
    for line in lines:
        piece += line + b"\n"
        if len(piece) > _PIECE:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def as_line(entry: Entry) -> bytes:
    """Return the manifest line of an entry."""
    return json.dumps(asdict(entry)).encode() + b"\n"


def sha256_of(path: Path) -> str | None:
    """Return the SHA-256 of a file's bytes in hexadecimal; None if it cannot be read or is not a regular file."""
    try:
        descriptor = opened_to_read(path)
    except (OSError, ValueError):
        return None
    try:
        return sha256_of_open(descriptor) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    finally:
        os.close(descriptor)


def sha256_of_open(descriptor: int) -> str | None:
    """Return the SHA-256 of all bytes of an open file, from its start on; None if it cannot be read."""
    try:
        with os.fdopen(os.dup(descriptor), "rb") as file:
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def sha256_of_text(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
