"""Scans in PDF files: enlarged, they look as before, and the rest of the document stays as it was."""

from __future__ import annotations

import itertools
import math
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, OutlineItem

from docsr.errors import PageError
from docsr.io.pdf.scans import open_scans, write_scans
from docsr.page import Page
from tests.io.pdf.files import (
    BITS,
    FILLING,
    GREY,
    HEIGHT,
    RGB,
    SRGB,
    WIDTH,
    add_page,
    as_rgb,
    difference,
    doubled,
    enlarge,
    icc,
    image_of,
    reasons,
    scan_file,
    shown,
)  # fmt: skip

SIDEWAYS = [(1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)]
MIRRORED = [(-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)]


def checked(path: Path) -> Path:
    found = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
    return path


def listed(path: Path) -> list[list[str]]:
    """What pdfimages says of each image: page, number, type, width, height, colour, components, bits, coding, ..."""
    text = subprocess.run(["pdfimages", "-list", path], capture_output=True, text=True, check=True).stdout
    return [line.split() for line in text.splitlines()[2:]]


def turned_content(a: int, b: int, c: int, d: int, wide: float, high: float) -> str:
    """Show an image filling a page of wide x high points, its sides along these directions."""
    x, y = (0 if a + c > 0 else wide), (0 if b + d > 0 else high)
    return f"q {a * wide} {b * high} {c * wide} {d * high} {x} {y} cm /Im0 Do Q"


@pytest.mark.parametrize("rotate", [0, 90, 180, 270, -90])
@pytest.mark.parametrize("directions", SIDEWAYS + MIRRORED)
def test_an_enlarged_page_looks_as_before(tmp_path: Path, directions: tuple[int, int, int, int], rotate: int):
    wide, high = (HEIGHT, WIDTH) if directions[0] == 0 else (WIDTH, HEIGHT)
    path = scan_file(tmp_path / "a.pdf", turned_content(*directions, wide, high), size=(wide, high), Rotate=rotate)
    (page,) = enlarge(path, tmp_path / "b.pdf")
    assert difference(as_rgb(page.pixels), shown(path)) <= 0.6  # as the reader sees it
    assert difference(shown(checked(tmp_path / "b.pdf")), shown(path)) <= 2
    (image,) = listed(tmp_path / "b.pdf")
    assert image[3:5] == [str(2 * WIDTH), str(2 * HEIGHT)]
    with pikepdf.open(tmp_path / "b.pdf") as pdf:  # the old one is gone
        assert sum(isinstance(stored, pikepdf.Stream) for stored in pdf.objects) == 2


def test_resolution_is_what_the_placement_says(tmp_path: Path):
    content = f"q {WIDTH / 4} 0 0 {HEIGHT / 2} 0 0 cm /Im0 Do Q"
    size = (WIDTH / 4, HEIGHT / 2)
    for rotate, unit, expected in [(0, 1, (288, 144)), (90, 1, (144, 288)), (0, 2, (144, 72))]:
        path = scan_file(tmp_path / "a.pdf", content, size=size, Rotate=rotate, UserUnit=unit)
        (page,) = enlarge(path, tmp_path / "b.pdf")
        assert page.dpi == pytest.approx(expected)
        with open_scans(tmp_path / "b.pdf") as scans:
            assert scans.leaves[0].read().dpi == (2 * expected[0], 2 * expected[1])


def test_a_rotation_and_a_box_may_come_from_above(tmp_path: Path):
    path = scan_file(tmp_path / "a.pdf")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        leaf, root = pdf.pages[0].obj, pdf.Root.Pages
        root.Rotate, root.MediaBox, root.Resources = 90, leaf.MediaBox, leaf.Resources
        del leaf.MediaBox, leaf.Resources
        pdf.save(path)
    (page,) = enlarge(path, tmp_path / "b.pdf")
    assert page.pixels.shape == (WIDTH, HEIGHT)
    assert difference(shown(tmp_path / "b.pdf"), shown(path)) <= 2


def test_a_page_that_was_straightened_is_read_as_stored(tmp_path: Path):
    cos, sin = math.cos(math.radians(2)), math.sin(math.radians(2))
    content = f"q {WIDTH * cos} {WIDTH * sin} {-HEIGHT * sin} {HEIGHT * cos} 2 0 cm /Im0 Do Q"
    path = scan_file(tmp_path / "a.pdf", content)
    (page,) = enlarge(path, tmp_path / "b.pdf")
    assert np.array_equal(page.pixels, GREY)
    assert page.dpi == pytest.approx((72, 72), abs=0.1)
    assert difference(shown(tmp_path / "b.pdf"), shown(path)) <= 2


HIDDEN = "BT 3 Tr /F1 10 Tf 5 40 Td (secret words) Tj ET "


def rich_file(path: Path) -> Path:
    """Three pages with everything that must survive; the first and the third show the same image, by shared names."""
    with pikepdf.new() as pdf:
        font = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
        shared = pdf.make_indirect(
            Dictionary(
                XObject=pdf.make_indirect(Dictionary(Im0=image_of(pdf, GREY.tobytes()))), Font=Dictionary(F1=font)
            )
        )
        box = Array([-5, -5, WIDTH + 5, HEIGHT + 5])
        for content in (HIDDEN + FILLING, HIDDEN.replace("3 Tr", "0 Tr") + FILLING, "1 g 0 0 60 80 re f " + FILLING):
            add_page(pdf, content, {}, Resources=shared, MediaBox=box, CropBox=Array([0, 0, WIDTH, HEIGHT]))
        link = Dictionary(
            Type=Name.Annot, Subtype=Name.Link, Rect=Array([1, 1, 9, 9]), Border=Array([0, 0, 0]),
            A=Dictionary(S=Name.URI, URI=pikepdf.String("https://example.org")),
        )  # fmt: skip
        pdf.pages[0].obj.Annots = Array([pdf.make_indirect(link)])
        with pdf.open_outline() as outline:
            outline.root.append(OutlineItem("Chapter", 2))
        pdf.docinfo["/Title"], pdf.docinfo["/ModDate"] = "Scanned", "D:20200102030405Z"
        with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
            metadata["dc:title"] = "Scanned"
            metadata["xmp:CreateDate"] = datetime(2020, 1, 2, tzinfo=UTC).isoformat()
        pdf.attachments["note.txt"] = b"attached"
        pdf.save(path)
    return path


def page_number(pdf: pikepdf.Pdf, item: Any) -> int:
    return pdf.pages.index(pikepdf.Page(item.destination[0]))


def rest_of(path: Path) -> dict[str, Any]:
    """All of a document but its images."""
    with pikepdf.open(path) as pdf, pdf.open_outline() as outline:
        leaves = [{key: repr(leaf.obj.get(key)) for key in KEPT} for leaf in pdf.pages]
        return {
            "leaves": leaves,
            "contents": [leaf.Contents.read_bytes() for leaf in pdf.pages],
            "links": [str(link.A.URI) for leaf in pdf.pages for link in leaf.obj.get("/Annots", [])],
            "outline": [(item.title, page_number(pdf, item)) for item in outline.root],
            "metadata": pdf.Root.Metadata.read_bytes(),
            "information": {key: str(value) for key, value in pdf.docinfo.items()},
            "attachments": {name: found.get_file().read_bytes() for name, found in pdf.attachments.items()},
            "version": pdf.pdf_version,
        }


KEPT = ("/MediaBox", "/CropBox", "/Rotate", "/UserUnit")


def text_of(path: Path) -> str:
    return subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, text=True, check=True).stdout


def test_all_but_the_images_stays_as_it_was(tmp_path: Path):
    path = rich_file(tmp_path / "a.pdf")
    assert reasons(path) == [None, "it has text of its own", None]
    enlarge(path, tmp_path / "b.pdf")
    assert rest_of(checked(tmp_path / "b.pdf")) == rest_of(path)
    assert text_of(tmp_path / "b.pdf") == text_of(path)
    assert "secret words" in text_of(path)
    for number in range(3):
        assert difference(shown(tmp_path / "b.pdf", number), shown(path, number)) <= 2
    widths = [int(image[3]) for image in listed(tmp_path / "b.pdf")]
    assert widths == [2 * WIDTH, WIDTH, 2 * WIDTH]


def test_pages_that_share_an_image_are_replaced_one_by_one(tmp_path: Path):
    path = rich_file(tmp_path / "a.pdf")
    enlarge(path, tmp_path / "b.pdf", numbers=[2])
    assert [int(image[3]) for image in listed(tmp_path / "b.pdf")] == [WIDTH, WIDTH, 2 * WIDTH]


def test_a_page_is_replaced_again(tmp_path: Path):
    path = scan_file(tmp_path / "a.pdf")
    with open_scans(path) as scans:
        (leaf,) = scans.leaves
        leaf.replace(Page(np.zeros((HEIGHT, WIDTH), np.uint8)))
        leaf.replace(doubled(doubled(leaf.read())))
        scans.save(tmp_path / "b.pdf")
    ((*_, width, height, _colour, _n, _bits, _coding, _i, _o, _g, _x, _y, _size, _ratio),) = listed(tmp_path / "b.pdf")
    assert (int(width), int(height)) == (4 * WIDTH, 4 * HEIGHT)


def test_an_image_inside_forms_is_replaced_on_its_page_alone(tmp_path: Path):
    path = tmp_path / "a.pdf"
    with pikepdf.new() as pdf:
        image = image_of(pdf, GREY.tobytes())
        inner = pdf.make_stream(FILLING.encode(), Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 60, 80]))
        outer = pdf.make_stream(b"/Fm1 Do", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 60, 80]))
        inner.Resources = Dictionary(XObject=Dictionary(Im0=image))
        outer.Resources = Dictionary(XObject=Dictionary(Fm1=inner))
        outer.Matrix = Array([0.5, 0, 0, 0.5, 0, 0])
        for _ in range(2):
            add_page(pdf, "q 2 0 0 2 0 0 cm /Fm0 Do Q", {"/Fm0": outer})
        pdf.save(path)
    (page, _) = enlarge(path, tmp_path / "b.pdf", numbers=[0]) * 2
    assert page.dpi == pytest.approx((72, 72))
    assert [int(image[3]) for image in listed(checked(tmp_path / "b.pdf"))] == [2 * WIDTH, WIDTH]
    assert difference(shown(tmp_path / "b.pdf"), shown(path)) <= 2


@pytest.mark.parametrize(("rotate", "downwards"), [*itertools.product([0, 90], [True, False])])
def test_strips_are_joined(tmp_path: Path, rotate: int, downwards: bool):
    path, cuts = tmp_path / "a.pdf", [0, 30, 60, HEIGHT]
    with pikepdf.new() as pdf:
        strips = {
            f"/S{top}": image_of(pdf, GREY[top:end].tobytes(), size=(WIDTH, end - top))
            for top, end in itertools.pairwise(cuts)
        }
        content = [
            f"q {WIDTH} 0 0 {end - top} 0 {HEIGHT - end} cm /S{top} Do Q" for top, end in itertools.pairwise(cuts)
        ]
        add_page(pdf, " ".join(content if downwards else content[::-1]), strips, Rotate=rotate)
        pdf.save(path)
    (page,) = enlarge(path, tmp_path / "b.pdf")
    assert difference(as_rgb(page.pixels), shown(path)) <= 0.6
    assert page.dpi == pytest.approx((72, 72))
    assert len(listed(checked(tmp_path / "b.pdf"))) == 1
    assert difference(shown(tmp_path / "b.pdf"), shown(path)) <= 2
    assert reasons(tmp_path / "b.pdf") == [None]
    enlarge(tmp_path / "b.pdf", tmp_path / "c.pdf")
    assert difference(shown(tmp_path / "c.pdf"), shown(path)) <= 3


def test_the_same_changes_give_the_same_bytes(tmp_path: Path):
    path = rich_file(tmp_path / "a.pdf")
    for name in ("b.pdf", "c.pdf"):
        enlarge(path, tmp_path / name)
    assert (tmp_path / "b.pdf").read_bytes() == (tmp_path / "c.pdf").read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_an_image_is_coded_by_what_it_shows(tmp_path: Path):
    drawing = np.where(np.arange(400)[:, None] % 40 < 20, 255, 0) + np.zeros((1, 300), int)
    drawing[0, 0] = 128
    for pixels, coding, bits in [(BITS, "ccitt", "1"), (drawing.astype(np.uint8), "image", "8"), (RGB, "jpeg", "8")]:
        with open_scans(scan_file(tmp_path / "a.pdf")) as scans:
            scans.leaves[0].replace(Page(pixels))
            scans.save(tmp_path / "b.pdf")
        (image,) = listed(checked(tmp_path / "b.pdf"))
        assert (image[8], image[7]) == (coding, bits)
        with open_scans(tmp_path / "b.pdf") as scans:
            again = scans.leaves[0].read().pixels
        assert difference(as_rgb(again), as_rgb(pixels)) <= (3 if coding == "jpeg" else 0)


def test_the_profile_stays_unless_it_does_not_fit(tmp_path: Path):
    with pikepdf.new() as pdf:
        add_page(pdf, FILLING, {"/Im0": image_of(pdf, RGB.tobytes(), icc(pdf, SRGB, 3))})
        pdf.save(tmp_path / "a.pdf")
    for page, expected in [(Page(RGB, icc=SRGB), SRGB), (Page(RGB), None), (Page(GREY, icc=SRGB), None)]:
        with open_scans(tmp_path / "a.pdf") as scans:
            scans.leaves[0].replace(page)
            scans.save(tmp_path / "b.pdf")
        with open_scans(tmp_path / "b.pdf") as scans:
            assert scans.leaves[0].read().icc == expected


def test_pages_are_written_anew(tmp_path: Path):
    def pages() -> Iterator[Page]:
        yield Page(GREY, (72.0, 144.0))
        yield Page(RGB, None, SRGB)
        yield Page(RGB, (10.0, 10.0), SRGB)
        yield Page(np.full((10, 30_000), 200, np.uint8), (100.0, 100.0))
        yield Page(BITS, (200.0, 200.0), bilevel=True)

    write_scans(pages(), tmp_path / "a.pdf")
    checked(tmp_path / "a.pdf")
    with pikepdf.open(tmp_path / "a.pdf") as pdf:
        assert [float(v) for v in pdf.pages[0].mediabox] == [0, 0, WIDTH, HEIGHT / 2]
        assert [float(v) for v in pdf.pages[1].mediabox] == pytest.approx([0, 0, WIDTH * 0.24, HEIGHT * 0.24])
        assert float(pdf.pages[3].mediabox[2]) == 14_400
        assert len({leaf.Resources.XObject.Im0["/ColorSpace"].objgen for leaf in list(pdf.pages)[1:3]}) == 1
    with open_scans(tmp_path / "a.pdf") as scans:
        found = [leaf.read() for leaf in scans.leaves]
    assert [page.dpi for page in found] == [(72, 144), (300, 300), (10, 10), (100, 100), (200, 200)]
    assert [page.icc for page in found] == [None, SRGB, SRGB, None, None]
    assert [page.bilevel for page in found] == [False] * 4 + [True]
    assert np.array_equal(found[4].pixels, BITS)
    with pytest.raises(PageError, match="there are no pages"):
        write_scans([], tmp_path / "b.pdf")
    assert not (tmp_path / "b.pdf").exists()
