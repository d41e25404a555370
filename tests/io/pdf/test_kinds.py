"""External objects of a PDF page that are neither images nor forms, by what they say of themselves, show nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Name

from docsr.io.decoder_messages import captured_messages
from docsr.io.pdf.scans import open_scans
from docsr.io.pdf.visible import open_visible
from tests.io.pdf.files import FILLING, GREY, add_page, as_rgb, image_of, reasons, shown

UNKNOWN = [None, Name.PS, Name.Unheard]


def file_with(path: Path, kind: Any, content: str = FILLING) -> Path:
    """A page with a scan, /Im1, and with what would be another one if it said so, /Im0."""
    with pikepdf.new() as pdf:
        other = image_of(pdf, np.zeros_like(GREY).tobytes())
        del other.Subtype
        if kind is not None:
            other.Subtype = kind
        add_page(pdf, content, {"/Im0": other, "/Im1": image_of(pdf, GREY.tobytes())})
        pdf.save(path)
    return path


@pytest.mark.parametrize("kind", UNKNOWN)
def test_what_is_no_image_does_not_come_to_light(tmp_path: Path, kind: Any):
    path = file_with(tmp_path / "a.pdf", kind)
    assert shown(path).min() == 255
    assert reasons(path) == ["it has no image"]
    (pixels,) = [page.read().pixels for page in open_visible(path)]
    assert pixels.min() == 255


@pytest.mark.parametrize("kind", UNKNOWN)
def test_a_scan_beside_it_is_one(tmp_path: Path, kind: Any):
    path = file_with(tmp_path / "a.pdf", kind, FILLING.replace("Im0", "Im1") + " " + FILLING)
    assert np.array_equal(shown(path), as_rgb(GREY))
    with open_scans(path) as scans:
        assert np.array_equal(scans.leaves[0].read().pixels, GREY)
    assert [page.is_scan for page in open_visible(path)] == [True]


def test_where_renderers_differ_it_is_left_and_seen_as_rendered(tmp_path: Path):
    path = file_with(tmp_path / "a.pdf", pikepdf.String("Image"), FILLING.replace("Im0", "Im1") + " " + FILLING)
    assert reasons(path) == ["it is damaged (it is not clear what it shows)"]
    with captured_messages(printed=False) as complaints:
        (pixels,) = [page.read().pixels for page in open_visible(path)]
    assert pixels.max() == 0  # pdfium takes text for a name
    assert len(complaints) == 1
