"""What befalls a PDF in fuzz.py where its objects are changed, and not its bytes: it still opens, mostly."""

from __future__ import annotations

import io
import random
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Stream, String

NUMBERS: list[int | Decimal] = [
    0,
    -1,
    1,
    2,
    45,
    255,
    65_535,
    65_537,
    99_999,
    2**31 - 1,
    -(2**31),
    2**32,
    2**53,
    2**63 - 1,
]
REALS: list[int | Decimal] = [
    Decimal(text) for text in ("0.0", "-0.5", "0.00001", "1.5", "99999.9", "-14400.25", "340000000000000000000.0")
]
FILTERS = ["FlateDecode", "LZWDecode", "ASCIIHexDecode", "ASCII85Decode", "RunLengthDecode", "CCITTFaxDecode",
           "JBIG2Decode", "DCTDecode", "JPXDecode", "Crypt", "Fl", "AHx", "A85", "RL", "Nonsense"]  # fmt: skip
NAMES = ["Type", "Page", "Pages", "XObject", "Image", "Form", "DeviceRGB", "DeviceN", "Indexed", "Separation",
         "Pattern", "ICCBased", "Length", "Kids", "a b", "x" * 300, "\u00e9\u4e2d", "#", "..",
         "Nul#00here"]  # fmt: skip
KEYS = ["Type", "Kids", "Count", "Parent", "Resources", "MediaBox", "CropBox", "Rotate", "UserUnit", "Contents",
        "XObject", "Filter", "DecodeParms", "Width", "Height", "BitsPerComponent", "ColorSpace", "Decode", "Mask",
        "SMask", "Matte", "ImageMask", "BBox", "Matrix", "Group", "Annots", "AP", "N", "ExtGState", "Pattern", "OC",
        "Alternate", "Metadata", "Interpolate", "Length", "Root", "Pages", "AcroForm", "Names",
        "Outlines"]  # fmt: skip
MANY, DEEP = [2, 50, 2000], [20, 400, 3000]

_BOMB_BYTES = 1 << 26
_LIES = re.compile(rb"/(Length|N|First|Size|Prev|W|Index|Predictor|Columns|Count)( ?\[?)(\d+)")
_FIGURES = [b"0", b"1", b"-1", b"7", b"255", b"65536", b"2147483647", b"4294967296", b"99999999999999999999"]

HOLDERS = (Array, Dictionary, Stream)
Change = Callable[[pikepdf.Pdf, random.Random], None]


def changed_pdf(content: bytes, drawn: random.Random) -> bytes:
    """Change objects of a PDF in one to four ways, and one time in four what it says of lengths and places.

    Args:
        content: a PDF that opens.
        drawn: what decides.
    """
    with pikepdf.open(io.BytesIO(content)) as pdf:
        for _ in range(drawn.choice([1, 1, 2, 4])):
            with suppress(pikepdf.PdfError, TypeError, ValueError, LookupError, AttributeError, RuntimeError):
                drawn.choice(CHANGES)(pdf, drawn)
        told = _saved(pdf, drawn)
    made = bytearray(told if told is not None else content)
    if told is None or drawn.random() < 1 / 4:
        lie(made, drawn)
    return bytes(made)


def _saved(pdf: pikepdf.Pdf, drawn: random.Random) -> bytes | None:
    file, mode = io.BytesIO(), drawn.choice(list(ObjectStreamMode.__members__.values()))
    with suppress(pikepdf.PdfError, RuntimeError):  # what was changed cannot be written
        pdf.save(file, object_stream_mode=mode, compress_streams=False, fix_metadata_version=False)
        return file.getvalue()
    return None


def lie(data: bytearray, drawn: random.Random) -> None:
    """Say another number where a PDF tells of its lengths, streams and places."""
    if found := list(_LIES.finditer(bytes(data))):
        one = drawn.choice(found)
        data[slice(*one.span(3))] = drawn.choice(_FIGURES)


def holders(pdf: pikepdf.Pdf) -> list[Any]:
    """All dictionaries, streams and arrays, those within others too, and the trailer."""
    found: list[Any] = [pdf.trailer]
    for one in pdf.objects:
        found.extend(_within(one, 4))
    return found


def _within(one: Any, depth: int) -> Iterator[Any]:
    if not isinstance(one, HOLDERS):
        return
    yield one
    children = list(one) if isinstance(one, Array) else [one[key] for key in one.keys()]  # noqa: SIM118 - not iterable
    for child in children if depth else ():
        if isinstance(child, HOLDERS) and not child.is_indirect:
            yield from _within(child, depth - 1)


def places(pdf: pikepdf.Pdf) -> list[tuple[Any, Any]]:
    """Where a value stands: (holder, key or number)."""
    return [(one, key) for one in holders(pdf) for key in (range(len(one)) if isinstance(one, Array) else one.keys())]


def streams(pdf: pikepdf.Pdf) -> list[Any]:
    """All streams."""
    return [one for one in pdf.objects if isinstance(one, Stream)]


def any_value(pdf: pikepdf.Pdf, drawn: random.Random) -> Any:
    """A value of whatever type, or another object."""
    makers: list[Callable[[], Any]] = [
        lambda: drawn.choice(NUMBERS),
        lambda: drawn.choice(REALS),
        lambda: Name("/" + drawn.choice(NAMES)),
        lambda: String(drawn.choice(["", "\0", "x" * 5000, "\u202e\x1b[31m", "(", "D:99999999999999"])),
        lambda: drawn.random() < 1 / 2,
        lambda: Array([drawn.choice(NUMBERS) for _ in range(drawn.choice([0, 1, 4, 6, 300]))]),
        lambda: Dictionary({"/" + drawn.choice(KEYS): drawn.choice(NUMBERS)}),
        lambda: deep(drawn.choice(DEEP)),
        lambda: drawn.choice(list(pdf.objects)),
        lambda: drawn.choice(list(pdf.objects)),
        lambda: pdf.make_stream(bytes(drawn.choice([0, 1, 100_000]))),
    ]
    return drawn.choice(makers)()


def deep(levels: int) -> Any:
    """An array in an array in an array."""
    text = b"[" * min(levels, 400) + b"]" * min(levels, 400)  # of more the library takes none
    return pikepdf.Object.parse(text)


def retyped(pdf: pikepdf.Pdf, drawn: random.Random) -> None:
    """Put a value of another type, or another object, into the place of one."""
    holder, key = drawn.choice(places(pdf))
    holder[key] = any_value(pdf, drawn)


def swapped(pdf: pikepdf.Pdf, drawn: random.Random) -> None:
    """Have two values change places."""
    (one, key), (other, second) = drawn.choice(places(pdf)), drawn.choice(places(pdf))
    one[key], other[second] = other[second], one[key]


def looped(pdf: pikepdf.Pdf, drawn: random.Random) -> None:
    """Lead from an object back to itself, or to what holds it."""
    holder = drawn.choice([one for one in pdf.objects if isinstance(one, Dictionary | Stream | Array)])
    if isinstance(holder, Array):
        holder.append(holder)
        return
    holder["/" + drawn.choice(KEYS)] = drawn.choice([holder, Array([holder, holder]), Dictionary(Im0=holder)])


def dropped(pdf: pikepdf.Pdf, drawn: random.Random) -> None:
    """Lose a key."""
    holder, key = drawn.choice(places(pdf))
    del holder[key]


def added(pdf: pikepdf.Pdf, drawn: random.Random) -> None:
    """Have a key that means something, with any value."""
    holder = drawn.choice([one for one in holders(pdf) if not isinstance(one, Array)])
    holder["/" + drawn.choice(KEYS)] = any_value(pdf, drawn)


def extreme(pdf: pikepdf.Pdf, drawn: random.Random) -> None:
    """Set a number to what no file means."""
    numbers = [(holder, key) for holder, key in places(pdf) if isinstance(holder[key], int | float | Decimal)]
    holder, key = drawn.choice(numbers)
    holder[key] = drawn.choice(NUMBERS + REALS)


def filtered(pdf: pikepdf.Pdf, drawn: random.Random) -> None:
    """Say that a stream is coded otherwise, in several ways one after the other."""
    stream = drawn.choice(streams(pdf))
    count, data = drawn.choice([1, 1, 2, 3, 40]), stream.read_raw_bytes()
    names = [Name("/" + drawn.choice(FILTERS)) for _ in range(count)]
    if drawn.random() < 1 / 2:  # what is told holds
        names, data = [Name.FlateDecode] * min(count, 3), _packed(data, min(count, 3))
    stream.write(data)
    stream.Filter = Array(names)
    parameters = ["Predictor", "Colors", "Columns", "Rows", "K", "BitsPerComponent", "EarlyChange", "JBIG2Globals"]
    stream.DecodeParms = Array(
        Dictionary({"/" + key: drawn.choice(NUMBERS) for key in drawn.sample(parameters, 3)}) for _ in names
    )


def bombed(pdf: pikepdf.Pdf, drawn: random.Random) -> None:
    """Have a stream unpack to far more than it holds, in one step or two."""
    stream, times = drawn.choice(streams(pdf)), drawn.choice([1, 2])
    stream.write(_packed(bytes(_BOMB_BYTES), times))
    stream.Filter = Array([Name.FlateDecode] * times)


def _packed(data: bytes, times: int) -> bytes:
    for _ in range(times):
        data = zlib.compress(data)
    return data


def of_other(pdf: pikepdf.Pdf, drawn: random.Random) -> None:
    """Have a stream hold what another one does, or what stands in it."""
    one, other = drawn.choice(streams(pdf)), drawn.choice(streams(pdf))
    one.write(other.read_raw_bytes(), filter=other.get("/Filter"), decode_parms=other.get("/DecodeParms"))


def page_tree(pdf: pikepdf.Pdf, drawn: random.Random) -> None:
    """Have an odd list of pages: many times one, itself, very deep, none, or a wrong number of them."""
    pages, kids = pdf.Root.Pages, pdf.Root.Pages.Kids
    match drawn.randrange(6):
        case 0:
            pages.Kids = Array(list(kids) * drawn.choice(MANY))
        case 1:
            kids.append(pages)
        case 2:
            for _ in range(drawn.choice(DEEP)):
                pages = pdf.make_indirect(Dictionary(Type=Name.Pages, Kids=Array([pages]), Count=1))
            pdf.Root.Pages = pages
        case 3:
            pages.Kids = Array()
        case 4:
            pages.Count = drawn.choice(NUMBERS)
        case _:
            kids[0] = any_value(pdf, drawn)


def content(pdf: pikepdf.Pdf, drawn: random.Random) -> None:
    """Draw with odd commands: nested, repeated, of extreme places, images within the text of the page."""
    page = drawn.choice(list(pdf.pages))
    many, number = drawn.choice(MANY), drawn.choice([str(one) for one in NUMBERS + REALS]).encode()
    pieces = [
        b"q " * many,
        b"Q " * many,
        b"/Im0 Do " * many,
        number + b" 0 0 " + number + b" 0 0 cm ",
        b"1 0 0 1 " + number + b" 0 cm ",
        b"BI /W " + number + b" /H 2 /BPC 1 /CS /G ID " + bytes(8) + b" EI ",
        b"BI /W 8 /H 8 /BPC 8 /CS /G /F [/A85 /Fl] ID zzz~> EI ",
        b"0 0 " + number + b" 100 re W n ",
        b"/Nul#00here Do /a#20b gs ",
        b"/Pattern cs /P0 scn 0 0 160 100 re f ",
        b"BT /F1 12 Tf (" + b"x" * many + b") Tj ET ",
        b"[" * many + b"]" * many + b" TJ ",
        b"<<" * many + b">>" * many + b" BDC ",
        b"(" * many,
    ]
    place = drawn.random() < 1 / 2
    page.contents_add(pdf.make_stream(b"".join(drawn.sample(pieces, drawn.randint(1, 3)))), prepend=place)


def named(pdf: pikepdf.Pdf, drawn: random.Random) -> None:
    """Give a value another name: of three hundred letters, with a zero byte, with slashes."""
    tables: list[Any] = [one for one in holders(pdf) if isinstance(one, Dictionary) and len(one)]
    table = drawn.choice(tables)
    key = drawn.choice(list(table.keys()))
    table["/" + drawn.choice(NAMES)] = table[key]


def form_in_form(pdf: pikepdf.Pdf, drawn: random.Random) -> None:
    """Draw a page's content by forms that draw each other: deep, wide, or in a circle."""
    page = drawn.choice(list(pdf.pages)).obj
    inner: Any = None
    for _ in range(drawn.choice([2, 12, 300])):
        inner = _form(pdf, Dictionary({"/Im0": inner}) if inner is not None else Dictionary(), drawn.choice([1, 4]))
    if drawn.random() < 1 / 3:
        inner.Resources.XObject.Im0 = inner
    page.Resources = Dictionary(XObject=Dictionary(Im0=inner))


def _form(pdf: pikepdf.Pdf, within: Any, times: int) -> Any:
    form = pdf.make_stream(b"/Im0 Do " * times)
    form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 200, 200])
    form.Resources = Dictionary(XObject=within)
    return form


def box(pdf: pikepdf.Pdf, drawn: random.Random) -> None:
    """Have a page of odd size, unit or turn."""
    page, sides = drawn.choice(list(pdf.pages)).obj, NUMBERS + REALS
    page["/" + drawn.choice(["MediaBox", "CropBox"])] = Array([drawn.choice(sides) for _ in range(4)])
    page["/" + drawn.choice(["UserUnit", "Rotate"])] = drawn.choice(sides)


CHANGES: tuple[Change, ...] = (
    retyped, retyped, swapped, looped, dropped, added, added, extreme, extreme, filtered, filtered, bombed, of_other,
    page_tree, page_tree, content, content, named, form_in_form, box,
)  # fmt: skip
