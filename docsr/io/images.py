"""Raster files: pages out of them, pages into them, one page in memory at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from docsr.errors import PageError
from docsr.io import tiff
from docsr.io.decode import page_of
from docsr.io.files import atomic_write
from docsr.io.frames import frames_of
from docsr.io.limits import most_pixels, whole
from docsr.io.pixels import fitting_profile, upright
from docsr.io.refusals import Unreadable, checked, reporting
from docsr.io.resolution import turned
from docsr.io.tiff_write import TiffWriter
from docsr.page import Bands, Page, Pixels

FORMATS = {
    "png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "tiff": "TIFF", "tif": "TIFF", "webp": "WEBP", "bmp": "BMP",
}  # fmt: skip
"""Names of the formats that can be written, and Pillow's name for each."""

_MOST_A_SIDE = {"JPEG": 65_500, "WEBP": 16_383}
"""Pixels across or down that an encoder takes."""

_READABLE = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "JPEG2000", "PPM")
_PERHAPS = ("AVIF", "HEIF")
"""Read where this Pillow knows them: AVIF from 11.3 on, HEIF with the plugin pillow-heif registered."""

_MISTAKEN_START = b"MM\0+"  # a big-endian BigTIFF: Pillow takes it for a classic one
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", _MISTAKEN_START)
_BITS_PER_SAMPLE, _PLANAR, _SEPARATE = 258, 284, 2


def page_count(path: Path) -> int:
    """Return how many pages a file holds (1 for everything but TIFF), without decoding them.

    Raises:
        PageError: the file cannot be opened as an image.
    """
    with _opened(path) as (_, frames):
        return len(frames)


def read_pages(path: Path) -> Iterator[Page]:
    """Read a file page by page, each decoded when it is asked for.

    Args:
        path: a PNG, JPEG, TIFF (each of its pages, no previews), WebP, BMP, GIF or JPEG 2000 (first picture), or PNM
            file, and AVIF or HEIF where Pillow knows them.

    Yields:
        Pages: 8-bit grey or RGB, upright, alpha on white; dpi and profile as the file states them.

    Raises:
        PageError: the file is missing, damaged, not an image, or beyond what is supported.
    """
    with _opened(path) as (image, frames):
        for number, frame in enumerate(frames):
            with reporting(path, number if len(frames) > 1 else None), _pillow_limit():
                pages = [_read(image, path, number, frame)]
            yield pages.pop()  # so that it is in memory only as long as the caller keeps it


def suffix_of_image(path: Path) -> str:
    """The usual suffix of what a file holds, with its dot; empty where that is no image."""
    try:
        with path.open("rb") as file:
            if _start(file) in _TIFF_STARTS:
                return ".tiff"  # also where only tifffile can open it
            with _identified(file) as image:
                form = image.format
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return ""
    return next((f".{name}" for name, known in FORMATS.items() if known == form), ".png")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Image.Image | None, list[int]]]:
    """Open a file once for all its pages and number them; the image is None where only tifffile can open it."""
    with ExitStack() as stack:
        with reporting(path), _pillow_limit():
            # Given a path, Pillow maps uncompressed pixels into memory, and scrambles turned TIFF pages while at it.
            file = stack.enter_context(checked(path).open("rb"))
            image: Image.Image | None = None
            try:
                image = stack.enter_context(_identified(file))
                frames = frames_of(image) if isinstance(image, TiffImagePlugin.TiffImageFile) else [0]
            except UnidentifiedImageError:
                if _start(file) not in _TIFF_STARTS:
                    raise
                frames = list(range(tiff.count(path)))
            if not frames:
                raise Unreadable("it is damaged (it holds no pages)")
        yield image, frames


def _identified(file: IO[bytes]) -> Image.Image:
    if _start(file) == _MISTAKEN_START:
        raise UnidentifiedImageError
    try:
        return Image.open(file, formats=_READABLE)
    except UnidentifiedImageError:
        Image.init()
        more = [name for name in _PERHAPS if name in Image.OPEN]
        if not more or _start(file) in _TIFF_STARTS:
            raise
        return Image.open(file, formats=more)


def _read(image: Image.Image | None, path: Path, number: int, frame: int) -> Page:
    if image is not None:
        try:
            if isinstance(image, TiffImagePlugin.TiffImageFile):
                image.seek(frame)
            if not _is_misread(image):
                page = page_of(image, path, number)
                image.im = cast(Any, None)  # its pixels would stay in memory beside the page's
                return page
        except (SyntaxError, UnidentifiedImageError):
            if not isinstance(image, TiffImagePlugin.TiffImageFile):
                raise
    pixels, dpi, icc, orientation = tiff.read(path, frame, most_pixels())
    return Page(upright(pixels, orientation), turned(dpi, orientation), fitting_profile(icc, pixels), path, number)


def _is_misread(image: Image.Image) -> bool:
    """Tell whether Pillow would decode wrong pixels: 16-bit channels that are stored one after the other."""
    tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else {}
    return tags.get(_PLANAR) == _SEPARATE and max(tags.get(_BITS_PER_SAMPLE, (1,))) > 8


def _start(file: IO[bytes]) -> bytes:
    """The first four bytes; the file stands at its start again."""
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    return start


_limit_lock = threading.Lock()
_limit_users = 0
_limit_before: int | None = None


@contextmanager
def _pillow_limit() -> Iterator[None]:
    """Let Pillow open pages up to most_pixels() while a thread reads; its own limit comes back afterwards."""
    global _limit_users, _limit_before
    with _limit_lock:
        if _limit_users == 0:
            _limit_before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, most_pixels()
        _limit_users += 1
    try:
        yield
    finally:
        with _limit_lock:
            _limit_users -= 1
            if _limit_users == 0:
                Image.MAX_IMAGE_PIXELS = _limit_before


def write_pages(
    path: Path,
    pages: Iterable[Page | Bands],
    format: str,
    quality: int = 90,
    finished: Callable[[Path], None] = lambda temporary: None,
) -> None:
    """Write pages to one file, complete or not at all.

    Pages are taken one at a time. The resolution is written as the page has it, and not at all when it is None;
    the profile is kept; no orientation is written. One-bit pages stay one-bit in PNG and TIFF.

    Args:
        path: the file; what is there is replaced.
        pages: one page, or any number of them for TIFF.
        format: a key of FORMATS.
        quality: 1 to 100, for JPEG and WebP.
        finished: as :func:`docsr.io.files.atomic_write` takes it.

    Raises:
        PageError: the file cannot be written, or the format cannot hold the page or so many pages.
    """
    name = FORMATS.get(format.lower().lstrip("."))
    if name is None:
        raise PageError(f"{path} could not be written: '{format}' is not one of {', '.join(FORMATS)}")
    with atomic_write(path, finished) as temporary:
        if name == "TIFF":
            written = _write_tiff(temporary, pages)
        else:
            written = 0
            for page in pages:
                if written:
                    raise PageError(f"{path} could not be written: {format} holds one page (use tiff)")
                _save(temporary, path, page, name, quality)
                written += 1
        if not written:
            raise PageError(f"{path} could not be written: there are no pages")


def _write_tiff(temporary: Path, pages: Iterable[Page | Bands]) -> int:
    with temporary.open("r+b") as file:
        writer = TiffWriter(file)
        for page in pages:
            writer.write(page)
            del page  # before the next one is made
        writer.close()
    return writer.pages


def _save(target: Path, path: Path, bands: Page | Bands, name: str, quality: int) -> None:
    """Encode one page; errors other than the system's become a sentence here."""
    size, most = f"{bands.width} x {bands.height}", _MOST_A_SIDE.get(name)
    if most is not None and max(bands.width, bands.height) > most:
        raise PageError(f"{path} could not be written: {name} cannot hold {size} pixels ({most:,} a side at most)")
    page = whole(bands)
    try:
        _image(page, name).save(target, format=name, **_options(page, name, quality))
    except OSError as error:
        if error.errno is not None:
            raise
        raise PageError(f"{path} could not be written: the encoder failed ({error})") from error
    except (ValueError, MemoryError, OverflowError, SystemError, KeyError) as error:
        raise PageError(f"{path} could not be written: {name} cannot hold {size} pixels ({error})") from error


def _image(page: Page, name: str) -> Image.Image:
    """Wrap the pixels (grey ones are shared, not copied)."""
    pixels: Pixels = np.ascontiguousarray(page.pixels)
    image = Image.fromarray(pixels)
    if page.bilevel and page.is_grey and name == "PNG":
        return image.convert("1", dither=Image.Dither.NONE)
    return image


def _options(page: Page, name: str, quality: int) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if page.dpi is not None and name != "WEBP":
        options["dpi"] = page.dpi
    elif page.dpi is not None:
        exif = Image.Exif()
        exif[282], exif[283], exif[296] = page.dpi[0], page.dpi[1], 2
        options["exif"] = exif
    elif name == "BMP":
        options["dpi"] = (0, 0)  # unknown; Pillow would say 96
    holds = name != "BMP" and not (name == "WEBP" and page.is_grey)  # WebP knows RGB alone
    if page.icc is not None and holds:
        options["icc_profile"] = page.icc
    if name in {"JPEG", "WEBP"}:
        options["quality"] = quality
    if name == "JPEG":
        options["subsampling"] = 0  # coloured text keeps its edges
    return options
