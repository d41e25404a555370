"""Read a PDF page as it is seen: the scan's stored pixels if the page shows nothing else, otherwise a rendering.

In doubt the page is rendered: what a white box covers, a crop cuts off or a layer hides must not be revealed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from docsr.errors import PageError
from docsr.io.decoder_messages import report_damage
from docsr.io.limits import most_pixels
from docsr.io.pdf.annotations import shows_annotations
from docsr.io.pdf.content import BROKEN, content_of
from docsr.io.pdf.guard import CheckedObjects, check_image_size, check_renderable
from docsr.io.pdf.images import size_of, stores_one_bit
from docsr.io.pdf.page import LEAST_COVERED, PdfPage
from docsr.io.pdf.placement import SLACK, covered, cut, orientation_of, sides_of, user_unit, visible_dpi, visible_size
from docsr.io.pdf.render import render_visible, size_at
from docsr.io.pdf.scans import open_scans
from docsr.io.pdf.shown_images import Content
from docsr.io.pdf.streams import codec_of
from docsr.io.raster.resolution import TRANSPOSING, believable
from docsr.io.read_errors import Damaged, Unreadable, damage
from docsr.page import Dpi, Page

RENDERED_DPI = 300.0
"""Resolution for a page that is not a scan but must become pixels; OCR engines ask for it."""

MOST_MARKS = 100
"""A scan on which more lines and areas are drawn counts as a drawing."""

_COARSEST = 20.0
"""dpi; a coarser image is a background, not a scan."""

_LEAST_PART = 0.1
"""Images that cover a smaller share of their page are ignored for its resolution."""

_ALIKE = 0.02
"""Pixel shapes count as equal if they differ by at most this share."""


class VisiblePage:
    """One page of an open PDF, as it is seen.

    Attributes:
        number: 0-based page number.
    """

    def __init__(self, leaf: PdfPage, checked: CheckedObjects | None = None, file: Path | None = None) -> None:
        """Remember the page, which objects of the document may be rendered, and the file to render from."""
        self.number, self._file = leaf.number, file or leaf.path
        self._leaf, self._checked = leaf, checked or CheckedObjects()

    @property
    def reason(self) -> str | None:
        """Why the page is not enlarged if it becomes pixels ("it has text of its own"); None if it is enlarged."""
        if self.is_scan or (self._finest is not None and not self._has_drawing):
            return None
        return self._leaf.unlike_scan or self._content.drawn or "its image is too coarse"

    @cached_property
    def is_scan(self) -> bool:
        """Whether the page shows nothing but its scan and white margins."""
        leaf = self._leaf
        if leaf.unlike_scan is not None or leaf.content.over or shows_annotations(leaf.page):
            return False
        try:
            sizes = [size_of(strip.image) for strip in leaf.scan.strips]
            clipped = (
                cut(strip.window, strip.matrix, *size, leaf.page)
                for strip, size in zip(leaf.scan.strips, sizes, strict=True)
            )
            straight = self._margins(sizes[0][0], sum(height for _, height in sizes)) is not None
            return straight and not any(clipped)
        except BROKEN:
            return False

    @property
    def dpi(self) -> Dpi | None:
        """The resolution that ``read`` gives a scan, as the page is seen; found without decoding.

        None if the page is not a scan (see ``reason``), or its resolution is implausible.
        """
        if self.is_scan:
            return self._leaf.dpi
        return None if self.reason is not None else believable(*self._dpi)

    def check(self) -> None:
        """Raise PageError if the page would have more pixels than are allowed."""
        if not self.is_scan:
            try:
                size_at(visible_size(self._leaf.page), self._dpi, user_unit(self._leaf.page))
            except PageError as error:
                raise PageError(f"{self._where}, {error}") from error

    def read(self) -> Page:
        """Return the page's pixels at the resolution of its scan, or at RENDERED_DPI if it has none.

        Damage that leaves something visible is reported (docsr.io.decoder_messages).

        Raises:
            PageError: it is damaged, or has more pixels than are allowed.
        """
        self.check()
        if self.is_scan:
            try:
                return self.stored()
            except PageError:
                if self._leaf.unlike_scan is None:
                    raise
        faults: list[str] = []
        shown, reason = self._rendered(faults), self._leaf.refusal
        if isinstance(reason, Damaged):  # a renderer silently leaves out what it cannot read
            faults.append(f"{reason}, so that something may be missing on it")
        report_damage(*(f"page {self.number + 1}: {fault}" for fault in faults))
        return shown

    def instead(self) -> Page | None:
        """Return what a viewer shows of a damaged page, or None if it cannot be rendered."""
        scan = None if self._leaf.unlike_scan is not None else self._leaf.scan
        if scan is not None and any(codec_of(strip.image) == "/JBIG2Decode" for strip in scan.strips):
            return None  # jbig2dec runs under limits, the renderer's decoder does not
        try:
            return self._rendered([])
        except PageError:
            return None

    def stored(self) -> Page:
        """Return the scan's own pixels with its white margins, and without what the page does not show of them.

        Raises:
            PageError: the page is not a scan (see ``is_scan``), is damaged, or has more pixels than are allowed.
        """
        if not self.is_scan:
            raise PageError(f"{self._where}, shows more than its scan, or only a part of it")
        page = self._leaf.read()
        turned = orientation_of(self._leaf.scan.matrix, self._leaf.page) in TRANSPOSING
        margins = self._margins(*((page.height, page.width) if turned else (page.width, page.height))) or ()
        if not any(margins):
            return page
        left, top, right, bottom = margins
        width, height = page.width + left + right, page.height + top + bottom
        if width * height > most_pixels():
            raise PageError(
                f"{self._where}, would have {width} x {height} px, more than {most_pixels():,} (--max-pixels)"
            )
        part = page.pixels[max(0, -top) : page.height + min(0, bottom), max(0, -left) : page.width + min(0, right)]
        pixels = np.full((height, width, *part.shape[2:]), 255, np.uint8)
        x, y = max(0, left), max(0, top)
        pixels[y : y + part.shape[0], x : x + part.shape[1]] = part
        return replace(page, pixels=pixels)

    def _margins(self, width: int, height: int) -> tuple[int, ...] | None:
        """Return the scan's margins in whole stored px, 0 if they are a rounding; None if it is not axis-aligned."""
        sides = sides_of(self._leaf.scan.matrix, width, height, self._leaf.page)
        return None if sides is None else tuple(0 if abs(side) <= SLACK else round(side) for side in sides)

    @cached_property
    def _content(self) -> Content:
        return content_of(self._leaf.page, whole=True)

    @property
    def _has_drawing(self) -> bool:
        return self._content.glyphs or self._content.marks > MOST_MARKS

    @cached_property
    def _finest(self) -> tuple[Dpi, tuple[float, float]] | None:
        """The finest image that makes up the page, or None; small images count together.

        The value is its resolution as the page is seen, and the px by which it must be moved to start at a whole pixel.
        The image that covers the page may have pixels of another shape. Then the resolution is that of square pixels,
        as fine as the finest axis of both images.
        """
        page, parts = self._leaf.page, list[_Part]()
        for matrix, width, height in self._content.pictures:
            with suppress(*BROKEN):
                covers, dpi = covered(matrix, page), visible_dpi(matrix, width, height, page)
                left, top, _, _ = sides_of(matrix, width, height, page) or (0.0, 0.0, 0.0, 0.0)
                parts.append(_Part(covers, dpi, (round(left) - left, round(top) - top)))
        scans = [part for part in parts if min(part.dpi) >= _COARSEST]
        finest = _finest_of(scans, _LEAST_PART)
        if finest is None or sum(part.covers for part in parts) < LEAST_COVERED:
            return None
        dpi, nudge, of_scan = finest.dpi, finest.nudge, (_finest_of(scans, LEAST_COVERED) or finest).dpi
        if abs(dpi[0] * of_scan[1] / (dpi[1] * of_scan[0]) - 1) > _ALIKE:
            dpi, nudge = (max(*dpi, *of_scan),) * 2, (0.0, 0.0)
        return (dpi, nudge) if believable(*dpi) else None

    @property
    def _dpi(self) -> Dpi:
        usual = RENDERED_DPI, RENDERED_DPI
        if self._finest is None:
            return usual
        return max(self._finest[0], usual, key=min) if self._has_drawing else self._finest[0]

    def _rendered(self, faults: list[str]) -> Page:
        """Render the page; ``faults`` takes what is wrong with the data of its images."""
        page, dpi = self._leaf.page, self._dpi
        nudge = self._finest[1] if self._finest is not None and dpi == self._finest[0] else (0.0, 0.0)
        try:
            for _, width, height in self._content.pictures:  # inline images included
                check_image_size(width, height)
            faults += check_renderable(page, self._checked)
            shown = render_visible(self._file, self.number, dpi, user_unit(page), nudge)
        except PageError as error:
            raise PageError(f"{self._where}, {error}") from error
        except BROKEN as error:
            problem = str(error) if isinstance(error, Unreadable) else damage(error)
            raise PageError(f"{self._where}, could not be read: {problem}") from error
        return replace(shown, dpi=believable(*dpi), source=self._leaf.path, bilevel=self._is_bilevel(shown))

    def _is_bilevel(self, shown: Page) -> bool:
        """Return whether a rendering is black and white because all images that it shows are."""
        if not shown.is_grey or not self._content.images:
            return False
        with suppress(*BROKEN):
            if all(stores_one_bit(place.image) for place in self._content.images):
                return not ((shown.pixels != 0) & (shown.pixels != 255)).any()
        return False

    @property
    def _where(self) -> str:
        return f"{self._leaf.path}, page {self.number + 1}"


class _Part(NamedTuple):
    """An image on a page: the share that it covers, its resolution, and its distance from whole px."""

    covers: float
    dpi: Dpi
    nudge: tuple[float, float]


def _finest_of(parts: list[_Part], least: float) -> _Part | None:
    """Return the finest image that, together with all finer ones, covers this share of the page."""
    covers = 0.0
    for part in sorted(parts, key=lambda part: part.dpi[0] * part.dpi[1], reverse=True):
        covers += part.covers
        if covers >= least:
            return part
    return None


def open_visible(path: Path, counted: Callable[[int], None] = lambda pages: None) -> Iterator[VisiblePage]:
    """Yield the pages of a PDF file; none of them is read yet.

    Raises:
        PageError: the file cannot be read.
    """
    checked = CheckedObjects()
    with open_scans(path) as scans:
        counted(len(scans.leaves))
        for leaf in scans.leaves:
            yield VisiblePage(leaf, checked, scans.file)
            leaf.forget()
