"""Turn a Pillow image, read from a file or made in memory, into a page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, Jpeg2KImagePlugin, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

from docsr.io.raster import jp2, jpeg_end, png_end, tiff
from docsr.io.raster.decode_memory import check_decodable
from docsr.io.raster.metadata import metadata_of
from docsr.io.raster.pixels import fitting_profile, scaled, to_pixels, upright
from docsr.io.raster.resolution import aspect_of, from_image, turned
from docsr.io.raster.transparency import background_under
from docsr.page import Page, Pixels

_PHOTOMETRIC, _ORIENTATION, _MIN_IS_WHITE = 262, 274, 0

_GREY_SCALES = {"1": 255, "L;2": 85, "L;4": 17, "I;16B": 1}
"""Maps Pillow's name for a grey PNG's storage to the factor by which its values grow when it is loaded."""


def page_of(image: Image.Image, path: Path | None = None, number: int = 0) -> Page:
    """Return the current frame of a Pillow image as a page.

    Args:
        image: of any mode, from a file or made in memory; its orientation and resolution are applied.
        path: the file it comes from, if any.
        number: its 0-based position in that file.

    Raises:
        Unreadable: the pixels have no known range, or it is too large (docsr.io.raster.decode_memory).
        OSError: the image's file is damaged; it is read only now.
    """
    check_decodable(image)
    clear = _clear_grey(image)  # before getexif, which loads a PNG
    missing = png_end.load(image) if isinstance(image, PngImagePlugin.PngImageFile) else 0
    is_tiff = isinstance(image, TiffImagePlugin.TiffImageFile)
    tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else image.getexif()
    orientation = tags.get(_ORIENTATION, 1)
    inverted = is_tiff and image.mode.startswith(("I;16", "F")) and tags.get(_PHOTOMETRIC) == _MIN_IS_WHITE
    # Pillow carries the profile of a TIFF page over to later pages that have none.
    icc = tags.get(tiff.ICC_PROFILE) if is_tiff else _profile(image)
    dpi, aspect, bilevel = from_image(image), aspect_of(image), image.mode == "1"
    opened, image = image, _loaded(image)
    # Pillow loads 16-bit PNM files as 32-bit; older versions do so for PNG as well.
    is_wide = image.mode == "I" and image.format in {"PPM", "PNG"}
    pixels = scaled(np.asarray(image), np.uint16) if is_wide else to_pixels(image)
    if inverted:  # Pillow inverts MinIsWhite only for 8 bits and fewer
        np.subtract(255, pixels, out=pixels)
    if clear is not None:
        _fill_transparent(pixels, (np.asarray(image) if image.mode.startswith("I") else pixels) == clear)
    pixels[len(pixels) - missing :] = 255
    if not is_tiff:  # TIFF is the only format that Pillow turns upright while loading
        pixels = upright(pixels, orientation)
    metadata = metadata_of(tags, getattr(opened, "text", None), None if is_tiff else opened.info.get("xmp"))
    dpi, aspect = turned(dpi, orientation), turned(aspect, orientation)
    return Page(pixels, dpi, fitting_profile(icc, pixels), path, number, bilevel, metadata, aspect)


def _clear_grey(image: Image.Image) -> int | None:
    """Return the loaded value that is transparent in a grey PNG of other than 8 bits; Pillow ignores it there."""
    value = image.info.get("transparency")
    if image.format != "PNG" or not isinstance(value, int) or not isinstance(image, ImageFile.ImageFile):
        return None
    stored_as = image.tile[0][3] if image.tile else None
    scale = _GREY_SCALES.get(stored_as) if isinstance(stored_as, str) else None
    return None if scale is None else value * scale


def _fill_transparent(pixels: Pixels, clear: NDArray[np.bool_]) -> None:
    """Give the transparent pixels of a grey image the background that shows the other pixels."""
    alpha = np.where(clear, np.uint8(0), np.uint8(255))
    pixels[clear] = background_under(lambda top, end: np.dstack([pixels[top:end], alpha[top:end]]), len(pixels))


def _profile(image: Image.Image) -> object:
    if image.format == "JPEG2000" and isinstance(image, ImageFile.ImageFile) and image.fp is not None:
        return jp2.profile_of(image.fp)
    return image.info.get("icc_profile")


def _loaded(image: Image.Image) -> Image.Image:
    """Decode the pixels.

    An uncompressed TIFF is loaded without its file name: Pillow would map the file, and scramble turned pages.
    """
    if isinstance(image, Jpeg2KImagePlugin.Jpeg2KImageFile):
        return jp2.decoded(image)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        name, file, image.filename = image.filename, image.fp, ""
        try:
            image.load()
        finally:
            image.filename = name
        jpeg_end.refuse_short(image, file)
    elif isinstance(image, JpegImagePlugin.JpegImageFile):
        jpeg_end.load(image)
    else:
        image.load()
    return image
