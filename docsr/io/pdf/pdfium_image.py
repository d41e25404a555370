"""Decode and convert images with pdfium: each is put into a small PDF whose one page shows only that image."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import product
from threading import Lock
from typing import Any

import cv2
import numpy as np
import pikepdf
from pikepdf import Dictionary, Name, Stream

from docsr.io.raster.transparency import BAND_ROWS
from docsr.io.read_errors import Damaged
from docsr.page import Pixels

_MOST_WIDE = 1 << 16
"""px; pdfium decodes no images that are wider than about 131,000 px."""


_locks = [Lock()]


def share_lock(lock: Lock) -> None:
    """Use from now on a lock that others in this process hold when they call pdfium."""
    _locks[0] = lock


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold pdfium's lock: pdfium is not thread-safe, and the caller may have several threads."""
    with _locks[0]:
        yield


@contextmanager
def as_pdfium_shows(data: bytes, width: int, height: int, **entries: Any) -> Iterator[Pixels]:
    """Yield an image as pdfium decodes it: H x W x 1, or H x W x 3 or more (blue, green, red); valid within the block.

    Args:
        data: of the image.
        width: of the image.
        height: of the image.
        entries: further entries of its dictionary.

    Raises:
        Damaged: pdfium cannot decode it.
    """
    from pypdfium2 import PdfDocument, PdfiumError

    file = _pdf(data, {"Width": width, "Height": height, **entries})
    with one_at_a_time(), closing(PdfDocument(file)) as document:
        try:
            (picture,) = document[0].get_objects()
            bitmap = picture.get_bitmap()
            bitmap.warn_on_close = False  # closing frees its pixels, which nobody uses then
            shown = bitmap.to_numpy().reshape(height, width, -1)
        except (PdfiumError, ValueError) as error:
            raise Damaged("its image is damaged") from error
        with closing(bitmap):
            yield shown


def _pdf(data: bytes, entries: dict[str, Any]) -> bytes:
    """Return a PDF with one page that shows the image."""
    file = io.BytesIO()
    with pikepdf.new() as pdf:
        image = Stream(pdf, data, Type=Name.XObject, Subtype=Name.Image, **entries)
        page = pdf.add_blank_page(page_size=(100, 100))
        page.obj.Resources = Dictionary(XObject=Dictionary(Im0=image))
        page.obj.Contents = pdf.make_stream(b"/Im0 Do")
        pdf.save(file, compress_streams=False)
    return file.getvalue()


def from_inks(inks: Pixels) -> Pixels:
    """Convert H x W x 4 ink (cyan, magenta, yellow, black; 255 is full) to RGB as PDF readers show DeviceCMYK.

    Readers imitate a printing press, and nearly agree on the colours: cyan is (0, 174, 239). This differs from
    ISO 32000-1, 10.3.5. Readers tint pure black ink by up to 5 levels; here it becomes grey, so that a page printed
    only with black stays grey.
    """
    height, width = inks.shape[:2]
    pixels = np.empty((height, width, 3), np.uint8)
    for top, left in product(range(0, height, BAND_ROWS), range(0, width, _MOST_WIDE)):
        part = slice(top, top + BAND_ROWS), slice(left, left + _MOST_WIDE)
        band = inks[part]
        entries = {"ColorSpace": Name.DeviceCMYK, "BitsPerComponent": 8}
        with as_pdfium_shows(band.tobytes(), band.shape[1], len(band), **entries) as shown:
            colours = np.ascontiguousarray(shown[..., 2::-1])
        only_black = ~band[..., :3].any(axis=2)
        colours[only_black] = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY)[only_black, None]
        pixels[part] = colours
    return pixels
