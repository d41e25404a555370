"""What a PDF page shows, read from its content: whether it is a scan, and where the scan's image is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from docsr.io.pdf_streams import integer, numbers, unfiltered
from docsr.io.refusals import Unreadable

Matrix = tuple[float, float, float, float, float, float]
"""a, b, c, d, e, f: (x, y) goes to (a x + c y + e, b x + d y + f) (ISO 32000-1, 8.3.3)."""

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)

Paint = tuple[int, ...]
"""A colour as pixels have it, 0 to 255: grey alone, or red, green and blue."""

MAX_CONTENT_BYTES = 4 << 20
"""Content that is read per page, forms included; parsed, it takes up to 150 times as much memory."""

_MAX_DEPTH, _MAX_FORMS = 8, 100
_INVISIBLE = 3
_WHITE = 0.999
_COLOUR_FAMILIES = {"/DeviceGray", "/DeviceRGB", "/DeviceCMYK", "/CalGray", "/CalRGB", "/ICCBased"}


@dataclass(frozen=True, slots=True)
class Placement:
    """An image that a page shows.

    Attributes:
        image: the PDF stream.
        matrix: takes the unit square to the page, in points times the page's user unit.
        path: names in XObject resources, from the page's through those of forms to the image.
        clip: tells apart what is drawn under different clippings.
        fill: the colour that a stencil is painted in, as pixels: grey or RGB; None where it cannot be told.
    """

    image: Any
    matrix: Matrix
    path: tuple[str, ...]
    clip: int
    fill: Paint | None = (0,)


@dataclass(frozen=True, slots=True)
class _State:
    ctm: Matrix = IDENTITY
    text_mode: int = 0
    draws_glyphs: bool = False
    white: bool = False
    colours: bool = True
    fill: Paint | None = (0,)
    opaque: bool = True
    clip: int = 0


def times(first: Matrix, second: Matrix) -> Matrix:
    """Return the matrix that does ``first`` and then ``second``."""
    a, b, c, d, e, f = first
    p, q, r, s, t, u = second
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def paint(inks: list[float]) -> Paint:
    """Return the colour of 1 (grey), 3 (RGB) or 4 numbers (CMYK, by its definition) from 0 to 1."""
    if len(inks) == 4:
        inks = [1 - min(1.0, ink + inks[3]) for ink in inks[:3]]
    levels = tuple(round(255 * min(1.0, max(0.0, ink))) for ink in inks)
    return levels[:1] if len(set(levels)) == 1 else levels


def placements(page: pikepdf.Page) -> list[Placement]:
    """List the images that a page shows, in the order in which they are drawn.

    Raises:
        Unreadable: the page shows more than images (text, drawing, shadings), or its content cannot be read.
    """
    reader = _Reader()
    contents = page.obj.get("/Contents")
    reader.spend(list(contents) if isinstance(contents, Array) else [contents])
    reader.walk(page.obj, page.resources, _State(), ())
    return reader.found


class _Reader:
    """Follows the graphics state through a page's content; one page, one reader."""

    def __init__(self) -> None:
        self.found: list[Placement] = []
        self._left = MAX_CONTENT_BYTES
        self._forms = 0
        self._clips = 0
        self._state = _State()
        self._resources: Any = None
        self._path: tuple[str, ...] = ()

    def spend(self, streams: list[Any]) -> None:
        """Count content against the limit, before it is parsed."""
        for stream in streams:
            if not isinstance(stream, Stream):
                raise Unreadable("it has no content")
            try:
                data, codec, _ = unfiltered(stream, self._left)
            except Unreadable as error:
                raise Unreadable("its content is damaged, or too large for a scan") from error
            self._left -= len(data)
            if codec is not None or self._left < 0:
                raise Unreadable("its content is too large for a scan")

    def walk(self, content: Any, resources: Any, state: _State, path: tuple[str, ...]) -> None:
        """Read the content of a page or of a form, in the state that it begins with."""
        before = self._state, self._resources, self._path
        self._state, self._resources, self._path = state, resources, path
        saved: list[_State] = []
        for instruction in pikepdf.parse_content_stream(content, " ".join(self._OPERATORS)):
            name = str(instruction.operator)
            if name == "q":
                saved.append(self._state)
            elif name == "Q":
                self._state = saved.pop() if saved else self._state
            else:
                self._OPERATORS[name](self, name, list(instruction.operands))
        self._state, self._resources, self._path = before

    def _resource(self, kind: str, name: Any) -> Any:
        table = self._resources.get(kind) if isinstance(self._resources, Dictionary) else None
        return table.get(str(name)) if isinstance(table, Dictionary) else None

    def _matrix(self, _name: str, operands: list[Any]) -> None:
        a, b, c, d, e, f = numbers(operands, 6)
        self._state = replace(self._state, ctm=times((a, b, c, d, e, f), self._state.ctm))

    def _clip(self, _name: str, _operands: list[Any]) -> None:
        self._clips += 1
        self._state = replace(self._state, clip=self._clips)

    def _external(self, _name: str, operands: list[Any]) -> None:
        found = self._resource("/XObject", operands[0])
        if not isinstance(found, Stream):
            raise Unreadable("it is damaged (something that it shows is missing)")
        if "/OC" in found:
            raise Unreadable("it has layers")
        path = (*self._path, str(operands[0]))
        if found.get("/Subtype") == Name.Form:
            self._form(found, path)
        else:
            if not self._state.opaque:
                raise Unreadable("its image is drawn with transparency")
            state = self._state
            self.found.append(Placement(found, state.ctm, path, state.clip, state.fill))

    def _form(self, form: Any, path: tuple[str, ...]) -> None:
        self._forms += 1
        if len(path) > _MAX_DEPTH or self._forms > _MAX_FORMS:
            raise Unreadable("its content is nested too deeply for a scan")
        self.spend([form])
        a, b, c, d, e, f = numbers(form.get("/Matrix", IDENTITY), 6)
        self._clip("", [])
        state = replace(self._state, ctm=times((a, b, c, d, e, f), self._state.ctm))
        self.walk(form, form.get("/Resources", self._resources), state, path)

    def _graphics_state(self, _name: str, operands: list[Any]) -> None:
        found = self._resource("/ExtGState", operands[0])
        if not isinstance(found, Dictionary):
            return
        blend = found.get("/BM", Name.Normal)
        blend = blend[0] if isinstance(blend, Array) and len(blend) else blend
        opaque = self._state.opaque
        if found.get("/SMask", Name("/None")) != Name("/None") or blend not in {Name.Normal, Name.Compatible}:
            opaque = False
        elif "/ca" in found:
            opaque = float(found["/ca"]) >= 1
        self._state = replace(self._state, opaque=opaque)
        font = found.get("/Font")
        if isinstance(font, Array) and len(font):
            self._take_font(font[0])

    def _font(self, _name: str, operands: list[Any]) -> None:
        self._take_font(self._resource("/Font", operands[0]))

    def _take_font(self, font: Any) -> None:
        """Glyphs of Type 3 fonts are drawings, which the rendering mode does not hide (ISO 32000-1, 9.3.6)."""
        drawn = isinstance(font, Dictionary) and font.get("/Subtype") == Name.Type3
        self._state = replace(self._state, draws_glyphs=drawn)

    def _text_mode(self, _name: str, operands: list[Any]) -> None:
        mode = operands[0] if len(operands) == 1 and isinstance(operands[0], int) else 0
        self._state = replace(self._state, text_mode=mode)

    def _text(self, _name: str, _operands: list[Any]) -> None:
        if self._state.text_mode != _INVISIBLE or self._state.draws_glyphs:
            raise Unreadable("it has text of its own")

    def _colour(self, name: str, operands: list[Any]) -> None:
        values = [value for value in operands if not isinstance(value, Name)]
        if name in {"g", "rg", "k"}:
            self._state = replace(self._state, colours=True)
        plain = self._state.colours and len(values) == len(operands) in {1, 3, 4}
        inks = numbers(values, len(values))
        white = all(ink <= 1 - _WHITE for ink in inks) if len(inks) == 4 else all(ink >= _WHITE for ink in inks)
        self._state = replace(self._state, white=plain and white, fill=paint(inks) if plain else None)

    def _colour_space(self, _name: str, operands: list[Any]) -> None:
        found = self._resource("/ColorSpace", operands[0])
        stored = operands[0] if found is None else found
        family = str(stored[0] if isinstance(stored, Array) and len(stored) else stored)
        known = family in _COLOUR_FAMILIES  # which begin with black
        self._state = replace(self._state, white=False, colours=known, fill=(0,) if known else None)

    def _fill(self, _name: str, _operands: list[Any]) -> None:
        if not self._state.white:
            raise Unreadable("it has vector drawing")

    def _marked(self, _name: str, operands: list[Any]) -> None:
        if operands and operands[0] == Name.OC:
            raise Unreadable("it has layers")

    def _refuse(self, name: str, _operands: list[Any]) -> None:
        kinds = {"sh": "it has shadings", "INLINE IMAGE": "it has inline images"}
        raise Unreadable(kinds.get(name, "it has vector drawing"))

    def _pass(self, _name: str, _operands: list[Any]) -> None:
        """Operators that qpdf must see to find its way, and that change nothing here."""

    _OPERATORS: ClassVar[dict[str, Callable[[_Reader, str, list[Any]], None]]] = {
        **dict.fromkeys(["q", "Q", "BI", "ID", "EI"], _pass), "INLINE IMAGE": _refuse,
        "cm": _matrix, "Do": _external, "gs": _graphics_state, "Tf": _font, "Tr": _text_mode, "BDC": _marked,
        **dict.fromkeys(["Tj", "TJ", "'", '"'], _text), **dict.fromkeys(["W", "W*"], _clip),
        **dict.fromkeys(["g", "rg", "k", "sc", "scn"], _colour), "cs": _colour_space,
        **dict.fromkeys(["f", "F", "f*"], _fill), **dict.fromkeys(["S", "s", "B", "B*", "b", "b*", "sh"], _refuse),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scan:
    """The one picture of a scanned page.

    Attributes:
        strips: its parts, from the image's top to its bottom: mostly one.
        matrix: takes the unit square to the page, for all of them together.
    """

    strips: tuple[Placement, ...]
    matrix: Matrix


def joined(found: list[Placement]) -> Scan:
    """Put strips of one width that are stacked without gaps together.

    Raises:
        Unreadable: there is no image, or there are several that are not such strips.
    """
    if not found:
        raise Unreadable("it has no image")
    if len(found) == 1:
        return Scan((found[0],), found[0].matrix)
    down = found[0].matrix[2:4]
    strips = sorted(found, key=lambda part: -(part.matrix[4] * down[0] + part.matrix[5] * down[1]))
    if len({part.path for part in strips}) != len(strips) or not all(map(_continues, strips, strips[1:])):
        raise Unreadable("it has more than one image")
    a, b, e, f = *strips[0].matrix[:2], *strips[-1].matrix[4:]
    c, d = strips[0].matrix[2] + strips[0].matrix[4] - e, strips[0].matrix[3] + strips[0].matrix[5] - f
    return Scan(tuple(strips), (a, b, c, d, e, f))


_ALIKE = ("/Width", "/ColorSpace", "/BitsPerComponent", "/ImageMask")


def _continues(upper: Placement, lower: Placement) -> bool:
    """Tell whether a strip lies right below another, half a row of pixels more or less."""
    rows = integer(upper.image, "/Height", 0), integer(lower.image, "/Height", 0)
    if min(rows) < 1 or upper.clip != lower.clip:
        return False
    alike = all(upper.image.get(key) == lower.image.get(key) for key in _ALIKE)
    (a, b, c, d, e, f), (p, q, r, s, t, u) = upper.matrix, lower.matrix
    row = max(abs(c), abs(d)) / rows[0]
    same_rows = (
        abs(a - p) < row
        and abs(b - q) < row
        and all(abs(first / rows[0] - second / rows[1]) < row / 20 for first, second in ((c, r), (d, s)))
    )
    return alike and same_rows and abs(e - r - t) < 0.6 * row and abs(f - s - u) < 0.6 * row
