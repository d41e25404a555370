"""Names of images that a page has and does not show are dropped: else images that were replaced would stay."""

from __future__ import annotations

from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from docsr.io.pdf_content import BROKEN, MAX_CONTENT_BYTES
from docsr.io.pdf_streams import unfiltered
from docsr.io.refusals import Unreadable

_MAX_PARENTS, _MAX_DEPTH = 64, 8
_OPERATORS = "Do BI ID EI"

Number = tuple[int, int]
"""Of an object, as pikepdf's ``objgen``."""


def drop_unused(pdf: pikepdf.Pdf, old: set[Number], changed: set[int]) -> None:
    """Drop the names of images from the resources of the pages and forms that do not show them.

    Pages share their resources as a rule. Where it cannot be told what a page shows, its names stay.

    Args:
        pdf: the document; it is changed.
        old: the images that were replaced, of which all pages drop the names.
        changed: the 0-based numbers of the pages on which they were, which drop those of any image.
    """
    if not old:
        return
    _take_over(pdf)
    seen: set[Number] = set()
    for number, page in enumerate(pdf.pages):
        _forget(page.obj, None if number in changed else old, seen, _MAX_DEPTH)


def _take_over(pdf: pikepdf.Pdf) -> None:
    """Give each page the resources that it inherits: there, names would stay for pages that do not use them."""
    nodes: dict[Number, Any] = {}
    for page in pdf.pages:
        if "/Resources" not in page.obj:
            page.obj.Resources = page.resources
        node = page.obj.get("/Parent")
        for _ in range(_MAX_PARENTS):
            if not isinstance(node, Dictionary) or node.objgen in nodes:
                break
            nodes[node.objgen] = node
            node = node.get("/Parent")
    for node in nodes.values():
        if "/Resources" in node:
            del node.Resources


def _forget(holder: Any, old: set[Number] | None, seen: set[Number], depth: int) -> None:
    """Drop names of some images (None: of any) from the resources of a page or a form, and of the forms in it."""
    table = _table(holder)
    if table is None or not depth or holder.objgen in seen:
        return
    seen.add(holder.objgen)
    named = dict(table.items())
    gone = {name for name, one in named.items() if _is_image(one) and (old is None or one.objgen in old)}
    forms = [one for one in named.values() if isinstance(one, Stream) and one.get("/Subtype") == Name.Form]
    if gone:
        gone -= _shown(holder, depth, named)
        resources = Dictionary(dict(holder.Resources.items()))  # others may share it
        resources.XObject = Dictionary({name: one for name, one in named.items() if name not in gone})
        holder.Resources = resources
    for form in forms:
        _forget(form, old, seen, depth - 1)


def _is_image(one: Any) -> bool:
    return isinstance(one, Stream) and one.get("/Subtype") == Name.Image


def _table(holder: Any) -> Any:
    resources = holder.get("/Resources")
    table = resources.get("/XObject") if isinstance(resources, Dictionary) else None
    return table if isinstance(table, Dictionary) else None


def _shown(holder: Any, depth: int, named: dict[str, Any]) -> set[str]:
    """Return the names that content may look up in ``named``: all of them where that cannot be told."""
    try:
        if not depth or _draws_glyphs(holder):
            return set(named)
        _check_size(holder)
        found = {str(step.operands[0]) for step in pikepdf.parse_content_stream(holder, _OPERATORS) if _shows(step)}
    except BROKEN:
        return set(named)
    for name in tuple(found):
        one = named.get(name)
        if isinstance(one, Stream) and one.get("/Subtype") == Name.Form and "/Resources" not in one:
            found |= _shown(one, depth - 1, named)  # which uses those of its holder
    return found


def _shows(step: Any) -> bool:
    return str(step.operator) == "Do" and len(step.operands) == 1


def _draws_glyphs(holder: Any) -> bool:
    """Tell whether glyphs may show images: those of Type 3 fonts that have no resources of their own."""
    resources = holder.get("/Resources")
    fonts = resources.get("/Font") if isinstance(resources, Dictionary) else None
    return isinstance(fonts, Dictionary) and any(
        isinstance(font, Dictionary) and font.get("/Subtype") == Name.Type3 and "/Resources" not in font
        for font in fonts.values()
    )


def _check_size(holder: Any) -> None:
    """Make sure, before content is parsed, that it is no more than a page of a scan may have."""
    content = holder if isinstance(holder, Stream) else holder.get("/Contents")
    left = MAX_CONTENT_BYTES
    for stream in content if isinstance(content, Array) else [content]:
        left -= len(unfiltered(stream, left)[0])
        if left < 0:
            raise Unreadable("its content is too large for a scan")
