"""Read TIFF pages that Pillow cannot open (floats, planar 16-bit RGB) with tifffile."""

from __future__ import annotations

import math
import re
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from docsr.io.limits import check_memory
from docsr.io.raster.metadata import KEYWORDS, XMP, metadata_of
from docsr.io.raster.pixels import scaled
from docsr.io.raster.resolution import aspect_in_tags, from_tags
from docsr.io.raster.tiff_pages import pages_among
from docsr.io.raster.transparency import on_background
from docsr.io.read_errors import Damaged, Unreadable
from docsr.page import Dpi, Metadata, Pixels

if TYPE_CHECKING:
    import tifffile

ORIENTATION, ICC_PROFILE = 274, 34675
_MOST_CHANNELS = 4
_COPIES = 2
"""Copies of the decoded data in memory: as read, and assembled."""
_NO_DECODER = re.compile("imagecodecs|not supported|is not a known")


def frames_in(path: Path) -> list[int]:
    """Return the 0-based numbers of the pages in a TIFF file, chosen as in docsr.io.raster.tiff_pages."""
    import tifffile

    kinds, offsets = [], set[int]()
    with tifffile.TiffFile(path) as tiff:
        for number in count():  # tifffile would not notice a long list of pages that leads back to itself
            try:
                page = tiff.pages[number].aspage()
            except IndexError:
                break
            if page.offset in offsets:
                break
            offsets.add(page.offset)
            kinds.append(int(page.subfiletype))
    return pages_among(kinds)


_TAGS = (282, 283, 296, ORIENTATION, ICC_PROFILE, XMP, *KEYWORDS)
"""Resolution (x, y, unit), orientation, profile and metadata."""


def read(path: Path, number: int, max_pixels: int) -> tuple[Pixels, Dpi | None, Dpi | None, object, int, Metadata]:
    """Read one page.

    Args:
        path: the file.
        number: 0-based page number.
        max_pixels: the largest page to decode.

    Returns:
        Pixels as stored, their resolution and aspect (as of a Page), ICC profile (bytes or None), EXIF orientation,
        metadata.

    Raises:
        Unreadable: the layout or the compression is not supported here.
    """
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        frame = tiff.pages[number]
        page = frame if isinstance(frame, tifffile.TiffPage) else frame.aspage()
        _check(page, max_pixels)
        tags = {code: _plain(page.tags[code].value) for code in _TAGS if code in page.tags}
        values = _decoded(page)
        photometric = int(page.photometric)
        if page.planarconfig == 2 and values.ndim == 3:
            values = np.moveaxis(values, 0, -1)
    if photometric not in {0, 1, 2} or values.ndim not in {2, 3}:
        raise Unreadable("its colour layout is not supported (save it as grey or RGB)")
    pixels = _composed(scaled(values))
    orientation, dpi = tags.get(ORIENTATION), from_tags({code: tag for code, tag in tags.items() if tag is not None})
    return (
        255 - pixels if photometric == 0 else pixels,
        dpi,
        aspect_in_tags(tags) if dpi is None else None,
        tags.get(ICC_PROFILE),
        orientation if isinstance(orientation, int) else 1,
        metadata_of({tag: value.encode() if isinstance(value, str) else value for tag, value in tags.items()}),
    )


def _check(page: tifffile.TiffPage, max_pixels: int) -> None:
    """Check what a page claims about itself, before tifffile spends memory and time on it."""
    if page.imagelength * page.imagewidth * page.imagedepth > max_pixels:
        raise Unreadable(f"it has more than {max_pixels:,} pixels (--max-pixels)")
    if page.samplesperpixel > _MOST_CHANNELS:
        raise Unreadable(f"it has {page.samplesperpixel} channels (save it as grey or RGB)")
    if len(page.dataoffsets) < math.prod(page.chunked):  # tifffile would make up black parts, one by one
        raise Damaged("it is damaged (a part of it is missing)")
    samples = page.imagelength * page.imagewidth * page.imagedepth * page.samplesperpixel
    check_memory(samples * (_COPIES * (1 if page.dtype is None else page.dtype.itemsize) + 1))


def _decoded(page: tifffile.TiffPage) -> NDArray[Any]:
    try:
        return np.asarray(page.asarray())
    except (ImportError, ValueError) as error:
        if isinstance(error, ValueError) and not _NO_DECODER.search(str(error)):
            raise
        if not isinstance(page.compression, int):
            raise Damaged("it is damaged (its compression is not a number)") from error
        coding = getattr(page.compression, "name", page.compression)
        problem = f"its compression ({coding}) is not supported here: run pip install imagecodecs, or save it as PNG"
        raise Unreadable(problem) from error


def _plain(value: object) -> object:
    """Return a rational (numerator, denominator) as a number, and an enumeration as its integer."""
    if isinstance(value, tuple) and len(value) == 2:
        return value[0] / value[1] if value[1] else 0.0
    return int(value) if isinstance(value, int) else value


def _composed(pixels: Pixels) -> Pixels:
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return pixels
    if pixels.shape[2] == 1:
        return pixels[..., 0]
    if pixels.shape[2] in {2, 4}:
        return on_background(pixels)
    raise Unreadable(f"it has {pixels.shape[2]} channels (save it as grey or RGB)")
