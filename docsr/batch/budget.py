"""Limit a file's total time and output bytes by its size, so that a small file cannot hold up the others.

The time limit for each page is not enough: with 100 bytes a file can add another page that shows the same image again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from docsr.errors import PageError
from docsr.io.limits import size_of
from docsr.text.wording import in_bytes

SECONDS_PER_BYTE = 0.5e-3
"""A file gets this on top of the limit for one page: half a second per kB. A page has at least 2 kB, usually more."""

MOST_GROWTH, LEAST_ROOM = 200, 256_000_000
"""An output of many pages may have MOST_GROWTH bytes for each byte of its input, plus LEAST_ROOM bytes."""

MOST_PAGES = 50_000
"""The most pages of a file. Each page takes a little memory, and ten bytes can make a page."""

PLANNING = 0.5
"""Share of the time for reading and planning pages. The rest is for enlarging and writing them."""


@dataclass(slots=True)
class Budget:
    """The time and output bytes that one file may use, counted from the creation of this object.

    Attributes:
        size: bytes of the input file.
        seconds: the time that it may take, or None for no limit.
        written: bytes of its output so far.
    """

    size: int
    seconds: float | None
    written: int = 0
    _started: float = field(default_factory=lambda: monotonic())

    @classmethod
    def of(cls, source: Path, time_limit: float | None) -> Budget:
        """Return the budget of a file whose pages may take ``time_limit`` seconds each (None: no limit)."""
        size = size_of(source)
        return cls(size, None if time_limit is None else time_limit + SECONDS_PER_BYTE * size)

    def check_pages(self, source: Path, pages: int) -> None:
        """Raise a PageError if a file has too many pages."""
        if pages > MOST_PAGES:
            raise PageError(f"{source} has {pages:,} pages, more than {MOST_PAGES:,}: split it into several files")

    def wrote(self, count: int) -> None:
        """Record how many bytes the output has so far."""
        self.written = count

    def fault(self, part: float = 1.0) -> str | None:
        """Return a clause on what is used up, or None. Of the time, only the share ``part`` (0 to 1) may be used."""
        if self.seconds is not None and monotonic() - self._started > self.seconds * part:
            return (
                f"its file took longer than the {self.seconds:.0f} s allowed for {in_bytes(self.size)} (--time-limit)"
            )
        if self.written > LEAST_ROOM + MOST_GROWTH * self.size:
            most = f"{in_bytes(LEAST_ROOM)} plus {MOST_GROWTH} times the {in_bytes(self.size)} of its file"
            return f"the output has {in_bytes(self.written)}, more than {most} (use a lower --factor)"
        return None
