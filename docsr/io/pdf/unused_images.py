"""Drop the names of images that a page has but does not show; they would keep replaced images in the file."""

from __future__ import annotations

from typing import Any

import pikepdf
from pikepdf import Dictionary, Name, Stream

from docsr.io.pdf.name_uses import Number, Uses, externals

_MAX_PARENTS, _MAX_DEPTH = 64, 8


def drop_unused(pdf: pikepdf.Pdf, old: set[Number], changed: set[int]) -> None:
    """Drop the names of images from the resources of pages and forms that do not show them.

    Pages usually share their resources. If it is unknown what a page shows, its names are kept.

    Args:
        pdf: the document; it is changed.
        old: the numbers of the replaced images, whose names all pages drop.
        changed: the 0-based numbers of the pages that showed them; these drop the names of all images not shown.
    """
    if not old:
        return
    _take_over(pdf)
    visited, uses = set[Number](), Uses()
    for number, page in enumerate(pdf.pages):
        uses.next_page()
        _forget(page.obj, None if number in changed else old, uses, visited, _MAX_DEPTH)


def _take_over(pdf: pikepdf.Pdf) -> None:
    """Give each page its own reference to inherited resources, and remove them from the nodes above.

    In a node above, a name would be kept for pages that do not use it.
    """
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


def _forget(holder: Any, old: set[Number] | None, uses: Uses, visited: set[Number], depth: int) -> None:
    """Drop names of some images (None: of any) from the resources of a page or a form, and of its forms."""
    table = externals(holder.get("/Resources"))
    if table is None or not depth or holder.objgen in visited:
        return
    visited.add(holder.objgen)
    named = dict(table.items())
    gone = {name for name, item in named.items() if _is_image(item) and (old is None or item.objgen in old)}
    forms = [item for item in named.values() if isinstance(item, Stream) and item.get("/Subtype") == Name.Form]
    shown = uses.names_in(holder) if gone else None
    if shown is not None and gone - shown:
        gone -= shown
        resources = Dictionary(dict(holder.Resources.items()))  # a copy, since others may share it
        resources.XObject = Dictionary({name: item for name, item in named.items() if name not in gone})
        holder.Resources = resources
    for form in forms:
        _forget(form, old, uses, visited, depth - 1)


def _is_image(item: Any) -> bool:
    return isinstance(item, Stream) and item.get("/Subtype") == Name.Image
