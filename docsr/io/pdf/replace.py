"""A new image put in the place of a page's scan: the page shows it where and as large as it showed the old one."""

from __future__ import annotations

import copy
import math
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from docsr.io.decoder_messages import naming_place
from docsr.io.pdf.images import check, size_of
from docsr.io.pdf.name_uses import Number
from docsr.io.pdf.page import PdfPage
from docsr.io.pdf.shown_images import Placement, Scan
from docsr.io.pdf.spool import Kept, Placed
from docsr.io.raster.pixels import profile_for

_KEPT = ("/Interpolate", "/Intent", "/Metadata", "/StructParent")


def put(pdf: pikepdf.Pdf, leaf: PdfPage, kept: Kept, images: Placed) -> set[Number]:
    """Let a page show a new image; other pages that show the same old one keep it.

    The colour space stays when it is one of grey or RGB that fits the new pixels and their profile.

    Args:
        pdf: the document.
        leaf: a page of it.
        kept: the new image.
        images: puts it into the document.

    Returns:
        The images that the page does not show any more.

    Raises:
        PageError: the page is not a scan (see ``PdfPage.reason``).
    """
    scan = leaf.scan
    first, old = scan.strips[0], scan.strips[0].image
    with naming_place(leaf.place):
        space = _space(first, kept)
    made = images.image(kept, space, {key: old[key] for key in _KEPT if key in old})
    _name(leaf.page, first, made if len(scan.strips) == 1 else _spread(pdf, made, scan))
    for strip in scan.strips[1:]:
        _name(leaf.page, strip, _form(pdf, b"", {}))
    return {strip.image.objgen for strip in scan.strips}


def _space(place: Placement, kept: Kept) -> Any:
    """Return the old image's colour space if the new one can have it; None: it cannot."""
    old = check(place.image, place.fill)
    fits = old is not None and old.kind == ("grey" if kept.channels == 1 else "rgb")
    return old.stored if old is not None and fits and profile_for(old.icc, kept.channels) == kept.icc else None


def _name(page: pikepdf.Page, place: Placement, made: Stream) -> None:
    """Let a name mean another object, on this page alone: what it shares with others is copied first."""
    holder: Any = page.obj
    resources: Any = page.resources
    for index, name in enumerate(place.path):
        holder.Resources = Dictionary(dict(resources.items()))
        table = Dictionary(dict(holder.Resources.XObject.items()))
        last = index == len(place.path) - 1
        table[name] = made if last else copy.copy(table[name])
        holder.Resources.XObject = table
        if not last and "/Resources" in holder.Resources.XObject[name]:  # else a form uses those of its holder
            holder = holder.Resources.XObject[name]
        resources = holder.Resources


def _form(pdf: pikepdf.Pdf, content: bytes, images: dict[str, Any], box: tuple[float, ...] = (0, 0, 1, 1)) -> Stream:
    form = Stream(pdf, content)
    form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array(list(box))
    form.Resources = Dictionary(XObject=Dictionary(images))
    return form


def _spread(pdf: pikepdf.Pdf, made: Stream, scan: Scan) -> Stream:
    """Make a form that, in the place of the first strip, shows an image over all of them."""
    rows = [size_of(strip.image)[1] for strip in scan.strips]
    tall = math.hypot(*scan.matrix[2:4]) / math.hypot(*scan.strips[0].matrix[2:4])
    tall = tall if math.isfinite(tall) else sum(rows) / rows[0]
    content = f"q 1 0 0 {tall:.9f} 0 {1 - tall:.9f} cm /Im0 Do Q".encode()
    return _form(pdf, content, {"/Im0": made}, (-1, -tall - 1, 2, 2))
