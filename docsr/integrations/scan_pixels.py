"""Use a scan's own pixels in place of OCRmyPDF's renderings, and put enhanced scans into its PDF."""

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
from docsr.io.pdf.visible import VisiblePage
from docsr.io.raster.decode import page_of
from docsr.page import Dpi, Page, Pixels, luminance
from docsr.square import SQUARE, pixel_shape, resampled, squared

ROUNDING = 2
"""px by which a rendering and its scan may differ in size, because the size of a page is rounded up."""

CELL, MEAN_OFF, MOST_OFF = 16, 4.0, 64.0
"""Tolerances to compare a scan with its rendering in cells of 16 px: grey levels on average, and in any one cell."""


class Raster(NamedTuple):
    """The raster of a scan that was rendered in another raster.

    Attributes:
        parts: scan px per px of the rendering, across and down.
        dpi: resolution of the scan, (x, y).
    """

    parts: Dpi
    dpi: Dpi


def own_pixels(pdf: Path, number: int, rotation: int, rendered: Path, *, always: bool = False) -> bool:
    """Replace a page's rendering with the scan's own pixels if its text is small.

    A renderer rounds the size of the page and fits the image to it, which blurs it. Nothing is replaced if the page is
    not a scan or shows more than the scan, or if its rendering has another resolution than the scan with square pixels
    (``--oversample``).

    Args:
        pdf: the document.
        number: 0-based page number.
        rotation: degrees, anticlockwise, by which the page was turned when it was rendered.
        rendered: a PNG or JPEG file; it is replaced by one of the same size and mode.
        always: whether to replace it whatever the size of the text.

    Returns:
        Whether it was replaced.

    Raises:
        PageError: the document or the scan is damaged.
    """
    with Image.open(rendered) as image:
        rendering, mode, dpi = page_of(image), image.mode, image.info.get("dpi")
    if not always and factor_for_text(measured_x_height(rendering)) == 1:
        return False
    with open_scans(pdf) as scans:
        visible = VisiblePage(scans.leaves[number])
        if not visible.is_scan:
            return False
        scan = squared(visible.stored())
    own = np.rot90(scan.pixels, rotation // 90 % 4)
    if not _same_size(own, rendering.pixels) or not _same_picture(own, rendering.pixels):
        return False
    own = _fitted_to(own, rendering)
    picture = Image.fromarray(np.ascontiguousarray(own))
    if mode in {"1", "L", "RGB"} and not (mode == "1" and not scan.bilevel):
        picture = picture.convert(mode, dither=Image.Dither.NONE)
    overwrite_image(rendered, picture, **({} if dpi is None else {"dpi": dpi}))
    return True


def overwrite_image(path: Path, picture: Image.Image, **options: Any) -> None:
    """Replace a file with a picture; if that fails, the file stays as it was.

    Args:
        path: the file; its suffix decides the format.
        picture: the new content.
        options: as of Pillow's ``save``.
    """
    draft = path.with_stem(f"{path.stem}_docsr")
    try:
        picture.save(draft, quality=95, **options)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _same_size(own: Pixels, rendering: Pixels) -> bool:
    return all(abs(a - b) <= ROUNDING for a, b in zip(own.shape[:2], rendering.shape[:2], strict=True))


def _same_picture(own: Pixels, rendering: Pixels) -> bool:
    """Return whether two pictures agree when they are reduced."""
    small = [np.asarray(Image.fromarray(luminance(pixels)).reduce(CELL), np.float64) for pixels in (own, rendering)]
    rows, columns = (min(pixels.shape[axis] for pixels in small) for axis in (0, 1))
    off = np.abs(small[0][:rows, :columns] - small[1][:rows, :columns])
    return bool(off.mean() <= MEAN_OFF and off.max() <= MOST_OFF)


def _fitted_to(own: Pixels, rendering: Page) -> Pixels:
    """Crop pixels to the rendering's size, or repeat their last rows and columns to reach it."""
    own = own[: rendering.height, : rendering.width]
    missing = (0, rendering.height - own.shape[0]), (0, rendering.width - own.shape[1])
    return np.pad(own, (*missing, (0, 0))[: own.ndim], mode="edge")


def undecoded(image: Image.Image) -> Image.Image:
    """Return a picture that can be decoded while ``image`` stays undecoded, so that OCRmyPDF copies its file."""
    try:
        from ocrmypdf.imageops import has_decoded_pixels
    except ImportError:  # older versions always write the image anew
        return image
    name = getattr(image, "filename", None)
    return Image.open(name) if name and not has_decoded_pixels(image) else image


def raster_of_scan(pdf: Path, number: int, rotation: int, dpi: float, *, oversampled: bool = False) -> Raster | None:
    """Return the raster of a page's scan as the page is seen; None if there is no scan, or the rendering has it too.

    A page is rendered with square pixels. Their resolution is that of the page's finest image (even a small logo), or
    one between those of its images; or a fixed one, if the image is a stencil. A scan with square pixels is not
    enlarged here.

    Args:
        pdf: the document.
        number: 0-based page number.
        rotation: degrees, in steps of 90, by which the page was turned when it was rendered.
        dpi: px of the rendering per 72 units of the page, which are one inch unless its /UserUnit says otherwise.
        oversampled: whether the user asked for this dpi; the finer axis then keeps it.

    Raises:
        PageError: the document is damaged.
    """
    with open_scans(pdf) as scans:
        leaf = scans.leaves[number]
        scan, dpi = VisiblePage(leaf).dpi, dpi / user_unit(leaf.page)
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
    """Return a rendered page in the raster of its scan, or as it is if that has more pixels than are allowed."""
    width, height = (max(1, round(px * part)) for px, part in zip(image.size, raster.parts, strict=True))
    if width * height > most_pixels():
        return image
    pixels = resampled(page_of(image).pixels, width, height)
    scanned = Image.fromarray(pixels)
    scanned.info |= {**image.info, "dpi": raster.dpi}
    return scanned


def replace_scans(pdf: Path, numbers: Sequence[int], enhancer: Enhancer, draft: Path) -> list[str]:
    """Enlarge the scans on some pages of a document.

    Args:
        pdf: the document; it is replaced.
        numbers: 0-based page numbers.
        enhancer: enlarges them.
        draft: where the new document is written first.

    Returns:
        One sentence for each page that was left as it is, with the reason.

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
            shows = leaf.shows((0, 0))  # of any size, since one enhancer gives an image always the same size
            if shows in new:
                leaf.show_as(new[shows])
                continue
            leaf.replace(enhancer.upscaled(leaf.read()))
            new[shows] = number
        except PageError as error:
            yield str(error)
