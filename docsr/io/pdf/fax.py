"""Decode CCITT fax data in PDF files: with libtiff where TIFF has the same coding, else with pdfium."""

from __future__ import annotations

import io
import re
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pikepdf import Dictionary, Name
from PIL import TiffImagePlugin

from docsr.io.limits import most_pixels
from docsr.io.pdf.pdfium_image import as_pdfium_shows
from docsr.io.pdf.samples import Samples
from docsr.io.pdf.streams import integer
from docsr.io.raster.transparency import BAND_ROWS
from docsr.io.read_errors import Damaged, Unsupported, damage
from docsr.page import Pixels

_FLAGS = ("/BlackIs1", "/EncodedByteAlign", "/EndOfLine")
_GROUP_3, _GROUP_4 = 3, 4
"""TIFF's compression numbers: Group 3 with an end-of-line code before each row, and Group 4."""

_FIRST = re.compile(r"0{11,}1")
_LAST = re.compile(r"0{11}1[01]?0{11}1[01]?0*$")
"""An end-of-line code; and two of them, which end the page (with bits that announce the coding of the next row)."""

_BYTES_OF_END = 8
_MOST_COLUMNS = 65_535
_LACKING = "its image is damaged (a part of it is missing)"


def fax(data: bytes, parameters: Any, width: int, height: int) -> Samples:
    """Decode CCITT Group 3 or 4.

    Args:
        data: the fax data, with all other filters undone.
        parameters: the /DecodeParms of the filter, or None.
        width: of the image.
        height: of the image.

    Returns:
        H x W x 1 samples, 0 or 1, with the polarity that the PDF asks for.

    Raises:
        Unreadable: the data are damaged.
        Unsupported: the rows are longer than readers accept.
    """
    columns, kind = integer(parameters, "/Columns", 1728), integer(parameters, "/K", 0)
    flags = {key: parameters is not None and parameters.get(key, False) is True for key in _FLAGS}
    if columns < width or columns * height > most_pixels():
        raise Damaged("it is damaged (its image is wider than its rows)")
    if columns > _MOST_COLUMNS:
        raise Unsupported(f"its image is fax coded in rows of more than {_MOST_COLUMNS:,} pixels")
    if 8 * len(data) < height and not _is_ended(data):  # a row takes at least one bit
        raise Damaged(_LACKING)
    compression = _compression(data, kind, aligned=flags["/EncodedByteAlign"])
    if compression is None:
        samples, missing = _by_pdfium(data, {"/K": kind, **flags}, columns, height)
        if missing.any():
            raise Damaged(_LACKING)
    else:
        samples = _by_libtiff(_tiff(data, columns, height, compression, int(kind > 0)))
        _check_whole(samples, data, kind, columns, height)
    samples = samples[:, :width, None]
    return 1 - samples if flags["/BlackIs1"] else samples


def _compression(data: bytes, kind: int, *, aligned: bool) -> int | None:
    """Return TIFF's number for this coding, or None if TIFF does not have it."""
    if aligned:
        return None
    return _GROUP_4 if kind < 0 else _GROUP_3 if _FIRST.match(_bits(data[:_BYTES_OF_END])) else None


def _bits(data: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in data)


def _is_ended(data: bytes) -> bool:
    """Return whether the data end with an end-of-page mark."""
    return _LAST.search(_bits(data.rstrip(b"\0")[-_BYTES_OF_END:])) is not None


def _check_whole(samples: Pixels, data: bytes, kind: int, columns: int, height: int) -> None:
    """Refuse damage that libtiff decodes silently: data that end early, and Group 4 that has gone out of step.

    libtiff fills up with white. In Group 4 a white row below another white row is a single 1 bit. So the white rows at
    the bottom of a page leave 1 bits just before its end mark. If there are too few of them, pdfium decodes the data as
    well; its result differs from libtiff's from where the damage is.
    """
    dark = np.flatnonzero((samples == 0).any(axis=1))
    white = height - (int(dark[-1]) + 1 if dark.size else 0)
    ended = _is_ended(data)
    if ended and (kind >= 0 or _ones_before_end(data, white) >= white - 1):
        return
    shown, missing = _by_pdfium(data, {"/K": kind}, columns, height)
    if (missing.any() and not ended) or (kind < 0 and (shown != samples)[: height - white].any()):
        raise Damaged(_LACKING if missing.any() and not ended else "its image is damaged")


def _ones_before_end(data: bytes, most: int) -> int:
    """Return how many 1 bits, counted to about ``most``, precede the end-of-page mark."""
    tail = _bits(data.rstrip(b"\0")[-(most // 8 + 2 * _BYTES_OF_END) :])
    before = _LAST.sub("", tail)
    return len(before) - len(before.rstrip("1"))


def _by_libtiff(file: bytes) -> Pixels:
    try:
        image = TiffImagePlugin.TiffImageFile(io.BytesIO(file))
        image.load()
    except (OSError, SyntaxError, ValueError, IndexError, TypeError) as error:
        raise Damaged(damage(error, "its image is damaged")) from error
    return np.asarray(image).astype(np.uint8)


def _tiff(data: bytes, width: int, height: int, compression: int, two_dimensional: int) -> bytes:
    """Wrap fax data as a little-endian TIFF file (TIFF 6.0, sections 2, 10 and 11) in which 0 is white."""
    short, long = 3, 4
    entries = [(256, long, width), (257, long, height), (258, short, 1), (259, short, compression), (262, short, 0)]
    entries += [(273, long, 8), (277, short, 1), (278, long, height), (279, long, len(data))]
    if compression == _GROUP_3:
        entries.append((292, long, two_dimensional))
    padded = data + b"\0" * (len(data) % 2)
    table = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return struct.pack("<4sI", b"II*\0", 8 + len(padded)) + padded + struct.pack("<H", len(entries)) + table + bytes(4)


def _by_pdfium(data: bytes, parameters: dict[str, Any], width: int, height: int) -> tuple[Pixels, NDArray[np.bool_]]:
    """Decode with pdfium to H x W, and return which rows are missing; pdfium does not report them.

    The data are decoded twice, with black and white swapped. Missing rows come out the same both times.
    """
    first, swapped = (_rows(data, {**parameters, "/BlackIs1": black}, width, height) for black in (False, True))
    return np.unpackbits(first, axis=1, count=width), (first == swapped).all(axis=1)


def _rows(data: bytes, parameters: dict[str, Any], width: int, height: int) -> Pixels:
    """Decode to packed bits, each row starting at a whole byte."""
    entries = {"ColorSpace": Name.DeviceGray, "BitsPerComponent": 1, "Filter": Name.CCITTFaxDecode}
    decode_parameters = Dictionary({"/Columns": width, "/Rows": height, **parameters})
    with as_pdfium_shows(data, width, height, **entries, DecodeParms=decode_parameters) as shown:
        levels = shown[..., 0]
        packed = [np.packbits(levels[top : top + BAND_ROWS] > 127, axis=1) for top in range(0, height, BAND_ROWS)]
    return np.concatenate(packed)
