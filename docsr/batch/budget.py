"""What a file may take as a whole: time and bytes, by its size, so that a small one cannot hold up the others.

A page has a limit of its own. That is not enough: in 100 bytes a file can have another page that shows what the others
show.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from docsr.errors import PageError
from docsr.io.limits import size_of
from docsr.text.wording import in_bytes

SECONDS_PER_BYTE = 0.5e-3
"""Half a second for each kB comes on top of the limit of a page: a page takes 2 kB at least, as a rule far more."""

MOST_GROWTH, LEAST_ROOM = 200, 256_000_000
"""An output of many pages may have so many bytes for each of its input's, and so many in any case."""

MOST_PAGES = 50_000
"""Of a file: a page takes memory of its own, if little, and ten bytes can be one."""

PLANNING = 0.5
"""Part of the time in which pages are looked at; what was looked at has the rest to be enlarged and written."""


@dataclass(slots=True)
class Budget:
    """What one file may take, from now on.

    Attributes:
        size: of the file, in bytes.
        seconds: that it may take; None: any time.
        written: bytes of its output so far.
    """

    size: int
    seconds: float | None
    written: int = 0
    _started: float = field(default_factory=lambda: monotonic())

    @classmethod
    def of(cls, source: Path, time_limit: float | None) -> Budget:
        """Return that of a file whose pages may take ``time_limit`` seconds each, None: any time."""
        size = size_of(source)
        return cls(size, None if time_limit is None else time_limit + SECONDS_PER_BYTE * size)

    def check_pages(self, source: Path, pages: int) -> None:
        """Refuse a file of too many pages. PageError."""
        if pages > MOST_PAGES:
            raise PageError(f"{source} has {pages:,} pages, more than {MOST_PAGES:,}: split it into several files")

    def wrote(self, count: int) -> None:
        """Hear how many bytes the output has."""
        self.written = count

    def fault(self, part: float = 1.0) -> str | None:
        """Return, as a clause, what of it is used up, if anything is; ``part``: of the time."""
        if self.seconds is not None and monotonic() - self._started > self.seconds * part:
            return f"its file took the {self.seconds:.0f} s that one of {in_bytes(self.size)} may take (--time-limit)"
        if self.written > LEAST_ROOM + MOST_GROWTH * self.size:
            most = f"{in_bytes(LEAST_ROOM)} and {MOST_GROWTH} times the {in_bytes(self.size)} of its file"
            return f"the output has {in_bytes(self.written)}, more than {most} (use a lower --factor)"
        return None
