"""PDF pages on which one sees more, or less, than the scan that is stored in them, each with its name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary

from tests.io.pdf.drawn import (
    BITS,
    BOX,
    COVER,
    FILLING,
    H,
    Maker,
    W,
    _group,
    annotated,
    fax,
    imaged,
    in_form,
    inline,
    jpeg_2000,
    layer,
    layered,
    masked,
    placed,
    profiled,
    scan,
    stencil,
    ticked,
    two_images,
    widget,
    without_contents,
)
from tests.io.pdf.files import tiff_strip

HALF_W, HALF_H = W / 2, H / 2
INK = Array([Array([70, 130, 120, 210, 170, 130])])
QUADS = Array([BOX[0], BOX[3], BOX[2], BOX[3], BOX[0], BOX[1], BOX[2], BOX[1]])
TEXT = " BT /F1 40 Tf 30 60 Td (Seen) Tj ET"

PAGES: dict[str, Maker] = {
    "a scan": placed(FILLING),
    "turned by 90": placed(FILLING, Rotate=90),
    "turned by 180": placed(FILLING, Rotate=180),
    "turned by 270": placed(FILLING, Rotate=270),
    "large units": placed(FILLING, UserUnit=2.5),
    "white under it": placed(f"1 g 0 0 {W} {H} re f " + FILLING),
    "grey under it, hidden": placed(f"0.5 g 0 0 {W} {H} re f " + FILLING),
    "grey around it": placed(f"0.5 g 0 0 {W} {H} re f q {W * 0.8} 0 0 {H * 0.85} 20 10 cm /Im0 Do Q"),
    "white over it": placed(FILLING + f" 1 g {COVER} f"),
    "white in RGB over it": placed(FILLING + f" 1 1 1 rg {COVER} f*"),
    "white in CMYK over it": placed(FILLING + f" 0 0 0 0 k {COVER} f"),
    "white stroke over it": placed(FILLING + " 1 G 40 w 30 160 m 200 160 l S"),
    "white over it, turned": placed(FILLING + f" 1 g {COVER} f", Rotate=90),
    "white over it, in large units": placed(FILLING + f" 1 g {COVER} f", UserUnit=2.0),
    "white over it in a form": in_form("/Fm0 Do", FILLING + f" 1 g {COVER} f"),
    "black over it": placed(FILLING + f" 0 g {COVER} f"),
    "a shading over it": placed(FILLING + f" q {COVER} W n /Sh0 sh Q"),
    "text over it": placed(FILLING + TEXT),
    "hidden text over it": placed(FILLING + " BT 3 Tr /F1 40 Tf 30 60 Td (Unseen) Tj ET"),
    "text alone": placed("BT /F1 60 Tf 30 200 Td (Alone) Tj ET"),
    "text alone, in large units": placed("BT /F1 60 Tf 30 200 Td (Alone) Tj ET", UserUnit=2.0),
    "margins": placed(f"q {W * 0.8} 0 0 {H * 0.85} 12 25 cm /Im0 Do Q"),
    "margins, turned": placed(f"q {W * 0.8} 0 0 {H * 0.85} 12 25 cm /Im0 Do Q", Rotate=90),
    "margins, turned by 270": placed(f"q {W * 0.8} 0 0 {H * 0.85} 12 25 cm /Im0 Do Q", Rotate=270),
    "partly off the page": placed(f"q {W} 0 0 {H} -40 30 cm /Im0 Do Q"),
    "partly off the page, turned": placed(f"q {W} 0 0 {H} -40 30 cm /Im0 Do Q", Rotate=180),
    "larger than the page": placed(f"q {W * 1.5} 0 0 {H * 1.4} -30 -50 cm /Im0 Do Q"),
    "mirrored": placed(f"q {-W} 0 0 {H} {W} 0 cm /Im0 Do Q"),
    "lying": placed(f"q 0 {H} {-W} 0 {W} 0 cm /Im0 Do Q"),
    "askew": placed(f"q {W * 0.99} {W * 0.06} {-H * 0.06} {H * 0.99} 12 0 cm /Im0 Do Q"),
    "cropped": placed(FILLING, CropBox=Array([0, 0, W, HALF_H])),
    "cropped, turned": placed(FILLING, CropBox=Array([20, 30, W - 50, H - 70]), Rotate=90),
    "cropped, in large units": placed(FILLING, CropBox=Array([20, 30, W - 50, H - 70]), UserUnit=2.0),
    "cropped, another origin": placed(
        f"q {W} 0 0 {H} -33 -57 cm /Im0 Do Q",
        MediaBox=Array([-33, -57, W - 33, H - 57]), CropBox=Array([-20.5, -30.5, W - 60.5, H - 90.5]),
    ),
    "cropped beyond the page": placed(FILLING, CropBox=Array([50, 50, W + 100, H + 100])),
    "clipped": placed(f"q 0 0 {W} {HALF_H} re W n {FILLING} Q"),
    "clipped to all of it": placed(f"q 0 0 {W} {H} re W n {FILLING} Q"),
    "clipped by lines": placed(f"q 0 0 m {W} 0 l {W} {HALF_H} l 0 {HALF_H} l h W n {FILLING} Q"),
    "clipped to a triangle": placed(f"q 0 0 m {W} 0 l 0 {H} l h W n {FILLING} Q"),
    "clipped to a ring": placed(f"q 0 0 {W} {H} re {COVER} W* n {FILLING} Q"),
    "clipped twice": placed(f"q 0 0 {W} 200 re W n 50 100 {W} {H} re W n {FILLING} Q"),
    "clipped in turned units": placed(f"q 0 1 -1 0 {W} 0 cm 0 0 {HALF_H} {W} re W n 0 -1 1 0 0 {W} cm {FILLING} Q"),
    "in a form": in_form("/Fm0 Do"),
    "in a smaller form": in_form("/Fm0 Do", box=(0, 0, W, HALF_H)),
    "in a turned form": in_form("/Fm0 Do", box=(0, 0, W, HALF_H), Matrix=Array([-1, 0, 0, -1, W, H])),
    "in a faint form": in_form("/Half gs /Fm0 Do", Group=_group()),
    "in a faint group that sets its own": in_form("/Half gs /Fm0 Do", "/Whole gs " + FILLING, Group=_group()),
    "faint": placed("/Half gs " + FILLING),
    "under a soft mask": placed("/Masked gs " + FILLING),
    "under a soft mask, then opaque": placed("/Masked gs /Whole gs " + FILLING),
    "multiplied, then opaque": placed(f"0.6 g 0 0 {W} {H} re f /Multiply gs /Whole gs " + FILLING),
    "a colour multiplied over it": placed(FILLING + f" /Multiply gs 0.5 g {COVER} f"),
    "white that inverts it": placed(FILLING + f" /Difference gs 1 g {COVER} f"),
    "a stamp": annotated("Stamp"),
    "a stamp for the screen alone": annotated("Stamp", F=0),
    "ink": annotated("Ink", InkList=INK),
    "a text box": annotated("FreeText", DA=pikepdf.String("/Helv 12 Tf 0 g"), Contents=pikepdf.String("note")),
    "a square": annotated("Square", C=Array([1, 0, 0])),
    "a highlight": annotated("Highlight", QuadPoints=QUADS),
    "a hidden stamp": annotated("Stamp", F=2),
    "a stamp that is not viewed": annotated("Stamp", F=32),
    "a stamp over nothing": annotated("Stamp", content=""),
    "a square without looks": annotated("Square", None, C=Array([1, 0, 0]), IC=Array([1, 1, 1])),
    "ink without looks": annotated("Ink", None, InkList=INK, C=Array([1, 0, 0]), BS=Dictionary(W=12)),
    "a link without a border": annotated("Link", None, Border=Array([0, 0, 0])),
    "a note that pops up": annotated("Popup", None, Contents=pikepdf.String("note")),
    "a field without looks": widget("Tx", None, V=pikepdf.String("Filled"), DA=pikepdf.String("/Helv 30 Tf 0 g")),
    "a signature without looks": widget("Sig", None),
    "a field": widget("Tx", V=pikepdf.String("Filled")),
    "a hidden field": widget("Tx", V=pikepdf.String("Filled"), F=2),
    "a ticked box": ticked,
    "a layer that is on": layered(FILLING + f" /OC /L0 BDC 1 g {COVER} f EMC", on=True),
    "a layer that is off": layered(FILLING + f" /OC /L0 BDC 0 g {COVER} f EMC", on=False),
    "a scan that is off": layered(f"/OC /L0 BDC {FILLING} EMC", on=False),
    "an image that is off": layered(FILLING.replace("Im0", "Im1"), on=False),
    "an image that is on": layered(FILLING.replace("Im0", "Im1"), on=True),
    "a stamp that is off": annotated("Stamp", OC=partial(layer, on=False)),
    "a second image over it": two_images(FILLING + f" q {HALF_W} 0 0 {HALF_H} 40 60 cm /Im1 Do Q"),
    "two images": two_images(f"q {W} 0 0 {HALF_H} 0 0 cm /Im0 Do Q q {W} 0 0 {HALF_H} 0 {HALF_H} cm /Im1 Do Q"),
    "one image under another": two_images(FILLING + " " + FILLING.replace("Im0", "Im1")),
    "an inline image": placed(inline()),
    "an inline image over it": placed(FILLING + " " + inline(size=(100, 100, 60, 110))),
    "no contents": lambda pdf: without_contents(pdf, placed(FILLING)),
    "no contents but a stamp": lambda pdf: without_contents(pdf, annotated("Stamp")),
    "a soft mask of its own": imaged(lambda pdf: masked(pdf, opaque=False)),
    "an opaque soft mask": imaged(lambda pdf: masked(pdf, opaque=True)),
    "certain colours left out": imaged(lambda pdf: scan(pdf, Mask=Array([0, 60]))),
    "upside down greys": imaged(lambda pdf: scan(pdf, Decode=Array([1, 0]))),
    "a stencil": imaged(stencil),
    "a coloured stencil": imaged(stencil, "0.8 0.2 0.2 rg " + FILLING),
    "a stencil over it": two_images(FILLING),
    "one bit": imaged(fax(-1, tiff_strip(BITS, "group4"))),
    "a fax cut short": imaged(fax(-1, tiff_strip(BITS, "group4")[:-12])),
    "a fax without ends of lines": imaged(fax(0, tiff_strip(BITS, "tiff_ccitt"), EncodedByteAlign=True)),
    "JPEG 2000": imaged(partial(jpeg_2000, alpha=False)),
    "JPEG 2000 with alpha": imaged(partial(jpeg_2000, alpha=True)),
    "a profile": imaged(partial(profiled, channels=3)),
}  # fmt: skip


QUICK = (
    "a scan", "turned by 90", "large units", "grey around it", "white over it", "white over it, turned",
    "white over it, in large units", "black over it", "text over it", "text alone, in large units", "margins, turned",
    "partly off the page", "cropped, turned", "cropped, another origin", "clipped", "clipped to a triangle",
    "in a smaller form", "in a faint group that sets its own", "under a soft mask, then opaque", "a stamp", "ink",
    "a text box", "a square without looks", "a hidden stamp", "a field", "a hidden field", "a ticked box",
    "a layer that is off", "a scan that is off", "a second image over it", "an inline image", "no contents",
    "a soft mask of its own", "a coloured stencil",
)  # fmt: skip
"""Pages that are tried whenever tests run."""


def document(path: Path, names: Iterable[str], **form_of_document: Any) -> Path:
    """A PDF file of these pages."""
    with pikepdf.new() as pdf:
        for name in names:
            PAGES[name](pdf)
        for key, value in form_of_document.items():
            pdf.Root.AcroForm[f"/{key}"] = value
        pdf.save(path)
    return path
