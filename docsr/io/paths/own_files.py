"""Recognise files that docsr wrote itself, by their content and not by their names: it may replace them unasked."""

from __future__ import annotations

import mmap
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from docsr.errors import PageError
from docsr.io.paths.folders import Place, opened_to_read


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A kind of file that a command writes and may replace.

    Attributes:
        writer: the command.
        holds: a pattern that is found in each of these files.
        remedy: what the user can do about another file in its place.
        within: the pattern is found in this many bytes from the start; None: anywhere.
    """

    writer: str
    holds: re.Pattern[bytes]
    remedy: str
    within: int | None = None

    def wrote(self, file: Path | Place) -> bool:
        """Return whether a file is of this kind."""
        content = _start(file, self.within)
        return content is not None and self.holds.search(content) is not None

    def refusal(self, file: Path | Place) -> str | None:
        """Return the error sentence about a file in the way; None if there is no file, or one of this kind.

        An empty file is not in the way: nothing is lost with it.
        """
        is_there, path = (file.exists(), file.path) if isinstance(file, Place) else (os.path.lexists(file), file)
        if not is_there or _start(file, 1) == b"" or self.wrote(file):
            return None
        return f"{path} is there already and was not written by {self.writer}: {self.remedy}"

    def check(self, file: Path | Place) -> None:
        """Refuse to replace a file in the way; it may have appeared while another file was written.

        Raises:
            PageError: it is in the way (see :meth:`refusal`).
        """
        refusal = self.refusal(file)
        if refusal is not None:
            raise PageError(refusal)


def _start(file: Path | Place, size: int | None) -> bytes | mmap.mmap | None:
    """Return the first ``size`` bytes of a file (all if ``size`` is None), or None if it is not a readable file."""
    try:
        with os.fdopen(file.open() if isinstance(file, Place) else opened_to_read(file), "rb") as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                return None
            if size is not None:
                return opened.read(size)
            return mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # a folder, an impossible name, or an empty file that cannot be mapped
        return None
