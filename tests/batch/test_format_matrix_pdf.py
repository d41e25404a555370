"""A PDF of scans through the command: only the images change, by the word of qpdf and poppler."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, OutlineItem, Stream
from PIL import Image, ImageSequence

from tests.command import ran
from tests.formats.drawn import BITS, DPI
from tests.formats.pdfs import FILLING, SIZE, coded_fax, coded_flate, coded_grey, coded_jpeg
from tests.io.pdf.files import add_page

HIDDEN = "BT 3 Tr /F1 2 Tf 3 8 Td (Recognised words of {}) Tj ET "
OWN = "BT /F1 2 Tf 3 8 Td (Typeset words) Tj ET"

SAVED: dict[str, dict[str, Any]] = {
    "plain": {"object_stream_mode": pikepdf.ObjectStreamMode.disable},
    "compressed": {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
    "linearized": {"linearize": True},
    "old": {"force_version": "1.4", "object_stream_mode": pikepdf.ObjectStreamMode.disable},
}

SCANS = {1: coded_jpeg, 2: coded_fax, 4: coded_grey, 5: coded_flate}
"""Page number -> the image that it shows."""


def document(path: Path, **how: Any) -> None:
    """Four scans with hidden text and a page of text: cropped, turned, in other units, linked and bookmarked."""
    wide, high = SIZE
    with pikepdf.new() as pdf:
        font = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
        for number in range(1, 6):
            maker = SCANS.get(number)
            content = OWN if maker is None else HIDDEN.format(number) + FILLING
            page = add_page(pdf, content, {} if maker is None else {"/Im0": maker(pdf)}, SIZE)
            page.obj.Resources.Font = Dictionary(F1=font)
        first, second, _, fourth, fifth = (page.obj for page in pdf.pages)
        first.CropBox, first.TrimBox = Array([1, 1.5, wide - 1, high - 2]), Array([2, 2, wide - 2, high - 3])
        second.Rotate, fourth.Rotate = 90, 270
        fourth.UserUnit = 2.0
        fifth.MediaBox = Array([-3, -4, wide + 3, high + 4])
        first.Annots = Array(
            [pdf.make_indirect(_link(A=Dictionary(S=Name.URI, URI=pikepdf.String("http://a.example"))))]
        )
        second.Annots = Array([pdf.make_indirect(_link(Dest=Array([fifth, Name.XYZ, 1, 9, 2])))])
        with pdf.open_outline() as outline:
            chapter = OutlineItem("Chapter", 0)
            chapter.children += [OutlineItem("Turned", 1, "FitH", top=9), OutlineItem("Large", 3)]
            outline.root += [chapter, OutlineItem("Ünd am Ende", 4)]
        pdf.Root.PageLabels = Dictionary(Nums=Array([0, Dictionary(S=Name.r), 2, Dictionary(S=Name.D)]))
        pdf.save(path, **how)


def _link(**where: Any) -> Dictionary:
    return Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([2, 2, 9, 7]), Border=Array([0, 0, 0]), **where)


@pytest.fixture(scope="module", params=SAVED)
def before_and_after(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp(request.param)
    document(folder / "scans.pdf", **SAVED[request.param])
    wish = ("--model", "nearest", "--factor", "2", "--keep-pixel-shape")
    done = ran("enhance", folder / "scans.pdf", "--out", folder / "out", *wish)
    assert (done.code, done.err) == (0, "")
    assert "page 3: left as it is (it has text of its own)" in done.out
    return folder / "scans.pdf", folder / "out" / "scans.pdf"


def said(*command: object) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_nothing_is_wrong_with_it(before_and_after: tuple[Path, Path]):
    for path in before_and_after:
        assert "No syntax or stream encoding errors found" in said("qpdf", "--check", path)
        assert said("qpdf", "--show-npages", path) == "5\n"


def test_boxes_rotations_and_units_stay(before_and_after: tuple[Path, Path]):
    infos = [said("pdfinfo", "-box", "-f", 1, "-l", 5, path).splitlines() for path in before_and_after]
    before, after = ([line for line in info if re.match(r"Page +\d", line)] for info in infos)
    assert after == before
    assert len([line for line in before if "Box" in line]) == 25
    assert [line.split()[-1] for line in before if " rot:" in line] == ["0", "90", "0", "270", "0"]
    with pikepdf.open(before_and_after[1]) as pdf:
        assert [float(page.obj.get("/UserUnit", 1)) for page in pdf.pages] == [1, 1, 1, 2, 1]


def outline(path: Path, key: str) -> Any:
    found = json.loads(said("qpdf", "--json", f"--json-key={key}", path))[key]
    with pikepdf.open(path) as pdf:  # objects are numbered anew: a page is told by its place
        places = {f"{page.obj.objgen[0]} 0 R": f"page {number}" for number, page in enumerate(pdf.pages, 1)}
    text = re.sub(r"\d+ 0 R", lambda match: places.get(match[0], "an object"), json.dumps(found, sort_keys=True))
    return json.loads(text)


def test_bookmarks_lead_where_they_led(before_and_after: tuple[Path, Path]):
    before, after = (outline(path, "outlines") for path in before_and_after)
    assert after == before
    chapter, end = before
    assert [chapter["title"], *(kid["title"] for kid in chapter["kids"])] == ["Chapter", "Turned", "Large"]
    assert [chapter["destpageposfrom1"], *(kid["destpageposfrom1"] for kid in chapter["kids"])] == [1, 2, 4]
    assert (end["title"], end["dest"][0]) == ("Ünd am Ende", "page 5")
    assert outline(before_and_after[0], "pagelabels") == outline(before_and_after[1], "pagelabels") != []


def links(path: Path) -> list[Any]:
    with pikepdf.open(path) as pdf:
        web, inside = (page.obj.Annots[0] for page in list(pdf.pages)[:2])
        target = pdf.pages.index(pikepdf.Page(inside.Dest[0]))
        rest = [str(entry) for entry in list(inside.Dest)[1:]]
        return [list(map(float, web.Rect)), str(web.A.URI), list(map(float, inside.Rect)), target, rest]


def test_links_lead_where_they_led(before_and_after: tuple[Path, Path]):
    before, after = map(links, before_and_after)
    assert after == before
    assert before[1:2] + before[3:4] == ["http://a.example", 4]


def test_hidden_and_own_text_stays_in_its_place(before_and_after: tuple[Path, Path]):
    before, after = (said("pdftotext", "-bbox", path, "-") for path in before_and_after)
    assert after == before
    words = " ".join(re.findall(r">([^<]+)</word>", before))
    hidden = [f"Recognised words of {number}" for number in SCANS]
    assert words == " ".join([*hidden[:2], "Typeset words", *hidden[2:]])


def test_images_are_twice_as_fine(before_and_after: tuple[Path, Path]):
    before, after = (
        [line.split() for line in said("pdfimages", "-list", path).splitlines()[2:]] for path in before_and_after
    )
    assert [int(row[0]) for row in before] == [int(row[0]) for row in after] == list(SCANS)
    for one, other in zip(before, after, strict=True):
        assert [int(value) for value in other[3:5]] == [2 * int(value) for value in one[3:5]]
        assert [int(value) for value in other[12:14]] == pytest.approx([2 * int(v) for v in one[12:14]], abs=2)
        assert other[6:8] == one[6:8]  # components and bits
    assert [row[8] for row in after] == ["jpeg", "ccitt", "jpeg", "jpeg"]


def test_pages_look_as_before(before_and_after: tuple[Path, Path], tmp_path: Path):
    for name, path in zip(("before", "after"), before_and_after, strict=True):
        said("pdftoppm", "-png", "-cropbox", "-r", 200, path, tmp_path / name)
    shown = [[cv2.imread(str(one)) for one in sorted(tmp_path.glob(f"{name}-*.png"))] for name in ("before", "after")]
    for one, other in zip(*shown, strict=True):
        assert isinstance(one, np.ndarray)
        assert isinstance(other, np.ndarray)
        assert one.shape == other.shape
        assert np.ptp(one) > 100
        right, wrong = (np.abs(seen.astype(int) - other).mean() for seen in (one, one[::-1]))
        assert right < 4  # at the edges of what is on these small pages
        assert wrong > 5 * right


def test_one_bit_pages_go_to_pdf_and_back_without_loss(tmp_path: Path):
    pages = [Image.fromarray(bits).convert("1", dither=Image.Dither.NONE) for bits in (BITS, BITS[::-1], BITS[:30])]
    pages[0].save(tmp_path / "fax.tif", compression="group4", dpi=DPI, save_all=True, append_images=pages[1:])
    as_it_is = ("--model", "none", "--format")
    assert ran("enhance", tmp_path / "fax.tif", "--out", tmp_path / "pdf", *as_it_is, "pdf").code == 0
    said("qpdf", "--check", tmp_path / "pdf" / "fax.pdf")
    assert ran("enhance", tmp_path / "pdf" / "fax.pdf", "--out", tmp_path / "tif", *as_it_is, "tiff").code == 0
    with Image.open(tmp_path / "fax.tif") as before, Image.open(tmp_path / "tif" / "fax.tif") as after:
        for one, other in zip(ImageSequence.Iterator(before), ImageSequence.Iterator(after), strict=True):
            assert (other.mode, other.size, other.info["compression"]) == ("1", one.size, "group4")
            assert other.info["dpi"] == pytest.approx(DPI, abs=0.05)
            assert one.tobytes() == other.tobytes()


def test_an_image_that_pages_share_is_enlarged_on_each(tmp_path: Path):
    with pikepdf.new() as pdf:
        image: Stream = coded_jpeg(pdf)
        for _ in range(3):
            add_page(pdf, FILLING, {"/Im0": image}, SIZE)
        pdf.save(tmp_path / "shared.pdf")
    done = ran("enhance", tmp_path / "shared.pdf", "--out", tmp_path / "out", "--model", "nearest", "--factor", "2")
    assert done.code == 0
    said("qpdf", "--check", tmp_path / "out" / "shared.pdf")
    rows = [line.split() for line in said("pdfimages", "-list", tmp_path / "out" / "shared.pdf").splitlines()[2:]]
    assert [(row[0], row[3]) for row in rows] == [(str(number), str(2 * image.Width)) for number in (1, 2, 3)]
