"""What befalls a TIFF in benchmarks/torture/fuzz.py where its tags are changed, and not any of its bytes."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

TYPES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Type of a value -> its bytes."""

TAGS = [254, 256, 257, 258, 259, 262, 266, 270, 273, 274, 277, 278, 279, 282, 283, 284, 292, 296, 317, 320, 322, 323,
        324, 325, 330, 332, 338, 339, 347, 512, 513, 514, 529, 530, 532, 700, 32_997, 33_432, 34_665, 34_675, 34_853,
        37_724, 50_706, 65_000]  # fmt: skip
CODINGS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 32_766, 32_773, 32_809, 32_895, 32_946, 34_661, 34_676, 34_712, 34_887, 34_892,
           34_925, 50_000, 50_001, 50_002, 65_535]  # fmt: skip
MEANINGS = [*range(11), 32_844, 32_845]
SMALL = [0, 1, 2, 3, 4, 5, 8, 12, 16, 24, 31, 32, 33, 64, 128, 160, 255, 4096, 32_767, 65_535]
LARGE = [0, 1, 2**16, 2**20, 2**28, 2**31 - 1, 2**31, 2**32 - 1]
_MOST_FOLDERS = 64


class Layout(NamedTuple):
    """How a TIFF writes its directories: the order of bytes, the bytes of an entry, of a count, of their number."""

    order: str
    entry: int
    places: str
    number: str

    @property
    def wide(self) -> int:
        """Bytes of a place."""
        return struct.calcsize(self.places)


class Folder(NamedTuple):
    """A directory: where its number of entries stands, each entry, and the place of the next."""

    start: int
    entries: list[int]
    link: int


Change = Callable[[bytearray, Layout, list[Folder], random.Random], None]


def layout_of(data: bytes | bytearray) -> Layout | None:
    """The layout; None where it is no TIFF."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]))
    if order is None or len(data) < 16:
        return None
    big = struct.unpack_from(f"{order}H", data, 2)[0] == 43
    return Layout(order, 20, "Q", "Q") if big else Layout(order, 12, "I", "H")


def folders_of(data: bytes | bytearray, layout: Layout) -> list[Folder]:
    """The directories, one after the other, as far as they can be read."""
    return list(_folders(data, layout))


def _folders(data: bytes | bytearray, layout: Layout) -> Iterator[Folder]:
    at = _get(data, layout, layout.wide if layout.wide == 8 else 4, layout.places)
    for _ in range(_MOST_FOLDERS):
        if not 0 < at < len(data) - layout.wide:
            return
        first = at + struct.calcsize(layout.number)
        count = _get(data, layout, at, layout.number)
        link = first + count * layout.entry
        if count > 1000 or link + layout.wide > len(data):
            return
        yield Folder(at, [first + number * layout.entry for number in range(count)], link)
        at = _get(data, layout, link, layout.places)


def _get(data: bytes | bytearray, layout: Layout, at: int, kind: str) -> int:
    found = struct.unpack_from(layout.order + kind, data, at)[0]
    return int(found)


def _put(data: bytearray, layout: Layout, at: int, kind: str, value: int) -> None:
    struct.pack_into(layout.order + kind, data, at, value & ((1 << 8 * struct.calcsize(kind)) - 1))


def changed_tiff(content: bytes, drawn: random.Random) -> bytes:
    """Change tags of a TIFF in one to four ways.

    Args:
        content: a TIFF, whose directories can be read.
        drawn: what decides.
    """
    data, layout = bytearray(content), layout_of(content)
    for _ in range(drawn.choice([1, 1, 2, 4])):
        if layout is not None and (folders := folders_of(data, layout)):
            drawn.choice(CHANGES)(data, layout, folders, drawn)
    return bytes(data)


def _entry(folders: list[Folder], drawn: random.Random) -> int:
    return drawn.choice([entry for folder in folders for entry in folder.entries] or [folders[0].start])


def kind(data: bytearray, layout: Layout, folders: list[Folder], drawn: random.Random) -> None:
    """Say that a value is of another type."""
    _put(data, layout, _entry(folders, drawn) + 2, "H", drawn.choice([0, *TYPES, 255]))


def count(data: bytearray, layout: Layout, folders: list[Folder], drawn: random.Random) -> None:
    """Say that there are other values than one."""
    _put(data, layout, _entry(folders, drawn) + 4, layout.places, drawn.choice([*SMALL, *LARGE]))


def place(data: bytearray, layout: Layout, folders: list[Folder], drawn: random.Random) -> None:
    """Have values stand elsewhere: in the head, in a directory, at the end, beyond it."""
    spots = [0, 2, 8, len(data) - 2, len(data), len(data) + 1, *LARGE, *(folder.start for folder in folders)]
    _put(data, layout, _entry(folders, drawn) + 4 + layout.wide, layout.places, drawn.choice(spots))


def value(data: bytearray, layout: Layout, folders: list[Folder], drawn: random.Random) -> None:
    """Set a value that stands in its entry, in the size of its type."""
    entry = _entry(folders, drawn)
    size = {1: "B", 2: "H"}.get(TYPES.get(_get(data, layout, entry + 2, "H"), 4), "I")
    _put(data, layout, entry + 4 + layout.wide, size, drawn.choice([*SMALL, *LARGE]))


def coding(data: bytearray, layout: Layout, folders: list[Folder], drawn: random.Random) -> None:
    """Say that the pixels are coded, or mean colours, otherwise."""
    tag, values = drawn.choice(
        [(259, CODINGS), (262, MEANINGS), (317, [1, 2, 3, 34_892]), (284, [0, 1, 2]), (277, SMALL), (258, SMALL),
         (339, [*range(8)]), (278, SMALL)]
    )  # fmt: skip
    for folder in folders:
        for entry in folder.entries:
            if _get(data, layout, entry, "H") == tag:
                _put(data, layout, entry + 2, "H", 3)
                _put(data, layout, entry + 4 + layout.wide, "H", drawn.choice(values))


def renamed(data: bytearray, layout: Layout, folders: list[Folder], drawn: random.Random) -> None:
    """Have a value stand for something else."""
    _put(data, layout, _entry(folders, drawn), "H", drawn.choice(TAGS))


def twice(data: bytearray, layout: Layout, folders: list[Folder], drawn: random.Random) -> None:
    """Have an entry in the place of another."""
    one, other = _entry(folders, drawn), _entry(folders, drawn)
    data[one : one + layout.entry] = data[other : other + layout.entry]


def reversed_order(data: bytearray, layout: Layout, folders: list[Folder], drawn: random.Random) -> None:
    """Have the entries of a directory in the wrong order."""
    folder = drawn.choice(folders)
    pieces = [bytes(data[entry : entry + layout.entry]) for entry in folder.entries]
    drawn.shuffle(pieces)
    data[folder.start + struct.calcsize(layout.number) : folder.link] = b"".join(pieces)


def number(data: bytearray, layout: Layout, folders: list[Folder], drawn: random.Random) -> None:
    """Say that a directory has more or fewer entries."""
    _put(data, layout, drawn.choice(folders).start, layout.number, drawn.choice([*SMALL, *LARGE]))


def loop(data: bytearray, layout: Layout, folders: list[Folder], drawn: random.Random) -> None:
    """Lead from a directory to itself, to an earlier one, or to where none is."""
    spots = [folder.start for folder in folders] + [1, 8, len(data) - 3, len(data) * 2]
    _put(data, layout, drawn.choice(folders).link, layout.places, drawn.choice(spots))


def many(data: bytearray, layout: Layout, folders: list[Folder], drawn: random.Random) -> None:
    """Have hundreds of pages that share one's strips."""
    folder = folders[0]
    whole, pages = bytes(data[folder.start : folder.link]), drawn.choice([3, 40, 200])
    _put(data, layout, folders[-1].link, layout.places, len(data))
    for page in range(pages):
        data += whole
        after = len(data) + layout.wide
        data += struct.pack(layout.order + layout.places, after if page < pages - 1 else 0)


def below(data: bytearray, layout: Layout, folders: list[Folder], drawn: random.Random) -> None:
    """Have directories below one (SubIFDs, EXIF), which is itself below them."""
    entry, tag = _entry(folders, drawn), drawn.choice([330, 34_665, 34_853])
    _put(data, layout, entry, "H", tag)
    _put(data, layout, entry + 2, "H", drawn.choice([4, 13, 18]))
    _put(data, layout, entry + 4, layout.places, drawn.choice([1, 1, 2, 100_000]))
    _put(data, layout, entry + 4 + layout.wide, layout.places, drawn.choice(folders).start)


CHANGES: tuple[Change, ...] = (
    kind, count, count, place, place, value, value, value, coding, coding, renamed, twice, reversed_order, number, loop,
    many, below,
)  # fmt: skip
