"""The manifest of an output folder: what was made from what, so that a second run does only what changed.

JSON lines, one per finished file, appended as files finish; the last line of an output counts. A line that cannot be
read (a run was cut off) is passed over: its file is made again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from docsr.errors import PageError

NAME = ".docsr-manifest.jsonl"


@dataclass(frozen=True, slots=True)
class Entry:
    """One finished file.

    Attributes:
        input: path of the input below its folder.
        output: path of the output below the output folder.
        sha256: of the input's bytes.
        options: of what decided the output: options, network, version.
    """

    input: str
    output: str
    sha256: str
    options: str


class Manifest:
    """The finished files of one output folder."""

    def __init__(self, folder: Path) -> None:
        """Read the manifest of ``folder``; a missing one is empty."""
        self._path = folder / NAME
        self._entries: dict[str, Entry] = {}
        if self._path.is_file():
            for line in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
                self._load(line)

    def known(self, output: str, options: str) -> str | None:
        """Return the sha256 of the input that ``output`` was made from with ``options``, or None."""
        entry = self._entries.get(output)
        return entry.sha256 if entry is not None and entry.options == options else None

    def add(self, entry: Entry) -> None:
        """Note a finished file, on disk at once.

        Raises:
            PageError: the manifest cannot be written.
        """
        if self._entries.get(entry.output) == entry:
            return
        self._entries[entry.output] = entry
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(entry)) + "\n")
        except OSError as error:
            raise PageError(f"cannot write {self._path}: {error.strerror or error}") from error

    def _load(self, line: str) -> None:
        try:
            entry = Entry(**json.loads(line))
        except (ValueError, TypeError):
            return
        self._entries[entry.output] = entry


def sha256_of(path: Path) -> str | None:
    """Return the SHA-256 of a file's bytes in hexadecimal, or None if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def sha256_of_text(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
