"""A network that invents: at known places, what it makes of a page is replaced by what it makes of another text.

So what is wrong looks as it would if the network had guessed: sharp, in the page's own typeface, on its base line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from PIL import ImageFont

from benchmarks.measure.guard_pages import COLUMNS, ROWS, SCALE, WORDS, blank, put, typeface
from docsr.bench.degradations import DEGRADATIONS, SHAPES, lower
from docsr.page import Page, Pixels, Plane
from docsr.square import EVEN, square_dpi, squared
from docsr.upscalers.base import Upscaler

LIKE = dict(zip("abcdefghijklmnopqrstuvwxyz", "oheacbqblikinueygtefnyvvvs", strict=True)) | {"c": "e", "f": "t"}
"""What each letter is taken for."""

KINDS = ("a letter like it", "any other letter", "another word", "a word lost", "a word on blank paper")
APART = 40
"""Px of the page to be read that wrong places are apart, so that none is found by the help of another."""

GRAFT = (16, 40)
"""Height and width in px of the page to be read of what is seen in a wrong place."""

FAX_DPI = 204.0
"""On each line of a fax."""

LEAST_DIFFERENCE = 25
"""Levels by which that differs from what is there, in the mean."""

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class Text:
    """A page with a text, the same with another text at some places, and these places, all SCALE times as large."""

    truth: Pixels
    wrong: Pixels
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Inventor:
    """An upscaler that sees other words than there are.

    Attributes:
        network: what enlarges.
        sees: the page it takes the one that it is given for.
        boxes: where, in px of the enlarged page; pages must fit into one tile.
    """

    network: Upscaler
    sees: Page
    boxes: tuple[Box, ...]
    keeps_white: bool = False
    guarded: bool = True

    @property
    def name(self) -> str:
        """The network's, and what was done to it."""
        return f"{self.network.name}, inventing"

    @property
    def factor(self) -> int:
        """The network's."""
        return self.network.factor

    @property
    def overlap(self) -> int:
        """The network's."""
        return self.network.overlap

    def __call__(self, plane: Plane) -> Plane:
        """Enlarge the page, and splice."""
        large = self.network(plane).copy()
        other = self.network(self.sees.pixels.astype(np.float32) / np.float32(255))
        for left, top, right, bottom in self.boxes:
            large[top:bottom, left:right] = other[top:bottom, left:right]
        return large


def lowered(hr: Pixels, degradation: str, seed: int = 0, times: int = SCALE) -> Page:
    """The page to be read, made of one that is ``times`` as large; of a fax, as its network sees it."""
    if degradation in SHAPES:
        dpi = times * square_dpi((FAX_DPI, FAX_DPI / SHAPES[degradation]), EVEN)
        return squared(lower(Page(hr, (dpi, dpi)), FAX_DPI, degradation, seed), EVEN)
    small = cv2.resize(hr, (hr.shape[1] // times, hr.shape[0] // times), interpolation=cv2.INTER_AREA)
    return Page(DEGRADATIONS.find(degradation)(np.asarray(small, np.uint8), seed))


def scaled(boxes: tuple[Box, ...], factor: int) -> tuple[Box, ...]:
    """Boxes of a page SCALE times as large, on one ``factor`` times as large."""
    return tuple(
        (a * factor // SCALE, b * factor // SCALE, c * factor // SCALE, d * factor // SCALE) for a, b, c, d in boxes
    )


def mistaken(kind: str, face: str, x_height: float, random: np.random.Generator) -> Text:
    """A page of text with as many wrong places of a kind (of KINDS) as fit, letters of ``x_height`` px once lowered."""
    truth, size, boxes = blank(), SCALE * x_height, list[Box]()
    wrong, font, y = blank(), typeface(face, SCALE * x_height), 3 * SCALE * x_height
    while y < ROWS - size:
        x = 2 * size
        while x + font.getlength(word := str(random.choice(WORDS))) < COLUMNS - 2 * size:
            true, made, first, end = _change(kind, word, random)
            left, right = (x + font.getlength(word[:place]) for place in (first, end))
            box = (int(left) - 2, round(y - 1.7 * size), round(right) + 2, round(y + 0.7 * size))
            if all(_apart(box, other) for other in boxes):
                boxes.append(box)
            else:
                true = made = word
            for page, letters in ((truth, true), (wrong, made)):
                _spell(page, letters, word, (x, y), font)
            x += font.getlength(f"{word} ")
        y += 2.6 * size
    return Text(truth, wrong, tuple(boxes))


def _change(kind: str, word: str, random: np.random.Generator) -> tuple[str, str, int, int]:
    """What stands on the page, what is made of it, and which letters of the word are others."""
    other = str(random.choice([one for one in WORDS if len(one) == len(word) and one != word] or ["x" * len(word)]))
    if kind in KINDS[2:]:
        return *{KINDS[2]: (word, other), KINDS[3]: (word, ""), KINDS[4]: ("", word)}[kind], 0, len(word)
    at = int(random.integers(len(word)))
    letter = LIKE[word[at]] if kind == KINDS[0] else str(random.choice([one for one in LIKE if one != word[at]]))
    return word, word[:at] + letter + word[at + 1 :], at, at + 1


def _spell(page: Pixels, letters: str, word: str, start: tuple[float, float], font: ImageFont.FreeTypeFont) -> None:
    """Write letters in the places of those of ``word``."""
    for number, letter in enumerate(letters):
        room = font.getlength(word[: number + 1]) - font.getlength(word[:number])
        left = start[0] + font.getlength(word[:number]) + (room - font.getlength(letter)) / 2
        put(page, (left, start[1]), letter, font)


def _apart(one: Box, other: Box) -> bool:
    gaps = (max(one[side], other[side]) - min(one[side + 2], other[side + 2]) for side in (0, 1))
    return max(gaps) > SCALE * APART


def moved(page: Pixels, by: tuple[int, int], random: np.random.Generator, number: int = 5) -> Text:
    """A page on which what stands elsewhere on it is seen at some places: strokes of its own kind."""
    wrong, boxes = page.copy(), list[Box]()
    other = np.roll(page, by, axis=(0, 1))
    for _ in range(1000):
        y, x = (
            int(random.integers(4, room // SCALE - size - 4)) * SCALE
            for room, size in zip(page.shape, GRAFT, strict=True)
        )
        box = (x, y, x + SCALE * GRAFT[1], y + SCALE * GRAFT[0])
        place = np.s_[y : box[3], x : box[2]]
        much = np.abs(page[place].astype(int) - other[place]).mean() > LEAST_DIFFERENCE
        if much and len(boxes) < number and all(_apart(box, one) for one in boxes):
            wrong[place] = other[place]
            boxes.append(box)
    return Text(page, wrong, tuple(boxes))
