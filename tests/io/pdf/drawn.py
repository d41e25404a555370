"""The parts of which PDF pages are made on which one sees more, or less, than the scan that is stored in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pikepdf
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image

from docsr.page import Pixels
from tests.io.pdf.files import add_page, icc, image_of, jpeg

WIDE, HIGH = 240, 320
"""px of the scan."""

DPI = 75
W, H = WIDE * 72 / DPI, HIGH * 72 / DPI
"""Points of its page."""

Maker = Callable[[pikepdf.Pdf], pikepdf.Page]


def _scan() -> Pixels:
    """Grey, dark shapes on white that no side has like another; a black bar that some pages cover."""
    pixels = np.full((HIGH, WIDE), 250, np.uint8)
    cv2.rectangle(pixels, (20, 20), (90, 70), 40, -1)
    cv2.circle(pixels, (170, 240), 45, 90, -1)
    cv2.rectangle(pixels, (30, 140), (210, 170), 0, -1)
    cv2.rectangle(pixels, (0, 280), (60, 319), 150, -1)
    return np.asarray(cv2.GaussianBlur(pixels, (5, 5), 0), np.uint8)


SCAN = _scan()
FILLING = f"q {W} 0 0 {H} 0 0 cm /Im0 Do Q"
COVER = "30 140 160 60 re"
"""Over the black bar, and beyond it."""


def scan(pdf: pikepdf.Pdf, **more: Any) -> Stream:
    return image_of(pdf, SCAN.tobytes(), size=(WIDE, HIGH), **more)


def page(pdf: pikepdf.Pdf, content: str = FILLING, image: Any = None, **more: Any) -> pikepdf.Page:
    """A page with the scan as Im0, and what may be drawn with."""
    made = add_page(pdf, content, {"/Im0": scan(pdf) if image is None else image}, (W, H), **more)
    resources = made.obj.Resources
    resources.Font = Dictionary(F1=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    mask = form(pdf, f"1 g 0 0 {W} {H / 2} re f", Group=_group(CS=Name.DeviceGray))
    resources.ExtGState = Dictionary(
        Half=Dictionary(ca=0.5), Whole=Dictionary(ca=1), Multiply=Dictionary(BM=Name.Multiply),
        Difference=Dictionary(BM=Name.Difference), Normal=Dictionary(BM=Name.Normal),
        Masked=Dictionary(SMask=Dictionary(S=Name.Luminosity, G=mask)),
    )  # fmt: skip
    function = Dictionary(FunctionType=2, Domain=Array([0, 1]), N=1, C0=Array([0]), C1=Array([1]))
    axial = Dictionary(ShadingType=2, ColorSpace=Name.DeviceGray, Coords=Array([0, 0, W, 0]), Function=function)
    resources.Shading = Dictionary(Sh0=axial)
    return made


def form(pdf: pikepdf.Pdf, content: str, box: tuple[float, ...] = (0, 0, W, H), **more: Any) -> Stream:
    stream = pdf.make_stream(content.encode(), Type=Name.XObject, Subtype=Name.Form, BBox=Array(list(box)))
    for key, value in more.items():
        stream[f"/{key}"] = value
    return stream


def _group(**more: Any) -> Dictionary:
    return Dictionary(S=Name.Transparency, **more)


def placed(content: str, **more: Any) -> Maker:
    return lambda pdf: page(pdf, content, **more)


def in_form(outer: str, inner: str = FILLING, box: tuple[float, ...] = (0, 0, W, H), **more: Any) -> Maker:
    """The scan in a form."""

    def make(pdf: pikepdf.Pdf) -> pikepdf.Page:
        made = page(pdf, outer)
        resources = Dictionary(XObject=Dictionary(Im0=scan(pdf)), ExtGState=made.obj.Resources.ExtGState)
        made.obj.Resources.XObject.Fm0 = form(pdf, inner, box, Resources=resources, **more)
        return made

    return make


BOX = (60.0, 120.0, 180.0, 220.0)
LOOKS = "0.9 0.1 0.1 rg 0 0 120 100 re f 1 g 20 20 80 60 re f"


def annotated(kind: str, looks: str | None = LOOKS, content: str = FILLING, **more: Any) -> Maker:
    """A page with an annotation over its middle."""

    def make(pdf: pikepdf.Pdf) -> pikepdf.Page:
        made = page(pdf, content)
        found = Dictionary(Type=Name.Annot, Subtype=Name(f"/{kind}"), F=4, Rect=Array(list(BOX)))
        if looks is not None:
            found.AP = Dictionary(N=form(pdf, looks, (0, 0, 120, 100)))
        for key, value in more.items():
            found[f"/{key}"] = value(pdf) if callable(value) else value
        made.obj.Annots = Array([pdf.make_indirect(found)])
        return made

    return make


def widget(kind: str, looks: str | None = LOOKS, **more: Any) -> Maker:
    """A page with a form field, in the document's form."""

    def make(pdf: pikepdf.Pdf) -> pikepdf.Page:
        made = annotated("Widget", looks, FT=Name(f"/{kind}"), T=pikepdf.String(f"field {len(pdf.pages)}"), **more)(pdf)
        if "/AcroForm" not in pdf.Root:
            helvetica = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
            pdf.Root.AcroForm = Dictionary(
                Fields=Array([]), DA=pikepdf.String("/Helv 24 Tf 0 g"), DR=Dictionary(Font=Dictionary(Helv=helvetica))
            )
        pdf.Root.AcroForm.Fields.append(made.obj.Annots[0])
        return made

    return make


def ticked(pdf: pikepdf.Pdf) -> pikepdf.Page:
    """A box with two looks, of which the second is chosen."""
    made = widget("Btn", AS=Name.On)(pdf)
    looks = Dictionary(Off=form(pdf, "", (0, 0, 120, 100)), On=form(pdf, LOOKS, (0, 0, 120, 100)))
    made.obj.Annots[0].AP = Dictionary(N=looks)
    return made


def layer(pdf: pikepdf.Pdf, *, on: bool) -> Any:
    """A new layer of the document."""
    made = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=pikepdf.String("Layer")))
    if "/OCProperties" not in pdf.Root:
        pdf.Root.OCProperties = Dictionary(OCGs=Array([]), D=Dictionary(OFF=Array([]), ON=Array([])))
    pdf.Root.OCProperties.OCGs.append(made)
    pdf.Root.OCProperties.D["/ON" if on else "/OFF"].append(made)
    return made


def layered(content: str, *, on: bool) -> Maker:
    """Marked content of a layer, L0; as an image, Im1."""

    def make(pdf: pikepdf.Pdf) -> pikepdf.Page:
        made, found = page(pdf, content), layer(pdf, on=on)
        made.obj.Resources.Properties = Dictionary(L0=found)
        made.obj.Resources.XObject.Im1 = scan(pdf, OC=found)
        return made

    return make


def two_images(content: str) -> Maker:
    """Im1 is a second image: the first, light and upside down."""

    def make(pdf: pikepdf.Pdf) -> pikepdf.Page:
        made = page(pdf, content)
        made.obj.Resources.XObject.Im1 = image_of(pdf, (128 + SCAN[::-1] // 2).tobytes(), size=(WIDE, HIGH))
        return made

    return make


def imaged(maker: Callable[[pikepdf.Pdf], Any], content: str = FILLING) -> Maker:
    return lambda pdf: page(pdf, content, maker(pdf))


def inline(content: str = "q {} 0 0 {} {} {} cm", size: tuple[float, ...] = (W, H, 0, 0)) -> str:
    small = np.asarray(cv2.resize(SCAN, (60, 80), interpolation=cv2.INTER_AREA), np.uint8).tobytes().hex()
    return content.format(*size) + f" BI /W 60 /H 80 /BPC 8 /CS /G /F /AHx ID {small}> EI Q"


def without_contents(pdf: pikepdf.Pdf, maker: Maker) -> pikepdf.Page:
    made = maker(pdf)
    del made.obj.Contents
    return made


BITS: Pixels = np.where(SCAN < 128, 0, 255).astype(np.uint8)


def fax(kind: int, strip: bytes, **more: Any) -> Callable[[pikepdf.Pdf], Any]:
    parameters = {"/K": kind, "/Columns": WIDE, "/Rows": HIGH, **{f"/{key}": value for key, value in more.items()}}
    return lambda pdf: image_of(
        pdf, strip, bits=1, filter=Name.CCITTFaxDecode, parms=Dictionary(parameters), size=(WIDE, HIGH)
    )


def stencil(pdf: pikepdf.Pdf) -> Stream:
    made = image_of(pdf, np.packbits(BITS > 0, axis=1).tobytes(), None, 1, size=(WIDE, HIGH), ImageMask=True)
    return made


def masked(pdf: pikepdf.Pdf, opaque: bool) -> Stream:
    alpha = np.full((HIGH, WIDE), 255, np.uint8)
    alpha[: HIGH // 2] = 255 if opaque else 60
    return scan(pdf, SMask=image_of(pdf, alpha.tobytes(), size=(WIDE, HIGH)))


def jpeg_2000(pdf: pikepdf.Pdf, alpha: bool) -> Stream:
    picture = Image.fromarray(SCAN)
    if alpha:
        layers = np.dstack([SCAN, SCAN, SCAN, np.full_like(SCAN, 255)])
        picture = Image.fromarray(layers, "RGBA")
    more = {"SMaskInData": 1} if alpha else {}
    return image_of(pdf, jpeg(picture, "JPEG2000"), None, filter=Name.JPXDecode, size=(WIDE, HIGH), **more)


def profiled(pdf: pikepdf.Pdf, channels: int) -> Stream:
    from PIL import ImageCms

    grey = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return image_of(pdf, np.dstack([SCAN] * 3).tobytes(), icc(pdf, grey, channels), size=(WIDE, HIGH))
