"""Find out what a PDF page shows by reading its content: images, and whatever is drawn beside, under and over them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import pikepdf
from pikepdf import Array, Dictionary, Matrix, Name, Stream

from docsr.io.pdf.geometry import EVERYWHERE, Box, Outline, overlap
from docsr.io.pdf.shown_images import Content, Placement
from docsr.io.pdf.streams import TooMuchData, integer, numbers, unfiltered
from docsr.io.read_errors import Damaged, Unreadable

MAX_CONTENT_BYTES = 4 << 20
"""Bytes of content that are read per page, forms included; parsed, they take up to 150 times as much memory."""

BROKEN = (pikepdf.PdfError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError)
"""Raised on a damaged file by pikepdf, by Pillow, and by code that expects a sound file."""

_MAX_OUTLINED_BYTES = 256 << 10
"""Paths take the most memory, so they are not followed in longer content; its clips are then unknown."""

_MAX_DEPTH, _MAX_FORMS = 8, 100
_TOO_LARGE = "its content is too large for a scan"
_INVISIBLE = 3
_WHITE = 0.999
_COLOUR_FAMILIES = {"/DeviceGray", "/DeviceRGB", "/DeviceCMYK", "/CalGray", "/CalRGB", "/ICCBased"}
_NO_TRANSFER = (Name.Identity, Name.Default)
_PATHS = ("m", "l", "c", "v", "y", "h", "re")
_PATH_ENDS = frozenset({"f", "F", "f*", "S", "s", "B", "B*", "b", "b*", "n"})


@dataclass(frozen=True, slots=True)
class _State:
    ctm: Matrix = field(default_factory=Matrix)
    text_mode: int = 0
    draws_glyphs: bool = False
    white: bool = False
    colours: bool = True
    fill: tuple[float, ...] | None = (0.0,)
    solid: bool = True
    plain: bool = True
    unmasked: bool = True
    untouched: bool = True
    clip: int = 0
    window: Box | None = EVERYWHERE

    @property
    def opaque(self) -> bool:
        return self.solid and self.plain and self.unmasked and self.untouched


def content_of(page: pikepdf.Page, *, whole: bool = False) -> Content:
    """Return what a page shows.

    Args:
        page: of an open document.
        whole: whether to go on, as far as the content can be read, after it shows more than images.

    Raises:
        Unreadable: the page shows more than images (text, drawing, shadings), or its content cannot be read; the
            former only if ``whole`` is False.
    """
    reader = _Reader(whole)
    try:
        contents = page.obj.get("/Contents")
        reader.spend(list(contents) if isinstance(contents, Array) else [contents])
        reader.walk(page.obj, page.resources, _State(), ())
    except BROKEN:
        if not whole:
            raise
        reader.shown.drawn = reader.shown.drawn or "it cannot be read"
    return reader.shown


class _Reader:
    """A reader that follows the graphics state through one page's content."""

    def __init__(self, whole: bool) -> None:
        self.shown = Content()
        self._whole = whole
        self._left = MAX_CONTENT_BYTES
        self._forms = 0
        self._clips = 0
        self._state = _State()
        self._outline = Outline()
        self._resources: Any = None
        self._path: tuple[str, ...] = ()

    def spend(self, streams: list[Any]) -> None:
        """Count content against the limit before it is parsed."""
        for stream in streams:
            if not isinstance(stream, Stream):
                raise Unreadable("it has no content")
            try:
                data, codec, _ = unfiltered(stream, self._left)
            except TooMuchData as error:
                raise Unreadable(_TOO_LARGE) from error
            except Unreadable as error:
                raise Damaged("its content is damaged") from error
            self._left -= len(data)
            if codec is not None or self._left < 0:
                raise Unreadable(_TOO_LARGE)

    def walk(self, content: Any, resources: Any, state: _State, path: tuple[str, ...]) -> None:
        """Read the content of a page or a form, starting from a graphics state."""
        before = self._state, self._resources, self._path
        self._state, self._resources, self._path, self._outline = state, resources, path, Outline()
        saved: list[_State] = []
        outlined = MAX_CONTENT_BYTES - self._left <= _MAX_OUTLINED_BYTES
        names = [name for name in self._OPERATORS if outlined or name not in _PATHS]
        for instruction in pikepdf.parse_content_stream(content, " ".join(names)):
            name = str(instruction.operator)
            if name == "q":
                saved.append(self._state)
            elif name == "Q":
                self._state = saved.pop() if saved else self._state
            else:
                self._OPERATORS[name](self, name, list(instruction.operands))
                if name in _PATH_ENDS:
                    self._outline = Outline()
        self._state, self._resources, self._path = before

    def _note(self, reason: str) -> None:
        """Record that the page shows more than images; raise Unreadable unless all content is wanted."""
        if not self._whole:
            raise Unreadable(reason)
        self.shown.drawn = self.shown.drawn or reason

    def _resource(self, kind: str, name: Any) -> Any:
        table = self._resources.get(kind) if isinstance(self._resources, Dictionary) else None
        return table.get(str(name)) if isinstance(table, Dictionary) else None

    def _matrix(self, _name: str, operands: list[Any]) -> None:
        a, b, c, d, e, f = numbers(operands, 6)
        self._state = replace(self._state, ctm=Matrix(a, b, c, d, e, f) @ self._state.ctm)

    def _follow(self, name: str, operands: list[Any]) -> None:
        self._outline.add(name, operands, self._state.ctm)

    def _clip(self, _name: str, _operands: list[Any]) -> None:
        self._state = self._clipped(self._outline)

    def _clipped(self, outline: Outline) -> _State:
        self._clips += 1
        window = overlap(self._state.window, outline.rectangle())
        return replace(self._state, clip=self._clips, window=window)

    def _external(self, _name: str, operands: list[Any]) -> None:
        xobject = self._resource("/XObject", operands[0])
        if not isinstance(xobject, Stream):
            raise Damaged("it is damaged (something that it shows is missing)")
        if "/OC" in xobject:
            self._note("it has layers")
        kind, path = xobject.get("/Subtype"), (*self._path, str(operands[0]))
        if kind is not None and not isinstance(kind, Name):
            raise Damaged("it is damaged (it is not clear what it shows)")  # some renderers accept a string as a name
        if kind == Name.Form:
            self._form(xobject, path)
        elif kind == Name.Image:  # renderers ignore everything else, even an image without its subtype
            if not self._state.opaque:
                self._note("its image is drawn with transparency")
            state = self._state
            self.shown.images.append(Placement(xobject, state.ctm, path, state.clip, state.window, state.fill))
            self.shown.pictures.append((state.ctm, integer(xobject, "/Width", 0), integer(xobject, "/Height", 0)))

    def _form(self, form: Any, path: tuple[str, ...]) -> None:
        self._forms += 1
        if len(path) > _MAX_DEPTH or self._forms > _MAX_FORMS:
            raise Unreadable("its content is nested too deeply for a scan")
        self.spend([form])
        a, b, c, d, e, f = numbers(form.get("/Matrix", Matrix().shorthand), 6)
        matrix, outline = Matrix(a, b, c, d, e, f) @ self._state.ctm, Outline()
        if "/BBox" in form:
            left, bottom, right, top = numbers(form.BBox, 4)
            outline.add("re", [left, bottom, right - left, top - bottom], matrix)
        state = self._clipped(outline)
        # The state with which a group is drawn applies to all of it, whatever is set inside.
        untouched = state.opaque if "/Group" in form else state.untouched
        state = replace(state, ctm=matrix, untouched=untouched)
        self.walk(form, form.get("/Resources", self._resources), state, path)

    def _graphics_state(self, _name: str, operands: list[Any]) -> None:
        parameters = self._resource("/ExtGState", operands[0])
        if not isinstance(parameters, Dictionary):
            return
        state = self._state
        if "/SMask" in parameters:
            state = replace(state, unmasked=parameters["/SMask"] == Name("/None"))
        if "/BM" in parameters:
            blend = parameters["/BM"]
            blend = blend[0] if isinstance(blend, Array) and len(blend) else blend
            state = replace(state, plain=blend in {Name.Normal, Name.Compatible})
        if "/ca" in parameters:
            state = replace(state, solid=float(parameters["/ca"]) >= 1)
        self._state = state
        if any(key in parameters and parameters[key] not in _NO_TRANSFER for key in ("/TR", "/TR2")):
            self.shown.over = True
        font = parameters.get("/Font")
        if isinstance(font, Array) and len(font):
            self._take_font(font[0])

    def _font(self, _name: str, operands: list[Any]) -> None:
        self._take_font(self._resource("/Font", operands[0]))

    def _take_font(self, font: Any) -> None:
        """Set the font: Type 3 glyphs are drawings, which the rendering mode does not hide (ISO 32000-1, 9.3.6)."""
        drawn = isinstance(font, Dictionary) and font.get("/Subtype") == Name.Type3
        self._state = replace(self._state, draws_glyphs=drawn)

    def _text_mode(self, _name: str, operands: list[Any]) -> None:
        mode = operands[0] if len(operands) == 1 and isinstance(operands[0], int) else 0
        self._state = replace(self._state, text_mode=mode)

    def _text(self, _name: str, _operands: list[Any]) -> None:
        if self._state.text_mode != _INVISIBLE or self._state.draws_glyphs:
            self._painted()
            self.shown.glyphs = True
            self._note("it has text of its own")

    def _painted(self) -> None:
        self.shown.over |= bool(self.shown.pictures)

    def _colour(self, name: str, operands: list[Any]) -> None:
        values = [value for value in operands if not isinstance(value, Name)]
        if name in {"g", "rg", "k"}:
            self._state = replace(self._state, colours=True)
        plain = self._state.colours and len(values) == len(operands) in {1, 3, 4}
        inks = numbers(values, len(values))
        white = all(ink <= 1 - _WHITE for ink in inks) if len(inks) == 4 else all(ink >= _WHITE for ink in inks)
        self._state = replace(self._state, white=plain and white, fill=tuple(inks) if plain else None)

    def _colour_space(self, _name: str, operands: list[Any]) -> None:
        resource = self._resource("/ColorSpace", operands[0])
        stored = operands[0] if resource is None else resource
        family = str(stored[0] if isinstance(stored, Array) and len(stored) else stored)
        starts_black = family in _COLOUR_FAMILIES
        self._state = replace(self._state, white=False, colours=starts_black, fill=(0.0,) if starts_black else None)

    def _fill(self, _name: str, _operands: list[Any]) -> None:
        self._painted()
        if not (self._state.white and self._state.opaque):
            self.shown.marks += 1
            self._note("it has vector drawing")

    def _marked(self, _name: str, operands: list[Any]) -> None:
        if operands and operands[0] == Name.OC:
            self._note("it has layers")

    def _draw(self, name: str, _operands: list[Any]) -> None:
        self._painted()
        self.shown.marks += 1
        self._note("it has shadings" if name == "sh" else "it has vector drawing")

    def _inline(self, _name: str, operands: list[Any]) -> None:
        self._painted()
        self._note("it has inline images")
        self.shown.pictures.append((self._state.ctm, int(operands[0].width), int(operands[0].height)))

    def _pass(self, _name: str, _operands: list[Any]) -> None:
        """Do nothing: qpdf needs these operators to parse the content, but they change nothing here."""

    _OPERATORS: ClassVar[dict[str, Callable[[_Reader, str, list[Any]], None]]] = {
        **dict.fromkeys(["q", "Q", "BI", "ID", "EI"], _pass), "INLINE IMAGE": _inline,
        "cm": _matrix, "Do": _external, "gs": _graphics_state, "Tf": _font, "Tr": _text_mode, "BDC": _marked,
        **dict.fromkeys(["Tj", "TJ", "'", '"'], _text), **dict.fromkeys(["W", "W*"], _clip),
        **dict.fromkeys(["g", "rg", "k", "sc", "scn"], _colour), "cs": _colour_space,
        **dict.fromkeys(["f", "F", "f*"], _fill), **dict.fromkeys(["S", "s", "B", "B*", "b", "b*", "sh"], _draw),
        **dict.fromkeys(_PATHS, _follow), "n": _pass,
    }  # fmt: skip
