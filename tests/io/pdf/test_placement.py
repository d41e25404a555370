"""The size of a page as it is seen."""

from __future__ import annotations

import pikepdf
import pytest
from pikepdf import Array

from docsr.io.pdf.placement import visible_size


@pytest.mark.parametrize(
    ("box", "rotate", "size"),
    [
        ([0, 0, 100, 200], 0, (100, 200)),
        ([0, 0, 100, 200], 90, (200, 100)),
        ([0, 0, 0, 0], 0, (612, 792)),
        (["a", 0, 100, 200], 0, (612, 792)),
    ],
)
def test_a_page_without_a_size_is_us_letter(box, rotate, size):
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page()
        page.obj.MediaBox, page.obj.Rotate = Array(box), rotate
        assert visible_size(page) == size
