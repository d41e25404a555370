"""Kinds that no library at hand writes, byte by byte from the specifications, and files with more than their pages."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from docsr.page import Pixels
from tests.formats.drawn import ALPHA, BITS, DPI, GREY, HEIGHT, LEVELS_16, RGB, WIDTH, ink_of, on_white
from tests.formats.kinds import INCH_IN_METRES, JPEG_LOSS, Kind, pillow
from tests.formats.tiffs import tifffiled
from tests.io.pdf.files import packed

_PER_METRE = tuple(round(dots / INCH_IN_METRES) for dots in DPI)

ADAM_7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column and row of each pass of an interlaced PNG, and its steps."""


def png(
    samples: Any, bits: int, colour: int = 0, *, interlaced: bool = False, clear: int | None = None
) -> Callable[[Path], object]:
    """A PNG of unfiltered rows; colour 0 is grey, 2 RGB; ``clear`` is the grey that is transparent."""
    passes = [samples[y::down, x::across] for x, y, across, down in (ADAM_7 if interlaced else ((0, 0, 1, 1),))]
    rows = b"".join(b"\0" + _row(row, bits) for part in passes for row in part)
    height, width = samples.shape[:2]
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced),
        b"pHYs": struct.pack(">IIB", *_PER_METRE, 1),
        **({} if clear is None else {b"tRNS": struct.pack(">H", clear)}),
        b"IDAT": zlib.compress(rows),
        b"IEND": b"",
    }
    data = b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks.items()
    )
    return lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def _row(samples: Any, bits: int) -> bytes:
    data: bytes = samples.astype(">u2").tobytes() if bits == 16 else packed(samples[None], bits)
    return data


def bmp(data: bytes, bits: int, coding: int, height: int = HEIGHT, palette: bytes = b"") -> Callable[[Path], object]:
    offset = 14 + 40 + len(palette)
    head = struct.pack("<2sI4xI", b"BM", offset + len(data), offset)
    info = struct.pack("<IiiHHIIiiII", 40, WIDTH, height, 1, bits, coding, 0, *_PER_METRE, len(palette) // 4, 0)
    return lambda path: path.write_bytes(head + info + palette + data)


def _run_lengths(samples: Pixels) -> bytes:
    """Rows from the bottom up, as runs of one value, with an end of line after each (BI_RLE8)."""
    rows = [b"".join(bytes([len(list(run)), value]) for value, run in groupby(row.tolist())) for row in samples[::-1]]
    return b"\0\0".join(rows) + b"\0\1"


def ycck(path: Path) -> None:
    """A JPEG of ink as Photoshop writes it: three inks turned into luminance and colour, all of them inverted."""
    ink = ink_of(RGB)
    turned = np.asarray(Image.fromarray(ink[..., :3]).convert("YCbCr"))
    stored = np.dstack([turned, 255 - ink[..., 3]])
    file = io.BytesIO()
    Image.frombytes("CMYK", (WIDTH, HEIGHT), (255 - stored).tobytes()).save(file, "JPEG", quality=95, dpi=DPI)
    data = bytearray(file.getvalue())
    data[data.index(b"Adobe") + 11] = 2  # what Pillow, which inverts what it writes, has called CMYK
    path.write_bytes(data)


def with_previews(path: Path) -> None:
    """Two pages, each with a smaller copy after it."""
    options: dict[str, Any] = {"resolution": DPI, "resolutionunit": 2, "metadata": None, "append": True}
    for pixels, photometric in ((RGB, "rgb"), (GREY, "minisblack")):
        tifffile.imwrite(path, pixels, photometric=photometric, subfiletype=2, **options)
        tifffile.imwrite(
            path, np.ascontiguousarray(pixels[::4, ::4]), photometric=photometric, subfiletype=1, **options
        )


def preview_first(path: Path) -> None:
    """A page after its smaller copy."""
    options: dict[str, Any] = {"photometric": "minisblack", "metadata": None, "append": True}
    tifffile.imwrite(path, np.ascontiguousarray(GREY[::4, ::4]), subfiletype=1, **options)
    tifffile.imwrite(path, GREY, resolution=DPI, resolutionunit=2, **options)


def followed(pixels: Pixels, **options: Any) -> Callable[[Path], object]:
    """An animation, or a photograph with a second one: its first picture is what counts."""
    image, after = Image.fromarray(pixels), Image.fromarray(255 - pixels)
    return lambda path: image.save(path, save_all=True, append_images=[after], **options)


def _cleared(pixels: Pixels) -> Pixels:
    """What is seen where the grey of the first pixel is transparent."""
    return np.where(pixels == pixels[0, 0], np.uint8(255), pixels)


_GREYS = b"".join(bytes([level * 17] * 3 + [0]) for level in range(16))

HANDMADE = (
    Kind("png_grey_4_bit.png", png(LEVELS_16 // 17, 4), (LEVELS_16,)),
    Kind("png_interlaced.png", png(RGB, 8, 2, interlaced=True), (RGB,)),
    Kind("png_1_bit_interlaced.png", png(BITS // 255, 1, interlaced=True), (BITS,), bilevel=True),
    # What is white there would vanish on white.
    Kind("png_1_bit_transparent.png", png(BITS // 255, 1, clear=0), (BITS,), bilevel=True),
    Kind("png_4_bit_transparent.png", png(LEVELS_16 // 17, 4, clear=int(LEVELS_16[0, 0]) // 17),
         (_cleared(LEVELS_16),)),
    Kind("png_8_bit_transparent.png", png(GREY, 8, clear=int(GREY[0, 0])), (_cleared(GREY),)),
    Kind("png_16_bit_transparent.png", png(GREY.astype(np.uint16) * 257 + 3, 16, clear=int(GREY[0, 0]) * 257 + 3),
         (_cleared(GREY),)),
    Kind("png_animated.png", followed(RGB), (RGB,), dpi=None),
    Kind("jpeg_ycck.jpg", ycck, (RGB,), loss=JPEG_LOSS),
    Kind("jpeg_two_pictures.jpg", followed(RGB, format="MPO", quality=95), (RGB,), dpi=None, loss=JPEG_LOSS),
    Kind("jpeg_pictures.mpo", followed(RGB, quality=95), (RGB,), dpi=None, loss=JPEG_LOSS),
    Kind("bmp_run_lengths.bmp", bmp(_run_lengths(LEVELS_16 // 17), 8, 1, palette=_GREYS), (LEVELS_16,)),
    Kind("bmp_from_the_top.bmp", bmp(RGB[..., ::-1].tobytes(), 24, 0, height=-HEIGHT), (RGB,)),
    Kind("gif_animated.gif", followed(GREY), (GREY,), dpi=None),
    Kind("webp_animated.webp", followed(RGB, lossless=True), (RGB,), dpi=None),
    Kind("tiff_previews.tif", with_previews, (RGB, GREY)),
    Kind("tiff_preview_of_one.tif", preview_first, (GREY,)),
    Kind("tiff_float_min_is_white.tif", tifffiled((1 - GREY / 255).astype(np.float32), "miniswhite"), (GREY,)),
    Kind("tiff_1_bit_tiled.tif", tifffiled(BITS > 0, "minisblack", tile=(16, 16)), (BITS,), bilevel=True),
    Kind("tiff_cmyk_planar.tif",
         tifffiled(np.moveaxis(ink_of(RGB), 2, 0), "separated", planarconfig="separate"), (RGB,), loss=0.6),
    Kind("tiff_cmyk_jpeg.tif", pillow(ink_of(RGB), "CMYK", compression="jpeg", quality=95, dpi=DPI), (RGB,),
         loss=JPEG_LOSS),
    Kind("tiff_alpha_planar_16.tif",
         tifffiled(np.moveaxis(np.dstack([RGB, ALPHA]).astype(np.uint16) * 257, 2, 0), "rgb", planarconfig="separate",
                   extrasamples=["unassalpha"]), (on_white(RGB, ALPHA),)),
)  # fmt: skip
