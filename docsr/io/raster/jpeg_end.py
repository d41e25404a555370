"""Decode a JPEG that ends early as viewers do; often only the end-of-image marker is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import JpegImagePlugin, TiffImagePlugin

from docsr.io.decoder_messages import report_damage
from docsr.io.limits import MOST_MISSING
from docsr.io.raster.damage import is_in_jpeg, strip_fault
from docsr.io.raster.jpeg_check import CORRUPT

_END = b"\xff\xd9"
_BEGINNING = b"\xff\xd8\xff"
_SEGMENT = re.compile(rb"\xff[\xc0-\xcf\xda-\xfe]")
"""Matches a marker that a length follows; such bytes do not occur within coded data."""

_SCAN, _COEFFICIENTS = 0xDA, 64
_FILLING = (127, 128)
"""What libjpeg fills missing blocks with, in each channel (in CMYK some are inverted)."""


def from_start_of_image(data: bytes) -> bytes:
    """Return the data from the JPEG's first byte on; PDF readers skip what precedes it, mostly a CR LF."""
    return data[max(0, data.find(_BEGINNING)) :]


def load(image: JpegImagePlugin.JpegImageFile) -> None:
    """Decode the image. If its data end early, the missing rows are grey, as viewers show them, and it is reported.

    Raises:
        OSError: the picture is damaged, some of its scans are missing, or more than a tenth of its rows.
    """
    file = _TerminatedFile(image)
    cast(Any, image).load_read = file.read
    image.load()
    if not file.is_ended:
        return
    has_scans = _is_refined if "progressive" in image.info else _has_all_colours
    if not has_scans(file.all(), image.layers):
        raise OSError("its last scans are missing")
    if missing := _missing(np.asarray(image)):
        if missing > MOST_MISSING * image.height:
            raise OSError(f"{missing} of its {image.height} rows are missing")
        report_damage(CORRUPT)


def refuse_short(image: TiffImagePlugin.TiffImageFile, file: IO[bytes] | None) -> None:
    """Refuse a decoded JPEG-coded TIFF page whose data end early, if more than a tenth of its rows are missing.

    Args:
        image: the page.
        file: the file that it was read from.

    Raises:
        OSError: too many rows are missing.
    """
    if file is None or file.closed or not is_in_jpeg(image):
        return
    missing = _missing(np.asarray(image))
    if missing > MOST_MISSING * image.height and strip_fault(image, file) is not None:
        raise OSError(f"{missing} of its {image.height} rows are missing")


class _TerminatedFile:
    """A file for a decoder that appends the end-of-image marker if the file has none."""

    def __init__(self, image: JpegImagePlugin.JpegImageFile) -> None:
        self._file, self.is_ended = image.fp, False

    def read(self, size: int) -> bytes:
        data = b"" if self._file is None else self._file.read(size)
        if data or self.is_ended:
            return data
        self.is_ended = True
        return _END

    def all(self) -> bytes:
        if self._file is None:
            return b""
        self._file.seek(0)
        return self._file.read()


def _is_refined(data: bytes, channels: int) -> bool:
    """Return whether a progressive picture has a scan, whole or cut off, for every bit (ITU-T T.81, G.1.1)."""
    missing_bits: NDArray[np.uint8] = np.full((256, _COEFFICIENTS), 255, np.uint8)
    for scan in _scans(data):
        count = scan[0]
        first, last, bits = scan[1 + 2 * count : 4 + 2 * count]
        missing_bits[list(scan[1 : 1 + 2 * count : 2]), first : last + 1] = bits & 15
    return int((missing_bits == 0).all(axis=1).sum()) >= channels


def _has_all_colours(data: bytes, channels: int) -> bool:
    """Return whether a non-progressive picture has a scan, whole or cut off, of every channel."""
    named = set[int]()
    for scan in _scans(data):
        if scan[0] == channels:  # one scan of all channels, whatever their names
            return True
        named.update(scan[1 : 1 + 2 * scan[0] : 2])
    return len(named) >= channels


def _scans(data: bytes) -> Iterator[bytes]:
    """Yield the scan headers that are complete."""
    at = len(_END)
    while segment := _SEGMENT.search(data, at):
        at = segment.end() + int.from_bytes(data[segment.end() : segment.end() + 2])
        if data[segment.end() - 1] == _SCAN and at <= len(data):
            yield data[segment.end() + 2 : at]


def _missing(pixels: NDArray[np.uint8]) -> int:
    """Return how many rows at the end hold only filler."""
    last = pixels[-1, -1]
    if not np.isin(last, _FILLING).all():
        return 0
    filled = (pixels == last).reshape(len(pixels), -1).all(axis=1)
    return len(filled) if filled.all() else int(np.argmin(filled[::-1]))
