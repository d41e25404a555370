"""Draw pages in the typefaces of a folder: words of no language, capitals, figures, prices, codes and ruled lines.

Documentation in PDF is nearly all running text in a few book faces. Receipts, forms and labels differ: they use
typewriter and sans faces, capitals, figures and bold. Words are drawn letter by letter, common letters of English more
often, so that a network learns shapes and no spelling. If prose is given, most blocks hold lines of it: there a network
learns which letters follow each other, which helps to tell an unclear one.
"""

from __future__ import annotations

import os
import string
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import count
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from docsr.errors import NoInputError, PageError, UsageError, first_line
from docsr.page import Page
from docsr.pairs.source import Document, Source, SourcePage, split_by_name

SUFFIXES = frozenset({".ttf", ".otf", ".ttc"})
X_HEIGHT = 28.0
PAGE = 1200
"""Side of a page in px at scale 1, where text is X_HEIGHT px high."""

PAGES_PER_FACE = 6
LARGEST_SCALE = 12.0
UNIT = 1000
"""Size in px at which a typeface is measured."""

LETTERS = tuple("etaoinshrdlcumwfgypbvkjxqz")
"""Letters from the most common in English to the rarest."""

LONGEST_WORD = 11
SIZES = (1.0, 1.0, 1.0, 1.0, 0.8, 0.8, 1.25, 1.7)
"""Text size of a block relative to the page's."""

PROSE_SHARE = 0.75
"""Share of blocks that hold prose, if there is any."""

RULE_SHARE = 0.3
NEEDED = string.ascii_letters + string.digits + ".,:;-+/()%$#&*"

Draw = Callable[[np.random.Generator], str]


class Fonts(Source):
    """Typefaces (.ttf, .otf, .ttc) with Latin letters and figures; each is a document of a few drawn pages."""

    x_height = X_HEIGHT
    takes_prose = True

    def documents(self, root: Path) -> list[Document]:
        """Return every typeface under the folder, or the one file."""
        if os.path.isfile(root):
            return split_by_name([root], root)
        paths = sorted(path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES and os.path.isfile(path))
        if not paths:
            raise NoInputError(f"no typeface ({', '.join(sorted(SUFFIXES))}) in {root}")
        return split_by_name(paths, root)

    def pages(self, document: Document) -> Iterator[SourcePage]:
        """Yield drawn pages, the same each time. PageError if the file is no typeface with letters and figures."""
        face = _Face.read(document.path)
        for number in range(PAGES_PER_FACE):
            seed = zlib.crc32(f"{document.path.name} {number}".encode(errors="surrogateescape"))
            draw = partial(draw_page, face, seed, prose=() if self.prose is None else read_prose(self.prose))
            yield SourcePage(number, draw, LARGEST_SCALE, None, X_HEIGHT)


@lru_cache(maxsize=1)
def read_prose(path: Path) -> Sequence[str]:
    """Return the words of a text file. UsageError if there are none."""
    try:
        words = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the prose {path} cannot be read as UTF-8: {first_line(error)}") from error
    if not words:
        raise UsageError(f"the prose {path} has no words")
    return words


@dataclass(frozen=True, slots=True)
class _Face:
    """A typeface file and the height of its x at UNIT px."""

    path: Path
    unit_x: float

    @staticmethod
    def read(path: Path) -> _Face:
        try:
            font = ImageFont.truetype(str(path), UNIT)
            unknown = bytes(font.getmask("\uffff"))
            lacking = [char for char in NEEDED if not any(mask := bytes(font.getmask(char))) or mask == unknown]
            _, top, _, bottom = font.getbbox("x")
        except (OSError, ValueError) as error:
            raise PageError(f"{path} cannot be read as a typeface: {error}") from error
        if lacking or bottom <= top:
            raise PageError(f"{path} lacks letters or figures ({''.join(lacking) or 'x'})")
        return _Face(path, bottom - top)

    def at(self, x_height: float) -> ImageFont.FreeTypeFont:
        return _font(self.path, UNIT * x_height / self.unit_x)


@lru_cache(maxsize=32)
def _font(path: Path, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size)


def draw_page(face: _Face, seed: int, scale: float, prose: Sequence[str] = ()) -> Page:
    """Draw a page of blocks, each with lines of one size and kind, and some with a box or a rule.

    Args:
        face: the typeface.
        seed: decides text and layout, whatever the scale.
        scale: at 1 the page is PAGE px wide and high, and its text X_HEIGHT px high.
        prose: words of running text, in their order.
    """
    random = np.random.default_rng(seed)
    side = round(PAGE * scale)
    image = Image.new("L", (side, side), 255)
    draw = ImageDraw.Draw(image)
    margin = float(random.uniform(10, 60))
    y = margin
    while y < PAGE:
        size = X_HEIGHT * SIZES[int(random.integers(len(SIZES)))]
        words = _words(random, prose)
        y = _block(draw, face, random, words, (margin, y, size), scale)
    return Page(np.asarray(image), None)


def _block(
    draw: ImageDraw.ImageDraw,
    face: _Face,
    random: np.random.Generator,
    words: Draw,
    place: tuple[float, float, float],
    scale: float,
) -> float:
    """Draw some lines downwards from ``place`` (left, top, x-height at scale 1); return where they end."""
    left, top, size = place
    measure, font = face.at(size), face.at(size * scale)
    leading, room, y = size * float(random.uniform(2.1, 3.2)), PAGE - 2 * left, top
    for _ in range(int(random.integers(1, 7))):
        line = _line(words, random, measure, room)
        shift = float(random.choice([0.0, 0.0, 0.5, 1.0])) * max(0.0, room - measure.getlength(line))
        draw.text(((left + shift) * scale, y * scale), line, 0, font)
        y += leading
    if random.random() < RULE_SHARE:
        width = max(1, round(scale * random.uniform(1, 5)))
        box = [value * scale for value in (left - 4, top - 4, PAGE - left + 4, y)]
        if random.random() < 0.5:
            draw.rectangle(box, None, 0, width)
        else:
            draw.line([box[0], box[3], box[2], box[3]], 0, width)
    return y + size


def _line(words: Draw, random: np.random.Generator, font: ImageFont.FreeTypeFont, room: float) -> str:
    """Return words until the line is full, or has a random number of them."""
    line = words(random)
    for _ in range(int(random.integers(1, 14))):
        longer = f"{line} {words(random)}"
        if font.getlength(longer) > room:
            break
        line = longer
    return line


def _words(random: np.random.Generator, prose: Sequence[str]) -> Draw:
    """Return what draws the words of a block: consecutive words of the prose, or one of KINDS."""
    if not prose or random.random() >= PROSE_SHARE:
        return KINDS[int(random.integers(len(KINDS)))]
    place = count(int(random.integers(len(prose))))
    return lambda _: prose[next(place) % len(prose)]


def _letters(random: np.random.Generator) -> str:
    share = np.arange(len(LETTERS), 0, -1)
    length = min(LONGEST_WORD, int(random.geometric(0.22)))
    return "".join(random.choice(LETTERS, size=length, p=share / share.sum()))


def _figures(random: np.random.Generator) -> str:
    """Return a number, price, date, time, share or code."""
    few, many = (int(value) for value in random.integers(0, (100, 1_000_000)))
    forms = (
        f"{many}",
        f"{many:,}",
        f"{many / 100:.2f}",
        f"${few}.{few % 10}0",
        f"{few:02d}-{few % 12 + 1:02d}-{many % 100:02d}",
        f"{few % 24:02d}:{many % 60:02d}",
        f"{few}%",
        f"#{many:06d}{string.ascii_uppercase[few % 26]}",
        f"({few})",
        f"{few / 10:+.1f}",
    )
    return forms[int(random.integers(len(forms)))]


def _running(random: np.random.Generator) -> str:
    """Return a word of running text: sometimes capitalised, followed by a mark, or replaced by a number."""
    if random.random() < 0.1:
        return _figures(random)
    word = _letters(random)
    word = word.capitalize() if random.random() < 0.15 else word
    return word + str(random.choice(["", "", "", "", "", ",", ".", ":", ";", "-"]))


def _capitals(random: np.random.Generator) -> str:
    return _figures(random) if random.random() < 0.2 else _letters(random).upper()


def _titles(random: np.random.Generator) -> str:
    return _letters(random).capitalize() + str(random.choice(["", "", "", ":", ".", " /", " &", " *"]))


KINDS: tuple[Draw, ...] = (_running, _running, _capitals, _capitals, _titles, _figures)
"""Functions that draw the words of a block, each as often as it occurs here."""
