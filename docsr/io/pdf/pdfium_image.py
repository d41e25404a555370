"""Images as pdfium decodes and converts them: in a PDF made for them, whose one page shows the image alone."""

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
"""px: pdfium decodes no images of more than some 131,000 px across."""


_locks = [Lock()]


def share_lock(lock: Lock) -> None:
    """From now on hold a lock that others hold when they call pdfium in this process."""
    _locks[0] = lock


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the lock of pdfium, which knows no threads; whoever calls may have some."""
    with _locks[0]:
        yield


@contextmanager
def as_pdfium_shows(data: bytes, width: int, height: int, **entries: Any) -> Iterator[Pixels]:
    """Yield an image as pdfium has it: H x W x 1, or H x W x 3 or more (blue, green, red), for as long as the block.

    Args:
        data: of the image.
        width: of the image.
        height: of the image.
        entries: further ones of its dictionary.

    Raises:
        Damaged: pdfium makes nothing of it.
    """
    from pypdfium2 import PdfDocument, PdfiumError

    file = _pdf(data, {"Width": width, "Height": height, **entries})
    with one_at_a_time(), closing(PdfDocument(file)) as document:
        try:
            (found,) = document[0].get_objects()
            bitmap = found.get_bitmap()
            bitmap.warn_on_close = False  # its pixels are gone then, which nobody keeps
            shown = bitmap.to_numpy().reshape(height, width, -1)
        except (PdfiumError, ValueError) as error:
            raise Damaged("its image is damaged") from error
        with closing(bitmap):
            yield shown


def _pdf(data: bytes, entries: dict[str, Any]) -> bytes:
    """Return a PDF of one page that shows the image."""
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

    They imitate a press, and nearly agree on how: cyan is (0, 174, 239). ISO 32000-1, 10.3.5, says it otherwise. Black
    ink alone, which they tint by up to 5 levels, is grey, so that a page of it stays grey.
    """
    height, width = inks.shape[:2]
    pixels = np.empty((height, width, 3), np.uint8)
    for top, left in product(range(0, height, BAND_ROWS), range(0, width, _MOST_WIDE)):
        part = slice(top, top + BAND_ROWS), slice(left, left + _MOST_WIDE)
        band = inks[part]
        entries = {"ColorSpace": Name.DeviceCMYK, "BitsPerComponent": 8}
        with as_pdfium_shows(band.tobytes(), band.shape[1], len(band), **entries) as shown:
            colours = np.ascontiguousarray(shown[..., 2::-1])
        alone = ~band[..., :3].any(axis=2)
        colours[alone] = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY)[alone, None]
        pixels[part] = colours
    return pixels
