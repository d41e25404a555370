"""A PDF page is turned by what its /Rotate says, be it no number of quarter turns, as pdfium turns it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pikepdf
import pytest

from docsr.io.pdf.visible import open_visible
from tests.io.pdf.files import GREY, as_rgb, scan_file, shown

TURNS = {
    "-45": 0, "45": 0, "89": 0, "91": 1, "135": 1, "450": 1, "-90": 3, "-91": 3, "-135": 3, "-180": 2, "90.0": 1,
    "-90.0": 3, "180.5": 2, "89.9": 0, "-0.5": 0, "/X": 0, "(90)": 0, "true": 0, "36000000090": 0,
}  # fmt: skip


@pytest.mark.parametrize("stated", TURNS)
def test_a_page_is_turned_as_a_viewer_turns_it(tmp_path: Path, stated: str):
    path = scan_file(tmp_path / "a.pdf", Rotate=pikepdf.Object.parse(stated.encode()))
    turned = np.rot90(GREY, -TURNS[stated])
    assert np.array_equal(shown(path), as_rgb(turned))
    ((is_scan, pixels),) = [(page.is_scan, page.read().pixels) for page in open_visible(path)]
    assert is_scan
    assert np.array_equal(pixels, turned)
