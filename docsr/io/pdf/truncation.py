"""Tell whether a PDF file was cut off, for example by an incomplete download."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_OBJECT = re.compile(rb"\b\d+\s+\d+\s+obj\b")
_ENDS = (
    (b"startxref", re.compile(rb"startxref\s+\d")), (b"trailer", re.compile(rb"trailer\s*<<")),
    (b"/XRef", re.compile(rb"/XRef\b")),
)  # fmt: skip
"""What follows the objects of a file, or (/XRef) is the last of them: the text to search, and a pattern to confirm."""


def is_cut_off(path: Path) -> bool:
    """Return whether the end of a PDF is missing: an object begins after the last end mark, or there is no mark.

    The mark may be anywhere, because mailers and printers append padding and other bytes to a document.
    """
    with path.open("rb") as file, _bytes_of(file) as data:
        places = [data.rfind(mark) for mark, _ in _ENDS]
        ends = [place for place, (_, sure) in zip(places, _ENDS, strict=True) if place >= 0 and sure.match(data, place)]
        return not ends or _OBJECT.search(data, max(ends)) is not None


@contextmanager
def _bytes_of(file: BinaryIO) -> Iterator[mmap.mmap | bytes]:
    try:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError:  # some file systems cannot map files
        yield file.read()
        return
    with mapped:
        yield mapped
