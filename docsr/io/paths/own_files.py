"""Files that docsr wrote itself, which it may replace unasked: they are told by what is in them, not by their names."""

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
    """A kind of file that a command writes, and writes anew.

    Attributes:
        writer: the command.
        holds: what is in each of them.
        remedy: what to do about another file in its place.
        within: so many bytes from the start; None: anywhere.
    """

    writer: str
    holds: re.Pattern[bytes]
    remedy: str
    within: int | None = None

    def wrote(self, file: Path | Place) -> bool:
        """Tell whether a file is of this kind."""
        content = _start(file, self.within)
        return content is not None and self.holds.search(content) is not None

    def refusal(self, file: Path | Place) -> str | None:
        """Return the sentence about a file that is in the way; None where there is none, or one of this kind.

        An empty file is not in the way: nothing is lost with it.
        """
        is_there, path = (file.exists(), file.path) if isinstance(file, Place) else (os.path.lexists(file), file)
        if not is_there or _start(file, 1) == b"" or self.wrote(file):
            return None
        return f"{path} is there already and was not written by {self.writer}: {self.remedy}"

    def check(self, file: Path | Place) -> None:
        """Refuse to replace a file that is in the way: it may have come there while another was written.

        Raises:
            PageError: it is in the way (see :meth:`refusal`).
        """
        refusal = self.refusal(file)
        if refusal is not None:
            raise PageError(refusal)


def _start(file: Path | Place, size: int | None) -> bytes | mmap.mmap | None:
    """Return the first bytes of a file (all, where no size is given), or None where it is no file that can be read."""
    try:
        with os.fdopen(file.open() if isinstance(file, Place) else opened_to_read(file), "rb") as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                return None
            if size is not None:
                return opened.read(size)
            return mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # a folder; a name that cannot be one; nothing to map
        return None
