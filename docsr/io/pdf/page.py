"""Read and replace the scan on one page of an open PDF."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pikepdf

from docsr.errors import PageError, first_line
from docsr.io.decoder_messages import naming_place
from docsr.io.limits import most_pixels
from docsr.io.pdf.content import BROKEN, content_of
from docsr.io.pdf.images import check, opacity, read_image, size_of
from docsr.io.pdf.placement import covered, dpi_of, orientation_of
from docsr.io.pdf.shown_images import Content, Scan, joined_strips
from docsr.io.pdf.spool import NewImage, Spool
from docsr.io.raster.pixels import fitting_profile, upright
from docsr.io.raster.resolution import TRANSPOSING, turned
from docsr.io.read_errors import Damaged, TooLarge, Unreadable, Unsupported, damage
from docsr.page import Dpi, Page

LEAST_COVERED = 0.6
"""A scan covers at least this share of its page."""

_SIGNED = "the document is signed, and a change would break the signature"
_UNTURNED = {6: 8, 8: 6}
"""EXIF orientations that another one undoes; all others undo themselves."""


class PageChanges(NamedTuple):
    """What may happen to the pages of a document, and where their new images are kept.

    Attributes:
        signed: whether the document is signed, so that no page may change.
        spool: stores new images.
        new: the new image of each page that gets one, by 0-based page number.
    """

    signed: bool
    spool: Spool
    new: dict[int, NewImage]


class PdfPage:
    """One page of an open PDF.

    Attributes:
        path: the file.
        number: 0-based page number.
    """

    def __init__(self, pages: Callable[[int], pikepdf.Page], path: Path, number: int, changes: PageChanges) -> None:
        """Remember how to get the document's pages, the file, the 0-based page number, and the document's changes."""
        self.path, self.number = path, number
        self._pages, (self._signed, self._spool, self._new) = pages, changes

    def check(self) -> None:
        """Raise PageError for a scan that needs too much memory; such a page fails instead of staying as it is."""
        if isinstance(self.refusal, TooLarge):
            raise self._refusal(str(self.refusal))

    @property
    def reason(self) -> str | None:
        """Why the page stays as it is, as a clause ("it has text of its own"); None for a scan."""
        return _SIGNED if self._signed else self.unlike_scan

    @property
    def unlike_scan(self) -> str | None:
        """Why the page is not a scan, or not a readable one, as a clause; None for a scan.

        A problem that only the image's data show is known here after :meth:`read` has failed.
        """
        return None if self.refusal is None else str(self.refusal)

    @property
    def refusal(self) -> Unreadable | None:
        """The same as an error, whose class tells whether it is damage."""
        return None if isinstance(self._scan, Scan) else self._scan

    @cached_property
    def content(self) -> Content:
        """What the page shows. Raises Unreadable, or an error of BROKEN, if that is more than images."""
        return content_of(self.page)

    @cached_property
    def _scan(self) -> Scan | Unreadable:
        try:
            scan = joined_strips(self.content.images)
            with naming_place(self.place):
                for strip in scan.strips:
                    check(strip.image, strip.fill)
                    opacity(strip.image)
            sizes = [size_of(strip.image) for strip in scan.strips]
            if sum(width * height for width, height in sizes) > most_pixels():
                return Unreadable(f"its image has more than {most_pixels():,} pixels (--max-pixels)")
            covers = covered(scan.matrix, self.page) >= LEAST_COVERED
            return scan if covers else Unreadable("its image covers too little of it")
        except Unreadable as error:
            return _without_cause(error)
        except BROKEN as error:
            return Damaged(damage(error))

    def forget(self) -> None:
        """Forget what was found out about the page, to free memory; it is found out again when needed."""
        for name in ("_scan", "content"):
            self.__dict__.pop(name, None)

    @property
    def place(self) -> str:
        """The prefix of reports about this page."""
        return f"page {self.number + 1}: "

    @property
    def page(self) -> pikepdf.Page:
        """The page as pikepdf has it."""
        return self._pages(self.number)

    @property
    def scan(self) -> Scan:
        """The picture of a scanned page. Raises PageError if the page is not a scan."""
        scan = self._scan
        if isinstance(scan, Unreadable):
            raise self._refusal(str(scan))
        return scan

    def _refusal(self, reason: str) -> PageError:
        return PageError(f"{self.path}, page {self.number + 1}, is not enlarged: {reason}")

    def shows(self, size: tuple[int, int]) -> Hashable:
        """Return a key. Pages with equal keys show the same image and can share the new one.

        Args:
            size: (width, height) in px of the new image, upright.

        Raises:
            PageError: the page is not a scan (see ``reason``).
        """
        scan = self.scan
        sideways = orientation_of(scan.matrix, self.page) in TRANSPOSING
        images = tuple((strip.image.objgen, strip.fill) for strip in scan.strips)
        return images, size[::-1] if sideways else size

    def read(self) -> Page:
        """Decode the page's image at its own resolution, upright.

        The image is turned and mirrored by the multiple of 90 degrees that comes nearest to how the page shows it. An
        image that is placed askew (by a scanner that straightens pages) is not straightened. A clip is not applied.

        Returns:
            The page. Its dpi follow from how large the image is shown; None if they are implausible.

        Raises:
            PageError: the page is not a scan (see ``reason``), or its image is damaged.
        """
        scan = self.scan
        try:
            with naming_place(self.place):
                parts = [read_image(strip.image, strip.fill) for strip in scan.strips]
            if len({(part[0].shape[1:], part[1]) for part in parts}) > 1:
                raise Unsupported("the strips of its image are of different kinds")
        except Unsupported as error:
            self._scan = _without_cause(error)
            raise self._refusal(str(error)) from error
        except (*BROKEN, MemoryError) as error:
            problem = str(error) if isinstance(error, Unreadable) else damage(error)
            reason = "there is not enough memory for it" if isinstance(error, MemoryError) else problem
            raise PageError(f"{self.path}, page {self.number + 1}, could not be read: {reason}") from error
        stored = parts[0][0] if len(parts) == 1 else np.concatenate([part[0] for part in parts])
        orientation = orientation_of(scan.matrix, self.page)
        pixels = np.require(upright(stored, orientation), np.uint8, ["C", "W"])
        icc, bilevel = fitting_profile(parts[0][1], pixels), all(part[2] for part in parts)
        return Page(pixels, self._dpi_of(stored.shape[1], stored.shape[0]), icc, self.path, self.number, bilevel)

    @property
    def dpi(self) -> Dpi | None:
        """The resolution of the scan as the page is seen, found without decoding; None if it is implausible.

        Raises PageError if the page is not a scan.
        """
        sizes = [size_of(strip.image) for strip in self.scan.strips]
        return self._dpi_of(sizes[0][0], sum(height for _, height in sizes))

    def _dpi_of(self, width: int, height: int) -> Dpi | None:
        """Return the resolution of a scan with this stored size in px."""
        matrix = self.scan.matrix
        return turned(dpi_of(matrix, width, height, self.page), orientation_of(matrix, self.page))

    def instead(self) -> None:
        """Return None: a damaged page stays as it is in its document."""

    def replace(self, page: Page, quality: int = 90) -> None:
        """Store new pixels, which replace the image when the document is saved.

        The page then shows them at the place and size of the old image. Other pages that show the old image keep it.
        :func:`docsr.io.pdf.encode.encode_pixels` says how pixels are encoded.

        Args:
            page: upright, of any size; its dpi are not used.
            quality: of JPEG, 1 to 100.

        Raises:
            PageError: the page is not a scan (see ``reason``), or the pixels cannot be encoded.
        """
        if self._signed:
            raise self._refusal(_SIGNED)
        orientation = orientation_of(self.scan.matrix, self.page)
        stored = upright(page.pixels, _UNTURNED.get(orientation, orientation))
        try:
            self._new[self.number] = self._spool.keep(stored, page.icc, quality)
        except (OSError, ValueError, MemoryError) as error:
            where = f"{self.path}, page {self.number + 1},"
            raise PageError(f"{where} could not be written: the encoder failed ({first_line(error)})") from error
        self.forget()

    def show_as(self, other: int) -> None:
        """Show the new image of another page (0-based) that had the same old image (see :meth:`shows`).

        Raises:
            PageError: the page is not a scan (see ``reason``).
            KeyError: the other page has no new image.
        """
        if self.unlike_scan is not None:
            raise self._refusal(self.unlike_scan)
        self._new[self.number] = self._new[other]
        self.forget()


def _without_cause(error: Unreadable) -> Unreadable:
    """Return a copy of an error without its cause and traceback, which would keep a page's data in memory."""
    return type(error)(str(error))
