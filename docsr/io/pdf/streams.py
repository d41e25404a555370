"""Undo the filters of PDF streams, never beyond a limit of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream, StreamDecodeLevel

from docsr.io.decoder_messages import plain, report_damage
from docsr.io.pdf.flate import measured
from docsr.io.read_errors import Damaged, Unreadable, Unsupported


class TooMuchData(Unreadable):
    """Data unpack to more than they may."""


IMAGE_CODECS = frozenset({"/DCTDecode", "/JPXDecode", "/CCITTFaxDecode", "/JBIG2Decode"})
"""Filters that make pixels; they come last in a chain and are not undone here."""

_SHORT_NAMES = {"/Fl": "/FlateDecode", "/LZW": "/LZWDecode", "/RL": "/RunLengthDecode", "/A85": "/ASCII85Decode"}
_SHORT_NAMES |= {"/AHx": "/ASCIIHexDecode", "/DCT": "/DCTDecode", "/CCF": "/CCITTFaxDecode"}
_SHRINKING = frozenset({"/ASCII85Decode", "/ASCIIHexDecode", "/Crypt"})
KNOWN_FILTERS = IMAGE_CODECS | _SHRINKING | {"/FlateDecode", "/LZWDecode", "/RunLengthDecode"}
"""Filters that are undone here or by an image decoder."""

_MAX_FILTERS = 8
_CLEAR, _END = 256, 257


def codec_of(image: Any) -> str | None:
    """Return the last filter of an image, or None. If it is an image codec, it makes the pixels.

    Raises:
        Unreadable: as of :func:`filters_of`.
    """
    return next((name for name, _ in filters_of(image)[-1:]), None)


def filters_of(stream: Any) -> list[tuple[str, Any]]:
    """Return a stream's filters in the order in which a reader undoes them, each with its parameters or None.

    Raises:
        Unreadable: there are too many, or the format does not allow them.
    """
    names, parameters = (_listed(stream.get(long, stream.get(short))) for long, short in _KEYS)
    if len(names) > _MAX_FILTERS or not all(isinstance(name, Name) for name in names):
        raise Unreadable("its filters are not understood")
    parameters += [None] * (len(names) - len(parameters))
    return [
        (_SHORT_NAMES.get(str(name), str(name)), entry if isinstance(entry, Dictionary) else None)
        for name, entry in zip(names, parameters, strict=False)
    ]


_KEYS = (("/Filter", "/F"), ("/DecodeParms", "/DP"))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, Array) else [value]


def unfiltered(stream: Any, limit: int, faults: list[str] | None = None) -> tuple[bytes, str | None, Any]:
    """Undo the filters of a stream up to its image codec, if it has one.

    Args:
        stream: a pikepdf stream.
        limit: the most bytes that any step may produce; checked before they are in memory.
        faults: a list that takes the damage that was tolerated.

    Returns:
        The data, the image codec that they are still in (None if they are plain), and the codec's parameters.

    Raises:
        TooMuchData: they are larger than the limit.
        Unsupported: a filter is unknown.
        Unreadable: they are damaged.
    """
    chain = filters_of(stream)
    data = stream.read_raw_bytes()
    for index, (name, parameters) in enumerate(chain):
        if name in IMAGE_CODECS:
            if index != len(chain) - 1:
                raise Unreadable("its filters are not understood")
            return data, name, parameters
        size = 0
        if name == "/FlateDecode":
            data, size, fault = measured(data, limit)
            if fault is not None and faults is not None:
                faults.append(fault)
        _check_growth(data, name, parameters, limit, size)
        data = _undone(data, name, parameters)
    return data, None, None


def unfiltered_and_reported(stream: Any, limit: int) -> bytes:
    """Return the same data, and report the damage that was tolerated."""
    faults: list[str] = []
    data = unfiltered(stream, limit, faults)[0]
    report_damage(*faults)
    return data


def _undone(data: bytes, name: str, parameters: Any) -> bytes:
    """Undo one filter with qpdf, in a temporary document whose copy of the data is freed with it."""
    with pikepdf.new() as scratch:
        stream = Stream(scratch, data)
        stream.Filter = Name(name)
        supported = {
            key: integer(parameters, key, 0) for key in _PARAMETERS if parameters is not None and key in parameters
        }
        if supported:  # qpdf rejects even an empty dictionary for filters without parameters
            stream.DecodeParms = Dictionary(supported)
        try:
            return stream.read_bytes(StreamDecodeLevel.specialized)
        except (pikepdf.PdfError, RuntimeError) as error:
            raise Damaged("its data are damaged or in an unknown filter") from error


_LARGEST = 1 << 31
_PARAMETERS = ("/Predictor", "/Colors", "/BitsPerComponent", "/Columns", "/EarlyChange")


def integer(dictionary: Any, key: str, default: int) -> int:
    """Return an integer entry of a dictionary (or of None), or the default if the entry is missing.

    Raises:
        Unreadable: the entry is not a whole number.
    """
    value = whole_number(default if dictionary is None else dictionary.get(key, default))
    if value is None:
        raise Damaged(f"it is damaged ({key} is not a whole number)")
    return value


def whole_number(value: Any) -> int | None:
    """Return a whole number as an integer, even if it is written as a real (300.0); None if it is not whole."""
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return int(value) if abs(value) < _LARGEST else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _check_growth(data: bytes, name: str, parameters: Any, limit: int, size: int) -> None:
    """Check, before a filter is undone, that this makes at most ``limit`` bytes; ``size`` is known for Flate."""
    if name == "/LZWDecode":
        size = _lzw_size(data, integer(parameters, "/EarlyChange", 1), limit)
    elif name == "/RunLengthDecode":
        size = _run_length_size(data)
    elif name not in {*_SHRINKING, "/FlateDecode"}:
        raise Unsupported(f"its data are in the unknown filter {plain(name[1:])}")
    row_bits = 1
    for key, default in (("/Columns", 1), ("/Colors", 1), ("/BitsPerComponent", 8)):
        row_bits *= max(1, integer(parameters, key, default))
    if max(size, row_bits // 8) > limit:
        raise TooMuchData("it holds far more data than its size says")


def _lzw_size(data: bytes, early: int, limit: int) -> int:
    """Return the decoded size: the sum of the lengths of the codes' strings (ISO 32000-1, 7.4.4)."""
    sizes, total, last, width = [1] * 258, 0, 0, 9
    held, bits = 0, 0
    for byte in data:
        held, bits = held << 8 | byte, bits + 8
        if bits < width:
            continue
        bits -= width
        code, held = held >> bits, held & ((1 << bits) - 1)
        if code == _END or total > limit:
            break
        if code == _CLEAR:
            sizes, last, width = sizes[:258], 0, 9
            continue
        size = sizes[code] if code < len(sizes) else last + 1
        if last and len(sizes) < 4096:
            sizes.append(last + 1)
        total, last = total + size, size
        width = min(12, max(9, (len(sizes) + early).bit_length()))
    return total


def _run_length_size(data: bytes) -> int:
    position, total = 0, 0
    while position < len(data) and data[position] != 128:
        length = data[position]
        total += length + 1 if length < 128 else 257 - length
        position += length + 2 if length < 128 else 2
    return total


def numbers(values: Sequence[Any] | Any, count: int) -> list[float]:
    """Return an array of exactly ``count`` numbers.

    Raises:
        Unreadable: it is not such an array.
    """
    try:
        result = [float(value) for value in values]
    except (TypeError, ValueError) as error:
        raise Damaged("it is damaged (an array of numbers is not one)") from error
    if len(result) != count:
        raise Damaged("it is damaged (an array of numbers has the wrong length)")
    return result
