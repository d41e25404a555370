"""What libraries say in passing while they read a file: the only word of some damage that a decoder gets over."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_DECODERS = r"(PIL|tifffile)\b"
_MOST_LINES, _MOST_BYTES = 1000, 100_000
"""So much is listened to; a damaged file can make a decoder say the same of each of its rows."""


@contextmanager
def heard(*, printed: bool) -> Iterator[list[str]]:
    """Collect what decoders warn of, and what C code prints to stderr (libtiff tells of fax damage in no other way).

    Args:
        printed: whether to listen to stderr as well: for processes in which nothing else writes to it meanwhile.

    Yields:
        A list, which holds what was said, a line each without repetition, when the block has ended.
    """
    lines: list[str] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.filterwarnings("always", module=_DECODERS)  # what others warn of is not about the file
            if printed:
                with _stderr(lines):
                    yield lines
            else:
                yield lines
    finally:
        said = [*lines, *(str(one.message) for one in caught[:_MOST_LINES])]
        lines[:] = dict.fromkeys(" ".join(line.split()) for line in said if line.strip())


@contextmanager
def _stderr(lines: list[str]) -> Iterator[None]:
    kept = os.dup(_STDERR)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
            file.seek(0)
            lines += file.read(_MOST_BYTES).decode(errors="replace").splitlines()


def in_short(lines: list[str]) -> str | None:
    """The first line, and how many there are more; None where nothing was said."""
    if not lines:
        return None
    more = f" (and {len(lines) - 1} more like it)" if len(lines) > 1 else ""
    return f"{lines[0][:200]}{more}"
