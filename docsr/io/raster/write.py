"""Write pages to raster files with one page in memory at a time; TIFF and PNG need only parts of a page."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
from PIL import Image, PngImagePlugin

from docsr.errors import PageError, PageLost
from docsr.io.limits import check_held, in_memory
from docsr.io.paths.atomic import atomic_write
from docsr.io.paths.folders import Place
from docsr.io.raster.metadata import tags_of
from docsr.io.raster.png_write import put_ratio, text_chunks, write_png
from docsr.io.raster.resolution import INCH, NO_UNIT, in_whole_numbers
from docsr.io.raster.tiff_write import TiffWriter
from docsr.page import Bands, Page, Pixels

FORMATS = {
    "png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "tiff": "TIFF", "tif": "TIFF", "webp": "WEBP", "bmp": "BMP",
}  # fmt: skip
"""Maps the names of the formats that can be written to Pillow's names."""

_ONE_BIT = frozenset({"PNG", "BMP"})
"""Formats that hold one bit per pixel; TIFF does too, but is written by its own module."""

_JFIF_UNIT = 13
"""Byte offset of the density's unit in a JFIF file; the density follows it."""

_MOST_A_SIDE = {"JPEG": 65_500, "WEBP": 16_383}
"""The most pixels across or down that an encoder accepts."""


def write_pages(
    target: Path | Place,
    pages: Iterable[Page | Bands],
    format: str,
    quality: int = 90,
    wrote: Callable[[int], None] = lambda count: None,
) -> None:
    """Write pages to one file, complete or not at all.

    Pages are taken one at a time. The page's resolution is written. If a page has none, its ratio of x to y is written,
    which all formats but BMP hold. The profile and the metadata are written if the format holds them; an orientation
    is never written. One-bit pages stay one-bit in PNG, BMP and TIFF.

    Args:
        target: the file, as of atomic_write; an existing file is replaced.
        pages: one page, or any number of pages for TIFF, where a page whose bands raise PageLost is left out.
        format: a key of FORMATS.
        quality: 1 to 100, for JPEG and WebP.
        wrote: called after each page with the size of the file in bytes, but only for formats that hold many pages.

    Raises:
        PageError: the file cannot be written, or the format cannot hold the page or that many pages.
    """
    path = target if isinstance(target, Path) else target.path
    _check_format(path, format)
    with atomic_write(target) as file:
        encode_pages(file, path, pages, format, quality, wrote)


def encode_pages(
    file: BinaryIO,
    path: Path,
    pages: Iterable[Page | Bands],
    format: str,
    quality: int,
    wrote: Callable[[int], None] = lambda count: None,
) -> None:
    """Write pages into an open file; ``path`` names it in messages, all else is as of :func:`write_pages`."""
    name, written = _check_format(path, format), 0
    if name == "TIFF":
        written = _write_tiff(file, pages, wrote)
    else:
        for page in pages:
            if written:
                raise PageError(f"{path} could not be written: {format} holds one page (use tiff)")
            _save(file, path, page, name, quality)
            written += 1
    if not written:
        raise PageError(f"{path} could not be written: there are no pages")


def _check_format(path: Path, format: str) -> str:
    """Return Pillow's name for a format."""
    name = FORMATS.get(format.lower().lstrip("."))
    if name is None:
        raise PageError(f"{path} could not be written: '{format}' is not one of {', '.join(FORMATS)}")
    return name


def check_writable(path: Path, page: Page | Bands, format: str) -> None:
    """Refuse, before it is made, a page that :func:`write_pages` would refuse because of its size.

    Raises:
        PageError: a side has more pixels than the format holds, or the page must be held whole and is too large.
    """
    name = FORMATS[format]
    _check_sides(path, page, name)
    if not _in_pieces(page, name):
        check_held(page)


def _check_sides(path: Path, page: Page | Bands, name: str) -> None:
    most = _MOST_A_SIDE.get(name)
    if most is not None and max(page.width, page.height) > most:
        size = f"{page.width} x {page.height} pixels ({most:,} a side at most)"
        remedy = "use a smaller --factor, or --format tiff or png"
        raise PageError(f"{path} could not be written: {name} cannot hold {size}: {remedy}")


def _in_pieces(page: Page | Bands, name: str) -> bool:
    """Return whether a page is written while it is made; otherwise it is held whole."""
    return name == "TIFF" or (name == "PNG" and not (page.bilevel and page.is_grey))


def encoded_size(page: Page, format: str, quality: int = 90) -> int:
    """Return how many bytes a page takes as a file of its own; arguments as of write_pages."""
    file, name = io.BytesIO(), FORMATS[format]
    if name == "TIFF":
        writer = TiffWriter(file)
        writer.write(page)
        writer.close()
    elif _in_pieces(page, name):
        write_png(file, page)
    else:
        _encode(file, page, name, quality)
    return file.getbuffer().nbytes


def _write_tiff(file: IO[bytes], pages: Iterable[Page | Bands], wrote: Callable[[int], None]) -> int:
    writer = TiffWriter(file)
    for page in pages:
        with suppress(PageLost):
            writer.write(page)
        wrote(file.tell())
        del page  # before the next one is made
    writer.close()
    return writer.pages


def _save(file: IO[bytes], path: Path, bands: Page | Bands, name: str, quality: int) -> None:
    """Encode one page; an error of the encoder becomes a PageError, one of the system does not."""
    _check_sides(path, bands, name)
    if _in_pieces(bands, name):
        return write_png(file, bands)
    page, size = in_memory(bands), f"{bands.width} x {bands.height}"
    try:
        _encode(file, page, name, quality)
    except OSError as error:
        if error.errno is not None:
            raise
        raise PageError(f"{path} could not be written: the encoder failed ({error})") from error
    except (ValueError, MemoryError, OverflowError, SystemError, KeyError) as error:
        raise PageError(f"{path} could not be written: {name} cannot hold {size} pixels ({error})") from error


def _encode(file: IO[bytes], page: Page, name: str, quality: int) -> None:
    _image(page, name).save(file, format=name, **_options(page, name, quality))
    if page.dpi is not None or page.aspect is None:
        return
    if name == "PNG":
        put_ratio(file, page.aspect)
    elif name == "JPEG":  # Pillow wrote a JFIF header with the ratio 1 : 1
        file.seek(_JFIF_UNIT)
        file.write(struct.pack(">BHH", 0, *in_whole_numbers(page.aspect)))


def _image(page: Page, name: str) -> Image.Image:
    """Wrap the pixels in a Pillow image; grey pixels are shared, not copied."""
    pixels: Pixels = np.ascontiguousarray(page.pixels)
    image = Image.fromarray(pixels)
    if page.bilevel and page.is_grey and name in _ONE_BIT:
        return image.convert("1", dither=Image.Dither.NONE)
    return image


def _options(page: Page, name: str, quality: int) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if page.dpi is not None and name != "WEBP":
        options["dpi"] = page.dpi
    elif name == "BMP":
        options["dpi"] = (0, 0)  # unknown; Pillow would write 96
    holds_profile = name != "BMP" and not (name == "WEBP" and page.is_grey)  # WebP has only RGB
    if page.icc is not None and holds_profile:
        options["icc_profile"] = page.icc
    if name in {"JPEG", "WEBP"}:
        options["quality"] = quality
        options |= _exif_and_xmp(page, name)
    if name == "JPEG":
        options["subsampling"] = 0  # keeps the edges of coloured text sharp
    if name == "PNG":
        options["pnginfo"] = info = PngImagePlugin.PngInfo()
        for kind, content in text_chunks(page.metadata):
            info.add(kind, content)
    return options


def _exif_and_xmp(page: Page, name: str) -> dict[str, Any]:
    """Return what JPEG and WebP store in Exif and XMP: the metadata, and for WebP the resolution too."""
    exif, options = Image.Exif(), dict[str, Any]()
    if page.density is not None and name == "WEBP":
        exif[282], exif[283], exif[296] = *page.density, NO_UNIT if page.dpi is None else INCH
    for tag, text in tags_of(page.metadata).items():
        exif[tag] = text
    if len(exif):
        options["exif"] = exif
    if page.metadata.xmp is not None:
        options["xmp"] = page.metadata.xmp
    return options
