"""The scans in a PDF that OCRmyPDF works on: their own pixels instead of renderings, enhanced ones in their place."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from docsr.api import Enhancer
from docsr.decide.decision import factor_for_text, measured_x_height
from docsr.errors import PageError
from docsr.io.limits import most_pixels
from docsr.io.pdf.pages import PdfPages
from docsr.io.pdf.placement import user_unit
from docsr.io.pdf.scans import open_scans
from docsr.io.pdf.visible import Seen
from docsr.io.raster.decode import page_of
from docsr.page import Dpi, Page, Pixels, luminance
from docsr.square import SQUARE, pixel_shape, resampled, squared

ROUNDING = 2
"""px by which a rendering may differ in size from the scan: the size of a page is rounded up."""

CELL, MEAN_OFF, MOST_OFF = 16, 4.0, 64.0
"""A scan and its rendering are compared in cells of so many px: grey levels by which all, and one, may differ."""


class Raster(NamedTuple):
    """The raster of a scan of which there is a rendering in another.

    Attributes:
        parts: how many of its px come to one of the rendering, across and down.
        dpi: its resolution, likewise.
    """

    parts: Dpi
    dpi: Dpi


def own_pixels(pdf: Path, number: int, rotation: int, rendered: Path, *, always: bool = False) -> bool:
    """Put the scan's own pixels in the place of a page's rendering, if its text is small.

    A renderer fits an image to a page whose size it has rounded, and blurs it so. Nothing happens where the page is
    rendered at another resolution than the scan's with square pixels (``--oversample``), is no scan, or shows more than
    the scan.

    Args:
        pdf: the document.
        number: 0-based page number.
        rotation: degrees, anticlockwise, by which the page was turned when it was rendered.
        rendered: a PNG or JPEG file; it is replaced by one of the same size and mode.
        always: do it whatever the size of the text.

    Returns:
        Whether they were put there.

    Raises:
        PageError: the document or the scan is damaged.
    """
    with Image.open(rendered) as image:
        shown, mode, dpi = page_of(image), image.mode, image.info.get("dpi")
    if not always and factor_for_text(measured_x_height(shown)) == 1:
        return False
    with open_scans(pdf) as scans:
        seen = Seen(scans.leaves[number])
        if not seen.is_scan:
            return False
        scan = squared(seen.stored())
    own = np.rot90(scan.pixels, rotation // 90 % 4)
    if not _same_size(own, shown.pixels) or not _same_picture(own, shown.pixels):
        return False
    own = _brought_to(own, shown)
    picture = Image.fromarray(np.ascontiguousarray(own))
    if mode in {"1", "L", "RGB"} and not (mode == "1" and not scan.bilevel):
        picture = picture.convert(mode, dither=Image.Dither.NONE)
    saved_over(rendered, picture, **({} if dpi is None else {"dpi": dpi}))
    return True


def saved_over(path: Path, picture: Image.Image, **options: Any) -> None:
    """Put a picture in the place of a file, which stays as it was when that fails.

    Args:
        path: the file; its suffix is that of its format.
        picture: what to put there.
        options: as of Pillow's ``save``.
    """
    draft = path.with_stem(f"{path.stem}_docsr")
    try:
        picture.save(draft, quality=95, **options)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _same_size(own: Pixels, shown: Pixels) -> bool:
    return all(abs(a - b) <= ROUNDING for a, b in zip(own.shape[:2], shown.shape[:2], strict=True))


def _same_picture(own: Pixels, shown: Pixels) -> bool:
    """Compare what is left of two pictures when they are made small."""
    small = [np.asarray(Image.fromarray(luminance(one)).reduce(CELL), np.float64) for one in (own, shown)]
    rows, columns = (min(one.shape[axis] for one in small) for axis in (0, 1))
    off = np.abs(small[0][:rows, :columns] - small[1][:rows, :columns])
    return bool(off.mean() <= MEAN_OFF and off.max() <= MOST_OFF)


def _brought_to(own: Pixels, shown: Page) -> Pixels:
    """Cut off or repeat the last rows and columns."""
    own = own[: shown.height, : shown.width]
    missing = (0, shown.height - own.shape[0]), (0, shown.width - own.shape[1])
    return np.pad(own, (*missing, (0, 0))[: own.ndim], mode="edge")


def undecoded(image: Image.Image) -> Image.Image:
    """Return the picture in such a way that decoding it leaves ``image`` undecoded: OCRmyPDF then copies its file."""
    try:
        from ocrmypdf.imageops import has_decoded_pixels
    except ImportError:  # older versions write the image anew whatever is done to it
        return image
    name = getattr(image, "filename", None)
    return Image.open(name) if name and not has_decoded_pixels(image) else image


def raster_of_scan(pdf: Path, number: int, rotation: int, dpi: float, *, oversampled: bool = False) -> Raster | None:
    """Return the raster of a page's scan, as the page is seen; None where that is the rendering's, or there is no scan.

    A page is rendered with square pixels, at the resolution of its finest image, be it a small logo, or at one between;
    at a fixed one where its image is a stencil. A scan of square pixels is not made larger here.

    Args:
        pdf: the document.
        number: 0-based page number.
        rotation: degrees, in steps of 90, by which the page was turned when it was rendered.
        dpi: px of the rendering per 72 units of the page, which are an inch unless its /UserUnit says otherwise.
        oversampled: whether this is what the user asked for: the finer axis keeps it then.

    Raises:
        PageError: the document is damaged.
    """
    with open_scans(pdf) as scans:
        leaf = scans.leaves[number]
        scan, dpi = Seen(leaf).dpi, dpi / user_unit(leaf.page)
    if scan is None:
        return None
    square = pixel_shape(scan) == 1.0
    if square:
        scan = (min(max(scan), dpi),) * 2
    scale = dpi / max(scan) if oversampled else 1.0
    x, y = (scan[1], scan[0]) if rotation // 90 % 2 else scan
    raster = Raster((x * scale / dpi, y * scale / dpi), (x * scale, y * scale))
    return None if square and raster.parts[0] > 1 - SQUARE else raster


def as_scanned(image: Image.Image, raster: Raster) -> Image.Image:
    """Return a rendered page in the raster of its scan; as it is, where that has more pixels than are allowed."""
    width, height = (max(1, round(px * part)) for px, part in zip(image.size, raster.parts, strict=True))
    if width * height > most_pixels():
        return image
    pixels = resampled(page_of(image).pixels, width, height)
    made = Image.fromarray(pixels)
    made.info |= {**image.info, "dpi": raster.dpi}
    return made


def replace_scans(pdf: Path, numbers: Sequence[int], enhancer: Enhancer, draft: Path) -> list[str]:
    """Enlarge the scans on some pages of a document.

    Args:
        pdf: the document; it is replaced.
        numbers: 0-based page numbers.
        enhancer: what enlarges them.
        draft: where the new document is written first.

    Returns:
        Why pages were left as they are, a sentence each.

    Raises:
        PageError: the document is damaged or cannot be written.
    """
    with open_scans(pdf) as scans:
        reasons = list(_replaced(scans.leaves, numbers, enhancer))
        scans.save(draft)
    os.replace(draft, pdf)
    return reasons


def _replaced(leaves: PdfPages, numbers: Sequence[int], enhancer: Enhancer) -> Iterator[str]:
    new = dict[Hashable, int]()
    for number in numbers:
        leaf = leaves[number]
        if leaf.reason is not None:
            yield f"page {number + 1} is shown as it was: {leaf.reason}"
            continue
        try:
            shows = leaf.shows((0, 0))  # of any size: one enhancer brings an image to one size
            if shows in new:
                leaf.show_as(new[shows])
                continue
            leaf.replace(enhancer.upscaled(leaf.read()))
            new[shows] = number
        except PageError as error:
            yield str(error)
