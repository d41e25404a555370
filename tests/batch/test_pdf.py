"""docsr enhance and PDF files: scans in their place, all else as it was, and the ways to and from images."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageSequence

from docsr.io.pdf.scans import open_scans, write_scans
from docsr.io.pdf.visible import RENDERED_DPI
from docsr.page import Page
from tests.command import docsr

WISH = ("--factor", "2", "--model", "bicubic")


def scan(width: int = 300, height: int = 200) -> Page:
    image = Image.new("L", (width, height), 235)
    ImageDraw.Draw(image).text((30, 60), "A page of a scan", fill=30, font_size=28)
    return Page(np.asarray(image), (75, 75))


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """Two scans, and between them a page with text of its own; bookmarks and a title."""
    path = tmp_path / "in" / "a.pdf"
    path.parent.mkdir()
    write_scans([scan(), scan(240, 320)], path)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        page = pdf.add_blank_page(page_size=(288, 192))
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        page.obj.Contents = pdf.make_stream(b"BT /F1 24 Tf 30 90 Td (Words of its own) Tj ET")
        pdf.pages.insert(1, page)
        del pdf.pages[3]
        pdf.docinfo["/Title"] = "Three pages"
        with pdf.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem("the last", 2))
        pdf.save(path)
    return path


def rows_of(report: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(report.read_text())
    return rows


@pytest.mark.parametrize(
    ("wish", "model", "said"),
    [
        ([], "none", "rendered, not enlarged (it has text of its own), 1200x800 @ 300 dpi"),
        (["--dpi", "600"], "bicubic", "rendered, bicubic (it has text of its own), 2400x1600 @ 600 dpi"),
        (["--dpi", "150"], "none", "rendered, not enlarged (it has text of its own), 600x400 @ 150 dpi"),
    ],
)
def test_of_a_page_that_is_drawn_it_is_said_that_it_was(tmp_path, document, capsys, monkeypatch, wish, model, said):
    report = tmp_path / "rows.json"
    words = ["enhance", document, "--out", tmp_path / "out", "--format", "tiff", *wish, "--report", report]
    ran = docsr(capsys, monkeypatch, *words)
    assert (ran.code, ran.err) == (0, "")
    assert f"{tmp_path / 'out' / 'a.tif'} page 2: {said}\n" in ran.out
    assert "left as it is" not in ran.out
    assert (rows_of(report)[1]["model"], rows_of(report)[1]["status"]) == (model, "done")


def test_scans_are_enlarged_in_their_place_and_the_rest_stays(tmp_path, document, capsys, monkeypatch):
    report = tmp_path / "rows.json"
    ran = docsr(capsys, monkeypatch, "enhance", document, "--out", tmp_path / "out", *WISH, "--report", report)
    assert (ran.code, ran.err) == (0, "")
    made = tmp_path / "out" / "a.pdf"
    assert [row["status"] for row in rows_of(report)] == ["done", "copied", "done"]
    assert rows_of(report)[1]["why"] == "it has text of its own"
    assert {row["bytes_out"] for row in rows_of(report)} == {made.stat().st_size}
    assert "page 2: left as it is (it has text of its own)" in ran.out
    subprocess.run(["qpdf", "--check", made], check=True, capture_output=True)
    with pikepdf.open(document) as before, pikepdf.open(made) as after, open_scans(made) as scans:
        assert [page.mediabox for page in after.pages] == [page.mediabox for page in before.pages]
        assert str(after.docinfo["/Title"]) == "Three pages"
        with after.open_outline() as outline:
            assert [item.title for item in outline.root] == ["the last"]
        first, _, last = scans.leaves
        for leaf, size in ((first, (600, 400)), (last, (480, 640))):
            page = leaf.read()
            assert (page.width, page.height) == size
            assert page.dpi == pytest.approx((150, 150))
    with pypdfium2.PdfDocument(made) as pdf:
        assert "Words of its own" in pdf[1].get_textpage().get_text_range()


def test_a_pdf_with_nothing_to_enlarge_is_copied(tmp_path, document, capsys, monkeypatch):
    with pikepdf.open(document, allow_overwriting_input=True) as pdf:
        del pdf.pages[2], pdf.pages[0]
        pdf.save(document)
    ran = docsr(capsys, monkeypatch, "enhance", document, "--out", tmp_path / "out", *WISH)
    assert ran.code == 0
    assert (tmp_path / "out" / "a.pdf").read_bytes() == document.read_bytes()


def test_a_second_run_skips_it(tmp_path, document, capsys, monkeypatch):
    for status in ("done", "skipped"):
        ran = docsr(capsys, monkeypatch, "enhance", document.parent, "--out", tmp_path / "out", *WISH)
        assert status in ran.out


def test_from_pdf_to_images_and_back(tmp_path, document, capsys, monkeypatch):
    ran = docsr(capsys, monkeypatch, "enhance", document, "--out", tmp_path / "tif", *WISH, "--format", "tiff")
    assert ran.code == 0, ran.err
    with Image.open(tmp_path / "tif" / "a.tif") as image:
        sizes = [frame.size for frame in ImageSequence.Iterator(image)]
        image.seek(0)
        assert image.info["dpi"] == pytest.approx((150, 150))
    rendered = (round(4 * RENDERED_DPI), round(2 / 3 * 4 * RENDERED_DPI))
    assert sizes == [(600, 400), rendered, (480, 640)]
    ran = docsr(
        capsys,
        monkeypatch,
        "enhance",
        tmp_path / "tif",
        "--out",
        tmp_path / "pdf",
        "--model",
        "none",
        "--format",
        "pdf",
    )
    assert ran.code == 0, ran.err
    with pikepdf.open(tmp_path / "pdf" / "a.pdf") as pdf, pikepdf.open(document) as before:
        for one, other in zip(pdf.pages, before.pages, strict=True):
            assert [float(side) for side in one.mediabox] == pytest.approx([float(side) for side in other.mediabox])


@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["done", "dry"])
def test_an_image_format_of_one_page_cannot_hold_a_document(tmp_path, document, dry, capsys, monkeypatch):
    wish = (*WISH, "--format", "png", *dry)
    ran = docsr(capsys, monkeypatch, "enhance", document, "--out", tmp_path / "out", *wish)
    assert ran.code == 1
    assert "has 3 pages and png holds one: use --format tiff or pdf" in ran.err
    assert not list((tmp_path / "out").glob("*"))


def test_a_damaged_and_a_locked_pdf_are_named_and_the_others_done(tmp_path, document, capsys, monkeypatch):
    document.with_name("cut.pdf").write_bytes(document.read_bytes()[:700])
    with pikepdf.open(document) as pdf:
        pdf.save(document.with_name("locked.pdf"), encryption=pikepdf.Encryption(user="secret", owner="other"))
    ran = docsr(capsys, monkeypatch, "enhance", document.parent, "--out", tmp_path / "out", *WISH)
    assert ran.code == 1
    assert sorted(Path(line.split()[2]).name for line in ran.err.splitlines()) == ["cut.pdf", "locked.pdf"]
    assert "needs a password" in ran.err
    assert [path.name for path in (tmp_path / "out").glob("[!.]*")] == ["a.pdf"]


def test_a_dry_run_names_the_pages_that_stay(tmp_path, document, capsys, monkeypatch):
    ran = docsr(capsys, monkeypatch, "enhance", document, "--out", tmp_path / "out", *WISH, "--dry-run")
    assert ran.code == 0
    assert re.search(r"page 2 -> \S+: it has text of its own", ran.out)
    assert "3 planned" in ran.out


def test_what_a_library_tells_programmers_is_not_told(tmp_path, capsys, monkeypatch):
    """A field that no form lists makes pikepdf advise another of its functions."""
    path = tmp_path / "a.pdf"
    write_scans([scan()], path)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        field = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Sig)
        field.Rect = pikepdf.Array([20, 20, 60, 60])
        pdf.pages[0].obj.Annots = pikepdf.Array([pdf.make_indirect(field)])
        with pytest.warns(pikepdf.PageCopyWarning):
            pdf.save(path)
    ran = docsr(capsys, monkeypatch, "enhance", path, "--out", tmp_path / "out", *WISH)
    assert (ran.code, ran.err) == (0, "")
    with pikepdf.open(tmp_path / "out" / "a.pdf") as pdf:
        assert len(pdf.pages[0].obj.Annots) == 1
