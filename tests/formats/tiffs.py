"""Every kind of TIFF file that docsr reads, written by libtiff, by tifffile, or by hand."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image, TiffImagePlugin

from docsr.page import Pixels
from tests.formats.drawn import (
    ALPHA,
    BITS,
    CMYK_PROFILE,
    DPI,
    FLAT,
    GREY,
    GREY_PROFILE,
    LEVELS_4,
    LEVELS_16,
    RGB,
    SRGB,
    ink_of,
    on_white,
)
from tests.formats.kinds import JPEG_LOSS, LEFT, Kind, pillow
from tests.io.pdf.files import packed

PHOTOMETRIC, FILL_ORDER, ORIENTATION, FAX_OPTIONS, ROWS = 262, 266, 274, 292, 278


def libtiff(pixels: Pixels, compression: str, mode: str | None = None, **more: Any) -> Callable[[Path], object]:
    return pillow(pixels, mode, compression=compression, **{"dpi": DPI, **more})


def tifffiled(values: Any, photometric: str, **more: Any) -> Callable[[Path], object]:
    options: dict[str, Any] = {"resolution": DPI, "resolutionunit": 2, "metadata": None, **more}
    return lambda path: tifffile.imwrite(path, values, photometric=photometric, **options)


def by_hand(samples: Any, bits: int, photometric: int, palette: Any = None) -> Callable[[Path], object]:
    """An uncompressed file (TIFF 6.0, section 2) of one strip of 1 to 8 bits per sample, big-endian."""
    data = packed(samples, bits)
    data += b"\0" * (len(data) % 2)
    colours = b"" if palette is None else palette.astype(">u2").tobytes()
    x_at = 8 + len(data) + len(colours)
    short, long, rational = 3, 4, 5
    entries = [
        (256, long, 1, samples.shape[1]), (257, long, 1, samples.shape[0]), (258, short, 1, bits << 16),
        (259, short, 1, 1 << 16), (262, short, 1, photometric << 16), (273, long, 1, 8), (277, short, 1, 1 << 16),
        (278, long, 1, samples.shape[0]), (279, long, 1, len(data)),
        (282, rational, 1, x_at), (283, rational, 1, x_at + 8), (296, short, 1, 2 << 16),
    ]  # fmt: skip
    entries += [] if palette is None else [(320, short, palette.size, 8 + len(data))]
    table = b"".join(struct.pack(">HHII", *entry) for entry in entries)
    resolution = b"".join(struct.pack(">II", round(dots), 1) for dots in DPI)
    head = struct.pack(">2sHI", b"MM", 42, x_at + 16)
    parts = [head, data, colours, resolution, struct.pack(">H", len(entries)), table, bytes(4)]
    return lambda path: path.write_bytes(b"".join(parts))


def _palette_of(bits: int) -> Any:
    """Reds, greens, blues: a warm paper and a blue ink, as 16 bits."""
    share = np.linspace(0, 1, 2**bits)
    return np.stack([share * 250, share * 240, 90 + share * 110]).round() * 257


def _looked_up(samples: Any, bits: int) -> Pixels:
    return np.asarray((_palette_of(bits) // 257).T[samples], np.uint8)


def multi_page(path: Path) -> None:
    """Three pages with nothing in common, of which the second says nothing of dpi and has no profile."""
    with TiffImagePlugin.AppendingTiffWriter(str(path), new=True) as writer:
        Image.fromarray(LEFT).save(
            writer, "TIFF", compression="tiff_lzw", dpi=DPI[::-1], icc_profile=SRGB, tiffinfo={ORIENTATION: 6}
        )
        writer.newFrame()
        bits = Image.fromarray(BITS[:40]).convert("1", dither=Image.Dither.NONE)
        bits.save(writer, "TIFF", compression="group4", dpi=DPI)
        writer.newFrame()
        Image.fromarray(GREY).save(writer, "TIFF", compression="jpeg", quality=95, dpi=DPI)
        writer.newFrame()


_WIDE = np.dtype("u2")
_PREMULTIPLIED = np.dstack([np.rint(RGB * (ALPHA[..., None] / 255)).astype(np.uint8), ALPHA])


def _ycbcr(path: Path) -> None:
    Image.fromarray(RGB).convert("YCbCr").save(path, compression="jpeg", quality=95, dpi=DPI)


FAX = tuple(
    Kind(f"tiff_{name}.tif", libtiff(BITS, compression, "1", tiffinfo=tags), (BITS,), bilevel=True)
    for name, compression, tags in (
        ("g3", "group3", {}),
        ("g3_two_dimensional", "group3", {FAX_OPTIONS: 1}),
        ("g4", "group4", {}),
        ("g4_strips", "group4", {ROWS: 16}),
        ("g4_min_is_white", "group4", {PHOTOMETRIC: 0}),
        ("g4_lowest_bit_first", "group4", {FILL_ORDER: 2}),
        ("rle", "tiff_ccitt", {PHOTOMETRIC: 0}),
        ("1_bit", "raw", {}),
        ("1_bit_min_is_white", "raw", {PHOTOMETRIC: 0}),
        ("1_bit_lzw", "tiff_lzw", {}),
    )
)

CODED = (
    Kind("tiff_grey.tif", libtiff(GREY, "raw", icc_profile=GREY_PROFILE), (GREY,), icc=GREY_PROFILE),
    Kind("tiff_rgb.tiff", libtiff(RGB, "raw", icc_profile=SRGB), (RGB,), icc=SRGB),
    Kind("tiff_lzw.tif", libtiff(RGB, "tiff_lzw"), (RGB,)),
    Kind("tiff_lzw_predictor.tif", libtiff(RGB, "tiff_lzw", tiffinfo={317: 2}), (RGB,)),
    Kind("tiff_deflate.tif", libtiff(RGB, "tiff_adobe_deflate"), (RGB,)),
    Kind("tiff_deflate_old.tif", libtiff(GREY, "tiff_deflate"), (GREY,)),
    Kind("tiff_packbits.tif", libtiff(GREY, "packbits"), (GREY,)),
    Kind("tiff_jpeg_grey.tif", libtiff(GREY, "jpeg", quality=95), (GREY,), loss=JPEG_LOSS),
    Kind("tiff_jpeg_rgb.tif", libtiff(RGB, "jpeg", quality=95), (RGB,), loss=JPEG_LOSS),
    Kind("tiff_jpeg_ycbcr.tif", _ycbcr, (RGB,), loss=JPEG_LOSS),
    Kind("tiff_cmyk.tif", libtiff(ink_of(RGB), "tiff_lzw", "CMYK", icc_profile=CMYK_PROFILE), (RGB,), loss=0.6),
    Kind("tiff_turned.tif", libtiff(LEFT, "tiff_lzw", dpi=DPI[::-1], tiffinfo={ORIENTATION: 6}), (RGB,)),
    Kind("tiff_turned_raw.tif", libtiff(LEFT, "raw", dpi=DPI[::-1], tiffinfo={ORIENTATION: 6}), (RGB,)),
    Kind("tiff_no_dpi.tif", pillow(RGB, compression="tiff_lzw"), (RGB,), dpi=None),
)

LAID_OUT = (
    Kind("tiff_multi_page.tif", multi_page, (RGB, BITS[:40], GREY), icc=SRGB, loss=JPEG_LOSS),
    Kind("tiff_2_bit.tif", by_hand(LEVELS_4 // 85, 2, 1), (LEVELS_4,)),
    Kind("tiff_2_bit_min_is_white.tif", by_hand(3 - LEVELS_4 // 85, 2, 0), (LEVELS_4,)),
    Kind("tiff_4_bit.tif", by_hand(LEVELS_16 // 17, 4, 1), (LEVELS_16,)),
    Kind("tiff_4_bit_min_is_white.tif", by_hand(15 - LEVELS_16 // 17, 4, 0), (LEVELS_16,)),
    Kind("tiff_4_bit_palette.tif", by_hand(LEVELS_16 // 17, 4, 3, _palette_of(4)), (_looked_up(LEVELS_16 // 17, 4),)),
    Kind("tiff_8_bit_palette.tif", libtiff(FLAT, "tiff_lzw", "P"), (FLAT,)),
    Kind("tiff_grey_min_is_white.tif", tifffiled(255 - GREY, "miniswhite"), (GREY,)),
    Kind("tiff_grey_16.tif", tifffiled(GREY.astype(_WIDE) * 257, "minisblack"), (GREY,)),
    Kind("tiff_grey_16_min_is_white.tif", tifffiled(65535 - GREY.astype(_WIDE) * 257, "miniswhite"), (GREY,)),
    Kind("tiff_rgb_16.tif", tifffiled(RGB.astype(_WIDE) * 257, "rgb", byteorder=">"), (RGB,)),
    Kind("tiff_planar.tif", tifffiled(np.moveaxis(RGB, 2, 0), "rgb", planarconfig="separate"), (RGB,)),
    Kind("tiff_planar_16.tif",
         tifffiled(np.moveaxis(RGB.astype(_WIDE) * 257, 2, 0), "rgb", planarconfig="separate"), (RGB,)),
    Kind("tiff_tiled_grey.tif", tifffiled(GREY, "minisblack", tile=(16, 32)), (GREY,)),
    Kind("tiff_tiled_rgb.tif", tifffiled(RGB, "rgb", tile=(32, 16), compression="zlib", iccprofile=SRGB), (RGB,),
         icc=SRGB),
    Kind("tiff_big.tif", tifffiled(RGB, "rgb", bigtiff=True, compression="zlib"), (RGB,)),
    Kind("tiff_big_grey.tif", tifffiled(GREY, "minisblack", bigtiff=True, byteorder=">"), (GREY,)),
    Kind("tiff_per_cm.tif",
         tifffiled(GREY, "minisblack", resolution=(DPI[0] / 2.54, DPI[1] / 2.54), resolutionunit=3), (GREY,)),
    Kind("tiff_alpha.tif",
         tifffiled(np.dstack([RGB, ALPHA]), "rgb", extrasamples=["unassalpha"]), (on_white(RGB, ALPHA),)),
    Kind("tiff_alpha_premultiplied.tif", tifffiled(_PREMULTIPLIED, "rgb", extrasamples=["assocalpha"]),
         (on_white(RGB, ALPHA),), loss=0.5),
    Kind("tiff_grey_alpha.tif",
         tifffiled(np.dstack([GREY, ALPHA]), "minisblack", extrasamples=["unassalpha"], planarconfig="contig"),
         (on_white(GREY, ALPHA),)),
    Kind("tiff_float.tif", tifffiled((RGB / 255).astype(np.float32), "rgb"), (RGB,)),
)  # fmt: skip

TIFF = (*FAX, *CODED, *LAID_OUT)
