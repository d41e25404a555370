"""Count, by their names, the files in a folder that are not inputs, so that the user can be told."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from docsr.system.names import OWN
from docsr.text.wording import counted


@dataclass(slots=True)
class PassedOver:
    """Counts of files that were passed over; docsr's own files are not counted.

    Attributes:
        other_names: files whose names do not end like an image's or a PDF's.
        hidden_files: files whose names begin with a dot.
        hidden_folders: folders whose names begin with a dot, whatever is in them.
    """

    other_names: int = 0
    hidden_files: int = 0
    hidden_folders: int = 0
    _counted: set[str] = field(default_factory=set)
    _taken: set[str] = field(default_factory=set)

    def folder(self, real: str, names: Iterable[str], folders: Iterable[str]) -> None:
        """Count the files of a folder that are not inputs, only once even if the folder is listed again.

        Args:
            real: path of the folder, links resolved.
            names: of the files in it that are not inputs.
            folders: names of its subfolders.
        """
        if real in self._counted:
            return
        self._counted.add(real)
        for name in names:
            self.file(name)
        self.hidden_folders += sum(name.startswith(".") and not name.startswith(OWN) for name in folders)

    def file(self, name: str, by: int = 1) -> None:
        """Count a file by its name; ``by`` -1 takes it back."""
        if name.startswith(OWN):
            return
        if name.startswith("."):
            self.hidden_files += by
        else:
            self.other_names += by

    def taken(self, path: Path) -> None:
        """Take back the count of a file that is an input despite its name, because it was given itself."""
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
        """Return a clause that says what was passed over; empty if nothing was."""
        parts = []
        if self.other_names:
            parts.append(f"{counted(self.other_names, 'file')} not named like an image or a PDF")
        if self.hidden_files:
            parts.append(counted(self.hidden_files, "hidden file"))
        if self.hidden_folders:
            parts.append(counted(self.hidden_folders, "hidden folder"))
        return f"passed over: {', '.join(parts)}" if parts else ""
