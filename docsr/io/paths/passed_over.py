"""What lies in a folder beside the inputs, and is passed over: it is counted by its names, so that it can be told."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from docsr.system.names import OWN
from docsr.text.wording import counted


@dataclass(slots=True)
class PassedOver:
    """Counts of what was passed over; docsr's own files are not among it.

    Attributes:
        other_names: files whose names do not end like an image's or a PDF's.
        hidden_files: files whose names begin with a dot.
        hidden_folders: folders whose names do, whatever is in them.
    """

    other_names: int = 0
    hidden_files: int = 0
    hidden_folders: int = 0
    _counted: set[str] = field(default_factory=set)
    _taken: set[str] = field(default_factory=set)

    def folder(self, real: str, names: Iterable[str], folders: Iterable[str]) -> None:
        """Count what a folder holds, once, however often it is listed.

        Args:
            real: its path, links followed.
            names: of the files in it that are no inputs.
            folders: names of the folders in it.
        """
        if real in self._counted:
            return
        self._counted.add(real)
        for name in names:
            self.file(name)
        self.hidden_folders += sum(name.startswith(".") and not name.startswith(OWN) for name in folders)

    def file(self, name: str, by: int = 1) -> None:
        """Count a file by its name."""
        if name.startswith(OWN):
            return
        if name.startswith("."):
            self.hidden_files += by
        else:
            self.other_names += by

    def taken(self, path: Path) -> None:
        """Hear of a file that is an input whatever its name, for it was given itself: it may have been counted."""
        real = os.path.realpath(path.parent)
        key = f"{real}/{path.name}"
        if real in self._counted and key not in self._taken and os.path.lexists(path) and not os.path.isdir(path):
            self._taken.add(key)
            self.file(path.name, by=-1)

    def counts(self) -> dict[str, int]:
        """Return the counts that are not zero, by their names."""
        named = {
            "other_names": self.other_names,
            "hidden_files": self.hidden_files,
            "hidden_folders": self.hidden_folders,
        }
        return {name: count for name, count in named.items() if count}

    def sentence(self) -> str:
        """Say what was passed over, as a clause; nothing if nothing was."""
        told = []
        if self.other_names:
            told.append(f"{counted(self.other_names, 'file')} not named like an image or a PDF")
        if self.hidden_files:
            told.append(counted(self.hidden_files, "hidden file"))
        if self.hidden_folders:
            told.append(counted(self.hidden_folders, "hidden folder"))
        return f"passed over: {', '.join(told)}" if told else ""
