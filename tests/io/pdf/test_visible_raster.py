"""Which of the images on a PDF page decide in what raster it is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pikepdf
import pytest

from docsr.io.pdf.visible import open_visible
from docsr.page import Dpi
from tests.io.pdf.files import add_page, image_of

SIDE = 144
"""Points."""

Placed = tuple[float, float, float, float, Dpi]
"""An image: left, bottom, width and height in parts of the page, and its dpi."""

FAX = (204.0, 98.0)


def over_all(dpi: Dpi) -> list[Placed]:
    return [(0, 0, 1, 1, dpi)]


def strips(dpi: Dpi, number: int) -> list[Placed]:
    return [(0, 1 - (row + 1) / number, 1, 1 / number, dpi) for row in range(number)]


def pieces(dpi: Dpi, number: int, side: float) -> list[Placed]:
    return [((0.04 + at * side * 1.2) % 0.8, 0.2 + 0.1 * (at % 6), side, side, dpi) for at in range(number)]


@pytest.mark.parametrize(
    ("images", "dpi"),
    [
        (over_all(FAX), FAX),
        (over_all(FAX) + pieces((600, 600), 1, 0.2), FAX),
        (strips(FAX, 14) + pieces((600, 240), 1, 0.2), FAX),
        (over_all((75, 75)) + pieces((600, 240), 1, 0.2), (75, 75)),
        (over_all((100, 100)) + pieces((300, 300), 12, 0.15), (300, 300)),
        (over_all((75, 75)) + pieces((600, 240), 1, 0.5), (600, 600)),
        (over_all(FAX) + pieces((300, 300), 1, 0.5), (300, 300)),
        (over_all(FAX) + pieces((150, 150), 1, 0.5), (204, 204)),
        ([*over_all((1, 2)), (0.1, 0.1, 0.7, 0.7, FAX)], FAX),
    ],
    ids=[
        "a fax", "a fine logo", "strips and a logo", "a stretched logo", "many pieces of text on a coarse ground",
        "a large stretched picture", "a fax and a fine picture", "a fax and a picture finer down alone", "a ground",
    ],
)  # fmt: skip
def test_the_finest_that_cover_enough_decide_in_the_shape_of_what_covers_the_page(
    images: list[Placed], dpi: Dpi, tmp_path: Path
):
    content, streams = "", {}
    with pikepdf.new() as pdf:
        for number, (left, bottom, wide, high, (across, down)) in enumerate(images):
            size = round(across * wide * SIDE / 72), round(down * high * SIDE / 72)
            streams[f"/Im{number}"] = image_of(pdf, np.full(size[::-1], 200, np.uint8).tobytes(), size=size)
            content += f"q {wide * SIDE} 0 0 {high * SIDE} {left * SIDE} {bottom * SIDE} cm /Im{number} Do Q "
        add_page(pdf, content, streams, (SIDE, SIDE))
        pdf.save(tmp_path / "a.pdf")
    for seen in open_visible(tmp_path / "a.pdf"):
        assert seen.dpi == pytest.approx(dpi, rel=0.01)
        assert seen.read().dpi == pytest.approx(dpi, rel=0.01)
