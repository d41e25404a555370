"""Replace a page's scan with a new image, which the page shows at the place and size of the old one."""

from __future__ import annotations

import copy
import math
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Matrix, Name, Stream

from docsr.io.decoder_messages import naming_place
from docsr.io.pdf.images import check, size_of
from docsr.io.pdf.name_uses import Number
from docsr.io.pdf.page import PdfPage
from docsr.io.pdf.shown_images import Placement, Scan
from docsr.io.pdf.spool import NewImage, PlacedImages
from docsr.io.raster.pixels import profile_for

_KEPT = ("/Interpolate", "/Intent", "/Metadata", "/StructParent")


def put_image(pdf: pikepdf.Pdf, leaf: PdfPage, image: NewImage, images: PlacedImages) -> set[Number]:
    """Let a page show a new image; other pages that show the same old image keep it.

    The old colour space is kept if it is grey or RGB and fits the new pixels and their profile.

    Args:
        pdf: the document.
        leaf: a page of it.
        image: the new image.
        images: puts the image into the document.

    Returns:
        The numbers of the images that the page no longer shows.

    Raises:
        PageError: the page is not a scan (see ``PdfPage.reason``).
    """
    scan = leaf.scan
    first, old = scan.strips[0], scan.strips[0].image
    with naming_place(leaf.place):
        space = _space(first, image)
    new = images.image(image, space, {key: old[key] for key in _KEPT if key in old})
    _name(leaf.page, first, new if len(scan.strips) == 1 else _spread(pdf, new, scan))
    for strip in scan.strips[1:]:
        _name(leaf.page, strip, _form(pdf, b"", {}))
    return {strip.image.objgen for strip in scan.strips}


def _space(place: Placement, image: NewImage) -> Any:
    """Return the old image's colour space if the new image can have it, else None."""
    old = check(place.image, place.fill)
    fits = old is not None and old.kind == ("grey" if image.channels == 1 else "rgb")
    return old.stored if old is not None and fits and profile_for(old.icc, image.channels) == image.icc else None


def _name(page: pikepdf.Page, place: Placement, new: Stream) -> None:
    """Give a name a new object on this page only; resources that the page shares with others are copied first."""
    holder: Any = page.obj
    resources: Any = page.resources
    for index, name in enumerate(place.path):
        holder.Resources = Dictionary(dict(resources.items()))
        table = Dictionary(dict(holder.Resources.XObject.items()))
        last = index == len(place.path) - 1
        table[name] = new if last else copy.copy(table[name])
        holder.Resources.XObject = table
        if not last and "/Resources" in holder.Resources.XObject[name]:  # otherwise a form uses its holder's
            holder = holder.Resources.XObject[name]
        resources = holder.Resources


def _form(pdf: pikepdf.Pdf, content: bytes, images: dict[str, Any], box: tuple[float, ...] = (0, 0, 1, 1)) -> Stream:
    form = Stream(pdf, content)
    form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array(list(box))
    form.Resources = Dictionary(XObject=Dictionary(images))
    return form


def _height(matrix: Matrix) -> float:
    return math.hypot(matrix.c, matrix.d)


def _spread(pdf: pikepdf.Pdf, new: Stream, scan: Scan) -> Stream:
    """Make a form that takes the place of the first strip and shows an image over all strips."""
    rows = [size_of(strip.image)[1] for strip in scan.strips]
    tall = _height(scan.matrix) / _height(scan.strips[0].matrix)
    tall = tall if math.isfinite(tall) else sum(rows) / rows[0]
    content = f"q 1 0 0 {tall:.9f} 0 {1 - tall:.9f} cm /Im0 Do Q".encode()
    return _form(pdf, content, {"/Im0": new}, (-1, -tall - 1, 2, 2))
