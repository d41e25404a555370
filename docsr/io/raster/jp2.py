"""Correct what Pillow gets wrong in a JPEG 2000 file: the colour profile, and samples of other than 8 bits.

Pillow ignores the profile. It shifts samples of fewer bits up, so that the white of 1 bit becomes 128, and rounds
samples of more bits down to 8 without clipping, so that white becomes 0. Formats: ISO/IEC 15444-1, annexes A and I.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from docsr.io.read_errors import Unreadable
from docsr.page import Pixels

MAX_BYTES = 1 << 24
"""Bytes; a profile that claims to be larger is damaged."""

_HEAD, _LONG_HEAD = 8, 16
_STREAM = b"\xff\x4f\xff\x51"
_SIZE_BYTES = 42
"""Bytes from the start of the codestream to the channel fields of its SIZ segment."""

_SILENT = 0
"""OpenCV's level of logging at which it prints nothing."""

_ANY_PROFILE = (2, 3)
"""Methods of a colour specification with a profile: restricted (JP2) and any (JPX)."""


def profile_of(file: IO[bytes]) -> bytes | None:
    """Return the ICC profile in the header of a JP2 file (ISO/IEC 15444-1, annex I); None for a bare codestream.

    Args:
        file: open for reading; its position is restored.
    """
    before = file.tell()
    try:
        end = file.seek(0, 2)
        for kind, start, stop in _boxes(file, 0, end):
            if kind == b"jp2h":
                return next(_profiles(file, start, stop), None)
    finally:
        file.seek(before)
    return None


def decoded(image: ImageFile.ImageFile) -> Image.Image:
    """Decode the pixels of a JPEG 2000 file that Pillow has opened but not loaded, with 8 bits per sample.

    Returns:
        An image in the mode that Pillow gave it, or "L" if that was a 16-bit mode; ``image`` itself where Pillow
        decodes correctly.

    Raises:
        Unreadable: samples of this kind cannot be decoded here.
        OSError: the file is damaged.
    """
    size = None if image.fp is None else _size_in(image.fp)
    if size is None or size.extent != image.size or max(size.bits) <= 8:
        image.load()
        return image if size is None or min(size.bits) == 8 else _shallow(image, size.bits)
    assert image.fp is not None
    return _deep(image.mode, image.fp, size)


def _shallow(image: Image.Image, bits: tuple[int, ...]) -> Image.Image:
    """Undo Pillow's shift of samples of less than 8 bits."""
    shifted, palette = np.asarray(image), image.mode in {"P", "PA"}
    depths = np.array(bits if shifted.ndim == 3 else bits[0], np.uint8)
    values = shifted >> (8 - depths)
    image_8_bit = Image.fromarray(values if palette else _to_8_bits(values, bits), image.mode)
    if palette:
        image_8_bit.putpalette(image.getpalette("RGB") or [])
    return image_8_bit


def _deep(mode: str, file: IO[bytes], size: _Size) -> Image.Image:
    """Decode samples of more than 8 bits with OpenCV.

    OpenCV refuses signed samples. They differ from unsigned ones only in one header bit, which says whether half of the
    range is added on decoding; so that bit is cleared first.
    """
    problem = f"its JPEG 2000 samples of {max(size.bits)} bits are of an unsupported kind (save it with 8 bits)"
    if max(size.bits) > 16 or min(size.bits) < 8 or len(size.bits) not in {1, 3, 4} or size.is_thinned:
        raise Unreadable(problem)
    file.seek(0)
    data = bytearray(file.read())
    for place in range(size.place, size.place + 3 * len(size.bits), 3):
        data[place] &= 0x7F
    set_level = getattr(cv2.utils, "logging", cv2).setLogLevel  # OpenCV 4 has it beside its other functions
    before = set_level(_SILENT)
    try:
        values: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    finally:
        set_level(before)
    if values is None:
        raise OSError("its JPEG 2000 data cannot be decoded")
    if values.dtype != np.uint16 or values.shape[2:] != (() if len(size.bits) == 1 else (len(size.bits),)):
        raise Unreadable(problem)
    if values.ndim == 2:
        return Image.fromarray(_to_8_bits(values, size.bits), "L")
    return Image.fromarray(_to_8_bits(values[..., [2, 1, 0, 3][: len(size.bits)]], size.bits), mode)


def _to_8_bits(values: NDArray[Any], bits: tuple[int, ...]) -> Pixels:
    """Scale the samples of each channel from 0 to 2 ** bits - 1 to 0 to 255."""
    result = np.empty(values.shape, np.uint8)
    for channel, depth in enumerate(bits):
        top = 2**depth - 1
        table = ((np.arange(top + 1, dtype=np.uint32) * 255 + top // 2) // top).astype(np.uint8)
        of_channel = (..., channel) if values.ndim == 3 else ...
        result[of_channel] = table[values[of_channel]]
    return result


class _Size(NamedTuple):
    """The size segment (SIZ) of a codestream (annex A.5.1).

    Attributes:
        extent: width and height in px.
        bits: per sample, for each channel.
        is_thinned: whether a channel is subsampled, with fewer samples than the picture has pixels.
        place: byte offset in the file of the first channel's fields.
    """

    extent: tuple[int, int]
    bits: tuple[int, ...]
    is_thinned: bool
    place: int


def _size_in(file: IO[bytes]) -> _Size | None:
    before = file.tell()
    try:
        end = file.seek(0, 2)
        start = next((start for kind, start, _ in _boxes(file, 0, end) if kind == b"jp2c"), 0)
        file.seek(start)
        head = file.read(_SIZE_BYTES)
        if len(head) < _SIZE_BYTES or not head.startswith(_STREAM):
            return None
        right, bottom, left, top = struct.unpack_from(">4I", head, 8)
        (channels,) = struct.unpack_from(">H", head, 40)
        fields = file.read(3 * channels)
        if not 0 < 3 * channels == len(fields):
            return None
        bits = tuple((depth & 0x7F) + 1 for depth in fields[::3])
        return _Size((right - left, bottom - top), bits, {*fields[1::3], *fields[2::3]} != {1}, start + _SIZE_BYTES)
    finally:
        file.seek(before)


def _profiles(file: IO[bytes], start: int, stop: int) -> Iterator[bytes]:
    for kind, inner, end in _boxes(file, start, stop):
        if kind == b"colr" and 3 < end - inner <= MAX_BYTES:
            file.seek(inner)
            content = file.read(end - inner)
            if content[0] in _ANY_PROFILE:
                yield content[3:]


def _boxes(file: IO[bytes], start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the type of each box with the start and end of its content; stop at the first damaged box."""
    while start + _HEAD <= stop:
        file.seek(start)
        head = file.read(_LONG_HEAD)
        if len(head) < _HEAD:
            return
        length, kind = struct.unpack_from(">I4s", head)
        size = _HEAD
        if length == 1 and len(head) == _LONG_HEAD:
            (length,), size = struct.unpack_from(">Q", head, _HEAD), _LONG_HEAD
        end = stop if length == 0 else start + length
        if end < start + size or end > stop:
            return
        yield kind, start + size, end
        start = end
