"""A page to draw text on, in typefaces whose metrics tell its x-height.

It is drawn four times as large as asked for, and averaged down, so that no hinting changes the letters.
"""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from docsr.decide.text_lines import CAPITALS
from docsr.page import Pixels
from tests.decide.sized_texts import ENGLISH, WESTERN

OVERSAMPLING = 4
FOLDER = Path("/usr/share/fonts/truetype")
GYRE = Path("/usr/share/texmf/fonts/opentype/public/tex-gyre")
LATIN = (
    FOLDER / "dejavu/DejaVuSans.ttf",
    FOLDER / "liberation2/LiberationSerif-Regular.ttf",
    FOLDER / "liberation2/LiberationSans-Regular.ttf",
    FOLDER / "dejavu/DejaVuSerif.ttf",
    FOLDER / "liberation/LiberationSansNarrow-Regular.ttf",
    FOLDER / "liberation2/LiberationMono-Regular.ttf",
    GYRE / "texgyrepagella-regular.otf",
    GYRE / "texgyreheros-regular.otf",
)
BOLD = (
    FOLDER / "liberation2/LiberationSans-Bold.ttf",
    FOLDER / "dejavu/DejaVuSans-Bold.ttf",
    FOLDER / "liberation2/LiberationSerif-Bold.ttf",
)
EASTERN = (FOLDER / "dejavu/DejaVuSans.ttf", FOLDER / "liberation2/LiberationSerif-Regular.ttf")
ARABIC_FACES = (FOLDER / "dejavu/DejaVuSans.ttf", FOLDER / "kacst-one/KacstOne.ttf")
CHINESE = (FOLDER / "arphic-gbsn00lp/gbsn00lp.ttf",)
URW = Path("/usr/share/fonts/opentype/urw-base35")
JAPANESE = (FOLDER / "motoya-l-cedar/MTLc3m.ttf",)

OTHERS = {
    LATIN: (
        URW / "C059-Roman.otf",
        URW / "P052-Italic.otf",
        URW / "URWBookman-Light.otf",
        URW / "URWGothic-Book.otf",
        URW / "NimbusSansNarrow-Regular.otf",
        FOLDER / "dejavu/DejaVuSansCondensed.ttf",
        FOLDER / "dejavu/DejaVuSansMono.ttf",
        FOLDER / "liberation2/LiberationSerif-Italic.ttf",
        FOLDER / "liberation2/LiberationSans-Bold.ttf",
    ),
    BOLD: (URW / "URWBookman-Demi.otf", URW / "NimbusSans-Bold.otf", FOLDER / "dejavu/DejaVuSerif-Bold.ttf"),
    EASTERN: (
        FOLDER / "dejavu/DejaVuSerif.ttf",
        FOLDER / "liberation2/LiberationSans-Regular.ttf",
        FOLDER / "dejavu/DejaVuSansCondensed.ttf",
        FOLDER / "liberation2/LiberationMono-Regular.ttf",
    ),
    ARABIC_FACES: (FOLDER / "dejavu/DejaVuSansMono.ttf", FOLDER / "dejavu/DejaVuSansCondensed.ttf"),
}
"""Typefaces that pages of another seed than 0 are drawn in as well."""


@lru_cache(maxsize=64)
def _font(path: Path, em: float) -> ImageFont.FreeTypeFont:
    assert path.exists(), f"{path} is missing: make programs"
    return ImageFont.truetype(path, em)


@lru_cache(maxsize=64)
def truth(path: Path, text: str = "x") -> float:
    """What counts as the x-height of a typeface, over its em.

    The height of an ``x`` (``х`` in Cyrillic, ``x`` in Greek); in Arabic that of the teeth of seen, which neither rise
    nor hang; of Han and kana, which fill their square, that of 国 over CAPITALS, as of capitals and digits.
    """
    _, top, _, bottom = _font(path, 1000).getmask(text).getbbox()
    return float(bottom - top) / 1000 / (CAPITALS if text == "国" else 1.0)


class Sheet:
    """A page while it is drawn; lengths are in px of the finished page."""

    def __init__(self, name: str, number: int, x_height: float, seed: int = 0) -> None:
        self.x, self.number, self.seed = x_height, number, seed
        self.random = random.Random(name)
        self.noise = np.random.default_rng((number, seed) if seed else number)
        self.width = round(min(max(60 * self.x, 460), 1150))
        self.height = round(min(max(52 * self.x, 400), 950))
        self.image = Image.new("L", (self.width * OVERSAMPLING, self.height * OVERSAMPLING), 255)
        self.pen = ImageDraw.Draw(self.image)
        self.face(LATIN)

    def face(self, paths: tuple[Path, ...], letter: str = "x") -> None:
        """Choose the typeface of what is written from now on."""
        if self.seed:
            paths += OTHERS.get(paths, ())
        path = paths[self.number % len(paths)]
        self.em = self.x / truth(path, letter)
        self.font = _font(path, round(self.em * OVERSAMPLING, 2))

    def long(self, text: str) -> float:
        return self.font.getlength(text) / OVERSAMPLING

    def write(self, x: float, y: float, text: str, fill: int = 20, anchor: str = "ls") -> None:
        self.pen.text((x * OVERSAMPLING, y * OVERSAMPLING), text, font=self.font, fill=fill, anchor=anchor)

    def box(self, x: float, y: float, width: float, height: float, fill: int = 0) -> None:
        """A rectangle, or a rule where it is thin."""
        corner = (x + width) * OVERSAMPLING - 1, (y + height) * OVERSAMPLING - 1
        self.pen.rectangle((x * OVERSAMPLING, y * OVERSAMPLING, *corner), fill=fill)

    def line(self, words: Iterator[str], width: float, gap: str = " ") -> str:
        """As much text as fits into ``width``."""
        text = next(words)
        for word in words:
            if self.long(text + gap + word) > width:
                break
            text += gap + word
        return text

    def words(self, text: str = ENGLISH, gap: str | None = None) -> Iterator[str]:
        """Words (without a gap: characters) from somewhere in a text, without end."""
        if self.seed and text == ENGLISH:
            text = (ENGLISH, *WESTERN)[self.random.randrange(1 + len(WESTERN))]
        words = list(text) if gap == "" else text.split()
        start = self.random.randrange(len(words))
        while True:
            yield from words[start:]
            start = 0

    def fill(
        self, words: Iterator[str], box: tuple[float, float, float, float], gap: str = " ", fill: int = 20
    ) -> None:
        """Set a block of text into x, y, width, height."""
        x, y, width, height = box
        base = y + self.em
        while base < y + height - 0.4 * self.em:
            self.write(x, base, self.line(words, width, gap), fill)
            base += 1.25 * self.em

    def page(self, text: str = ENGLISH, gap: str = " ") -> None:
        """Fill the page with one column."""
        margin = 2 * self.x
        self.fill(self.words(text, gap), (margin, margin, self.width - 2 * margin, self.height - 2 * margin), gap)

    def done(self) -> Pixels:
        """The page at its own size."""
        size = self.width, self.height
        return cv2.resize(np.asarray(self.image), size, interpolation=cv2.INTER_AREA).astype(np.uint8)

    def scanned(self, page: Pixels | None = None) -> Pixels:
        """The page as one of five ways of scanning leaves it, by its number."""
        pixels = (self.done() if page is None else page).astype(np.float32)
        way = self.number % 5
        if way in {1, 3, 4}:
            pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), min(0.15 * self.x, 0.9)), np.float32)
        if way in {1, 4}:
            pixels = np.asarray(8 + 0.9 * pixels + self.noise.normal(0, 5, pixels.shape), np.float32)
        if way == 4:
            pixels = 70 + 0.6 * pixels
        whole = pixels.clip(0, 255).astype(np.uint8)
        return jpeg(whole, 60) if way in {2, 3} else whole


def jpeg(page: Pixels, quality: int) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(page).save(buffer, "JPEG", quality=quality)
    return np.array(Image.open(buffer))


def picture(width: int, height: int, noise: np.random.Generator) -> Pixels:
    """Something like a photograph: a smooth ground, finer structure in it, and edges."""
    picture = np.zeros((height, width), np.float32)
    for cells, strength in ((3, 60), (7, 40), (19, 25), (60, 12)):
        seed = noise.normal(0, strength, (cells, cells)).astype(np.float32)
        picture += cv2.resize(seed, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(4):
        middle = int(noise.integers(width)), int(noise.integers(height))
        cv2.circle(picture, middle, int(noise.integers(10, max(11, height // 4))), float(noise.normal(0, 70)), -1)
    return (128 + cv2.GaussianBlur(picture, (0, 0), 1.2)).clip(0, 255).astype(np.uint8)
