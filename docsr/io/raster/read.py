"""Read pages from raster files, with one page in memory at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from docsr.io.decoder_messages import naming_place, report_damage
from docsr.io.limits import most_pixels
from docsr.io.raster import tiff
from docsr.io.raster.damage import fault_of
from docsr.io.raster.decode import page_of
from docsr.io.raster.decode_memory import check_decodable
from docsr.io.raster.heif import is_heif, register_heif
from docsr.io.raster.pixels import fitting_profile, upright
from docsr.io.raster.resolution import turned
from docsr.io.raster.tiff_pages import frames_of
from docsr.io.raster.write import FORMATS
from docsr.io.read_errors import Damaged, Unreadable, reporting, require_file
from docsr.page import Page

_READABLE = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "JPEG2000", "PPM")
_OPTIONAL = ("AVIF", "HEIF")
"""Formats that some Pillow builds read: AVIF if Pillow was built with it, HEIF with pillow-heif."""

_MISTAKEN_START = b"MM\0+"  # a big-endian BigTIFF, which Pillow takes for a classic TIFF
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", _MISTAKEN_START)
_COMPRESSION, _RARE_CODINGS = 259, frozenset({34661, 34887, 50001})
"""JBIG, LERC and WebP."""

_BITS_PER_SAMPLE, _PLANAR, _SEPARATE = 258, 284, 2


def page_count(path: Path) -> int:
    """Return how many pages a file holds (1 for everything but TIFF), without decoding them.

    Raises:
        PageError: the file cannot be opened as an image.
    """
    with _opened(path) as (_, frames):
        return len(frames)


def read_pages(path: Path, counted: Callable[[int], None] = lambda pages: None) -> Iterator[Page]:
    """Read a file page by page; each page is decoded when it is asked for.

    Args:
        path: a PNG, JPEG, TIFF (all pages, no previews), WebP, BMP, GIF (first picture), JPEG 2000 (first picture) or
            PNM file. AVIF and HEIF are read if Pillow can read them.
        counted: called with the number of pages before the first is decoded.

    Yields:
        Pages: 8-bit grey or RGB, upright, alpha composited; dpi, profile and metadata as the file states them.

    Raises:
        PageError: the file does not exist, is damaged, is not an image, or is not supported.
    """
    for read in page_readers(path, counted):
        yield read()  # assigned to no name, so that the page is freed early


def page_readers(path: Path, counted: Callable[[int], None] = lambda pages: None) -> Iterator[Callable[[], Page]]:
    """Yield for each page of a file a function that decodes it; call it before asking for the next one.

    The function raises PageError for a damaged page; the other pages can still be read.

    Args:
        path: the file.
        counted: called with the number of pages before the first is decoded.

    Raises:
        PageError: the file does not exist, is not an image, or is so damaged that its pages cannot be counted.
    """
    with _opened(path) as (image, frames):
        counted(len(frames))
        for number, frame in enumerate(frames):
            yield partial(_decoded, image, path, number, frame, many=len(frames) > 1)


def _decoded(image: Image.Image | None, path: Path, number: int, frame: int, *, many: bool) -> Page:
    place = f"page {number + 1}: " if many else ""
    with reporting(path, number if many else None), naming_place(place), _pillow_limit():
        return _read(image, path, number, frame)


def suffix_of_image(path: Path) -> str:
    """Return the usual suffix of a file's format, with its dot; empty if the file is not an image."""
    try:
        with path.open("rb") as file:
            if _start(file) in _TIFF_STARTS:
                return ".tiff"  # even if only tifffile can open it
            with _identified(file) as image:
                form = image.format
    except Exception:  # decoders raise nearly anything on damaged files
        return ""
    form = "JPEG" if form == "MPO" else form  # MPO holds several JPEGs, of which the first is read
    return next((f".{name}" for name, pillow_name in FORMATS.items() if pillow_name == form), ".png")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Image.Image | None, list[int]]]:
    """Open a file once for all its pages, and yield image and page numbers; image is None if only tifffile opens it."""
    with ExitStack() as stack:
        with reporting(path), _pillow_limit():
            # Given a path, Pillow maps uncompressed pixels into memory, which scrambles turned TIFF pages.
            file = stack.enter_context(require_file(path).open("rb"))
            image: Image.Image | None = None
            try:
                image = stack.enter_context(_identified(file))
                frames = frames_of(image) if isinstance(image, TiffImagePlugin.TiffImageFile) else [0]
            except UnidentifiedImageError:
                if _start(file) not in _TIFF_STARTS:
                    raise
                frames = tiff.frames_in(path)
            if not frames:
                raise Damaged("it is damaged (it holds no pages)")
        yield image, frames


def _identified(file: IO[bytes]) -> Image.Image:
    if _start(file) == _MISTAKEN_START:
        raise UnidentifiedImageError
    try:
        return Image.open(file, formats=_READABLE)
    except UnidentifiedImageError:
        if _start(file) in _TIFF_STARTS:
            raise
        Image.init()
        if heif := is_heif(_start(file, 12)):
            register_heif()
        with suppress(UnidentifiedImageError):
            return Image.open(file, formats=[name for name in _OPTIONAL if name in Image.OPEN])
        if heif and "HEIF" not in Image.OPEN:
            raise Unreadable("it is a HEIC image, which needs pip install 'docsr[heif]'") from None
        raise


def _read(image: Image.Image | None, path: Path, number: int, frame: int) -> Page:
    if image is not None:
        try:
            if isinstance(image, TiffImagePlugin.TiffImageFile):
                image.seek(frame)
            if not _is_misread(image):
                check_decodable(image)
                fault = fault_of(image, (path, number))
                page = page_of(image, path, number)
                if fault is not None:
                    report_damage(fault)
                image.im = cast(Any, None)  # frees its pixels, which the page now holds
                return page
        except (SyntaxError, UnidentifiedImageError):
            if not isinstance(image, TiffImagePlugin.TiffImageFile):
                raise
        except OSError:
            if not _may_lack_codec(image):
                raise
    pixels, dpi, aspect, icc, orientation, metadata = tiff.read(path, frame, most_pixels())
    page = Page(upright(pixels, orientation), turned(dpi, orientation), fitting_profile(icc, pixels), path, number)
    return replace(page, metadata=metadata, aspect=turned(aspect, orientation))


def _is_misread(image: Image.Image) -> bool:
    """Return whether Pillow would decode wrong pixels: 16-bit channels that are stored one after the other."""
    tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else {}
    return tags.get(_PLANAR) == _SEPARATE and max(tags.get(_BITS_PER_SAMPLE, (1,))) > 8


def _may_lack_codec(image: Image.Image) -> bool:
    """Return whether a TIFF page uses a compression that Pillow's libtiff often lacks."""
    return isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(_COMPRESSION) in _RARE_CODINGS


def _start(file: IO[bytes], length: int = 4) -> bytes:
    """Return the first bytes of a file and rewind it."""
    file.seek(0)
    start = file.read(length)
    file.seek(0)
    return start


_limit_lock = threading.Lock()
_limit_users = 0
_limit_before: int | None = None


@contextmanager
def _pillow_limit() -> Iterator[None]:
    """Let Pillow open pages of up to most_pixels() while any thread reads; restore its own limit afterwards."""
    global _limit_users, _limit_before
    with _limit_lock:
        if _limit_users == 0:
            _limit_before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, most_pixels()
        _limit_users += 1
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Unreadable(f"it has more than {most_pixels():,} pixels (--max-pixels)") from error
    finally:
        with _limit_lock:
            _limit_users -= 1
            if _limit_users == 0:
                Image.MAX_IMAGE_PIXELS = _limit_before
