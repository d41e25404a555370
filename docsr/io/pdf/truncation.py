"""Whether a PDF file is whole, or was cut off, as by a download that did not end."""

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
"""What comes after the objects of a file, or (/XRef) is the last of them: what to look for, and what makes sure."""


def is_cut_off(path: Path) -> bool:
    """Tell whether what ends a PDF is missing: after the last such mark an object begins, or there is none.

    The mark may be anywhere: padding and other bytes that mailers and printers append are no part of the document.
    """
    with path.open("rb") as file, _bytes_of(file) as data:
        places = [data.rfind(mark) for mark, _ in _ENDS]
        ends = [place for place, (_, sure) in zip(places, _ENDS, strict=True) if place >= 0 and sure.match(data, place)]
        return not ends or _OBJECT.search(data, max(ends)) is not None


@contextmanager
def _bytes_of(file: BinaryIO) -> Iterator[mmap.mmap | bytes]:
    try:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError:  # some file systems cannot do that
        yield file.read()
        return
    with mapped:
        yield mapped
