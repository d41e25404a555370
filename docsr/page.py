"""Define the page: its pixels and the metadata that must be kept with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
"""Stored pixels: H x W (grey) or H x W x 3 (RGB, never BGR), uint8, 0 black to 255 white."""

Plane: TypeAlias = NDArray[np.float32]
"""One grey plane in computation: H x W, float32 in [0, 1]."""

Dpi: TypeAlias = tuple[float, float]
"""Resolution (x, y) in dots per inch. An unknown resolution is None, never a guess."""


def luminance(pixels: Pixels) -> Pixels:
    """Return the plane that networks get: H x W pixels, unchanged for grey, the luma of H x W x 3 RGB."""
    if pixels.ndim == 2:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def resize(pixels: Pixels, width: int, height: int) -> Pixels:
    """Return the pixels in another size: fewer by area averaging, more by bicubic interpolation."""
    if pixels.shape[:2] == (height, width):
        return pixels
    mode = cv2.INTER_AREA if width * height < pixels.shape[0] * pixels.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=mode), np.uint8)


@dataclass(frozen=True, slots=True)
class Metadata:
    """The textual metadata that a file holds about a page.

    Attributes:
        tags: TIFF tag numbers (Exif uses the same) and their texts as stored.
        texts: keywords and texts that only PNG has.
        xmp: the XMP packet, or None.
    """

    tags: tuple[tuple[int, bytes], ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    xmp: bytes | None = None


NO_METADATA = Metadata()


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a document.

    Attributes:
        pixels: H x W grey or H x W x 3 RGB, uint8; orientation is applied, alpha is laid on a background.
        dpi: (x, y) dots per inch, or None if the file does not state it.
        icc: ICC profile bytes of ``pixels``, or None.
        source: the file that the page came from, or None for arrays.
        number: 0-based page number inside ``source``.
        bilevel: True when the source stored one bit per pixel.
        metadata: the textual metadata of the source.
        aspect: (x, y) dots per unknown unit, where the source states only the ratio of x to y resolution, or None.
    """

    pixels: Pixels
    dpi: Dpi | None = None
    icc: bytes | None = None
    source: Path | None = None
    number: int = 0
    bilevel: bool = False
    metadata: Metadata = NO_METADATA
    aspect: Dpi | None = None

    @property
    def density(self) -> Dpi | None:
        """(x, y) dots per inch, else dots per unknown unit (``aspect``), else None."""
        return self.dpi or self.aspect

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return int(self.pixels.shape[1])

    @property
    def is_grey(self) -> bool:
        """True when there is one channel."""
        return self.pixels.ndim == 2

    def resized(self, pixels: Pixels) -> Page:
        """Return this page with new pixels. dpi is scaled like the size in px, so that the physical size stays."""
        scale_x, scale_y = pixels.shape[1] / self.width, pixels.shape[0] / self.height
        dpi, aspect = (None if one is None else (one[0] * scale_x, one[1] * scale_y) for one in (self.dpi, self.aspect))
        return replace(self, pixels=pixels, dpi=dpi, aspect=aspect, bilevel=False)

    def in_bands(self) -> Bands:
        """Return this page as one band, the form that writers take."""
        more = self.dpi, self.icc, self.source, self.number, self.bilevel, self.metadata, self.aspect
        return Bands(self.width, self.height, self.is_grey, (self.pixels,), *more)


@dataclass(frozen=True, slots=True)
class Bands:
    """A page that is produced from top to bottom and need not be in memory as a whole.

    Attributes:
        width, height: px.
        is_grey: True when there is one channel.
        bands: its pixels, in bands of any height over the full width. They can be iterated once only.
        dpi, icc, source, number, bilevel, metadata, aspect: as in a Page.
    """

    width: int
    height: int
    is_grey: bool
    bands: Iterable[Pixels]
    dpi: Dpi | None = None
    icc: bytes | None = None
    source: Path | None = None
    number: int = 0
    bilevel: bool = False
    metadata: Metadata = NO_METADATA
    aspect: Dpi | None = None

    @property
    def density(self) -> Dpi | None:
        """As in a Page."""
        return self.dpi or self.aspect

    def in_black_and_white(self) -> Bands:
        """Return a grey page with only 0 (for pixels below 128) and 255, to store in one bit. RGB pages stay."""
        if not self.is_grey:
            return self
        bands = (np.negative(band >> 7) for band in self.bands)  # uint8: 1 becomes 255
        return replace(self, bands=bands, bilevel=True)

    def whole(self) -> Page:
        """Return the page with all its pixels."""
        pixels, top = np.empty(0, np.uint8), 0
        for band in self.bands:
            if len(band) == self.height:
                pixels = band
            else:
                pixels = pixels if top else np.empty((self.height, *band.shape[1:]), np.uint8)
                pixels[top : top + len(band)] = band
            top += len(band)
        return Page(pixels, self.dpi, self.icc, self.source, self.number, self.bilevel, self.metadata, self.aspect)
