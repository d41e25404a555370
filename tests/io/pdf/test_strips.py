"""A scan in strips that the page's content turns."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pikepdf

from docsr.io.pdf.scans import open_scans
from tests.io.pdf.files import GREY, HEIGHT, WIDTH, add_page, image_of


def test_strips_that_content_turns_are_joined(tmp_path: Path):
    path, cuts = tmp_path / "a.pdf", [0, 30, HEIGHT]
    with pikepdf.new() as pdf:
        pairs = list(itertools.pairwise(cuts))
        strips = {f"/S{top}": image_of(pdf, GREY[top:end].tobytes(), size=(WIDTH, end - top)) for top, end in pairs}
        content = [f"q {WIDTH} 0 0 {end - top} 0 {HEIGHT - end} cm /S{top} Do Q" for top, end in pairs]
        add_page(pdf, f"0 1 -1 0 {HEIGHT} 0 cm {' '.join(content)}", strips, (HEIGHT, WIDTH))
        pdf.save(path)
    with open_scans(path) as scans:
        assert np.array_equal(scans.leaves[0].read().pixels, np.rot90(GREY))
