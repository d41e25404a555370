"""Which pages are scans; files that cannot be opened, and documents that must not be changed."""

from __future__ import annotations

import subprocess
import sys
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from docsr.errors import PageError
from docsr.io.pdf.scans import open_scans
from tests.io.pdf.files import BITS, FILLING, GREY, HEIGHT, WIDTH, add_page, doubled, image_of, reasons, scan_file

FONTS = Dictionary(
    F1=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica),
    F3=Dictionary(Type=Name.Font, Subtype=Name.Type3),
)
STATES = Dictionary(
    Half=Dictionary(ca=0.5), Whole=Dictionary(ca=1, BM=Name.Normal, SMask=Name("/None")),
    Multiply=Dictionary(BM=Array([Name.Multiply])), Hidden=Dictionary(Font=Array([FONTS.F3, 10])),
)  # fmt: skip
SPACES = Dictionary(
    Plain=Array([Name.CalGray, Dictionary(WhitePoint=Array([1, 1, 1]))]),
    Spot=Array([Name.Separation, Name.Gold, Name.DeviceGray, Dictionary(FunctionType=2, N=1, Domain=Array([0, 1]))]),
)


def page_file(path: Path, content: str, **more: Any) -> Path:
    """A page with images Im0 (the scan) and Im1, an empty form, one that shows itself, and resources to draw with."""
    with pikepdf.new() as pdf:
        form = pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 1, 1]))
        loop = pdf.make_stream(b"/Loop Do", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 1, 1]))
        layered = image_of(pdf, GREY.tobytes(), OC=Dictionary(Type=Name.OCG))
        images = {"/Im0": image_of(pdf, GREY.tobytes()), "/Im1": image_of(pdf, GREY.tobytes())}
        page = add_page(pdf, content, {**images, "/Form": form, "/Loop": loop, "/Layered": layered}, **more)
        resources = page.obj.Resources
        resources.Font, resources.ExtGState, resources.ColorSpace = FONTS, STATES, SPACES
        pdf.save(path)
    return path


HALF = f"q {WIDTH} 0 0 {HEIGHT / 2} 0 0 cm"


@pytest.mark.parametrize(
    "content",
    [
        FILLING,
        "1 0 0 1 5 5 cm 1 0 0 1 -5 -5 cm " + FILLING,
        "1 g 0 0 60 80 re f " + FILLING,
        "1 1 1 rg 0 0 60 80 re f " + FILLING + " 0 0 0 0 k 0 0 5 5 re f*",
        "/Plain cs 1 sc 0 0 60 80 re f " + FILLING,
        "/DeviceRGB cs 1 1 1 scn 0 0 60 80 re f " + FILLING,
        "0 0 60 80 re W n " + FILLING,
        "0 0 5 5 re n " + FILLING,
        "/Whole gs " + FILLING + " q /Half gs Q",
        FILLING + " BT 3 Tr /F1 9 Tf (hidden) Tj [(a) 5 (b)] TJ (c) ' ET",
        "q 3 Tr q 0 Tr Q BT /F1 9 Tf (hidden) Tj ET Q " + FILLING,
        FILLING + " /Form Do Q Q",
        f"q {WIDTH * 0.8} 0 0 {HEIGHT * 0.8} 5 5 cm /Im0 Do Q",
        f"q {WIDTH * 2} 0 0 {HEIGHT * 2} -20 -20 cm /Im0 Do Q",
    ],
)
def test_these_pages_are_scans(tmp_path: Path, content: str):
    assert reasons(page_file(tmp_path / "a.pdf", content)) == [None]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "it has no image"),
        (FILLING + " BT /F1 9 Tf (seen) Tj ET", "it has text of its own"),
        (FILLING + " BT 3 Tr /F3 9 Tf (drawn) Tj ET", "it has text of its own"),
        (FILLING + " BT 3 Tr /Hidden gs (drawn) Tj ET", "it has text of its own"),
        (FILLING + " q 3 Tr Q BT /F1 9 Tf (seen) Tj ET", "it has text of its own"),
        (FILLING + ' BT 7 Tr /F1 9 Tf 1 1 (clips) " ET', "it has text of its own"),
        (FILLING + " 0 0 5 5 re f", "it has vector drawing"),
        (FILLING + " 1 g q 0 g Q 0 0 5 5 re f 0.5 g 0 0 5 5 re f", "it has vector drawing"),
        (FILLING + " /Spot cs 1 scn 0 0 5 5 re f", "it has vector drawing"),
        (FILLING + " 1 g 0 0 5 5 re B", "it has vector drawing"),
        (FILLING + " 0 0 m 5 5 l S", "it has vector drawing"),
        (FILLING + " /Sh0 sh", "it has shadings"),
        (FILLING + " BI /W 1 /H 1 /BPC 8 /CS /G ID x EI", "it has inline images"),
        (FILLING + " q 5 0 0 5 0 0 cm /Im1 Do Q", "it has more than one image"),
        (FILLING + " " + FILLING, "it has more than one image"),
        (f"{HALF} /Im0 Do Q {HALF} 1 0 0 1 0 1.2 cm /Im1 Do Q", "it has more than one image"),
        (f"{HALF} /Im0 Do Q 0 0 60 80 re W n {HALF} 1 0 0 1 0 1 cm /Im1 Do Q", "it has more than one image"),
        (f"{HALF} /Im0 Do Q", "its image covers too little of it"),
        ("q 60 0 0 80 70 0 cm /Im0 Do Q", "its image covers too little of it"),
        ("q 0 0 0 0 0 0 cm /Im0 Do Q", "its image covers too little of it"),
        ("/Half gs " + FILLING, "its image is drawn with transparency"),
        ("/Multiply gs " + FILLING, "its image is drawn with transparency"),
        ("/OC /Layer BDC " + FILLING + " EMC", "it has layers"),
        (FILLING.replace("Im0", "Layered"), "it has layers"),
        (FILLING + " /Nothing Do", "it is damaged (something that it shows is missing)"),
        ("/Loop Do", "its content is nested too deeply for a scan"),
        ("/Form Do " * 101 + FILLING, "its content is nested too deeply for a scan"),
        ("1 0 0 cm " + FILLING, "it is damaged (an array of numbers has the wrong length)"),
        ("/a 0 0 1 0 0 cm " + FILLING, "it is damaged (an array of numbers is not one)"),
    ],
)
def test_these_pages_are_left(tmp_path: Path, content: str, reason: str):
    assert reasons(page_file(tmp_path / "a.pdf", content)) == [reason]


@pytest.mark.parametrize("broken", ["Do", "gs", "Tf", "cs", "(a) Do", "5 gs", "/Half sc", "] ] >>", "(abc"])
def test_broken_content_never_raises(tmp_path: Path, broken: str):
    (reason,) = reasons(page_file(tmp_path / "a.pdf", f"{FILLING} {broken} {FILLING}"))
    assert reason is None or "\n" not in reason


def test_a_page_without_content_is_left(tmp_path: Path):
    path = scan_file(tmp_path / "a.pdf")
    for contents, reason in [(None, "it has no content"), (Array([]), "it has no image"), (5, "it has no content")]:
        with pikepdf.open(path) as pdf:
            if contents is None:
                del pdf.pages[0].obj.Contents
            else:
                pdf.pages[0].obj.Contents = contents
            pdf.save(tmp_path / "b.pdf")
        assert reasons(tmp_path / "b.pdf") == [reason]


@pytest.mark.slow_except("page")
@pytest.mark.parametrize("where", ["page", "parts", "form"])
def test_a_bomb_of_content_takes_little_memory(tmp_path: Path, where: str):
    """300 MB of content in a file of 300 kB."""
    deflater = zlib.compressobj()
    data = b"".join([*(deflater.compress(b"q Q " * (1 << 18)) for _ in range(300)), deflater.flush()])
    path = scan_file(tmp_path / "a.pdf")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        leaf, bomb = pdf.pages[0].obj, pikepdf.Stream(pdf, b"")
        bomb.write(data, filter=Name.FlateDecode)
        bomb.Type, bomb.Subtype, bomb.BBox = Name.XObject, Name.Form, Array([0, 0, 1, 1])
        leaf.Resources.XObject.Fm0 = bomb
        if where == "form":
            leaf.Contents = pdf.make_stream(b"/Fm0 Do")
        else:
            leaf.Contents = bomb if where == "page" else Array([leaf.Contents, bomb])
        pdf.save(path)
    code = (
        "import resource, sys, pathlib; from docsr.io.pdf.scans import open_scans\n"
        "with open_scans(pathlib.Path(sys.argv[1])) as scans:\n"
        "    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "    print(scans.leaves[0].reason)\n"
        "    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    out = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True).stdout
    reason, megabytes = out.splitlines()
    assert reason == "its content is too large for a scan"
    assert int(megabytes) < 50


def damaged(kind: str, path: Path) -> Path:
    if kind == "folder":
        path.mkdir()
    elif kind == "text":
        path.write_text("This is a letter.")
    elif kind == "no pages":
        pikepdf.new().save(path)
    elif kind == "headless":
        path.write_bytes(b"%PDF-1.7\nnothing more")
    elif kind == "empty":
        path.touch()
    elif kind != "missing":
        whole = scan_file(path)
        if kind == "truncated":
            path.write_bytes(path.read_bytes()[:600])
        else:
            with pikepdf.open(whole, allow_overwriting_input=True) as pdf:
                user = "secret" if kind == "password" else ""
                pdf.save(path, encryption=pikepdf.Encryption(owner="owner", user=user))
    return path


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing", "it does not exist"),
        ("folder", "it is not a regular file"),
        ("empty", "it is empty"),
        ("text", "it is not a PDF file"),
        ("headless", "it is damaged"),
        ("truncated", "it is damaged"),
        ("no pages", "it has no pages"),
        ("password", "it is encrypted and needs a password"),
        ("owner", "its owner has restricted it by encryption"),
    ],
)
def test_a_file_that_cannot_be_opened_is_one_sentence(tmp_path: Path, kind: str, said: str):
    path = damaged(kind, tmp_path / "a.pdf")
    with pytest.raises(PageError) as caught, open_scans(path):
        pass
    assert str(caught.value).startswith(f"{path} could not be read: {said}")
    assert str(caught.value).count(str(path)) == 1
    assert "\n" not in str(caught.value)


def test_a_pattern_that_matches_nothing_is_told_as_one(tmp_path: Path):
    with pytest.raises(PageError, match="nothing matches it as a pattern"), open_scans(tmp_path / "*.pdf"):
        pass


def test_a_wrong_table_of_objects_is_repaired(tmp_path: Path):
    path = scan_file(tmp_path / "a.pdf")
    start, _ = path.read_bytes().rsplit(b"startxref", 1)
    path.write_bytes(start + b"startxref\n7\n%%EOF\n")
    assert reasons(path) == [None]


@pytest.mark.parametrize("part", range(5, 100, 5))
def test_a_truncated_file_is_whole_or_refused(tmp_path: Path, part: int):
    """What readers can repair is repaired; a document that has lost pages is never taken for a shorter one."""
    with pikepdf.new() as pdf:
        for _ in range(4):
            add_page(pdf, FILLING, {"/Im0": image_of(pdf, GREY.tobytes())})
        pdf.save(tmp_path / "a.pdf", object_stream_mode=pikepdf.ObjectStreamMode.disable)
    data = (tmp_path / "a.pdf").read_bytes()
    (tmp_path / "b.pdf").write_bytes(data[: len(data) * part // 100])
    with suppress(PageError), open_scans(tmp_path / "b.pdf") as scans:
        assert len(scans.leaves) == 4
        for leaf in scans.leaves:
            if leaf.reason is None:
                leaf.replace(doubled(leaf.read()))


@pytest.mark.parametrize("kind", ["field", "kid", "permissions", "after what is no field", "unsigned", "loop"])
def test_a_signed_document_is_left(tmp_path: Path, kind: str):
    path = scan_file(tmp_path / "a.pdf")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        value = {} if kind in {"unsigned", "loop"} else {"/V": Dictionary(Type=Name.Sig)}
        field = pdf.make_indirect(Dictionary({"/T": pikepdf.String("Signature"), **value}))
        if kind == "kid":
            field = Dictionary(FT=Name.Sig, Kids=Array([field]))
        elif kind == "loop":
            field.Kids = Array([field])
        else:
            field.FT = Name.Sig
        if kind == "permissions":
            pdf.Root.Perms = Dictionary(DocMDP=Dictionary(Type=Name.Sig))
        else:
            before = [7] if kind == "after what is no field" else []
            pdf.Root.AcroForm = Dictionary(Fields=Array([*before, field]), SigFlags=1)
        pdf.save(path)
    with open_scans(path) as scans:
        (leaf,) = scans.leaves
        if kind in {"unsigned", "loop"}:
            assert leaf.reason is None
            return
        page_error = pytest.raises(PageError, match="the document is signed, and a change would break the signature")
        with page_error:
            leaf.replace(doubled(leaf.read()))


def test_what_cannot_be_saved_is_one_sentence(tmp_path: Path):
    with open_scans(scan_file(tmp_path / "a.pdf")) as scans, pytest.raises(PageError) as caught:
        scans.save(tmp_path / "nowhere" / "b.pdf")
    assert str(caught.value) == f"{tmp_path / 'nowhere' / 'b.pdf'} could not be written: no such file or directory"


def test_bilevel_pages_can_be_told(tmp_path: Path):
    with open_scans(scan_file(tmp_path / "a.pdf", pixels=BITS)) as scans:
        assert not scans.leaves[0].read().bilevel  # black and white, but of eight bits
