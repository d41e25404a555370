"""Scans in PDF files, as scanners and fax servers write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pikepdf
from pikepdf import Dictionary, Name
from PIL import Image

from docsr.page import Pixels
from tests.formats.drawn import BITS, DPI, GREY, GREY_PROFILE, HEIGHT, RGB, SRGB, WIDTH
from tests.formats.kinds import JPEG_LOSS, LEFT, Kind
from tests.io.pdf.files import add_page, icc, image_of, jpeg, tiff_strip

SIZE = (WIDTH / DPI[0] * 72, HEIGHT / DPI[1] * 72)
"""Of a page, in points."""

FILLING = f"q {SIZE[0]} 0 0 {SIZE[1]} 0 0 cm /Im0 Do Q"

Maker = Callable[[pikepdf.Pdf], pikepdf.Stream]


def coded_grey(pdf: pikepdf.Pdf) -> pikepdf.Stream:
    return image_of(pdf, GREY.tobytes(), icc(pdf, GREY_PROFILE, 1), size=(WIDTH, HEIGHT))


def coded_jpeg(pdf: pikepdf.Pdf) -> pikepdf.Stream:
    data = jpeg(Image.fromarray(RGB), quality=95, subsampling=0)
    return image_of(pdf, data, icc(pdf, SRGB, 3), filter=Name.DCTDecode, size=(WIDTH, HEIGHT))


def coded_fax(pdf: pikepdf.Pdf) -> pikepdf.Stream:
    parameters = Dictionary(K=-1, Columns=WIDTH, Rows=HEIGHT)
    return image_of(
        pdf, tiff_strip(BITS, "group4"), bits=1, filter=Name.CCITTFaxDecode, parms=parameters, size=(WIDTH, HEIGHT)
    )


def coded_flate(pdf: pikepdf.Pdf) -> pikepdf.Stream:
    return image_of(pdf, RGB.tobytes(), Name.DeviceRGB, size=(WIDTH, HEIGHT))


def scanned(*makers: Maker) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        with pikepdf.new() as pdf:
            for maker in makers:
                add_page(pdf, FILLING, {"/Im0": maker(pdf)}, SIZE)
            pdf.save(path)

    return make


def _turned(path: Path) -> None:
    """RGB stored lying on its side, on a page that is turned clockwise."""
    with pikepdf.new() as pdf:
        side: Pixels = LEFT
        image = image_of(pdf, side.tobytes(), Name.DeviceRGB, size=(HEIGHT, WIDTH))
        add_page(pdf, f"q {SIZE[1]} 0 0 {SIZE[0]} 0 0 cm /Im0 Do Q", {"/Im0": image}, SIZE[::-1], Rotate=90)
        pdf.save(path)


PDF = (
    Kind("pdf_grey.pdf", scanned(coded_grey), (GREY,), icc=GREY_PROFILE),
    Kind("pdf_jpeg.pdf", scanned(coded_jpeg), (RGB,), icc=SRGB, loss=JPEG_LOSS),
    Kind("pdf_fax.pdf", scanned(coded_fax), (BITS,), bilevel=True),
    Kind("pdf_turned.pdf", _turned, (RGB,)),
    Kind("pdf_pages.pdf", scanned(coded_jpeg, coded_fax, coded_flate), (RGB, BITS, RGB), icc=SRGB, loss=JPEG_LOSS),
)
