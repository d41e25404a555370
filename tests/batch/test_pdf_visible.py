"""What a PDF page covers, crops or carries beside its scan: by every way from a PDF to pixels."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from PIL import Image

import docsr as package
from docsr.compare import CompareOptions, Pair, compare_files
from docsr.integrations.scan_pixels import own_pixels
from docsr.page import Page, Pixels
from docsr.viewer.sheet import Sheet, make_sheet
from tests.command import docsr, ran
from tests.io.pdf.drawn import DPI, HIGH, SCAN, WIDE
from tests.io.pdf.renderers import apart, small, with_pdfium
from tests.io.pdf.visible_files import document

WISH = ("--factor", "2", "--model", "nearest", "--quality", "95")


def written(form: str) -> Callable[[Path, Path], Pixels]:
    """By docsr enhance, in this format."""

    def way(path: Path, out: Path) -> Pixels:
        done = ran("enhance", path, "--out", out, *WISH, "--format", form)
        assert (done.code, done.err) == (0, "")
        (made,) = out.glob(f"{path.stem}.*")
        with Image.open(made) as image:
            return np.asarray(image.convert("RGB"))

    return way


def called(path: Path, out: Path) -> Pixels:
    """By the Python API, of a path."""
    made: Any = package.Enhancer("nearest", 2)(path)
    return np.asarray(made.convert("RGB"))


def called_with_bytes(path: Path, out: Path) -> Pixels:
    """By the Python API, of a file's bytes, which gives a PDF."""
    out.mkdir()
    (out / "made.pdf").write_bytes(package.Enhancer("nearest", 2)(path.read_bytes()))
    (shown,) = with_pdfium(out / "made.pdf", 2 * DPI)
    return shown


WAYS = {form: written(form) for form in ("tiff", "png", "jpg", "webp")}
WAYS |= {"Enhancer of a path": called, "Enhancer of bytes": called_with_bytes}


@pytest.mark.slow_but_one_in(3)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["white over it", "a stamp", "a field", "cropped", "clipped"])
def test_one_sees_the_same_by_every_way(tmp_path: Path, name: str, way: str):
    path = document(tmp_path / "a.pdf", [name])
    large = WAYS[way](path, tmp_path / "out")
    size = (WIDE, HIGH // 2 if name == "cropped" else HIGH)
    assert large.shape == pytest.approx((2 * size[1], 2 * size[0], 3), abs=1 if "bytes" in way else 0)
    (seen,) = with_pdfium(path, 2 * DPI)
    assert apart(small(large, size), small(seen, size)) < 3


@pytest.mark.parametrize("name", ["white over it", "a field"])
def test_the_page_of_compare_shows_what_one_sees(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    shown: list[Page] = []

    def kept(title: str, *pages: Page, **more: Any) -> Sheet:
        shown.extend(pages)
        return make_sheet(title, *pages, **more)

    monkeypatch.setattr("docsr.compare.make_sheet", kept)
    path, after = document(tmp_path / "a.pdf", [name]), tmp_path / "after.png"
    Image.fromarray(SCAN).save(after)
    told = compare_files([Pair(path, after, None, "a")], tmp_path / "c.html", CompareOptions(), "a title")
    assert told.failed == []
    (seen,) = with_pdfium(path, DPI)
    assert apart(small(shown[0].pixels, (WIDE, HIGH)), small(seen[:HIGH], (WIDE, HIGH))) < 2


def rendered(path: Path, to: Path) -> Path:
    (picture,) = with_pdfium(path, DPI)
    Image.fromarray(picture).convert("L").save(to, dpi=(DPI, DPI))
    return to


@pytest.mark.parametrize(
    ("name", "put"),
    [("a scan", True), ("margins of whole pixels", True), ("a word covered", False), ("a stamp", False)],
)
def test_ocrmypdf_gets_the_scans_own_pixels_only_where_they_are_what_one_sees(tmp_path: Path, name: str, put: bool):
    path = document(tmp_path / "a.pdf", ["a stamp" if name == "a stamp" else "a scan"])
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        leaf = pdf.pages[0].obj
        if name == "a word covered":  # so little that the small pictures of both are alike
            leaf.Contents = pdf.make_stream(leaf.Contents.read_bytes() + b" 1 g 100 150 4 4 re f")
        elif name.startswith("margins"):
            leaf.MediaBox = pikepdf.Array([-9.6, -9.6, 240, 316.8])
        pdf.save(path)
    picture = rendered(path, tmp_path / "page.png")
    before = picture.read_bytes()
    assert own_pixels(path, 0, 0, picture, always=True) is put
    assert (picture.read_bytes() != before) is put


def test_limits_are_asked_of_rendered_pages_by_every_way(tmp_path: Path, capsys, monkeypatch):
    path = document(tmp_path / "a.pdf", ["text alone"])
    report = tmp_path / "rows.json"
    for more in ((), ("--dry-run",)):
        wish = ("--format", "tiff", "--max-pixels", "1000000", "--report", report, "--out", tmp_path / "o", *more)
        done = docsr(capsys, monkeypatch, "enhance", path, *wish)
        assert done.code in {1, 3}
        assert "would be rendered with 960 x 1280 px, more than 1,000,000 (--max-pixels)" in done.err
        assert json.loads(report.read_text())[0]["status"] == "failed"
        assert not (tmp_path / "o" / "a.tif").exists()
    done = docsr(capsys, monkeypatch, "enhance", path, "--max-pixels", "1000000", "--out", tmp_path / "o")
    assert done.code == 0  # in a PDF it is copied, not rendered
    compared = ("compare", path, path, "--max-pixels", "1000000", "--out", tmp_path / "c.html")
    done = docsr(capsys, monkeypatch, *compared)
    assert done.code in {1, 3}
    assert "--max-pixels" in done.err


def test_a_page_with_a_stamp_is_enlarged_and_one_with_text_is_not(tmp_path: Path, capsys, monkeypatch):
    path = document(tmp_path / "a.pdf", ["a stamp", "text over it", "text alone, in large units"])
    report = tmp_path / "rows.json"
    done = docsr(
        capsys, monkeypatch, "enhance", path, "--out", tmp_path / "o", *WISH, "--format", "tiff", "--report", report
    )
    assert done.code == 0
    rows = json.loads(report.read_text())
    assert [row["size_out"] for row in rows] == [[2 * WIDE, 2 * HIGH], [960, 1280], [1920, 2560]]
    assert [row["dpi_out"] for row in rows] == [[2 * DPI] * 2, [300, 300], [300, 300]]
    assert [row["why"] for row in rows[1:]] == ["it has text of its own"] * 2
