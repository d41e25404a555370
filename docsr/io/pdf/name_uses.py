"""Find the names of images and forms that a PDF page looks up, in its content and in all that is drawn with it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from docsr.io.pdf.content import BROKEN, MAX_CONTENT_BYTES
from docsr.io.pdf.streams import unfiltered
from docsr.io.read_errors import Unreadable

_MAX_PARTS, _MAX_STEPS = 5000, 50_000
"""The most parts that are read for one page, and the most references to parts (by name or otherwise) followed."""

_OPERATORS = "Do BI ID EI"

Number = tuple[int, int]
"""An object's number, as pikepdf's ``objgen``."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A content stream.

    Attributes:
        content: the stream (or the page).
        own: its own resources, or None.
        key: identifies these resources by their object number. They usually have none; then it is that of their holder.
    """

    content: Any
    own: Any
    key: Hashable


@dataclass(slots=True)
class _Walk:
    """The parts still to read. Names that a part's own resources lack are looked up in a table that goes with it."""

    todo: list[tuple[_Part, Any, Hashable]] = field(default_factory=list)
    met: set[Hashable] = field(default_factory=set)

    def is_new(self, key: Hashable) -> bool:
        is_new = key not in self.met
        self.met.add(key)
        if len(self.met) > _MAX_PARTS:
            raise Unreadable("it consists of too many parts")
        return is_new


class Uses:
    """The names that content streams look up, remembered for one document."""

    def __init__(self) -> None:
        self._known: dict[Number, frozenset[str]] = {}
        self.next_page()

    def next_page(self) -> None:
        """Start the next page: the limits on what is read hold for one page together with its forms."""
        self._bytes, self._steps = MAX_CONTENT_BYTES, _MAX_STEPS

    def names_in(self, holder: Any) -> set[str] | None:
        """Return the names that may be looked up in the resources of a page or a form; None if they are unknown.

        A part without own resources, or whose resources lack a name, uses those of the page. This holds for forms,
        appearances of annotations, patterns, groups of soft masks, and glyphs of Type 3 fonts. Renderers differ in when
        they look there.
        """
        try:
            return self._names_in(holder)
        except BROKEN:
            self._bytes = self._steps = -1  # the rest of the page is unknown too
            return None

    def _names_in(self, holder: Any) -> set[str]:
        self._spend_steps(1)
        resources, walk = holder.get("/Resources"), _Walk()
        table, used = externals(resources), set(self._names(holder))
        looks = (_with_own(appearance) for appearance in _appearances(holder))
        for parts in (_forms(used, table, None), _other_parts(resources), looks):
            self._add(walk, parts, table, holder.objgen)
        while walk.todo:
            part, around, key = walk.todo.pop()
            names, table = self._names(part.content), externals(part.own)
            used |= {name for name in names if table is None or name not in table}
            inner = (around, key) if table is None else (table, table.objgen if table.is_indirect else part.key)
            self._spend_steps(len(names))
            self._add(walk, _forms(names, table, around), *inner)
            if not getattr(part.own, "is_indirect", False) or walk.is_new(("beside", part.own.objgen, inner[1])):
                self._add(walk, _other_parts(part.own), *inner)
        return used

    def _add(self, walk: _Walk, parts: Iterable[_Part], around: Any, key: Hashable) -> None:
        for part in parts:
            self._spend_steps(1)
            if walk.is_new((part.content.objgen, part.key, key)):
                walk.todo.append((part, around, key))

    def _spend_steps(self, steps: int) -> None:
        self._steps -= steps
        if self._steps < 0:
            raise Unreadable("it consists of too many parts")

    def _names(self, content: Any) -> frozenset[str]:
        number = content.objgen
        if number not in self._known or number == (0, 0):
            self._spend_bytes(content)
            steps = pikepdf.parse_content_stream(content, _OPERATORS)
            names = (str(step.operands[0]) for step in steps if str(step.operator) == "Do" and len(step.operands) == 1)
            self._known[number] = frozenset(names)
        return self._known[number]

    def _spend_bytes(self, holder: Any) -> None:
        """Check, before content is parsed, that it is within what may be read for a page."""
        content = holder if isinstance(holder, Stream) else holder.get("/Contents")
        for stream in content if isinstance(content, Array) else [content]:
            self._bytes -= len(unfiltered(stream, self._bytes)[0])
            if self._bytes < 0:
                raise Unreadable("its content is too large for a scan")


def externals(resources: Any) -> Any:
    """Return the table of images and forms in resources, or None."""
    table = resources.get("/XObject") if isinstance(resources, Dictionary) else None
    return table if isinstance(table, Dictionary) else None


def _with_own(content: Any, holder: Any = None) -> _Part:
    """Return a stream with its own resources; those of a glyph are its font's."""
    holder = content if holder is None else holder
    own = holder.get("/Resources")
    numbered = (item for item in (own, holder) if isinstance(item, Dictionary | Stream) and item.is_indirect)
    key = next((item.objgen for item in numbered), None if own is None else object())  # a new object equals no other
    return _Part(content, own, key)


def _forms(names: Iterable[str], table: Any, around: Any) -> Iterator[_Part]:
    """Yield the forms that content draws by name, from its own table or else from the one around it."""
    for name in names:
        is_own = table is not None and name in table
        xobject = table.get(name) if is_own else around.get(name) if around is not None else None
        if isinstance(xobject, Stream) and xobject.get("/Subtype") == Name.Form:
            yield _with_own(xobject)


def _other_parts(resources: Any) -> Iterator[_Part]:
    """Yield the other content in resources: patterns, and what graphics states and fonts draw."""
    for pattern in _entries(resources, "/Pattern"):
        if isinstance(pattern, Stream):
            yield _with_own(pattern)
        elif isinstance(pattern, Dictionary):
            yield from _of_state(pattern.get("/ExtGState"))
    for state in _entries(resources, "/ExtGState"):
        yield from _of_state(state)
    for font in _entries(resources, "/Font"):
        yield from _glyphs(font)


def _of_state(state: Any) -> Iterator[_Part]:
    """Yield the content that a graphics state sets: the group of a soft mask, and a font."""
    if not isinstance(state, Dictionary):
        return
    mask, font = state.get("/SMask"), state.get("/Font")
    group = mask.get("/G") if isinstance(mask, Dictionary) else None
    if isinstance(group, Stream):
        yield _with_own(group)
    if isinstance(font, Array) and len(font):
        yield from _glyphs(font[0])


def _glyphs(font: Any) -> Iterator[_Part]:
    if isinstance(font, Dictionary) and font.get("/Subtype") == Name.Type3:
        for glyph in _entries(font, "/CharProcs"):
            if isinstance(glyph, Stream):
                yield _with_own(glyph, font)


def _appearances(page: Any) -> Iterator[Any]:
    """Yield the appearance streams of a page's annotations, in all their states."""
    annotations = page.get("/Annots")
    for annotation in annotations if isinstance(annotations, Array) else ():
        if isinstance(annotation, Dictionary):
            for look in _entries(annotation, "/AP"):
                looks = list(dict(look.items()).values()) if isinstance(look, Dictionary) else [look]
                yield from (stream for stream in looks if isinstance(stream, Stream))


def _entries(holder: Any, key: str) -> list[Any]:
    table = holder.get(key) if isinstance(holder, Dictionary) else None
    return list(dict(table.items()).values()) if isinstance(table, Dictionary) else []
