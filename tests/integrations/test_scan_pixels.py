"""What OCRmyPDF's plugin does with the scans of a finished document."""

from __future__ import annotations

from pathlib import Path

import pikepdf
from pikepdf import Stream

from docsr.api import Enhancer
from docsr.integrations.scan_pixels import replace_scans
from tests.io.pdf.files import FILLING, GREY, WIDTH, add_page, image_of


def test_one_image_on_many_pages_is_enlarged_once_and_a_damaged_one_stays(tmp_path: Path):
    path = tmp_path / "a.pdf"
    with pikepdf.new() as pdf:
        image = pdf.make_indirect(image_of(pdf, GREY.tobytes()))
        for one in (image, image, image_of(pdf, GREY.tobytes()[: GREY.size // 2]), image):
            add_page(pdf, FILLING, {"/Im0": one})
        pdf.save(path)
    reasons = replace_scans(path, range(4), Enhancer("bicubic", 2), tmp_path / "b.pdf")
    assert reasons == [f"{path}, page 3, could not be read: its image is damaged (a part of it is missing)"]
    with pikepdf.open(path) as pdf:
        widths = [int(one.Width) for one in pdf.objects if isinstance(one, Stream) and "/Width" in one]
    assert sorted(widths) == [WIDTH, 2 * WIDTH]
