"""Images in PDF files: the dictionary and the data of one, to pixels."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from pikepdf import Stream
from pikepdf.jbig2 import get_decoder
from PIL import Image, Jpeg2KImagePlugin, JpegImagePlugin, TiffImagePlugin

from docsr.io import jp2
from docsr.io.damage import look_at_jpeg
from docsr.io.jbig2 import decoded
from docsr.io.limits import most_pixels
from docsr.io.pdf_colour import Samples, Space, device_space, space_of, to_pixels
from docsr.io.pdf_streams import filters_of, integer, unfiltered
from docsr.io.pixels import scaled
from docsr.io.pixels import to_pixels as from_pillow
from docsr.io.refusals import Unreadable, damage
from docsr.page import Pixels

_SLACK_BYTES = 1 << 20
_ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
"""The marker that says how a JPEG is coded, but for its last byte: 0 as it is, 1 YCbCr, 2 YCCK."""
_END_OF_LINE = "000000000001"


def check(image: Any) -> Space | None:
    """Look at an image's dictionary, not at its data, and make sure that it can be read.

    Returns:
        The colour space, or None when only the data say it (JPEG 2000).

    Raises:
        Unreadable: why not.
    """
    if image.get("/ImageMask", False) is True:
        raise Unreadable("its image is a stencil mask")
    if "/SMask" in image or "/Mask" in image or integer(image, "/SMaskInData", 0):
        raise Unreadable("its image has transparency")
    width, height = size_of(image)
    if width * height > most_pixels():
        raise Unreadable(f"its image has more than {most_pixels():,} pixels (--max-pixels)")
    codec = next((name for name, _ in filters_of(image)[-1:]), None)
    if codec == "/JBIG2Decode" and not get_decoder().available():
        raise Unreadable("its image is coded as JBIG2, which takes the program jbig2dec (install it)")
    space = None if "/ColorSpace" not in image and codec == "/JPXDecode" else space_of(image.get("/ColorSpace"))
    if codec == "/JPXDecode" and space is not None and space.palette is not None:
        raise Unreadable("its image is JPEG 2000 with a palette, which cannot be read")
    if codec not in {"/JPXDecode", "/DCTDecode"} and _bits(image) not in {1, 2, 4, 8, 16}:
        raise Unreadable(f"it is damaged (its image has {_bits(image)} bits per sample)")
    return space


def size_of(image: Any) -> tuple[int, int]:
    """Return (width, height) in pixels as the dictionary states them."""
    width, height = integer(image, "/Width", 0), integer(image, "/Height", 0)
    if width < 1 or height < 1:
        raise Unreadable("it is damaged (its image has no size)")
    return width, height


def _bits(image: Any) -> int:
    codec = next((name for name, _ in filters_of(image)[-1:]), None)
    return 1 if codec in {"/CCITTFaxDecode", "/JBIG2Decode"} else integer(image, "/BitsPerComponent", 8)


def read_image(image: Any) -> tuple[Pixels, bytes | None, bool]:
    """Decode an image.

    Returns:
        H x W or H x W x 3 pixels as stored (not turned), the ICC profile that goes with them (it may be one of RGB
        for grey pixels: the caller checks), and whether the file stores one bit, black or white, per pixel.

    Raises:
        Unreadable: it is damaged, too large, or cannot be decoded here.
    """
    space = check(image)
    width, height = size_of(image)
    channels = 4 if space is None else space.channels
    most = 2 * height * ((width * channels * max(8, _bits(image)) + 7) // 8 + 1) + _SLACK_BYTES
    data, codec, parameters = unfiltered(image, most)
    bits = _bits(image)
    if codec == "/JPXDecode":
        return _jpeg_2000(data, image, space)
    if codec == "/DCTDecode":
        samples = _jpeg(data, integer(parameters, "/ColorTransform", -1))
        bits = 8
    elif codec == "/CCITTFaxDecode":
        samples = _fax(data, parameters, width, height)
    elif codec == "/JBIG2Decode":
        samples = _unpacked(_jbig2(data, parameters, width, height), width, height, 1, 1)
    else:
        samples = _unpacked(data, width, height, channels, bits)
    space = space if space is not None and samples.shape[2] == space.channels else device_space(samples.shape[2])
    pixels = to_pixels(samples, bits, image.get("/Decode"), space)
    bilevel = bits == 1 and pixels.ndim == 2 and not ((pixels != 0) & (pixels != 255)).any()
    return pixels, None if space.kind in {"cmyk", "lab"} else space.icc, bilevel


def _unpacked(data: bytes, width: int, height: int, channels: int, bits: int) -> Samples:
    """Unpack samples of 1 to 16 bits, each row from a whole byte on."""
    row = (width * channels * bits + 7) // 8
    if len(data) < row * height:
        raise Unreadable("its image is damaged (a part of it is missing)")
    packed = np.frombuffer(data, np.uint8, row * height).reshape(height, row)
    if bits == 16:
        return packed.view(">u2").astype(np.uint16).reshape(height, width, channels)
    if bits == 1:
        values = np.unpackbits(packed, axis=1)
    elif bits == 8:
        values = packed
    else:
        shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
        values = ((packed[..., None] >> shifts) & np.uint8(2**bits - 1)).reshape(height, -1)
    return np.ascontiguousarray(values[:, : width * channels]).reshape(height, width, channels)


def _jpeg(data: bytes, transform: int) -> Samples:
    """Decode a JPEG to H x W x 1, 3 or 4 samples as the format means them: of four, 255 is full ink."""
    image = _opened(JpegImagePlugin.JpegImageFile, data)
    if transform >= 0 and "adobe" not in image.info:  # the file's own marker counts before the PDF's word
        coded = transform * (2 if image.mode == "CMYK" else 1)
        image = _opened(JpegImagePlugin.JpegImageFile, data[:2] + _ADOBE + bytes([coded]) + data[2:])
    samples: Samples = _loaded(image)
    look_at_jpeg(data)
    if image.mode == "CMYK" and "adobe" in image.info:  # Pillow inverts what Photoshop writes, PDF says so in /Decode
        samples = 255 - samples
    return samples.reshape(*samples.shape[:2], -1)


def _jpeg_2000(data: bytes, image: Any, space: Space | None) -> tuple[Pixels, bytes | None, bool]:
    opened = _opened(Jpeg2KImagePlugin.Jpeg2KImageFile, data)
    if opened.mode in {"LA", "RGBA", "PA"}:
        raise Unreadable("its image has transparency")
    try:
        shown = jp2.decoded(opened)
    except Unreadable:
        raise
    except (OSError, SyntaxError, ValueError) as error:
        raise Unreadable(damage(error, "its image is damaged")) from error
    if space is None:
        return from_pillow(shown), None, False
    samples = scaled(np.asarray(shown))
    samples = samples.reshape(*samples.shape[:2], -1)
    space = space if samples.shape[2] == space.channels else device_space(samples.shape[2])
    return to_pixels(samples, 8, image.get("/Decode"), space), space.icc, False


def _fax(data: bytes, parameters: Any, width: int, height: int) -> Samples:
    """Decode CCITT Group 3 or 4 as the single strip of a TIFF file."""
    columns = integer(parameters, "/Columns", 1728)
    kind = integer(parameters, "/K", 0)
    flags = {} if parameters is None else {key: parameters.get(key, False) is True for key in _FAX_FLAGS}
    aligned = flags.get("/EncodedByteAlign", False)
    if columns < width or columns * height > most_pixels():
        raise Unreadable("it is damaged (its image is wider than its rows)")
    compression = 4 if kind < 0 else 3
    if compression == 3 and _END_OF_LINE not in "".join(f"{byte:08b}" for byte in data[:8]):
        compression = 2
    if aligned and compression != 2:
        raise Unreadable("its image is fax coded with aligned rows, which cannot be read")
    if compression == 2 and (kind > 0 or not aligned):
        raise Unreadable("its image is fax coded without ends of lines, which cannot be read")
    image = _opened(TiffImagePlugin.TiffImageFile, _tiff(data, columns, height, compression, int(kind > 0)))
    samples: Samples = _loaded(image)[:, :width, None].astype(np.uint8)
    return 1 - samples if flags.get("/BlackIs1", False) else samples


_FAX_FLAGS = ("/BlackIs1", "/EncodedByteAlign")


def _tiff(data: bytes, width: int, height: int, compression: int, two_dimensional: int) -> bytes:
    """Wrap fax data as a little-endian TIFF file (TIFF 6.0, sections 2, 10 and 11) in which 0 is white."""
    short, long = 3, 4
    entries = [(256, long, width), (257, long, height), (258, short, 1), (259, short, compression), (262, short, 0)]
    entries += [(273, long, 8), (277, short, 1), (278, long, height), (279, long, len(data))]
    if compression == 3:
        entries.append((292, long, two_dimensional))
    padded = data + b"\0" * (len(data) % 2)
    table = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return struct.pack("<4sI", b"II*\0", 8 + len(padded)) + padded + struct.pack("<H", len(entries)) + table + bytes(4)


def _jbig2(data: bytes, parameters: Any, width: int, height: int) -> bytes:
    shared = None if parameters is None else parameters.get("/JBIG2Globals")
    common = unfiltered(shared, len(data) * 1000 + _SLACK_BYTES)[0] if isinstance(shared, Stream) else b""
    return decoded(data, common, width, height)


def _opened(kind: Any, data: bytes) -> Any:
    """Open an image in memory with one of Pillow's classes: Image.open has a limit of its own, for all threads."""
    try:
        image = kind(io.BytesIO(data))
    except (OSError, SyntaxError, ValueError, struct.error, KeyError, IndexError, TypeError) as error:
        raise Unreadable("its image is damaged") from error
    if image.width * image.height > most_pixels():
        raise Unreadable(f"its image has more than {most_pixels():,} pixels (--max-pixels)")
    return image


def _loaded(image: Image.Image) -> Any:
    try:
        image.load()
    except (OSError, SyntaxError, ValueError, IndexError, TypeError) as error:
        raise Unreadable(damage(error, "its image is damaged")) from error
    return np.asarray(image)
