"""Convert samples of PDF images from their colour space to grey or RGB pixels."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from pikepdf import Array, Name, PdfError, Stream, String
from PIL import Image, ImageCms

from docsr.io.pdf.pdfium_image import from_inks
from docsr.io.pdf.samples import Samples
from docsr.io.pdf.streams import numbers, unfiltered, unfiltered_and_reported, whole_number
from docsr.io.raster.transparency import BAND_ROWS
from docsr.io.read_errors import Damaged, Unreadable, Unsupported
from docsr.page import Pixels

_MAX_PROFILE_BYTES = 16 << 20
_MOST_COLOURS = 256
_CHANNELS = {"grey": 1, "rgb": 3, "cmyk": 4, "lab": 3}
_BY_CHANNELS: dict[int, Literal["grey", "rgb", "cmyk"]] = {1: "grey", 3: "rgb", 4: "cmyk"}
_FAMILIES: dict[str, Literal["grey", "rgb", "cmyk"]] = {
    "/DeviceGray": "grey", "/G": "grey", "/CalGray": "grey", "/DeviceRGB": "rgb", "/RGB": "rgb", "/CalRGB": "rgb",
    "/DeviceCMYK": "cmyk", "/CMYK": "cmyk",
}  # fmt: skip


_NOT_COMPUTED = frozenset({"/Separation", "/DeviceN"})


@dataclass(frozen=True, slots=True)
class Space:
    """A colour space: what the samples of an image mean.

    Attributes:
        kind: of the colours; if there is a palette, of the palette's colours.
        icc: the profile of the colours, or None.
        palette: N x 1 or N x 3 pixels that the samples are indices into, or None.
        ranges: for Lab, those of a* and b*: (a low, a high, b low, b high).
        stored: the PDF object that describes the colours (those of the palette if there is one), or None.
    """

    kind: Literal["grey", "rgb", "cmyk", "lab"]
    icc: bytes | None = None
    palette: Pixels | None = None
    ranges: tuple[float, float, float, float] = (-100.0, 100.0, -100.0, 100.0)
    stored: Any = None

    @property
    def channels(self) -> int:
        """Samples per pixel."""
        return 1 if self.palette is not None else _CHANNELS[self.kind]


def device_space(channels: int) -> Space:
    """Return the device space of 1, 3 or 4 components."""
    if channels not in _BY_CHANNELS:
        raise Unsupported(f"its image has {channels} components")
    return Space(_BY_CHANNELS[channels])


def space_of(stored: Any) -> Space:
    """Read a colour space.

    Raises:
        Unreadable: it is damaged.
        Unsupported: its colours cannot be computed here (separations).
    """
    parts = list(stored) if isinstance(stored, Array) else [stored]
    family = str(parts[0]) if parts and isinstance(parts[0], Name) else ""
    if not isinstance(stored, Name | Array):
        raise Damaged("it is damaged (its colour space is missing)")
    if family in _FAMILIES:
        return Space(_FAMILIES[family], stored=stored)
    if len(parts) > 1:
        if family == "/ICCBased":
            return _with_profile(stored)
        if family == "/Lab":
            stated = stored[1].get("/Range")
            low_a, high_a, low_b, high_b = (-100, 100, -100, 100) if stated is None else numbers(stated, 4)
            return Space("lab", ranges=(low_a, high_a, low_b, high_b), stored=stored)
        if family in {"/Indexed", "/I"} and len(parts) >= 4:
            return _with_palette(stored)
    if family in _NOT_COMPUTED and len(parts) >= 4:
        raise Unsupported(f"its image has colours of a kind that cannot be read ({family[1:]})")
    raise Damaged("it is damaged (images cannot have its colour space)")


def _with_profile(stored: Any) -> Space:
    """Read a space with a profile. If it is broken or does not fit, use the alternate or device space like readers."""
    stream = stored[1]
    if not isinstance(stream, Stream):
        raise Damaged("it is damaged (its colour profile is missing)")
    channels = whole_number(stream.get("/N")) or 0
    if channels not in _BY_CHANNELS:  # readers show nothing of such an image
        raise Damaged("it is damaged (its colour profile does not state its number of components)")
    profile, alternate = _profile(stream), _alternate(stream.get("/Alternate"))
    signature = b"" if profile is None else profile[16:20]
    if _SIGNATURES.get(signature) == channels:
        return Space(_BY_CHANNELS[channels], profile, stored=stored)
    if alternate is not None and alternate.channels == channels:
        return alternate
    if channels == 3 and signature in _OTHER_COLOURS:
        raise Unsupported("its image has a colour profile of a kind that cannot be read")
    return Space(_BY_CHANNELS[channels], stored=_DEVICES[channels])


_SIGNATURES = {b"GRAY": 1, b"RGB ": 3, b"CMYK": 4}
_OTHER_COLOURS = {b"Lab ", b"XYZ ", b"Luv ", b"YCbr", b"Yxy ", b"HSV ", b"HLS ", b"CMY ", b"3CLR"}
_DEVICES = {1: Name.DeviceGray, 3: Name.DeviceRGB, 4: Name.DeviceCMYK}


def _profile(stream: Any) -> bytes | None:
    """Return the profile's bytes if it can be opened, else None."""
    try:
        data, codec, _ = unfiltered(stream, _MAX_PROFILE_BYTES)
        if codec is None:
            ImageCms.ImageCmsProfile(io.BytesIO(data))
            return data
    except (Unreadable, OSError, PdfError, ImageCms.PyCMSError):
        pass
    return None


def _alternate(stored: Any) -> Space | None:
    """Return the alternate space of a profile, or None if that has a profile too: it might refer to itself."""
    family = stored[0] if isinstance(stored, Array) and len(stored) else stored
    if not isinstance(family, Name) or str(family) not in {*_FAMILIES, "/Lab"}:
        return None
    try:
        return space_of(stored)
    except Unreadable:
        return None


def _with_palette(stored: Any) -> Space:
    base_family = stored[1][0] if isinstance(stored[1], Array) and len(stored[1]) else None
    if base_family in {Name.Indexed, Name.I}:  # checked before reading, since it may be its own base
        raise Damaged("it is damaged (its palette is based on another palette)")
    base = space_of(stored[1])
    lookup = stored[3]
    data = unfiltered_and_reported(lookup, _MAX_PROFILE_BYTES) if isinstance(lookup, Stream) else b""
    data = bytes(lookup) if isinstance(lookup, String) else data
    stated = whole_number(stored[2])
    last = _MOST_COLOURS - 1 if stated is None else stated
    if not data or last < 0:
        raise Damaged("it is damaged (its palette is empty)")
    size = (min(_MOST_COLOURS - 1, last) + 1) * base.channels
    colours = np.frombuffer(data[:size].ljust(size, b"\0"), np.uint8)  # readers take missing values for 0
    pixels = to_pixels(colours.reshape(1, -1, base.channels), 8, None, base)[0].reshape(
        colours.size // base.channels, -1
    )
    return Space(base.kind, base.icc, pixels, stored=base.stored)


def to_pixels(samples: Samples, bits: int, decode: Any, space: Space) -> Pixels:
    """Convert samples to pixels: H x W if all colours are grey, else H x W x 3.

    DeviceCMYK is converted as readers do, CMYK with a profile by its profile, and Lab relative to white. Grey and RGB
    stay in their own space; their profile, if any, is stored with the page.

    Args:
        samples: H x W x ``space.channels``.
        bits: per sample: 1, 2, 4, 8 or 16.
        decode: the /Decode array of the image, or None.
        space: what the samples mean.

    Raises:
        Unreadable: the image's arrays do not fit.
    """
    if space.palette is not None:
        low, high = (0.0, 2.0**bits - 1) if decode is None else _limits(decode, 2)
        places = np.rint(low + np.arange(2**bits) * (high - low) / (2**bits - 1))
        table = space.palette[np.clip(places, 0, len(space.palette) - 1).astype(np.intp)]
        if (table == table[:, :1]).all():
            table = table[:, :1]
        return _looked_up(np.squeeze(table, 1) if table.shape[1] == 1 else table, samples[..., 0])
    if space.kind == "lab":
        return _from_lab(samples, bits, decode, space)
    limits = [0.0, 1.0] * space.channels if decode is None else _limits(decode, 2 * space.channels)
    if bits == 8 and limits == [0.0, 1.0] * space.channels:
        planes: Pixels = np.ascontiguousarray(samples, np.uint8)
    else:
        planes = np.empty(samples.shape, np.uint8)
        for channel in range(space.channels):
            ramp = np.linspace(limits[2 * channel], limits[2 * channel + 1], 2**bits)
            table = (np.clip(ramp, 0, 1) * 255 + 0.5).astype(np.uint8)
            planes[..., channel] = _looked_up(table, samples[..., channel])
    if space.kind == "cmyk":
        return _from_cmyk(planes, space.icc)
    return planes[..., 0] if space.kind == "grey" else planes


def _limits(decode: Any, count: int) -> list[float]:
    """Return the first numbers of a /Decode array; readers ignore any beyond those of the components."""
    return numbers(list(decode)[:count] if isinstance(decode, Array) else decode, count)


def _looked_up(table: Pixels, samples: Samples) -> Pixels:
    values: Pixels = table[samples]
    return values


def _from_cmyk(inks: Pixels, icc: bytes | None) -> Pixels:
    """Convert H x W x 4 ink (255 is full) to RGB pixels, or to grey ones if all are grey."""
    transform = None if icc is None else _profile_transform(icc)
    if transform is None:
        pixels = from_inks(inks)
    else:
        pixels = np.empty((*inks.shape[:2], 3), np.uint8)
        for top in range(0, inks.shape[0], BAND_ROWS):
            image = Image.fromarray(np.ascontiguousarray(inks[top : top + BAND_ROWS]), "CMYK")
            pixels[top : top + BAND_ROWS] = np.asarray(ImageCms.applyTransform(image, transform))
    return np.ascontiguousarray(pixels[..., 0]) if (pixels == pixels[..., :1]).all() else pixels


def _profile_transform(icc: bytes) -> Any:
    """Return the conversion from a CMYK profile to sRGB, or None if the profile is damaged."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        return ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), "CMYK", "RGB")
    except (OSError, ImageCms.PyCMSError):
        return None


def _from_lab(samples: Samples, bits: int, decode: Any, space: Space) -> Pixels:
    limits = [0.0, 100.0, *space.ranges] if decode is None else _limits(decode, 6)
    low, high = np.array(limits[::2], np.float32), np.array(limits[1::2], np.float32)
    pixels = np.empty(samples.shape, np.uint8)
    for top in range(0, samples.shape[0], BAND_ROWS):
        values = low + samples[top : top + BAND_ROWS].astype(np.float32) * ((high - low) / np.float32(2**bits - 1))
        colours = cv2.cvtColor(values, cv2.COLOR_Lab2RGB)
        pixels[top : top + BAND_ROWS] = (np.clip(colours, 0, 1) * 255 + 0.5).astype(np.uint8)
    return pixels
