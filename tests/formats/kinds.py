"""Every kind of file that docsr reads: how one is made, and what it shows."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
from PIL import Image, features

from docsr.page import Dpi, Pixels
from tests.formats.drawn import (
    ALPHA,
    BITS,
    CMYK_PROFILE,
    DPI,
    FLAT,
    GREY,
    GREY_PROFILE,
    HEIGHT,
    LEVELS_4,
    LEVELS_16,
    RGB,
    SRGB,
    WIDTH,
    ink_of,
    on_white,
)


@dataclass(frozen=True)
class Kind:
    """One kind of input.

    Attributes:
        name: of the file, with its suffix.
        make: writes it.
        pages: what it shows, upright, page by page.
        dpi: what it says of its resolution, upright; None: nothing.
        icc: the profile that fits its pixels (those of its first page; others have none).
        loss: the mean difference, in levels, that its own coding may make; 0: none at all.
        bilevel: whether it holds one bit per pixel.
    """

    name: str
    make: Callable[[Path], object]
    pages: tuple[Pixels, ...]
    dpi: Dpi | None = DPI
    icc: bytes | None = None
    loss: float = 0.0
    bilevel: bool = False

    @property
    def stem(self) -> str:
        return Path(self.name).stem


def pillow(pixels: Any, mode: str | None = None, **options: Any) -> Callable[[Path], object]:
    """Written by Pillow; ``mode`` is what an array of bits or inks is taken for."""
    image = Image.fromarray(pixels)
    if mode == "CMYK":
        image = Image.frombytes("CMYK", (pixels.shape[1], pixels.shape[0]), pixels.tobytes())
    elif mode == "1":
        image = image.convert("1", dither=Image.Dither.NONE)
    elif mode == "P":
        image = image.quantize(256, dither=Image.Dither.NONE) if pixels.ndim == 3 else image.convert("P")
    return lambda path: image.save(path, **options)


def opencv(pixels: Any) -> Callable[[Path], object]:
    return lambda path: cv2.imwrite(str(path), pixels)


def written(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def exif_of(dpi: Dpi | None = None, orientation: int | None = None) -> Image.Exif:
    exif = Image.Exif()
    if dpi is not None:
        exif[282], exif[283], exif[296] = *dpi, 2
    if orientation is not None:
        exif[274] = orientation
    return exif


INCH_IN_METRES = 0.0254

LEFT = np.ascontiguousarray(np.rot90(RGB))
"""RGB lying on its side: turned clockwise, as orientation 6 asks for, it is upright."""


def _transparent(path: Path) -> None:
    """A palette in which the colour of the paper at the left is transparent."""
    image = Image.fromarray(FLAT).quantize(64, dither=Image.Dither.NONE)
    image.save(path, dpi=DPI, transparency=image.getpixel((0, 0)))


def _seen() -> Pixels:
    return on_white(FLAT, np.where((FLAT[0, 0] == FLAT).all(axis=2), 0, 255).astype(np.uint8))


def _bgra(pixels: Pixels, alpha: Pixels) -> Any:
    return np.dstack([pixels[..., ::-1], alpha])


PNG = (
    Kind("png_grey.png", pillow(GREY, dpi=DPI, icc_profile=GREY_PROFILE), (GREY,), icc=GREY_PROFILE),
    Kind("png_rgb.png", pillow(RGB, dpi=DPI, icc_profile=SRGB), (RGB,), icc=SRGB),
    Kind("png_no_dpi.png", pillow(RGB), (RGB,), dpi=None),
    Kind("png_palette.png", pillow(RGB, "P", dpi=DPI, icc_profile=SRGB), (RGB,), icc=SRGB),
    Kind("png_palette_4_bit.png", pillow(FLAT, "P", dpi=DPI, bits=4), (FLAT,)),
    Kind("png_palette_grey.png", pillow(LEVELS_4, "P", dpi=DPI), (LEVELS_4,)),
    Kind("png_palette_transparent.png", _transparent, (_seen(),)),
    Kind("png_1_bit.png", pillow(BITS, "1", dpi=DPI), (BITS,), bilevel=True),
    Kind("png_grey_16.png", opencv(GREY.astype(np.uint16) * 257), (GREY,), dpi=None),
    Kind("png_rgb_16.png", opencv(RGB[..., ::-1].astype(np.uint16) * 257), (RGB,), dpi=None),
    Kind("png_grey_alpha.png", pillow(np.dstack([GREY, ALPHA]), dpi=DPI), (on_white(GREY, ALPHA),)),
    Kind("png_rgb_alpha.png", pillow(np.dstack([RGB, ALPHA]), dpi=DPI, icc_profile=SRGB), (on_white(RGB, ALPHA),),
         icc=SRGB),
    Kind("png_rgb_alpha_16.png", opencv(_bgra(RGB, ALPHA).astype(np.uint16) * 257), (on_white(RGB, ALPHA),), dpi=None),
    Kind("png_turned.png", pillow(LEFT, dpi=DPI[::-1], exif=exif_of(orientation=6)), (RGB,)),
)  # fmt: skip

JPEG_LOSS = 1.5
_FINE: dict[str, Any] = {"quality": 95, "subsampling": 0}

JPEG = (
    Kind("jpeg_grey.jpg", pillow(GREY, dpi=DPI, icc_profile=GREY_PROFILE, quality=95), (GREY,), icc=GREY_PROFILE,
         loss=JPEG_LOSS),
    Kind("jpeg_rgb.jpg", pillow(RGB, dpi=DPI, icc_profile=SRGB, **_FINE), (RGB,), icc=SRGB, loss=JPEG_LOSS),
    Kind("jpeg_subsampled.jpeg", pillow(RGB, dpi=DPI, quality=95, subsampling=2), (RGB,), loss=JPEG_LOSS),
    Kind("jpeg_progressive.JPG", pillow(RGB, dpi=DPI, progressive=True, **_FINE), (RGB,), loss=JPEG_LOSS),
    Kind("jpeg_cmyk.jpg", pillow(ink_of(RGB), "CMYK", dpi=DPI, icc_profile=CMYK_PROFILE, quality=95), (RGB,),
         loss=JPEG_LOSS),
    Kind("jpeg_turned.jpg", pillow(LEFT, dpi=DPI[::-1], exif=exif_of(orientation=6), **_FINE), (RGB,), loss=JPEG_LOSS),
    Kind("jpeg_mirrored.jpg", pillow(RGB[:, ::-1], dpi=DPI, exif=exif_of(orientation=2), **_FINE), (RGB,),
         loss=JPEG_LOSS),
    Kind("jpeg_exif_dpi.jpe", pillow(RGB, exif=exif_of(DPI), **_FINE), (RGB,), loss=JPEG_LOSS),
    Kind("jpeg_no_dpi.jfif", pillow(RGB, **_FINE), (RGB,), dpi=None, loss=JPEG_LOSS),
)  # fmt: skip

WEBP = (
    Kind("webp_lossless.webp", pillow(RGB, lossless=True, exif=exif_of(DPI), icc_profile=SRGB), (RGB,), icc=SRGB),
    Kind("webp_lossy.webp", pillow(RGB, quality=95, exif=exif_of(DPI)), (RGB,), loss=2.5),
    Kind("webp_alpha.webp", pillow(np.dstack([RGB, ALPHA]), lossless=True, exact=True), (on_white(RGB, ALPHA),),
         dpi=None),
    Kind("webp_turned.webp", pillow(LEFT, lossless=True, exif=exif_of(DPI[::-1], 6)), (RGB,)),
)  # fmt: skip


def boxed(path: Path, pixels: Pixels, icc: bytes | None = None, dpi: Dpi = DPI) -> None:
    """A JPEG 2000 file with a profile and its resolution, as scanners write it (ISO/IEC 15444-1, annex I.5.3)."""
    Image.fromarray(pixels).save(path, "JPEG2000")
    data = path.read_bytes()
    across, down = (round(dots / INCH_IN_METRES) for dots in dpi)
    capture = _box(b"resc", struct.pack(">HHHHbb", down, 1, across, 1, 0, 0))
    header = data.index(b"jp2h") + 4
    (size,) = struct.unpack_from(">I", data, header - 8)
    end = header - 8 + size
    inner = data[header:end] + _box(b"res ", capture)
    if icc is not None:
        at = inner.index(b"colr") - 4
        (size,) = struct.unpack_from(">I", inner, at)
        inner = inner[:at] + _box(b"colr", b"\2\0\0" + icc) + inner[at + size :]
    path.write_bytes(data[: header - 8] + _box(b"jp2h", inner) + data[end:])


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


JPEG_2000 = (
    Kind("jpeg_2000_grey.jp2", lambda path: boxed(path, GREY, GREY_PROFILE), (GREY,), icc=GREY_PROFILE),
    Kind("jpeg_2000_rgb.jp2", lambda path: boxed(path, RGB, SRGB), (RGB,), icc=SRGB),
    Kind("jpeg_2000_no_profile.jpf", lambda path: boxed(path, RGB), (RGB,)),
    Kind("jpeg_2000_codestream.j2c", pillow(RGB, format="JPEG2000"), (RGB,), dpi=None),
    Kind("jpeg_2000_grey_16.jp2", pillow(GREY.astype(np.uint16) * 257), (GREY,), dpi=None),
    Kind("jpeg_2000_alpha.jp2", pillow(np.dstack([RGB, ALPHA])), (on_white(RGB, ALPHA),), dpi=None),
    Kind("jpeg_2000_lossy.jp2", pillow(RGB, irreversible=True, quality_mode="dB", quality_layers=[46]), (RGB,),
         dpi=None, loss=1.5),
)  # fmt: skip

BMP = (
    Kind("bmp_grey.bmp", pillow(GREY, dpi=DPI), (GREY,)),
    Kind("bmp_rgb.bmp", pillow(RGB, dpi=DPI), (RGB,)),
    Kind("bmp_palette.dib", pillow(RGB, "P", dpi=DPI, format="BMP"), (RGB,)),
    Kind("bmp_1_bit.bmp", pillow(BITS, "1", dpi=DPI), (BITS,), bilevel=True),
    Kind("bmp_no_dpi.bmp", pillow(RGB, dpi=(0, 0)), (RGB,), dpi=None),
)

GIF = (
    Kind("gif_palette.gif", pillow(RGB, "P"), (RGB,), dpi=None),
    Kind("gif_grey.gif", pillow(GREY), (GREY,), dpi=None),
    Kind("gif_transparent.gif", _transparent, (_seen(),), dpi=None),
)


def plain(mark: str, values: Any, top: int) -> Callable[[Path], object]:
    """A PNM file in figures."""
    height, width = values.shape[:2]
    maximum = "" if mark == "P1" else f"{top}\n"
    return written(f"{mark}\n# drawn\n{width} {height}\n{maximum}{' '.join(map(str, values.ravel()))}\n".encode())


def binary(mark: str, values: Any, top: int) -> Callable[[Path], object]:
    data = values.astype(">u2" if top > 255 else "u1").tobytes()
    return written(f"{mark}\n{values.shape[1]} {values.shape[0]}\n{top}\n".encode() + data)


_WIDE = np.uint16

PNM = (
    Kind("pnm_1_bit.pbm", pillow(BITS, "1"), (BITS,), dpi=None, bilevel=True),
    Kind("pnm_1_bit_plain.pbm", plain("P1", 1 - BITS // 255, 1), (BITS,), dpi=None, bilevel=True),
    Kind("pnm_grey.pgm", pillow(GREY), (GREY,), dpi=None),
    Kind("pnm_grey_plain.pgm", plain("P2", GREY, 255), (GREY,), dpi=None),
    Kind("pnm_grey_4_bit.pgm", binary("P5", LEVELS_16 // 17, 15), (LEVELS_16,), dpi=None),
    Kind("pnm_grey_16.pgm", binary("P5", GREY.astype(_WIDE) * 257, 65535), (GREY,), dpi=None),
    Kind("pnm_grey_10_bit.pgm", binary("P5", GREY.astype(_WIDE) * 4, 1020), (GREY,), dpi=None),
    Kind("pnm_rgb.ppm", pillow(RGB), (RGB,), dpi=None),
    Kind("pnm_rgb_plain.pnm", plain("P3", RGB, 255), (RGB,), dpi=None),
    Kind("pnm_rgb_16.ppm", binary("P6", RGB.astype(_WIDE) * 257, 65535), (RGB,), dpi=None),
)

_AVIF: dict[str, Any] = {"quality": 95, "subsampling": "4:4:4", "speed": 10}

AVIF = () if not features.check("avif") else (
    Kind("avif_rgb.avif", pillow(RGB, exif=exif_of(DPI), icc_profile=SRGB, **_AVIF), (RGB,), icc=SRGB, loss=2.5),
    Kind("avif_turned.avif", pillow(LEFT, exif=exif_of(DPI[::-1], 6), **_AVIF), (RGB,), loss=2.5),
)  # fmt: skip


def heif(pixels: Any, **options: Any) -> Callable[[Path], object]:
    """Written without Pillow, which knows HEIF only once docsr has told it."""
    image = pillow_heif.from_pillow(Image.fromarray(pixels))
    return lambda path: image.save(path, quality=95, chroma=444, **options)


HEIF = (Kind("heif_rgb.heic", heif(RGB, exif=exif_of(DPI), icc_profile=SRGB), (RGB,), icc=SRGB, loss=2.5),)


assert RGB.shape == (HEIGHT, WIDTH, 3)
