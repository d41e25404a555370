"""Images stay that are used by what is drawn with a page and has no resources of its own, or not this name in them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream

from docsr.io.pdf import name_uses
from docsr.io.pdf.name_uses import Uses
from docsr.io.pdf.scans import open_scans
from tests.io.pdf.files import FILLING, GREY, WIDTH, add_page, doubled, image_of, shown

OTHER = FILLING.replace("Im0", "Im1")


def form(pdf: pikepdf.Pdf, content: str = OTHER, **more: Any) -> Any:
    return pdf.make_stream(content.encode(), Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 60, 80]), **more)


def stamp(pdf: pikepdf.Pdf, page: Any, look: Any) -> None:
    place, looks = Array([10, 10, 40, 50]), Dictionary(N=look)
    kind = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, F=4, Rect=place, AP=looks, AS=Name.On)
    page.Annots = Array([pdf.make_indirect(kind)])


def pattern(pdf: pikepdf.Pdf) -> Any:
    tile = {"PatternType": 1, "PaintType": 1, "TilingType": 1, "XStep": 60, "YStep": 80}
    return pdf.make_stream(OTHER.encode(), Type=Name.Pattern, BBox=Array([0, 0, 60, 80]), **tile)


def put(page: Any, kind: str, one: Any) -> None:
    page.Resources[kind] = Dictionary({"/X0": one})


def state(pdf: pikepdf.Pdf) -> Any:
    group = form(pdf, Group=Dictionary(S=Name.Transparency, CS=Name.DeviceGray))
    return Dictionary(SMask=Dictionary(S=Name.Luminosity, G=group))


def font(pdf: pikepdf.Pdf, **more: Any) -> Any:
    return Dictionary(Subtype=Name.Type3, CharProcs=Dictionary(a=pdf.make_stream(OTHER.encode())), **more)


USERS: dict[str, Any] = {
    "a stamp": lambda pdf, page: stamp(pdf, page, form(pdf)),
    "a stamp in a state": lambda pdf, page: stamp(pdf, page, Dictionary(On=form(pdf), Off=form(pdf, "n"))),
    "a stamp with other resources": lambda pdf, page: stamp(pdf, page, form(pdf, Resources=Dictionary())),
    "a form in a stamp": lambda pdf, page: stamp(
        pdf, page, form(pdf, "/Fm0 Do", Resources=Dictionary(XObject=Dictionary(Fm0=form(pdf))))
    ),
    "a pattern": lambda pdf, page: put(page, "/Pattern", pattern(pdf)),
    "a pattern in a stamp": lambda pdf, page: stamp(
        pdf, page, form(pdf, "n", Resources=Dictionary(Pattern=Dictionary(P0=pattern(pdf))))
    ),
    "a soft mask": lambda pdf, page: put(page, "/ExtGState", state(pdf)),
    "a soft mask in a shading pattern": lambda pdf, page: put(
        page, "/Pattern", Dictionary(PatternType=2, ExtGState=state(pdf))
    ),
    "glyphs": lambda pdf, page: put(page, "/Font", font(pdf)),
    "glyphs with other resources": lambda pdf, page: put(page, "/Font", font(pdf, Resources=Dictionary())),
    "glyphs of a graphics state": lambda pdf, page: put(
        page, "/ExtGState", Dictionary(Font=Array([pdf.make_indirect(font(pdf)), 9]))
    ),
    "nothing": lambda pdf, page: None,
    "a stamp that has its own": lambda pdf, page: stamp(
        pdf, page, form(pdf, Resources=Dictionary(XObject=Dictionary(Im1=image_of(pdf, GREY[::-1].tobytes()))))
    ),
}


@pytest.mark.parametrize("user", USERS)
def test_what_is_taken_from_a_page_stays(tmp_path: Path, user: str):
    path, out = tmp_path / "a.pdf", tmp_path / "b.pdf"
    with pikepdf.new() as pdf:
        page = add_page(pdf, FILLING, {f"/Im{i}": image_of(pdf, GREY[:: 1 - 2 * i].tobytes()) for i in range(2)})
        USERS[user](pdf, page.obj)
        pdf.save(path)
    with open_scans(path) as scans:
        (leaf,) = scans.leaves
        assert leaf.reason is None
        leaf.replace(doubled(leaf.read()))
        scans.save(out)
    with pikepdf.open(out) as pdf:
        table = pdf.pages[0].obj.Resources.XObject
        assert table["/Im0"].Width == 2 * WIDTH
        assert ("/Im1" in table) == (user not in {"nothing", "a stamp that has its own"})


def test_a_stamp_is_seen_as_before(tmp_path: Path):
    path, out = tmp_path / "a.pdf", tmp_path / "b.pdf"
    black = bytes(GREY.size)
    with pikepdf.new() as pdf:
        page = add_page(pdf, FILLING, {"/Im0": image_of(pdf, GREY.tobytes()), "/Im1": image_of(pdf, black)})
        look: Stream = form(pdf)
        stamp(pdf, page.obj, look)
        pdf.save(path)
    with open_scans(path) as scans:
        scans.leaves[0].replace(doubled(scans.leaves[0].read()))
        scans.save(out)
    assert shown(path)[40:65, 15:35].max() == 0
    assert shown(out)[40:65, 15:35].max() == 0


def page_of(pdf: pikepdf.Pdf, table: dict[str, Any], **more: Any) -> Any:
    """A page that draws a scan and all forms of its table."""
    page = add_page(pdf, FILLING + "".join(f" {name} Do" for name in table), {"/Im0": image_of(pdf, b""), **table})
    for kind, one in more.items():
        page.obj.Resources[f"/{kind}"] = one
    return page.obj


def with_table(pdf: pikepdf.Pdf, content: str, **table: Any) -> Any:
    return form(pdf, content, Resources=Dictionary(XObject=Dictionary(**table)))


def test_a_form_is_followed_wherever_it_is_used():
    """What a form without resources draws is another thing in each of the forms that use it."""
    with pikepdf.new() as pdf:
        inner = form(pdf, "/Y Do")
        outer = {f"/Fm{i}": with_table(pdf, "/X Do", X=inner, Y=form(pdf, f"/Im{i} Do")) for i in range(1, 4)}
        used = Uses().names_in(page_of(pdf, outer))
    assert used is not None
    assert used >= {"/Im1", "/Im2", "/Im3"}


def test_glyphs_are_followed_in_each_font():
    """Fonts that are no objects share a glyph, and have other resources."""
    with pikepdf.new() as pdf:
        glyph = pdf.make_stream(b"/Y Do")
        fonts = {
            f"/F{i}": Dictionary(
                Subtype=Name.Type3, CharProcs=Dictionary(a=glyph),
                Resources=Dictionary(XObject=Dictionary(Y=form(pdf, f"/Im{i} Do"))),
            )
            for i in range(1, 4)
        }  # fmt: skip
        used = Uses().names_in(page_of(pdf, {}, Font=Dictionary(fonts)))
    assert used is not None
    assert used >= {"/Im1", "/Im2", "/Im3"}


def test_what_is_read_for_a_page_has_one_limit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(name_uses, "MAX_CONTENT_BYTES", 2000)
    with pikepdf.new() as pdf:
        forms = [form(pdf, "q Q " * 200) for _ in range(3)]
        small, large = page_of(pdf, {"/Fm0": forms[0]}), page_of(pdf, {"/Fm1": forms[1], "/Fm2": forms[2]})
        uses = Uses()
        assert uses.names_in(small) == {"/Im0", "/Fm0"}
        assert uses.names_in(large) is None  # with what was read before
        assert uses.names_in(forms[0]) is None
        uses.next_page()
        assert uses.names_in(forms[0]) == set()
        assert Uses().names_in(large) == {"/Im0", "/Fm1", "/Fm2"}


@pytest.mark.parametrize("shared", ["resources", "patterns"])
def test_parts_that_share_resources_take_no_time_each_by_each(shared: str):
    count = 1000
    with pikepdf.new() as pdf:
        tiles = {f"/P{i}": pdf.make_stream(b"n", Type=Name.Pattern, PatternType=1) for i in range(count)}
        patterns = pdf.make_indirect(Dictionary(tiles))
        resources = pdf.make_indirect(Dictionary(Pattern=patterns, XObject=Dictionary()))
        for tile in tiles.values():
            tile.Resources = resources if shared == "resources" else Dictionary(Pattern=patterns)
        page = page_of(pdf, {}, Pattern=patterns)
        start = time.process_time()
        used = Uses().names_in(page)
        assert time.process_time() - start < 3
    assert used == ({"/Im0"} if shared == "resources" else None)


def test_only_what_is_drawn_is_used():
    """Other operators take names of other tables, which may be the same."""
    with pikepdf.new() as pdf:
        page = page_of(pdf, {})
        page.Contents = pdf.make_stream(f"/Im7 gs /Im8 ri {FILLING} /Im9 /Other Do".encode())
        assert Uses().names_in(page) == {"/Im0"}
