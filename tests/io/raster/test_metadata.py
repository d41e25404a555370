"""What a file says of a page in words is kept, in every format that holds it; what would be wrong afterwards is not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, PngImagePlugin, TiffImagePlugin

from docsr.io.raster.metadata import MOST_BYTES, MOST_TEXTS, MOST_XMP_BYTES, metadata_of, tags_of, texts_of
from docsr.io.raster.read import read_pages
from docsr.io.raster.write import write_pages
from docsr.page import NO_METADATA, Page
from tests.command import ran

WORDS = {
    269: "The ledger", 270: "Ledger, folio 12", 271: "Scans Ltd", 272: "Flatbed 3", 285: "12r", 305: "scanner 1.2",
    306: "1987:06:05 04:03:02", 315: "A. Clerk", 33432: "The archive",
}  # fmt: skip
XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
    b'tiff:Orientation="6" tiff:Make="Scans Ltd"><dc:title>Ledger</dc:title>'
    b"<tiff:ImageWidth>100</tiff:ImageWidth><xmp:Thumbnails><rdf:Alt>AAAA</rdf:Alt></xmp:Thumbnails>"
    b'</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
GREY, RGB = Image.new("L", (40, 30), 255), Image.new("RGB", (40, 30), (255, 250, 240))


def _tags() -> Any:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, text in WORDS.items():
        tags[tag] = text
    tags[700] = XMP
    tags.tagtype[700] = 1
    return tags


def _exif() -> Image.Exif:
    exif = Image.Exif()
    for tag, text in WORDS.items():
        exif[tag] = text
    exif[274] = 6
    exif.get_ifd(0x8825)[1] = "N"
    return exif


def _png_info() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Description", WORDS[270])
    info.add_text("Author", WORDS[315])
    info.add_itxt("Place", "Köln, 東")
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return info


WRITTEN = {
    "a.tif": lambda path: RGB.save(path, tiffinfo=_tags(), dpi=(75, 75)),
    "b.jpg": lambda path: RGB.save(path, exif=_exif(), xmp=XMP, dpi=(75, 75)),
    "c.png": lambda path: RGB.save(path, pnginfo=_png_info(), exif=_exif(), dpi=(75, 75)),
    "d.webp": lambda path: RGB.save(path, exif=_exif(), xmp=XMP),
    "e.tif": lambda path: tifffile.imwrite(
        path, np.full((30, 40, 3), 0.5, np.float32), photometric="rgb", metadata=None, description=WORDS[270],
        software=WORDS[305], datetime=WORDS[306],
        extratags=[(315, 2, 0, WORDS[315], True), (700, 1, len(XMP), XMP, True)],
    ),
}  # fmt: skip


def said(path: Path) -> tuple[dict[int, str], str]:
    """What Pillow finds in a file, by TIFF's numbers, and its XMP."""
    with Image.open(path) as image:
        image.load()
        if isinstance(image, PngImagePlugin.PngImageFile):
            names = {270: "Description", 315: "Author", 306: "Creation Time", 271: "Make", 285: "PageName"}
            return {tag: str(image.text[name]) for tag, name in names.items() if name in image.text}, str(
                image.text.get("XML:com.adobe.xmp", "")
            )
        tags: Any = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else image.getexif()
        assert tags.get(274, 1) == 1
        assert 0x8825 not in tags
        xmp = tags.get(700) if isinstance(image, TiffImagePlugin.TiffImageFile) else image.info.get("xmp")
        return {tag: tags[tag] for tag in WORDS if tag in tags}, (xmp or b"").decode()


@pytest.mark.parametrize("form", ["tiff", "jpg", "png", "webp"])
@pytest.mark.parametrize("name", WRITTEN)
def test_it_is_kept_from_every_format_in_every_format(tmp_path: Path, name: str, form: str):
    WRITTEN[name](tmp_path / name)
    (page,) = read_pages(tmp_path / name)
    write_pages(tmp_path / "out", [page], form)
    words, xmp = said(tmp_path / "out")
    assert words[270] == WORDS[270]
    assert words[315] == WORDS[315]
    if not name.startswith("e"):
        assert words[306] == WORDS[306]
        assert words[285] == WORDS[285]
    assert "<dc:title>Ledger</dc:title>" in xmp
    assert 'tiff:Make="Scans Ltd"' in xmp
    assert "Orientation" not in xmp
    assert "ImageWidth" not in xmp
    assert "Thumbnails" not in xmp


def test_the_command_keeps_it_and_each_page_its_own(tmp_path: Path):
    with TiffImagePlugin.AppendingTiffWriter(str(tmp_path / "a.tif"), new=True) as writer:
        for number in (1, 2):
            GREY.save(writer, "TIFF", tiffinfo={285: f"folio {number}", 270: "both" if number == 1 else ""})
            writer.newFrame()
    GREY.convert("1").save(tmp_path / "b.png", pnginfo=_png_info())
    words = ("--factor", "2", "--model", "bicubic", "--out", tmp_path / "out")
    assert ran("enhance", tmp_path / "a.tif", tmp_path / "b.png", *words).code == 0
    first, second = (page.metadata for page in read_pages(tmp_path / "out" / "a.tif"))
    assert tags_of(first) == {285: b"folio 1", 270: b"both"}
    assert tags_of(second) == {285: b"folio 2"}
    with Image.open(tmp_path / "out" / "b.png") as image:
        image.load()
        assert isinstance(image, PngImagePlugin.PngImageFile)
        assert image.text["Place"] == "Köln, 東"


def test_one_bit_png_and_bmp(tmp_path: Path):
    page = Page(np.full((8, 8), 255, np.uint8), bilevel=True, metadata=metadata_of({270: "words"}, {}, XMP))
    write_pages(tmp_path / "a.png", [page], "png")
    assert said(tmp_path / "a.png")[0] == {270: "words"}
    write_pages(tmp_path / "a.bmp", [page], "bmp")  # which holds none
    (read,) = read_pages(tmp_path / "a.bmp")
    assert read.metadata == NO_METADATA


def test_texts_of_any_letters_stay_what_they_are():
    assert texts_of(metadata_of({270: "Köln".encode().decode("latin-1")})) == {"Description": "Köln"}
    assert texts_of(metadata_of({270: "Köln"})) == {"Description": "Köln"}
    assert tags_of(metadata_of({270: "Köln"})) == {270: "Köln".encode("latin-1")}
    assert tags_of(metadata_of({}, {"Description": "東"})) == {270: "東".encode()}
    assert tags_of(metadata_of({270: "a\x1b[31m\0\0"})) == {270: b"a [31m"}


@pytest.mark.parametrize("date", ["yesterday", "", "1987-06-05", "1987:06:05 04:03:02x"])
def test_what_is_no_date_is_not_written_as_one(date: str):
    assert 306 not in tags_of(metadata_of({306: date}, {"Creation Time": date}))


@pytest.mark.parametrize("value", [7, (1, 2), 1.5, None, b"", "", "\0", ["a"]])
def test_what_is_no_text_is_left_out(value: object):
    assert metadata_of({270: value}, {"Author": value}, value) == NO_METADATA


def test_metadata_that_would_take_memory_is_cut():
    found = metadata_of({270: "x" * 10**6}, {f"key {n}": "y" * 10**4 for n in range(10**3)})
    assert len(dict(found.tags)[270]) == MOST_BYTES
    assert len(found.texts) == MOST_TEXTS
    assert max(len(text) for _, text in found.texts) == MOST_BYTES
    assert metadata_of({}, None, XMP + b" " * MOST_XMP_BYTES).xmp is None


@pytest.mark.parametrize(
    "packet",
    [
        b"no packet",
        b'<!DOCTYPE a [<!ENTITY b "c">]>' + XMP,
        b"<!doctype a>" + XMP,
    ],
)
def test_what_is_no_packet_is_left_out(packet: bytes):
    assert metadata_of({}, None, packet) == NO_METADATA


def test_a_packet_made_to_hold_up_is_looked_at_quickly():
    packet = b"<rdf:RDF" + b"<tiff:Orientation>" * 3000
    started = time.perf_counter()
    metadata_of({}, None, packet)
    metadata_of({}, None, b"<rdf:RDF" + b' tiff:Orientation="' * 3000)
    assert time.perf_counter() - started < 5
