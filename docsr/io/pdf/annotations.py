"""Tell whether a PDF page shows annotations: stamps, ink, notes, filled form fields."""

from __future__ import annotations

from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name

from docsr.io.pdf.streams import integer, numbers
from docsr.io.read_errors import Unreadable

_HIDDEN, _NO_VIEW = 1 << 1, 1 << 5


def shows_annotations(page: pikepdf.Page) -> bool:
    """Return whether a page has an annotation that may be visible; in doubt the answer is True."""
    annotations = page.obj.get("/Annots")
    return isinstance(annotations, Array) and any(map(_may_be_seen, annotations))


def _may_be_seen(annotation: Any) -> bool:
    if not isinstance(annotation, Dictionary):
        return False
    try:
        if integer(annotation, "/F", 0) & (_HIDDEN | _NO_VIEW):
            return False
        kind = annotation.get("/Subtype")
        if kind == Name.Widget:
            left, bottom, right, top = numbers(annotation.get("/Rect", (0, 0, 0, 0)), 4)
            return left != right and bottom != top
        if "/AP" in annotation:
            return True
        return kind != Name.Popup and not (kind == Name.Link and _width(annotation) == 0)
    except (Unreadable, ValueError, TypeError, LookupError):
        return True


def _width(link: Any) -> float:
    """Return the width of a link's border; 1 if the link does not state it."""
    style = link.get("/BS")
    if isinstance(style, Dictionary):
        return float(style.get("/W", 1))
    border = link.get("/Border")
    return float(border[2]) if isinstance(border, Array) and len(border) > 2 else 1.0
