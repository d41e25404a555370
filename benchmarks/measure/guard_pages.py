"""Pages on which a network may invent something, drawn by a seed: four times as large as they are given to it.

Lower-case letters are about 5 px high once the page is brought down, which is where letters are guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from docsr.page import Pixels

SCALE = 4
ROWS, COLUMNS = 640, 960
X_HEIGHT = 5
_SHIFT = 4
"""Bits behind the point of the places that OpenCV draws at."""

TEXT = (
    "the bridge was closed in the spring because a barge had struck its pier and nobody would swear that it was safe "
    "so carts went round by the mill and bread came late to every house on the hill where quick judges vexed farmers"
)
WORDS = TEXT.split()
CHINESE = (
    "道可道非常道名可名非常名无名天地之始有名万物之母故"
    "常无欲以观其妙常有欲以观其徼此两者同出而异名同谓之玄玄之又玄众妙之门"
)
"""The beginning of the Daodejing."""

LETTERS = {
    "a": [(0.7, 0.8), (0.2, 0.95), (0.05, 0.4), (0.3, 0.0), (0.65, 0.3), (0.7, 0.95), (0.72, 0.15), (1, 0.1)],
    "d": [(0.65, 0.8), (0.2, 0.95), (0.05, 0.4), (0.3, 0), (0.65, 0.4), (0.72, 2.1), (0.72, 0.15), (1, 0.1)],
    "e": [(0.1, 0.35), (0.55, 0.6), (0.4, 1), (0.1, 0.7), (0.15, 0.15), (0.5, 0), (0.9, 0.2)],
    "g": [(0.7, 0.8), (0.2, 0.95), (0.1, 0.3), (0.6, 0.3), (0.7, 0.9), (0.6, -0.9), (0.2, -0.8), (1, 0.1)],
    "h": [(0.1, 0.2), (0.45, 1.8), (0.25, 2.1), (0.12, 0), (0.3, 0.8), (0.6, 0.9), (0.65, 0.1), (1, 0.1)],
    "i": [(0.1, 0.2), (0.3, 0.95), (0.3, 0.2), (0.5, 0)],
    "l": [(0.1, 0.2), (0.5, 1.8), (0.3, 2.1), (0.2, 0.3), (0.35, 0), (0.6, 0.2)],
    "m": [(0, 0.8), (0.15, 0.9), (0.15, 0), (0.35, 0.9), (0.5, 0.8), (0.5, 0), (0.75, 0.95), (0.9, 0.1), (1.2, 0.1)],
    "n": [(0, 0.8), (0.15, 0.9), (0.15, 0), (0.35, 0.9), (0.6, 0.85), (0.62, 0.1), (0.9, 0.1)],
    "o": [(0.5, 0.95), (0.1, 0.7), (0.15, 0.05), (0.6, 0.1), (0.65, 0.8), (0.4, 0.95), (0.6, 0.8), (1, 0.85)],
    "r": [(0, 0.3), (0.2, 1.1), (0.5, 0.9), (0.45, 0.2), (0.7, 0)],
    "s": [(0, 0.1), (0.35, 1.05), (0.6, 0.4), (0.35, 0), (0.05, 0.15), (0.8, 0.1)],
    "t": [(0.1, 0.2), (0.35, 1.7), (0.3, 0.2), (0.5, 0), (0.45, 1.1), (0.1, 1.1), (0.7, 1.15), (0.6, 0.1)],
    "u": [(0, 0.8), (0.12, 0.9), (0.15, 0.1), (0.45, 0.05), (0.6, 0.9), (0.62, 0.15), (0.9, 0.1)],
}
"""A pen's way through each letter, in x-heights from the left of the base line."""

Points = NDArray[np.float64]


def blank(rows: int = ROWS, columns: int = COLUMNS) -> Pixels:
    """White paper."""
    return np.full((rows, columns), 255, np.uint8)


@cache
def typeface(name: str, x_height: float) -> ImageFont.FreeTypeFont:
    """The typeface in the size at which the letter x is so high, in px."""
    _, top, _, bottom = ImageFont.truetype(name, 1000).getbbox("x")
    return ImageFont.truetype(name, 1000 * x_height / (bottom - top))


def put(page: Pixels, shift: tuple[float, float], text: str, font: ImageFont.FreeTypeFont, ink: int = 0) -> None:
    """Write on the page; ``shift`` is where the base line begins, x and y in px."""
    size = font.size
    left, top = max(0, int(shift[0] - size)), max(0, int(shift[1] - 2 * size))
    place = page[top : int(shift[1] + size), left : int(shift[0] + font.getlength(text) + size)]
    image = Image.fromarray(place)
    ImageDraw.Draw(image).text((shift[0] - left, shift[1] - top), text, ink, font, anchor="ls")
    place[:] = np.asarray(image)


def stroke(page: Pixels, way: Points, ink: int, width: int) -> None:
    """Draw along the points."""
    places = np.rint(way * 2**_SHIFT).astype(np.int32)
    cv2.polylines(page, [places[:, None]], False, ink, width, cv2.LINE_AA, _SHIFT)


def smooth(points: Points, steps: int = 8) -> Points:
    """A Catmull-Rom spline through the points."""
    four = np.concatenate([points[:1], points, points[-1:]])
    before, start, end, after = four[:-3, None], four[1:-2, None], four[2:-1, None], four[3:, None]
    t = np.linspace(0, 1, steps)[None, :, None]
    way = start + t * (end - before) / 2 + t**2 * (before - 2.5 * start + 2 * end - after / 2)
    return np.asarray((way + t**3 * (1.5 * (start - end) + (after - before) / 2)).reshape(-1, 2))


def prose(page: Pixels, words: Sequence[str] = WORDS, x_height: float = SCALE * X_HEIGHT, name: str = "") -> None:
    """Fill the page with lines of words."""
    font = typeface(name or "LiberationSerif-Regular.ttf", x_height)
    room, y, number = page.shape[1] - 4 * x_height, 3 * x_height, 0
    while y < len(page) - x_height:
        line = ""
        while font.getlength(f"{line} {words[number % len(words)]}") < room:
            line, number = f"{line} {words[number % len(words)]}".strip(), number + 1
        put(page, (2 * x_height, y), line, font)
        y += 2.6 * x_height


def texture(random: np.random.Generator) -> Pixels:
    """Fibres of paper, and lines such as those that protect a banknote, beneath text."""
    page = blank() - np.uint8(20)
    for x, y, turn in random.uniform(0, (COLUMNS, ROWS, 6), (700, 3)).tolist():
        bend = turn + np.cumsum(random.normal(0, 0.3, 9))
        way = np.cumsum(np.stack([np.cos(bend), np.sin(bend)], 1) * random.uniform(2, 6), axis=0) + np.array((x, y))
        stroke(page, way, int(random.integers(185, 228)), 2)
    x = np.arange(COLUMNS / 2, COLUMNS, 3.0)
    for number in range(30):
        phase = 2 * np.pi * number / 30
        swing = 90 * np.sin(x / 70 + phase) * (0.4 + 0.6 * np.sin(x / 190) ** 2)
        for middle in (ROWS * 0.28, ROWS * 0.72):
            stroke(page, np.stack([x, middle + swing + 25 * np.sin(x / 31 - phase)], 1), 140, 2)
    prose(page)
    return page


def seal(random: np.random.Generator) -> Pixels:
    """A round stamp with text on its circle, over text."""
    page, stamp = blank(), blank()
    prose(page)
    middle, font = (COLUMNS * 0.6, ROWS * 0.5), typeface("DejaVuSans-Bold.ttf", SCALE * X_HEIGHT)
    for radius, width in ((270, 9), (255, 3), (175, 4)):
        cv2.circle(stamp, (int(middle[0]), int(middle[1])), radius, 90, width, cv2.LINE_AA)
    text = "COUNTY RECORDER * OFFICE OF DEEDS AND MORTGAGES * "
    for number, letter in enumerate(text):
        tile = blank(96, 96)
        put(tile, (48 - font.getlength(letter) / 2, 60), letter, font, 90)
        angle = 2 * np.pi * number / len(text)
        turn = cv2.getRotationMatrix2D((48, 48), -np.degrees(angle), 1)
        tile = cv2.warpAffine(tile, turn, (96, 96), flags=cv2.INTER_CUBIC, borderValue=255).astype(np.uint8)
        x, y = (int(c + 213 * s) - 48 for c, s in zip(middle, (np.sin(angle), -np.cos(angle)), strict=True))
        np.minimum(stamp[y : y + 96, x : x + 96], tile, out=stamp[y : y + 96, x : x + 96])
    turns = np.arange(11) * np.pi / 5
    star = np.stack([np.sin(turns), -np.cos(turns)], 1) * np.where(np.arange(11) % 2, 38, 95)[:, None] + middle
    cv2.fillPoly(stamp, [np.rint(star).astype(np.int32)], 90, cv2.LINE_AA)
    worn = cv2.GaussianBlur(random.normal(0, 1, page.shape), (0, 0), 3) > 0.14
    stamp[worn] = 255 - (255 - stamp[worn]) // 3
    return np.asarray((page.astype(np.uint16) * stamp // 255).astype(np.uint8))


def handwriting(random: np.random.Generator) -> Pixels:
    """Words written in one go by a pen that is not held quite still."""
    page, size, y = blank(), SCALE * X_HEIGHT * 1.3, 90.0
    while y < ROWS - 40:
        x, ink = 40.0, int(random.integers(10, 70))
        while x < COLUMNS - 240:
            points, at = [], 0.0
            for letter in random.choice(list(LETTERS), int(random.integers(3, 8))):
                way = np.array(LETTERS[str(letter)]) + random.normal(0, 0.05, (len(LETTERS[str(letter)]), 2))
                points.append(way + np.array((at, 0)))
                at += way[-1, 0]
            way = np.concatenate(points) * size
            way = np.stack([x + way[:, 0] + 0.35 * way[:, 1], y - way[:, 1] + random.normal(0, 2)], 1)
            curve = smooth(way)
            for part in range(0, len(curve) - 1, 6):
                stroke(page, curve[part : part + 7], ink, int(random.choice([3, 4, 4, 5])))
            x += (at + 0.9) * size
        y += 4 * size
    return page


def halftone(random: np.random.Generator) -> Pixels:
    """A picture in dots of 6 px of the page to be read, and of 2.5 px."""
    y, x = np.mgrid[0:ROWS, 0:COLUMNS].astype(np.float64)
    tone = 0.5 + 0.3 * np.cos(np.hypot(x - 480, y - 320) / 90) + 0.2 * np.sin(x / 130) * np.cos(y / 170)
    pitch = np.where(x < COLUMNS / 2, 6.0, 2.5) * SCALE
    across, down = (x + y) / np.sqrt(2) * 2 * np.pi / pitch, (x - y) / np.sqrt(2) * 2 * np.pi / pitch
    dots = 0.5 + (np.cos(across) + np.cos(down)) / 4
    return np.asarray(np.clip(127.5 + (dots - 1 + tone) * 255 * pitch / 8, 0, 255).astype(np.uint8))


def cjk(random: np.random.Generator) -> Pixels:
    """Chinese in a face with thin lines, as large as Latin letters of 5 px x-height are."""
    page, size = blank(), 10 * SCALE
    font, number = ImageFont.truetype("gbsn00lp.ttf", size), 0
    for y in range(2 * size, ROWS, round(1.5 * size)):
        for x in range(size, COLUMNS - 2 * size, size):
            put(page, (x, y), CHINESE[number % len(CHINESE)], font)
            number += 1
    return page


def music(random: np.random.Generator) -> Pixels:
    """Staves with notes, beams, bar lines and rests."""
    page, space = blank(), 5 * SCALE
    for top in range(70, ROWS - 5 * space, 9 * space):
        for line in range(5):
            cv2.line(page, (40, top + line * space), (COLUMNS - 40, top + line * space), 0, 3)
        for x in range(100, COLUMNS - 200, 210):
            cv2.line(page, (x - 22, top), (x - 22, top + 4 * space), 0, 4)
            _bar(page, random, x, top, space)
    return page


def _bar(page: Pixels, random: np.random.Generator, x: int, top: int, space: int) -> None:
    heights = top + random.integers(1, 9, 4) * space // 2
    if random.random() < 0.25:
        cv2.rectangle(page, (x + 40, top + space), (x + 70, top + space + space // 2), 0, -1)
        heights = heights[2:]
    kind, stem = int(random.integers(3)), int(heights.min()) - 3 * space
    for number, y in enumerate(heights.tolist()):
        middle = x + 45 * (number + 4 - len(heights)), y
        cv2.ellipse(page, middle, (12, 8), -20, 0, 360, 0, 4 if kind == 2 else -1, cv2.LINE_AA)
        cv2.line(page, (middle[0] + 11, y), (middle[0] + 11, stem if kind == 0 else y - 3 * space), 0, 3)
        if kind == 1:
            stroke(page, smooth(np.array([(11, -60), (24, -40), (20, -20)], float) + middle), 0, 4)
    if kind == 0:
        first = x + 45 * (4 - len(heights)) + 11
        cv2.line(page, (first, stem), (x + 45 * 3 + 11, stem), 0, 9)


PAGES: dict[str, Callable[[np.random.Generator], Pixels]] = {
    "texture": texture,
    "seal": seal,
    "handwriting": handwriting,
    "halftone": halftone,
    "cjk": cjk,
    "music": music,
}
"""Name -> what draws it."""


ELSEWHERE = {
    "texture": (208, 0),
    "seal": (156, 120),
    "handwriting": (104, 60),
    "halftone": (36, 12),
    "cjk": (120, 200),
    "music": (0, 210),
}
"""How far down and to the right things are moved that shall be seen in a wrong place: to other lines, staves, dots."""


def drawn(name: str, seed: int) -> Pixels:
    """A page of ROWS x COLUMNS."""
    return PAGES[name](np.random.default_rng(seed))
