"""Decode images of PDF files: from an image's dictionary and data to pixels.

pikepdf's ``PdfImage`` refuses Separation colours and RGB of 4 bits, and reads samples of 16 bits wrongly (10.18).
"""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pikepdf import Array, Name, Stream
from PIL import Jpeg2KImagePlugin, JpegImagePlugin

from docsr.io.decoder_messages import plain, report_damage
from docsr.io.limits import check_memory, most_pixels
from docsr.io.pdf.colour import Space, device_space, space_of, to_pixels
from docsr.io.pdf.fax import fax
from docsr.io.pdf.jbig2 import can_decode, decoded
from docsr.io.pdf.samples import Samples, unpacked, with_missing_white
from docsr.io.pdf.shown_images import Paint, is_stencil
from docsr.io.pdf.streams import KNOWN_FILTERS, codec_of, filters_of, integer, unfiltered, unfiltered_and_reported
from docsr.io.raster import jp2, jpeg_end
from docsr.io.raster.damage import report_jpeg_fault
from docsr.io.raster.pixels import on_paper, scaled
from docsr.io.raster.pixels import to_pixels as from_pillow
from docsr.io.read_errors import Damaged, Unreadable, Unsupported, damage
from docsr.page import Pixels

_SLACK_BYTES = 1 << 20
_OPAQUE = 255
_MOST_CHANNELS, _COPIES = 4, 3
"""The most channels of an image, and how many copies of it are held: packed, as samples, and as pixels."""

_IN_DECODERS = {"/JPXDecode": 24, "/DCTDecode": 15, "/CCITTFaxDecode": 4, "/JBIG2Decode": 4}
"""The most bytes per pixel while decoding."""

_WITH_BITS_OF_ITS_OWN = {"/JPXDecode", "/DCTDecode"}
_WITHOUT_ALPHA = {"LA": "L", "RGBA": "RGB", "PA": "RGB"}
"""Pillow's modes, and the modes without alpha. A PDF that does not mention alpha asks for it to be ignored."""

_ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
"""A JPEG's Adobe marker without its last byte, the colour transform: 0 none, 1 YCbCr, 2 YCCK."""


def check(image: Any, fill: Paint | None = None) -> Space | None:
    """Check by an image's dictionary, without its data, that it can be read.

    Args:
        image: a PDF stream.
        fill: the colour that a stencil is painted in; None if it is unknown.

    Returns:
        The colour space; None if only the data state it (JPEG 2000), or the image is a stencil.

    Raises:
        Unreadable: it cannot be read.
    """
    width, height = size_of(image)
    if width * height > most_pixels():
        raise Unreadable(f"its image has more than {most_pixels():,} pixels (--max-pixels)")
    codec = codec_of(image)
    check_memory(width * height * _IN_DECODERS.get(codec or "", _COPIES * max(1, _bits(image) // 8) * _MOST_CHANNELS))
    if unknown := next((name for name, _ in filters_of(image) if name not in KNOWN_FILTERS), None):
        raise Unsupported(f"its data are in the unknown filter {plain(unknown[1:])}")
    if codec == "/JBIG2Decode" and not can_decode():
        raise Unsupported("its image is coded as JBIG2, which needs the program jbig2dec (install it)")
    if is_stencil(image):
        if fill is None or codec in _WITH_BITS_OF_ITS_OWN:
            raise Unsupported("its image is a stencil mask whose colour cannot be read")
        return None
    space = None if "/ColorSpace" not in image and codec == "/JPXDecode" else space_of(image.get("/ColorSpace"))
    if codec == "/JPXDecode" and space is not None and space.palette is not None:
        raise Unsupported("its image is JPEG 2000 with a palette, which cannot be read")
    if codec not in _WITH_BITS_OF_ITS_OWN and _bits(image) not in {1, 2, 4, 8, 16}:
        raise Damaged(f"it is damaged (its image has {_bits(image)} bits per sample)")
    return space


def size_of(image: Any) -> tuple[int, int]:
    """Return (width, height) in pixels, as the dictionary states them."""
    width, height = integer(image, "/Width", 0), integer(image, "/Height", 0)
    if width < 1 or height < 1:
        raise Damaged("it is damaged (its image has no size)")
    return width, height


def _bits(image: Any) -> int:
    is_one_bit = codec_of(image) in {"/CCITTFaxDecode", "/JBIG2Decode"} or is_stencil(image)
    return 1 if is_one_bit else integer(image, "/BitsPerComponent", 8)


def stores_one_bit(image: Any) -> bool:
    """Return whether an image is stored with one bit per sample and one sample per pixel."""
    return _bits(image) == 1 and image.get("/ColorSpace", Name.DeviceGray) in {Name.DeviceGray, Name.CalGray}


def read_image(image: Any, fill: Paint | None = None) -> tuple[Pixels, bytes | None, bool]:
    """Decode an image as it looks on white paper.

    Args:
        image: a PDF stream.
        fill: as of :func:`check`.

    Returns:
        H x W or H x W x 3 pixels as stored (not turned); their ICC profile (it may be an RGB profile for grey pixels:
        the caller checks); and whether the file stores one bit, black or white, per pixel.

    Raises:
        Unreadable: it is damaged, too large, or cannot be decoded here.
    """
    space = check(image, fill)
    alpha = opacity(image)
    if fill is not None and is_stencil(image):
        colours = np.array([[255] * len(fill), fill], np.uint8)
        pixels, icc, bits = _coloured(colours, _painted(image)), None, 1
    else:
        pixels, icc, bits = _decoded(image, space)
    if alpha < _OPAQUE:
        pixels = on_paper(pixels, alpha)
    bilevel = bits == 1 and pixels.ndim == 2 and not ((pixels != 0) & (pixels != 255)).any()
    return pixels, icc, bilevel


def _coloured(colours: Pixels, painted: NDArray[np.bool_]) -> Pixels:
    """Return H x W or H x W x 3: the second colour where a stencil is painted, else the first."""
    pixels: Pixels = colours[painted.astype(np.intp)]
    return pixels[..., 0] if colours.shape[1] == 1 else pixels


def opacity(image: Any) -> int:
    """Return the opacity of an image, 0 to 255, which must be the same everywhere; it comes from the image's mask.

    Raises:
        Unreadable: the opacity varies, or the mask is damaged.
    """
    soft, hard = image.get("/SMask"), image.get("/Mask")
    if not isinstance(soft, Stream) and hard is None:
        return _OPAQUE
    if isinstance(soft, Stream):
        values = _decoded(soft, check(soft))[0]
    elif isinstance(hard, Stream) and is_stencil(hard):
        check(hard, (0,))
        values = np.where(_painted(hard), np.uint8(_OPAQUE), np.uint8(0))
    else:
        raise Unsupported("its image has transparency")
    least, most = int(values.min()), int(values.max())
    if least != most or (most < _OPAQUE and isinstance(soft, Stream) and "/Matte" in soft):
        raise Unsupported("its image has transparency")
    return most


def _painted(stencil: Any) -> NDArray[np.bool_]:
    """Decode a stencil to H x W: where it is painted."""
    decode = stencil.get("/Decode")
    inverted = isinstance(decode, Array) and len(decode) > 0 and decode[0] == 1
    samples, _, present = _samples(stencil, 1)
    painted: NDArray[np.bool_] = samples[..., 0] == (1 if inverted else 0)
    painted.reshape(-1)[present:] = False
    return painted


def _decoded(image: Any, space: Space | None) -> tuple[Pixels, bytes | None, int]:
    """Decode an image that has colours; return pixels, their profile, and bits per sample."""
    if codec_of(image) == "/JPXDecode":
        data = unfiltered_and_reported(image, _most_bytes(image, 4))
        return *_jpeg_2000(data, image, space), 8
    samples, bits, present = _samples(image, 4 if space is None else space.channels)
    space = space if space is not None and samples.shape[2] == space.channels else device_space(samples.shape[2])
    pixels = with_missing_white(to_pixels(samples, bits, image.get("/Decode"), space), present)
    return pixels, None if space.kind in {"cmyk", "lab"} else space.icc, bits


def _samples(image: Any, channels: int) -> tuple[Samples, int, int]:
    """Decode other images than JPEG 2000: H x W x components as stored, bits per sample, and how many pixels exist."""
    faults: list[str] = []
    width, height = size_of(image)
    data, codec, parameters = unfiltered(image, _most_bytes(image, channels), faults)
    bits, present = _bits(image), width * height
    if codec == "/DCTDecode":
        samples, bits = _jpeg(jpeg_end.from_start_of_image(data), integer(parameters, "/ColorTransform", -1)), 8
        present = samples.shape[0] * samples.shape[1]
    elif codec == "/CCITTFaxDecode":
        samples = fax(data, parameters, width, height)
    elif codec == "/JBIG2Decode":
        samples, present = unpacked(_jbig2(data, parameters, width, height), width, height, 1, 1)
    else:
        samples, present = unpacked(data, width, height, channels, bits)
    report_damage(*faults)
    return samples, bits, present


def _most_bytes(image: Any, channels: int) -> int:
    """Return how many bytes the data may have at most, with their filters undone."""
    width, height = size_of(image)
    return 2 * height * ((width * channels * max(8, _bits(image)) + 7) // 8 + 1) + _SLACK_BYTES


def _jpeg(data: bytes, transform: int) -> Samples:
    """Decode a JPEG to H x W x 1, 3 or 4 samples with PDF's meaning: of four, 255 is full ink."""
    image = _opened(JpegImagePlugin.JpegImageFile, data)
    if transform >= 0 and "adobe" not in image.info:  # the JPEG's own marker overrides the PDF's entry
        coded = transform * (2 if image.mode == "CMYK" else 1)
        image = _opened(JpegImagePlugin.JpegImageFile, data[:2] + _ADOBE + bytes([coded]) + data[2:])
    samples: Samples = _loaded(image)
    report_jpeg_fault(data)
    if image.mode == "CMYK":  # Pillow always inverts, as for Photoshop's files; PDF inverts by /Decode
        samples = 255 - samples
    return samples.reshape(*samples.shape[:2], -1)


def _jpeg_2000(data: bytes, image: Any, space: Space | None) -> tuple[Pixels, bytes | None]:
    opened = _opened(Jpeg2KImagePlugin.Jpeg2KImageFile, data)
    try:
        shown = jp2.decoded(opened)
    except Unreadable as error:
        raise Unsupported(str(error)) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise Damaged(damage(error, "its image is damaged")) from error
    if shown.mode in _WITHOUT_ALPHA and not (space is not None and space.channels == len(shown.getbands())):
        if integer(image, "/SMaskInData", 0) and shown.getchannel("A").getextrema() != (_OPAQUE, _OPAQUE):
            raise Unsupported("its image has transparency")
        shown = shown.convert(_WITHOUT_ALPHA[shown.mode])
    if space is None:
        return from_pillow(shown), None
    samples = scaled(np.asarray(shown))
    samples = samples.reshape(*samples.shape[:2], -1)
    space = space if samples.shape[2] == space.channels else device_space(samples.shape[2])
    return to_pixels(samples, 8, image.get("/Decode"), space), space.icc


def _jbig2(data: bytes, parameters: Any, width: int, height: int) -> bytes:
    shared = None if parameters is None else parameters.get("/JBIG2Globals")
    common = unfiltered_and_reported(shared, len(data) * 1000 + _SLACK_BYTES) if isinstance(shared, Stream) else b""
    return decoded(data, common, width, height)


def _opened(kind: Any, data: bytes) -> Any:
    """Open an image in memory with one of Pillow's classes; Image.open has its own limit, for all threads."""
    try:
        image = kind(io.BytesIO(data))
    except (OSError, SyntaxError, ValueError, struct.error, KeyError, IndexError, TypeError) as error:
        raise Damaged("its image is damaged") from error
    if image.width * image.height > most_pixels():
        raise Unreadable(f"its image has more than {most_pixels():,} pixels (--max-pixels)")
    return image


def _loaded(image: JpegImagePlugin.JpegImageFile) -> Any:
    try:
        jpeg_end.load(image)
    except (OSError, SyntaxError, ValueError, IndexError, TypeError) as error:
        raise Damaged(damage(error, "its image is damaged")) from error
    return np.asarray(image)
