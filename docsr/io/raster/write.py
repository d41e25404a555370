"""Pages into raster files, one page in memory at a time; of TIFF and PNG not even one."""

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
"""Names of the formats that can be written, and Pillow's name for each."""

_ONE_BIT = frozenset({"PNG", "BMP"})
"""What holds one bit per pixel; TIFF does too, and is written elsewhere."""

_JFIF_UNIT = 13
"""Where a JPEG has the unit of its density, and the density."""

_MOST_A_SIDE = {"JPEG": 65_500, "WEBP": 16_383}
"""Pixels across or down that an encoder takes."""


def write_pages(
    target: Path | Place,
    pages: Iterable[Page | Bands],
    format: str,
    quality: int = 90,
    wrote: Callable[[int], None] = lambda count: None,
) -> None:
    """Write pages to one file, complete or not at all.

    Pages are taken one at a time. The resolution is written as the page has it. A page without one has its ratio of x
    to y written, which all formats but BMP hold. The profile and the metadata are kept where the format holds them; no
    orientation is written. One-bit pages stay one-bit in PNG, BMP and TIFF.

    Args:
        target: the file, as of atomic_write; what is there is replaced.
        pages: one page, or any number of them for TIFF, which goes on without one whose bands raise PageLost.
        format: a key of FORMATS.
        quality: 1 to 100, for JPEG and WebP.
        wrote: called after each page, but of formats that hold one, with how many bytes the file has.

    Raises:
        PageError: the file cannot be written, or the format cannot hold the page or so many pages.
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
    """Write pages into an open file; ``path`` is how it is spoken of, all else as of :func:`write_pages`."""
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
    """Return Pillow's name of a format."""
    name = FORMATS.get(format.lower().lstrip("."))
    if name is None:
        raise PageError(f"{path} could not be written: '{format}' is not one of {', '.join(FORMATS)}")
    return name


def check_writable(path: Path, page: Page | Bands, format: str) -> None:
    """Refuse, before it is made, a page that :func:`write_pages` would refuse for its size (without its pixels).

    Raises:
        PageError: the format does not hold so many pixels a side, or it is held whole for it and is too large.
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
    """Tell whether a page is written as it is made; else it is held whole."""
    return name == "TIFF" or (name == "PNG" and not (page.bilevel and page.is_grey))


def encoded_size(page: Page, format: str, quality: int = 90) -> int:
    """Return how many bytes a page takes as a file; arguments as of write_pages."""
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
    """Encode one page; errors other than the system's become a sentence here."""
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
    elif name == "JPEG":  # a JFIF file that says 1 : 1
        file.seek(_JFIF_UNIT)
        file.write(struct.pack(">BHH", 0, *in_whole_numbers(page.aspect)))


def _image(page: Page, name: str) -> Image.Image:
    """Wrap the pixels (grey ones are shared, not copied)."""
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
        options["dpi"] = (0, 0)  # unknown; Pillow would say 96
    holds = name != "BMP" and not (name == "WEBP" and page.is_grey)  # WebP knows RGB alone
    if page.icc is not None and holds:
        options["icc_profile"] = page.icc
    if name in {"JPEG", "WEBP"}:
        options["quality"] = quality
        options |= _in_words(page, name)
    if name == "JPEG":
        options["subsampling"] = 0  # coloured text keeps its edges
    if name == "PNG":
        options["pnginfo"] = info = PngImagePlugin.PngInfo()
        for kind, content in text_chunks(page.metadata):
            info.add(kind, content)
    return options


def _in_words(page: Page, name: str) -> dict[str, Any]:
    """What JPEG and WebP say in Exif and XMP: the metadata, and of WebP, which has no other place, the resolution."""
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
