"""What names of images and forms are looked up for a PDF page: by its content, and by all that is drawn with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from docsr.io.pdf_content import BROKEN, MAX_CONTENT_BYTES
from docsr.io.pdf_streams import unfiltered
from docsr.io.refusals import Unreadable

_MAX_PARTS = 5000
_OPERATORS = "Do BI ID EI"

Number = tuple[int, int]
"""Of an object, as pikepdf's ``objgen``."""

_Part = tuple[Any, Any]
"""A stream of content, and the resources that are its own (None: it has none)."""


class Uses:
    """Remembers what streams of content look up; one document, one object."""

    def __init__(self) -> None:
        self._known: dict[Number, frozenset[str]] = {}

    def of(self, holder: Any) -> set[str] | None:
        """Return the names that may be looked up in the resources of a page or a form; None where that is not known.

        What has no resources of its own, or not that name in them, uses those of the page: forms, appearances of
        annotations, patterns, groups of soft masks, and glyphs of Type 3 fonts. Renderers differ in when they do.
        """
        try:
            return self._of(holder)
        except BROKEN:
            return None

    def _of(self, holder: Any) -> set[str]:
        resources = holder.get("/Resources")
        found = set(self._names(holder))
        todo = [(part, externals(resources)) for part in _drawn(found, externals(resources), resources)]
        todo += [((one, one.get("/Resources")), externals(resources)) for one in _appearances(holder)]
        met: set[tuple[Number, Number]] = set()
        while todo:
            (content, own), around = todo.pop()
            key = content.objgen, around.objgen if around is not None else (0, 0)
            if key in met:
                continue
            met.add(key)
            if len(met) > _MAX_PARTS:
                raise Unreadable("it consists of too many parts")
            names, table = self._names(content), externals(own)
            found |= {name for name in names if table is None or name not in table}
            known = {**dict(around.items() if around is not None else ()), **dict(table.items() if table else ())}
            todo += [(part, around if table is None else table) for part in _drawn(names, known, own)]
        return found

    def _names(self, content: Any) -> frozenset[str]:
        number = content.objgen
        if number not in self._known or number == (0, 0):
            _check_size(content)
            steps = pikepdf.parse_content_stream(content, _OPERATORS)
            names = (str(step.operands[0]) for step in steps if str(step.operator) == "Do" and len(step.operands) == 1)
            self._known[number] = frozenset(names)
        return self._known[number]


def externals(resources: Any) -> Any:
    """Return the table of images and forms in resources, None where there is none."""
    table = resources.get("/XObject") if isinstance(resources, Dictionary) else None
    return table if isinstance(table, Dictionary) else None


def _drawn(names: Any, table: Any, resources: Any) -> Iterator[_Part]:
    """Yield the content that other content draws: forms by name, and whatever else its resources have."""
    for name in names:
        one = table.get(name) if table is not None else None
        if isinstance(one, Stream) and one.get("/Subtype") == Name.Form:
            yield one, one.get("/Resources")
    for pattern in _entries(resources, "/Pattern"):
        if isinstance(pattern, Stream):
            yield pattern, pattern.get("/Resources")
        elif isinstance(pattern, Dictionary):
            yield from _of_state(pattern.get("/ExtGState"))
    for state in _entries(resources, "/ExtGState"):
        yield from _of_state(state)
    for font in _entries(resources, "/Font"):
        yield from _glyphs(font)


def _of_state(state: Any) -> Iterator[_Part]:
    """Yield what a graphics state sets: the group of a soft mask, and a font."""
    if not isinstance(state, Dictionary):
        return
    mask, font = state.get("/SMask"), state.get("/Font")
    group = mask.get("/G") if isinstance(mask, Dictionary) else None
    if isinstance(group, Stream):
        yield group, group.get("/Resources")
    if isinstance(font, Array) and len(font):
        yield from _glyphs(font[0])


def _glyphs(font: Any) -> Iterator[_Part]:
    if isinstance(font, Dictionary) and font.get("/Subtype") == Name.Type3:
        for glyph in _entries(font, "/CharProcs"):
            if isinstance(glyph, Stream):
                yield glyph, font.get("/Resources")


def _appearances(page: Any) -> Iterator[Any]:
    """Yield how the annotations of a page look, in all their states."""
    annotations = page.get("/Annots")
    for annotation in annotations if isinstance(annotations, Array) else ():
        if isinstance(annotation, Dictionary):
            for look in _entries(annotation, "/AP"):
                looks = list(dict(look.items()).values()) if isinstance(look, Dictionary) else [look]
                yield from (one for one in looks if isinstance(one, Stream))


def _entries(holder: Any, key: str) -> list[Any]:
    table = holder.get(key) if isinstance(holder, Dictionary) else None
    return list(dict(table.items()).values()) if isinstance(table, Dictionary) else []


def _check_size(holder: Any) -> None:
    """Make sure, before content is parsed, that it is no more than a page of a scan may have."""
    content = holder if isinstance(holder, Stream) else holder.get("/Contents")
    left = MAX_CONTENT_BYTES
    for stream in content if isinstance(content, Array) else [content]:
        left -= len(unfiltered(stream, left)[0])
        if left < 0:
            raise Unreadable("its content is too large for a scan")
