"""An image that pages share is stored once when it is enlarged, and what no page shows any more goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream

from docsr.io.pdf import name_uses
from docsr.io.pdf.content import MAX_CONTENT_BYTES
from docsr.io.pdf.scans import open_scans
from docsr.page import Page
from tests.io.pdf.files import (
    BITS,
    FILLING,
    GREY,
    HEIGHT,
    WIDTH,
    add_page,
    difference,
    doubled,
    image_of,
    packed,
    shown,
)

TEXT = f"BT /F1 9 Tf 5 5 Td (seen) Tj ET {FILLING}"


def shared_file(path: Path, contents: list[str], where: str = "page", images: int = 3, **more: Any) -> Path:
    """Pages with these contents that all have the same names (Im0, Im1, ...), each of an image of its own."""
    with pikepdf.new() as pdf:
        table = {
            f"/Im{number}": pdf.make_indirect(image_of(pdf, (GREY - number).tobytes())) for number in range(images)
        }
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        resources = pdf.make_indirect(Dictionary(XObject=Dictionary(table), Font=Dictionary(F1=font)))
        for content in contents:
            page = add_page(pdf, content, {}, **more)
            if where == "page":
                page.obj.Resources = resources
            else:
                del page.obj.Resources
        if where == "above":
            pdf.Root.Pages.Resources = resources
        pdf.save(path)
    return path


def enlarge(path: Path, out: Path, numbers: list[int] | None = None) -> None:
    with open_scans(path) as scans:
        for leaf in scans.leaves:
            if leaf.reason is None and (numbers is None or leaf.number in numbers):
                leaf.replace(doubled(leaf.read()))
        scans.save(out)


def widths(path: Path) -> list[int]:
    with pikepdf.open(path) as pdf:
        return sorted(int(one.Width) for one in pdf.objects if isinstance(one, Stream) and "/Width" in one)


def check_alike(path: Path, out: Path, pages: int) -> None:
    for number in range(pages):
        assert difference(shown(out, number), shown(path, number)) <= 2


def showing(*numbers: int) -> list[str]:
    return [FILLING.replace("Im0", f"Im{number}") for number in numbers]


@pytest.mark.parametrize("where", ["page", "above"])
def test_names_that_a_page_does_not_use_are_dropped(tmp_path: Path, where: str):
    path = shared_file(tmp_path / "a.pdf", showing(0, 1, 2), where)
    enlarge(path, tmp_path / "b.pdf")
    assert widths(tmp_path / "b.pdf") == [2 * WIDTH] * 3
    check_alike(path, tmp_path / "b.pdf", 3)


@pytest.mark.parametrize("where", ["page", "above"])
def test_what_other_pages_show_stays(tmp_path: Path, where: str):
    """A page with text is left with its image, one that is not enlarged too; an image that no page shows stays."""
    path = shared_file(tmp_path / "a.pdf", [*showing(0, 1), TEXT.replace("Im0", "Im1"), *showing(2)], where, images=4)
    enlarge(path, tmp_path / "b.pdf", numbers=[0, 1])
    assert widths(tmp_path / "b.pdf") == [WIDTH] * 3 + [2 * WIDTH] * 2
    check_alike(path, tmp_path / "b.pdf", 4)


def test_nothing_is_dropped_where_it_cannot_be_told_what_is_shown(tmp_path: Path):
    path = shared_file(tmp_path / "a.pdf", [*showing(0), "q Q " * (MAX_CONTENT_BYTES // 4) + FILLING], images=2)
    enlarge(path, tmp_path / "b.pdf")
    assert widths(tmp_path / "b.pdf") == [WIDTH, WIDTH, 2 * WIDTH]


def test_the_limit_of_content_is_that_of_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(name_uses, "MAX_CONTENT_BYTES", 1000)
    path = shared_file(tmp_path / "a.pdf", [f"{'q Q ' * 200}{content}" for content in showing(0, 1, 2)])
    enlarge(path, tmp_path / "b.pdf")
    assert widths(tmp_path / "b.pdf") == [2 * WIDTH] * 3


@pytest.mark.parametrize("kind", ["its own resources", "those of its page", "glyphs", "nothing"])
def test_what_forms_and_glyphs_show_stays(tmp_path: Path, kind: str):
    text = TEXT.replace("Im0", "Im1")
    second_shows = text if kind in {"glyphs", "nothing"} else f"/Fm0 Do {text}"
    path = shared_file(tmp_path / "a.pdf", [*showing(0), second_shows, *showing(1)], images=2)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        second = pdf.pages[1].obj
        form = pdf.make_stream(FILLING.encode(), Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 60, 80]))
        if kind == "its own resources":
            form.Resources = second.Resources
        if kind == "glyphs":
            glyph = pdf.make_stream(b"60 0 d0 " + FILLING.encode())
            second.Resources.Font.F3 = Dictionary(Type=Name.Font, Subtype=Name.Type3, CharProcs=Dictionary(a=glyph))
        if kind not in {"glyphs", "nothing"}:
            second.Resources.XObject.Fm0 = pdf.make_indirect(form)
        pdf.save(path)
    enlarge(path, tmp_path / "b.pdf", numbers=[0, 2])
    check_alike(path, tmp_path / "b.pdf", 3)
    assert widths(tmp_path / "b.pdf").count(WIDTH) == (1 if kind == "nothing" else 2)


@pytest.mark.parametrize("rotate", [0, 90])
def test_pages_that_show_one_image_can_share_the_new_one(tmp_path: Path, rotate: int):
    path = shared_file(tmp_path / "a.pdf", showing(0, 0))
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[1].Rotate = rotate
        pdf.save(path)
    with open_scans(path) as scans:
        one, other = scans.leaves
        size = (2 * WIDTH, 2 * HEIGHT)
        assert one.shows(size) == other.shows(size if rotate == 0 else size[::-1])
        assert one.shows(size) != other.shows((WIDTH, HEIGHT))
        one.replace(doubled(one.read()))
        other.show_as(one.number)
        scans.save(tmp_path / "b.pdf")
    assert widths(tmp_path / "b.pdf") == [2 * WIDTH]
    check_alike(path, tmp_path / "b.pdf", 2)


def test_a_stencil_in_two_colours_is_two_images(tmp_path: Path):
    with pikepdf.new() as pdf:
        image = pdf.make_indirect(image_of(pdf, packed(BITS >> 7, 1), None, 1, ImageMask=True))
        for paint in ("", "0 0 1 rg ", "0 0 0 rg "):
            add_page(pdf, paint + FILLING, {"/Im0": image})
        pdf.save(tmp_path / "a.pdf")
    with open_scans(tmp_path / "a.pdf") as scans:
        black, blue, also_black = (leaf.shows((WIDTH, HEIGHT)) for leaf in scans.leaves)
    assert black == also_black != blue


def test_strips_are_shared_too(tmp_path: Path):
    half = HEIGHT // 2
    place = f"q {WIDTH} 0 0 {half} 0"
    with pikepdf.new() as pdf:
        strips = {
            f"/S{number}": pdf.make_indirect(
                image_of(pdf, GREY[number * half :][:half].tobytes(), size=(WIDTH, half))
            )
            for number in range(2)
        }  # fmt: skip
        for _ in range(2):
            add_page(pdf, f"{place} {half} cm /S0 Do Q {place} 0 cm /S1 Do Q", strips)
        pdf.save(tmp_path / "a.pdf")
    with open_scans(tmp_path / "a.pdf") as scans:
        one, other = scans.leaves
        assert one.shows((1, 1)) == other.shows((1, 1))
        one.replace(doubled(one.read()))
        other.show_as(one.number)
        scans.save(tmp_path / "b.pdf")
    assert widths(tmp_path / "b.pdf") == [2 * WIDTH]
    check_alike(tmp_path / "a.pdf", tmp_path / "b.pdf", 2)


def test_only_a_page_with_a_new_image_can_lend_it(tmp_path: Path):
    with open_scans(shared_file(tmp_path / "a.pdf", showing(0, 0))) as scans:
        one, other = scans.leaves
        with pytest.raises(KeyError):
            one.show_as(other.number)
        other.replace(Page(np.full((HEIGHT, WIDTH), 9, np.uint8)))
        one.show_as(other.number)
        scans.save(tmp_path / "b.pdf")
    with open_scans(tmp_path / "b.pdf") as scans:
        assert [leaf.read().pixels.max() for leaf in scans.leaves] == [9, 9]
