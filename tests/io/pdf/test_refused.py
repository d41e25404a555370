"""Images that cannot be read say so, before they are decoded where that can be known."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageCms

from docsr.batch.run import EnhanceOptions, enhance_files, plan_files
from docsr.errors import PageError
from docsr.io.pdf.scans import open_scans
from docsr.page import Page
from tests.io.pdf.files import (
    BITS,
    GREY,
    HEIGHT,
    RGB,
    SRGB,
    WIDTH,
    Maker,
    as_rgb,
    fax,
    icc,
    image_of,
    jpeg,
    made,
    reasons,
    shown,
    tiff_strip,
)

LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def jbig2(pdf: pikepdf.Pdf) -> Stream:
    """A page and one generic region, coded as Group 4 (ITU-T T.88, 7.2, 7.4.6 and 7.4.8)."""
    strip = tiff_strip(BITS, "group4")
    page = struct.pack(">IBBBI", 0, 48, 0, 1, 19) + struct.pack(">IIIIBH", WIDTH, HEIGHT, 0, 0, 0, 0)
    region = struct.pack(">IIIIBB", WIDTH, HEIGHT, 0, 0, 0, 1) + strip
    data = page + struct.pack(">IBBBI", 1, 38, 0, 1, len(region)) + region
    return image_of(pdf, data, bits=1, filter=Name.JBIG2Decode)


def test_jbig2(tmp_path: Path):
    path = made(tmp_path / "a.pdf", jbig2)
    with open_scans(path) as scans:
        page = scans.leaves[0].read()
    assert page.bilevel
    assert np.array_equal(page.pixels, BITS)
    assert np.array_equal(shown(path), as_rgb(BITS))


def test_jbig2_without_its_decoder_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (reason,) = reasons(made(tmp_path / "a.pdf", jbig2))
    assert reason is not None
    assert "jbig2dec" in reason


@pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore::docsr.io.decoder_messages.DamageWarning")
@pytest.mark.parametrize("codec", ["flate", "jpeg", "indexed"])
def test_changed_bytes_are_never_more_than_a_sentence(tmp_path: Path, codec: str):
    makers: dict[str, Maker] = {
        "flate": lambda pdf: image_of(pdf, zlib.compress(GREY.tobytes()), filter=Name.FlateDecode),
        "jpeg": lambda pdf: image_of(pdf, jpeg(Image.fromarray(GREY)), filter=Name.DCTDecode),
        "indexed": lambda pdf: image_of(
            pdf, BITS.tobytes(), Array([Name.Indexed, Name.DeviceRGB, 1, pikepdf.String(b"colour")])
        ),
    }
    data = made(tmp_path / "a.pdf", makers[codec]).read_bytes()
    random = np.random.default_rng(0)
    for _ in range(60):
        changed = bytearray(data)
        for place in random.integers(0, len(data), 4):
            changed[place] = random.integers(0, 256)
        (tmp_path / "b.pdf").write_bytes(changed)
        with suppress(PageError), open_scans(tmp_path / "b.pdf") as scans:
            for leaf in scans.leaves:
                assert "\n" not in str(leaf.reason)
                leaf.replace(Page(leaf.read().pixels))
            scans.save(tmp_path / "c.pdf")


def with_more(**more: Any) -> Maker:
    return lambda pdf: image_of(
        pdf, GREY.tobytes(), **{key: value(pdf) if callable(value) else value for key, value in more.items()}
    )


def spot(pdf: pikepdf.Pdf) -> Array:
    tint = Dictionary(FunctionType=2, Domain=Array([0, 1]), N=1, C0=Array([0]), C1=Array([1]))
    return Array([Name.Separation, Name.Gold, Name.DeviceGray, tint])


@pytest.mark.parametrize(
    ("maker", "said"),
    [
        (with_more(ImageMask=True, Filter=Name.DCTDecode), "its image is a stencil mask whose colour cannot be read"),
        (with_more(SMask=lambda pdf: image_of(pdf, GREY.tobytes())), "its image has transparency"),
        (with_more(Mask=Array([0, 10])), "its image has transparency"),
        (lambda pdf: image_of(pdf, GREY.tobytes(), spot(pdf)), "cannot be read (Separation)"),
        (lambda pdf: image_of(pdf, GREY.tobytes(), None), "its colour space is missing"),
        (lambda pdf: image_of(pdf, GREY.tobytes(), size=(100_000, 100_000)), "its image has more than 1,000,000,000"),
        (lambda pdf: image_of(pdf, GREY.tobytes(), size=(0, 5)), "its image has no size"),
        (lambda pdf: image_of(pdf, GREY.tobytes(), bits=3), "3 bits per sample"),
        (lambda pdf: image_of(pdf, GREY.tobytes(), Array([Name.ICCBased, 5])), "its colour profile is missing"),
        (lambda pdf: image_of(pdf, GREY.tobytes(), icc(pdf, SRGB, 2)), "its number of components"),
        (lambda pdf: image_of(pdf, RGB.tobytes(), icc(pdf, LAB, 3)), "a colour profile of a kind"),
        (lambda pdf: image_of(pdf, b"nothing", filter=Name.Unheard), "unknown filter Unheard"),
    ],
)
def test_what_cannot_be_read_is_a_reason(tmp_path: Path, maker: Maker, said: str):
    path = made(tmp_path / "a.pdf", maker)
    (reason,) = reasons(path)
    assert reason is not None
    assert said in reason
    with open_scans(path) as scans, pytest.raises(PageError, match="page 1, is not enlarged"):
        scans.leaves[0].read()


@pytest.mark.parametrize(
    ("maker", "said"),
    [
        (lambda pdf: image_of(pdf, GREY.tobytes()[:-500]), "a part of it is missing"),
        (lambda pdf: image_of(pdf, b"nothing", filter=Name.FlateDecode), "damaged"),
        (lambda pdf: image_of(pdf, jpeg(Image.fromarray(GREY))[:-300], filter=Name.DCTDecode), "damaged"),
        (lambda pdf: image_of(pdf, b"\xff\xd8nothing", filter=Name.DCTDecode), "its image is damaged"),
        (lambda pdf: image_of(pdf, b"nothing", None, filter=Name.JPXDecode), "its image is damaged"),
        (lambda pdf: image_of(pdf, zlib.compress(bytes(50 << 20)), filter=Name.FlateDecode), "far more data"),
        (lambda pdf: image_of(pdf, b"\x81\0" * 50_000, filter=Name.RunLengthDecode), "far more data"),
        (lambda pdf: image_of(pdf, tiff_strip(np.zeros((4000, 4000), np.uint8), "tiff_lzw"), filter=Name.LZWDecode),
         "far more data"),
        (fax(tiff_strip(BITS, "group4"), K=0), "damaged"),
        (fax(tiff_strip(BITS, "group4"), Columns=20), "wider than its rows"),
    ],
)  # fmt: skip
def test_damaged_data_are_one_sentence(tmp_path: Path, maker: Maker, said: str):
    path = made(tmp_path / "a.pdf", maker)
    with open_scans(path) as scans, pytest.raises(PageError) as caught:
        scans.leaves[0].read()
    assert str(caught.value).startswith(f"{path}, page 1, could not be read: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("count", [b"-1", b"0", b"(none)", b"null", b"[ ]"])
def test_a_pdf_without_pages_is_refused_whatever_it_says_of_their_number(tmp_path: Path, count: bytes):
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [ ] /Count " + count + b" >>"]
    content, places = b"%PDF-1.4\n", list[int]()
    for number, written in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, written)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    table = b"xref\n0 3\n0000000000 65535 f \n" + rows
    end = b"trailer << /Size 3 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(content)
    (tmp_path / "a.pdf").write_bytes(content + table + end)
    options = EnhanceOptions(factor=2, model="bicubic")
    (row,) = enhance_files(plan_files([tmp_path / "a.pdf"], tmp_path / "out", options), tmp_path / "out", options)
    assert row.error is not None
    assert "a.pdf could not be read: it has no pages" in row.error
