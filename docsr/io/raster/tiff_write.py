"""Write TIFF files strip by strip, so that a page is never in memory whole; BigTIFF if they reach 4 GiB.

The strips come first in the file, and the directories of all pages last. Only then is it known whether 32 bits are
enough for the offsets, and what the header must be. Libraries ask for that at the start, and no library that docsr
uses takes strips of one-bit pixels. Formats: TIFF 6.0 (Adobe, 1992) and BigTIFF (libtiff 4).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import IO

import numpy as np

from docsr.io.raster.lossless import deflated, group_4
from docsr.io.raster.metadata import XMP, tags_of
from docsr.page import Bands, Page, Pixels

STRIP_BYTES = 1 << 20
"""Approximate bytes of pixels in a strip."""

CLASSIC_BYTES = 1 << 32
"""Files of this size or more are written as BigTIFF, since the offsets of TIFF have 32 bits."""

_HEADER = 16
_DEFLATE, _GROUP_4, _HORIZONTAL, _NO_UNIT, _INCH = 8, 4, 2, 1, 2
_MIN_IS_WHITE, _MIN_IS_BLACK, _RGB = 0, 1, 2
_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _UNDEFINED, _LONG8 = 1, 2, 3, 4, 5, 7, 16


@dataclass(frozen=True, slots=True)
class _Entry:
    """A directory entry: tag, type and number of its values, and the values as stored."""

    tag: int
    kind: int
    count: int
    data: bytes


@dataclass(frozen=True, slots=True)
class _Written:
    """A page whose strips are in the file: its directory entries, and the offsets and sizes of its strips."""

    entries: list[_Entry]
    offsets: list[int]
    sizes: list[int]


class TiffWriter:
    """A writer of pages to an open file; :meth:`close` makes the file readable."""

    def __init__(self, file: IO[bytes]) -> None:
        """Begin an empty file."""
        self._file, self._pages = file, list[_Written]()
        self._shared: dict[_Entry, _Entry] = {}
        file.write(bytes(_HEADER))

    def write(self, page: Page | Bands) -> None:
        """Append a page losslessly: one-bit pages as CCITT Group 4, all others as Deflate."""
        bands = page.in_bands() if isinstance(page, Page) else page
        rows = min(bands.height, max(1, STRIP_BYTES // (bands.width * (1 if bands.is_grey else 3))))
        one_bit, offsets, sizes = bands.bilevel and bands.is_grey, list[int](), list[int]()
        for strip in _strips(bands.bands, rows):
            offsets.append(self._file.tell())
            sizes.append(self._file.write(group_4(strip) if one_bit else deflated(strip)))
        entries = _described(bands, rows, one_bit)  # mostly equal to the previous page's, so they are shared
        self._pages.append(_Written([self._shared.setdefault(entry, entry) for entry in entries], offsets, sizes))

    @property
    def pages(self) -> int:
        """The number of pages written so far."""
        return len(self._pages)

    def close(self) -> None:
        """Write the directories and the header; the file itself stays open."""
        most = sum(16 * len(page.offsets) + sum(len(tag.data) + 32 for tag in page.entries) for page in self._pages)
        big = self._file.tell() + most >= CLASSIC_BYTES
        first = link = 0
        for page in self._pages:
            places = _longs(273, *page.offsets, big=big), _longs(279, *page.sizes, big=big)
            start, after = self._directory(sorted([*page.entries, *places], key=lambda entry: entry.tag), big)
            if link:
                self._file.seek(link)
                self._file.write(_offset(start, big))
                self._file.seek(0, io.SEEK_END)
            first, link = first or start, after
        self._file.seek(0)
        self._file.write(struct.pack("<2sHHH", b"II", 43, 8, 0) if big else struct.pack("<2sH", b"II", 42))
        self._file.write(_offset(first, big))

    def _directory(self, entries: list[_Entry], big: bool) -> tuple[int, int]:
        """Write long values and then the directory; return the directory's offset and that of its link."""
        held, table = 8 if big else 4, struct.pack("<Q" if big else "<H", len(entries))
        for entry in entries:
            table += struct.pack("<HHQ" if big else "<HHL", entry.tag, entry.kind, entry.count)
            data = entry.data
            table += data.ljust(held, b"\0") if len(data) <= held else _offset(self._append(data), big)
        start = self._append(table)
        return start, self._append(_offset(0, big))

    def _append(self, data: bytes) -> int:
        """Write ``data`` at the next even offset (as TIFF demands of directories and values), and return it."""
        self._file.write(bytes(self._file.tell() % 2))
        place = self._file.tell()
        self._file.write(data)
        return place


def _described(bands: Bands, rows: int, one_bit: bool) -> list[_Entry]:
    channels, density = 1 if bands.is_grey else 3, bands.density
    unit = _NO_UNIT if bands.dpi is None else _INCH
    return [
        _longs(256, bands.width),
        _longs(257, bands.height),
        _shorts(258, *[1 if one_bit else 8] * channels),
        _shorts(259, _GROUP_4 if one_bit else _DEFLATE),
        _shorts(262, _MIN_IS_WHITE if one_bit else _MIN_IS_BLACK if bands.is_grey else _RGB),
        _shorts(277, channels),
        _longs(278, rows),
        _shorts(284, 1),
        *([] if one_bit else [_shorts(317, _HORIZONTAL)]),
        *([] if density is None else [*map(_rational, (282, 283), density), _shorts(296, unit)]),
        *([] if bands.icc is None else [_Entry(34675, _UNDEFINED, len(bands.icc), bands.icc)]),
        *(_Entry(tag, _ASCII, len(text) + 1, text + b"\0") for tag, text in tags_of(bands.metadata).items()),
        *([] if bands.metadata.xmp is None else [_Entry(XMP, _BYTE, len(bands.metadata.xmp), bands.metadata.xmp)]),
    ]


def _shorts(tag: int, *values: int) -> _Entry:
    return _Entry(tag, _SHORT, len(values), struct.pack(f"<{len(values)}H", *values))


def _longs(tag: int, *values: int, big: bool = False) -> _Entry:
    code = "Q" if big else "L"
    return _Entry(tag, _LONG8 if big else _LONG, len(values), struct.pack(f"<{len(values)}{code}", *values))


def _rational(tag: int, value: float) -> _Entry:
    ratio = Fraction(value).limit_denominator(10_000)
    return _Entry(tag, _RATIONAL, 1, struct.pack("<LL", ratio.numerator, ratio.denominator))


def _offset(place: int, big: bool) -> bytes:
    return struct.pack("<Q" if big else "<L", place)


def _strips(bands: Iterable[Pixels], rows: int) -> Iterator[Pixels]:
    """Cut bands of any height into strips of ``rows`` rows; the last strip may have fewer."""
    rest: Pixels | None = None
    for band in bands:
        joined = band if rest is None else np.concatenate([rest, band])
        end = len(joined) // rows * rows
        for top in range(0, end, rows):
            yield joined[top : top + rows]
        rest = joined[end:].copy() if end < len(joined) else None
    if rest is not None:
        yield rest
