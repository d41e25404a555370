"""What a PDF page may ask of a renderer is known, and refused in a sentence, before anything is rendered."""

from __future__ import annotations

import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image

from docsr.errors import PageError
from docsr.io.document import read_document
from docsr.io.limits import allowing
from docsr.io.pdf import guard
from docsr.io.pdf.guard import CheckedObjects, check_renderable
from docsr.io.pdf.scans import open_scans
from docsr.io.pdf.visible import VisiblePage
from docsr.io.read_errors import Unreadable
from tests.io.pdf.drawn import FILLING, SCAN
from tests.io.pdf.files import add_page, image_of, jpeg
from tests.io.pdf.visible_files import PAGES, document

LINE = "0 0 m 100 100 l S"


def vector_page(path: Path, **more: Any) -> Path:
    with pikepdf.new() as pdf:
        add_page(pdf, LINE, {}, (720, 720), **more)
        pdf.save(path)
    return path


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "page 1, would be rendered with 3000 x 3000 px, more than 1,000,000 (--max-pixels)"),
        ({"MediaBox": Array([0, 0, 14_400, 1])}, None),
        ({"MediaBox": Array([0, 0, 14_400, 100])}, "with 60000 x 417 px"),
        ({"UserUnit": 75}, "with 225000 x 225000 px"),
        ({"UserUnit": 0.1}, None),
        ({"UserUnit": 0}, "with 3000 x 3000 px"),
        ({"UserUnit": -2}, "with 3000 x 3000 px"),
        ({"UserUnit": Name.Large}, "with 3000 x 3000 px"),
        ({"MediaBox": Array([0, 0, 1e30, 1e30])}, "could not be read"),
        ({"MediaBox": Array([0, 0, 2e9, 2e9])}, "px, more than 1,000,000 (--max-pixels)"),
        ({"CropBox": Array([0, 0, 72, 72])}, None),
        ({"CropBox": Array([-1e6, -1e6, 1e6, 1e6])}, "with 3000 x 3000 px"),
    ],
)
def test_a_page_that_would_become_too_large_is_refused(tmp_path: Path, more: dict[str, Any], said: str | None):
    path = vector_page(tmp_path / "a.pdf", **more)
    with allowing(1_000_000):
        if said is None:
            (page,) = read_document(path)
            assert page.width * page.height <= 1_000_000
            return
        with pytest.raises(PageError) as caught:
            list(read_document(path))
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_limit_is_asked_before_memory_is_taken(tmp_path: Path):
    """3.4 gigapixels in half a kilobyte."""
    path = vector_page(tmp_path / "a.pdf", MediaBox=Array([0, 0, 14_000, 14_000]))
    assert path.stat().st_size < 1000
    assert peak_of(path) < 50


def peak_of(path: Path) -> int:
    """MB that reading a document takes."""
    code = (
        "import resource, sys, pathlib\nfrom docsr.errors import PageError\n"
        "from docsr.io.document import read_document\nimport docsr.io.pdf.visible, pypdfium2\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    list(read_document(pathlib.Path(sys.argv[1])))\nexcept PageError as error:\n    print(error)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    out = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True).stdout
    said, megabytes = out.splitlines()
    assert said.startswith(f"{path}, page 1, ")
    return int(megabytes)


def claimed(pdf: pikepdf.Pdf) -> Any:
    return image_of(pdf, b"few", size=(100_000, 100_000))


def claimed_within(pdf: pikepdf.Pdf) -> Any:
    """The dictionary says 240 x 320, the codestream far more."""
    data = bytearray(jpeg(Image.fromarray(SCAN), "JPEG2000", no_jp2=True))
    size = data.index(b"\xff\x51") + 6
    data[size : size + 8] = (60_000).to_bytes(4, "big") * 2
    return image_of(pdf, bytes(data), None, filter=Name.JPXDecode, size=SCAN.shape[::-1])


def full(pdf: pikepdf.Pdf) -> Any:
    return image_of(pdf, zlib.compress(bytes(10 << 20)), filter=Name.FlateDecode)


@pytest.mark.parametrize("maker", [claimed, claimed_within, full])
@pytest.mark.parametrize("where", ["page", "form", "stamp", "pattern", "mask"])
def test_an_image_that_is_too_large_is_found_wherever_it_is_drawn(tmp_path: Path, where: str, maker: Any):
    path = document(tmp_path / "a.pdf", ["a stamp", "a stamp"])
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        image = pdf.make_indirect(maker(pdf))
        for page in (one.obj for one in pdf.pages):
            holder = Dictionary(XObject=Dictionary(Bomb=image))
            if where == "page":
                page.Resources.XObject.Bomb = image
            elif where == "form":
                page.Resources.XObject.Fm0 = pdf.make_stream(b"/Bomb Do", Resources=holder)
            elif where == "stamp":
                page.Annots[0].AP.N.Resources = holder
            elif where == "pattern":
                page.Resources.Pattern = Dictionary(P0=pdf.make_stream(b"/Bomb Do", Resources=holder))
            else:
                page.Resources.XObject.Im0.SMask = image
        pdf.save(path)
    with open_scans(path) as scans:
        known = CheckedObjects()
        for leaf in scans.leaves:  # the second page has the same image
            with pytest.raises(PageError) as caught:
                VisiblePage(leaf, known).read()
            place = f"{path}, page {leaf.number + 1}, could not be read: "
            assert str(caught.value).startswith(place)
            assert ("far more data" if maker is full else "more than 1,000,000,000 pixels") in str(caught.value)


@pytest.mark.parametrize("where", ["content", "stamp"])
def test_an_image_is_found_though_something_else_cannot_be_read(tmp_path: Path, where: str):
    path = document(tmp_path / "a.pdf", ["a stamp"])
    with pikepdf.open(path) as pdf:
        page = pdf.pages[0].obj
        broken = pikepdf.Stream(pdf, b"")
        broken.write(b"nothing", filter=Name.FlateDecode)
        if where == "content":
            page.Contents = Array([pdf.make_indirect(broken)])
        else:
            page.Annots[0].AP.N = pdf.make_indirect(broken)
        page.Resources.XObject.Bomb = pdf.make_indirect(claimed(pdf))
        with pytest.raises(Unreadable, match="more than 1,000,000,000 pixels"):
            check_renderable(pdf.pages[0], CheckedObjects())


def test_ordinary_pages_are_rendered(tmp_path: Path):
    with open_scans(document(tmp_path / "a.pdf", PAGES)) as scans:
        known = CheckedObjects()
        for leaf in scans.leaves:
            before = len(known.fit)
            check_renderable(leaf.page, known)
            assert len(known.fit) > before
            check_renderable(leaf.page, known)


def bomb_of_content(path: Path, megabytes: int) -> Path:
    deflater = zlib.compressobj()
    data = b"".join([*(deflater.compress(b"q Q " * (1 << 18)) for _ in range(megabytes)), deflater.flush()])
    document(path, ["a scan"])
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        bomb = pikepdf.Stream(pdf, b"")
        bomb.write(data, filter=Name.FlateDecode)
        pdf.pages[0].obj.Contents = bomb
        pdf.save(path)
    return path


def test_content_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guard, "MAX_BYTES", 8 << 20)
    with pytest.raises(PageError, match="page 1, could not be read: it has more than 8 MB of content"):
        list(read_document(bomb_of_content(tmp_path / "a.pdf", 9)))


@pytest.mark.slow
def test_content_that_unpacks_to_hundreds_of_megabytes_takes_little_memory(tmp_path: Path):
    assert peak_of(bomb_of_content(tmp_path / "a.pdf", 300)) < 50


def test_a_page_of_endless_objects_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guard, "_MAX_OBJECTS", 100)
    with pikepdf.open(document(tmp_path / "a.pdf", ["a scan"])) as pdf:
        pdf.pages[0].obj.Resources.Extra = Array([Dictionary() for _ in range(200)])
        with pytest.raises(Unreadable, match="more than 100 objects"):
            check_renderable(pdf.pages[0], CheckedObjects())


def test_an_inline_image_is_bound_too(tmp_path: Path):
    content = f"{FILLING} q 10 0 0 10 0 0 cm BI /W 100000 /H 100000 /BPC 8 /CS /G ID x EI Q"
    with pikepdf.new() as pdf:
        add_page(pdf, content, {"/Im0": image_of(pdf, SCAN.tobytes(), size=SCAN.shape[::-1])}, (240, 320))
        pdf.save(tmp_path / "a.pdf")
    with pytest.raises(PageError, match="more than 1,000,000,000 pixels"):
        list(read_document(tmp_path / "a.pdf"))
    assert np.ptp(SCAN) > 0
