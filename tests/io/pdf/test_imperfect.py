"""Scans that are not quite as the format asks, as writers make them, are read and enlarged as readers show them."""

from __future__ import annotations

import io
import subprocess
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageCms

from docsr.errors import PageError
from docsr.io.pdf.scans import open_scans
from docsr.page import Pixels
from tests.io.pdf.files import (
    BITS,
    FILLING,
    GREY,
    HEIGHT,
    RGB,
    SRGB,
    WIDTH,
    Maker,
    add_page,
    as_rgb,
    difference,
    doubled,
    icc,
    image_of,
    jpeg,
    made,
    packed,
    shown,
    tiff_strip,
)

LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
COLOURS = bytes([0, 0, 0, 200, 30, 30, 30, 200, 230, 255, 255, 255])
OPAQUE, HALF = b"\xff" * (WIDTH * HEIGHT), b"\x80" * (WIDTH * HEIGHT)
INVERTED = Array([1, 0])
G4 = Dictionary(K=-1, Columns=WIDTH, Rows=HEIGHT)


def with_profile(data: bytes, channels: int, alternate: Any = None, *, coded: bool = False) -> Maker:
    """A scan of so many components with a profile, which may have a space beside it."""

    def maker(pdf: pikepdf.Pdf) -> Stream:
        pixels, space = (GREY if channels == 1 else RGB), icc(pdf, data, channels)
        if alternate is not None:
            space[1].Alternate = alternate
        if coded:
            return image_of(pdf, jpeg(Image.fromarray(pixels)), space, filter=Name.DCTDecode)
        return image_of(pdf, pixels.tobytes(), space)

    return maker


def its_own_alternate(pdf: pikepdf.Pdf) -> Stream:
    space = pdf.make_indirect(icc(pdf, b"nothing", 3))
    space[1].Alternate = space
    return image_of(pdf, RGB.tobytes(), space)


def in_a_broken_filter(pdf: pikepdf.Pdf) -> Stream:
    space = icc(pdf, SRGB, 3)
    space[1].write(b"nothing", filter=Name.FlateDecode)
    return image_of(pdf, RGB.tobytes(), space)


def indexed(lookup: bytes, base: Any = Name.DeviceRGB, *, last: int = 3, text: bool = False, **more: Any) -> Maker:
    def maker(pdf: pikepdf.Pdf) -> Stream:
        table = pikepdf.String(lookup) if text else pdf.make_stream(lookup)
        return image_of(pdf, packed(GREY >> 6, 2), Array([Name.Indexed, base, last, table]), 2, **more)

    return maker


def stencil(**more: Any) -> Maker:
    return lambda pdf: image_of(pdf, packed(BITS >> 7, 1), None, 1, ImageMask=True, **more)


def fax_stencil(**more: Any) -> Maker:
    parameters = Dictionary({**G4, "/BlackIs1": bool(more)})
    return lambda pdf: image_of(
        pdf, tiff_strip(BITS, "group4"), None, 1, Name.CCITTFaxDecode, parameters, ImageMask=True, **more
    )


def soft(levels: bytes, size: tuple[int, int] = (WIDTH, HEIGHT), bits: int = 8, **more: Any) -> Maker:
    return lambda pdf: image_of(pdf, GREY.tobytes(), SMask=image_of(pdf, levels, bits=bits, size=size, **more))


def hard(data: bytes, size: tuple[int, int] = (WIDTH, HEIGHT), **more: Any) -> Maker:
    return lambda pdf: image_of(
        pdf, GREY.tobytes(), Mask=image_of(pdf, data, None, 1, size=size, ImageMask=True, **more)
    )


def jpeg_2000(pixels: Pixels, alpha: Pixels | int, space: Any, **more: Any) -> Maker:
    layers = np.dstack([pixels, np.broadcast_to(np.uint8(alpha), GREY.shape)])
    return lambda pdf: image_of(
        pdf, jpeg(Image.fromarray(layers), "JPEG2000"), space, filter=Name.JPXDecode, **more
    )  # fmt: skip


READ: dict[str, Maker] = {
    "RGB profile for grey": with_profile(SRGB, 1, Name.DeviceGray),
    "RGB profile for grey, nothing beside it": with_profile(SRGB, 1),
    "RGB profile for a grey JPEG": with_profile(SRGB, 1, Name.DeviceGray, coded=True),
    "no profile": with_profile(b"", 3),
    "no profile of grey": with_profile(b"", 1),
    "no profile of a JPEG": with_profile(b"", 3, Name.DeviceRGB, coded=True),
    "a broken profile": with_profile(b"nothing" * 60, 3),
    "a profile cut off": with_profile(SRGB[:300], 3, Name.DeviceRGB),
    "a profile that is its own alternate": its_own_alternate,
    "a profile in a broken filter": in_a_broken_filter,
    "a lookup that is short": indexed(COLOURS[:9]),
    "a lookup of half its colours": indexed(COLOURS[:6]),
    "a lookup that is short, of grey": indexed(bytes([0, 90]), Name.DeviceGray),
    "a lookup that is long": indexed(COLOURS + bytes(30)),
    "a lookup for more than there can be": indexed(COLOURS, last=255),
    "indices inverted": indexed(COLOURS, text=True, Decode=Array([3, 0])),
    "a decode array that is long": lambda pdf: image_of(pdf, GREY.tobytes(), Decode=Array([1, 0, 0, 1, 0, 1])),
    "a colour JPEG inverted": lambda pdf: image_of(
        pdf, jpeg(Image.fromarray(RGB)), Name.DeviceRGB, filter=Name.DCTDecode, Decode=Array([1, 0] * 3)
    ),
    "a fax inverted": lambda pdf: image_of(
        pdf, tiff_strip(BITS, "group4"), Name.DeviceGray, 1, Name.CCITTFaxDecode, G4, Decode=INVERTED
    ),
    "a stencil": stencil(),
    "a stencil inverted": stencil(Decode=INVERTED),
    "a stencil in Flate": lambda pdf: image_of(
        pdf, zlib.compress(packed(BITS >> 7, 1)), None, 1, Name.FlateDecode, ImageMask=True
    ),
    "a stencil in Group 4": fax_stencil(),
    "a stencil in Group 4, inverted twice": fax_stencil(Decode=INVERTED),
    "a soft mask, opaque": soft(OPAQUE),
    "a soft mask of one pixel": soft(b"\xff", (1, 1)),
    "a soft mask of one bit": soft(b"\xff" * 8 * HEIGHT, bits=1),
    "a soft mask inverted": soft(bytes(WIDTH * HEIGHT), Decode=INVERTED),
    "a soft mask with a matte": soft(OPAQUE, Matte=Array([0])),
    "a soft mask of one level": soft(HALF),
    "a soft mask that hides all": soft(bytes(WIDTH * HEIGHT)),
    "a mask, opaque": hard(bytes(8 * HEIGHT)),
    "a mask of one pixel": hard(b"\0", (1, 1)),
    "a mask inverted": hard(b"\xff" * 8 * HEIGHT, Decode=INVERTED),
    "JPEG 2000, alpha not asked for": jpeg_2000(RGB, GREY, Name.DeviceRGB),
    "JPEG 2000 of grey, alpha not asked for": jpeg_2000(GREY, GREY[::-1], Name.DeviceGray),
    "JPEG 2000 alone, alpha not asked for": jpeg_2000(RGB, GREY, None),
}  # fmt: skip

LEFT: dict[str, tuple[Maker, str]] = {
    "a soft mask of levels": (soft(GREY.tobytes()), "its image has transparency"),
    "a soft mask but for a pixel": (soft(OPAQUE[:-1] + b"\xfe"), "its image has transparency"),
    "a soft mask of one level, with a matte": (soft(HALF, Matte=Array([0])), "its image has transparency"),
    "a mask": (hard(b"\0" * 8 * (HEIGHT - 10) + b"\xff" * 80), "its image has transparency"),
    "a colour that is clear": (
        lambda pdf: image_of(pdf, GREY.tobytes(), Mask=Array([0, 10])), "its image has transparency"
    ),
    "JPEG 2000 with alpha": (jpeg_2000(RGB, GREY, Name.DeviceRGB, SMaskInData=1), "its image has transparency"),
    "JPEG 2000 of grey with alpha": (
        jpeg_2000(GREY, GREY, Name.DeviceGray, SMaskInData=1), "its image has transparency"
    ),
    "a profile of Lab": (with_profile(LAB, 3), "a colour profile of a kind that cannot be read"),
    "a profile for two components": (with_profile(SRGB, 2), "does not state its number of components"),
}  # fmt: skip


def by_poppler(path: Path) -> Pixels:
    """What poppler shows of a page, RGB, a pixel per point."""
    drawn = subprocess.run(["pdftoppm", "-r", "72", path], capture_output=True, check=True).stdout
    return np.asarray(Image.open(io.BytesIO(drawn)).convert("RGB"))


def in_cells(pixels: Pixels) -> Pixels:
    """Means of 4 x 4: poppler draws an image up to a pixel off."""
    cells = as_rgb(pixels).reshape(HEIGHT // 4, 4, WIDTH // 4, 4, 3)
    return np.asarray(np.rint(cells.mean(axis=(1, 3))), np.uint8)


def check_enlarged(path: Path, out: Path) -> Pixels:
    with open_scans(path) as scans:
        (leaf,) = scans.leaves
        assert leaf.reason is None
        page = leaf.read()
        leaf.replace(doubled(page), quality=95)
        scans.save(out)
    assert difference(as_rgb(page.pixels), shown(path)) <= 0.8
    assert difference(in_cells(page.pixels), in_cells(by_poppler(path))) <= 5
    assert difference(in_cells(shown(out)), in_cells(shown(path))) <= 1.5
    assert difference(in_cells(by_poppler(out)), in_cells(by_poppler(path))) <= 7
    with pikepdf.open(out) as pdf:
        assert len([one for one in pdf.objects if isinstance(one, Stream) and "/Width" in one]) == 1
    return page.pixels


@pytest.mark.parametrize("name", READ)
def test_a_scan_is_read_and_enlarged_as_readers_show_it(tmp_path: Path, name: str):
    check_enlarged(made(tmp_path / "a.pdf", READ[name]), tmp_path / "b.pdf")


def test_alpha_of_jpeg_2000_that_is_asked_for_and_opaque_is_passed_over(tmp_path: Path):
    path = made(tmp_path / "a.pdf", jpeg_2000(RGB, 255, Name.DeviceRGB, SMaskInData=1))  # poppler shows it black
    with open_scans(path) as scans:
        assert difference(scans.leaves[0].read().pixels, shown(path)) <= 0.6


@pytest.mark.parametrize(
    ("paint", "grey"),
    [
        ("", True), ("0 g", True), ("0 0 0 rg", True), ("/Cs cs 0 0 0 sc", True), ("/Cs cs", True), ("0.5 g", True),
        ("1 0 0 rg", False), ("/Cs cs 0 0 1 scn", False), ("1 g", True), ("/DeviceGray cs 0.25 sc", True),
        ("1 0 0 rg q 0 g Q", False), ("q 1 0 0 rg Q", True), ("0.25 sc", True),
    ],
)  # fmt: skip
def test_a_stencil_is_painted_in_the_colour_of_its_page(tmp_path: Path, paint: str, grey: bool):
    with pikepdf.new() as pdf:
        page = add_page(pdf, f"{paint} {FILLING}", {"/Im0": stencil()(pdf)})
        page.obj.Resources.ColorSpace = Dictionary(Cs=icc(pdf, SRGB, 3))
        pdf.save(tmp_path / "a.pdf")
    pixels = check_enlarged(tmp_path / "a.pdf", tmp_path / "b.pdf")
    assert (pixels.ndim == 2) == grey
    with open_scans(tmp_path / "a.pdf") as scans:
        assert scans.leaves[0].read().bilevel == (set(np.unique(pixels)) <= {0, 255} and grey)


@pytest.mark.parametrize("inks", ["0 0 0 1", "0 1 1 0", "0.4 0.15 0 0.1"])
def test_a_stencil_in_inks_is_as_readers_show_it(tmp_path: Path, inks: str):
    with pikepdf.new() as pdf:
        add_page(pdf, f"{inks} k {FILLING}", {"/Im0": stencil()(pdf)})
        pdf.save(tmp_path / "a.pdf")
    pixels = check_enlarged(tmp_path / "a.pdf", tmp_path / "b.pdf")
    alone = inks == "0 0 0 1"  # stays grey
    assert (pixels.ndim == 2) is alone
    own, view = (colours[BITS == 0].astype(int) for colours in (pixels, shown(tmp_path / "a.pdf")))
    assert np.abs((own[:, None] if alone else own) - view).max() <= (4 if alone else 0)


@pytest.mark.parametrize("paint", ["/Pattern cs /P0 scn", "/Spot cs 1 sc"])
def test_a_stencil_in_a_colour_that_cannot_be_told_is_left(tmp_path: Path, paint: str):
    with pikepdf.new() as pdf:
        page = add_page(pdf, f"{paint} {FILLING}", {"/Im0": stencil()(pdf)})
        tint = Dictionary(FunctionType=2, Domain=Array([0, 1]), N=1, C0=Array([0]), C1=Array([1]))
        spot = Array([Name.Separation, Name.Gold, Name.DeviceGray, tint])
        page.obj.Resources.ColorSpace = Dictionary(Spot=spot)
        pdf.save(tmp_path / "a.pdf")
    with open_scans(tmp_path / "a.pdf") as scans:
        assert scans.leaves[0].reason == "its image is a stencil mask whose colour cannot be read"


def test_stencils_in_strips_are_joined(tmp_path: Path):
    half, data = HEIGHT // 2, packed(BITS >> 7, 1)
    with pikepdf.new() as pdf:
        parts = {
            f"/S{number}": image_of(
                pdf, data[number * 8 * half :][: 8 * half], None, 1, size=(WIDTH, half), ImageMask=True
            )
            for number in range(2)
        }
        place = f"q {WIDTH} 0 0 {half} 0"
        add_page(pdf, f"{place} {half} cm /S0 Do Q {place} 0 cm /S1 Do Q", parts)
        pdf.save(tmp_path / "a.pdf")
    with open_scans(tmp_path / "a.pdf") as scans:
        assert np.array_equal(scans.leaves[0].read().pixels, BITS)


@pytest.mark.parametrize("name", LEFT)
def test_a_scan_that_cannot_be_shown_so_is_left_and_says_why(tmp_path: Path, name: str):
    maker, said = LEFT[name]
    path = made(tmp_path / "a.pdf", maker)
    with open_scans(path) as scans:
        (leaf,) = scans.leaves
        with pytest.raises(PageError, match="page 1, is not enlarged: "):
            leaf.read()
        assert leaf.reason is not None
        assert said in leaf.reason


def test_a_mask_may_be_its_own(tmp_path: Path):
    with pikepdf.new() as pdf:
        image = pdf.make_indirect(image_of(pdf, OPAQUE))
        image.SMask = image
        add_page(pdf, FILLING, {"/Im0": image})
        pdf.save(tmp_path / "a.pdf")
    with open_scans(tmp_path / "a.pdf") as scans:
        assert scans.leaves[0].read().pixels.min() == 255


def test_what_does_not_fit_is_not_written_again(tmp_path: Path):
    path = made(tmp_path / "a.pdf", with_profile(SRGB, 1, Name.DeviceGray))
    check_enlarged(path, tmp_path / "b.pdf")
    with pikepdf.open(tmp_path / "b.pdf") as pdf:
        assert pdf.pages[0].Resources.XObject.Im0["/ColorSpace"] == Name.DeviceGray
