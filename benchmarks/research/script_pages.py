"""Draw small degraded pages of many scripts, and cut them into squares as docsr.decide.script does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from fontTools.ttLib import TTCollection, TTFont
from PIL import Image, ImageDraw, ImageFont

from benchmarks.research.script_texts import Draw, other_texts, texts
from docsr.decide.script import OTHER, SCRIPTS, squares_of
from docsr.decide.text_size import measure
from docsr.languages import LATIN
from docsr.page import Pixels
from docsr.pairs.degrade import Degrade
from docsr.train_config import DegradeConfig

HELD_OUT = (
    "dejavu",
    "wqy",
    "ipafont-mincho",
    "unfonts",
    "garuda",
    "waree",
    "gargi",
    "bpg",
    "culmus",
    "amiri",
    "gentium",
)
"""Folders of typefaces that only validate."""

PASSED_OVER = (
    "Symbol",
    "Math",
    "Music",
    "Emoji",
    "Icons",
    "opens___",
    "Nastaliq",
    "RashiHebrew",
    "Initials",
    "Keyboard",
)
"""Parts of the names of typefaces that are not used."""

SAMPLES = {
    "Latn": "axQ7", "Cyrl": "джЯ", "Grek": "αωξ", "Arab": "عسق", "Hebr": "אשל", "Deva": "कषत", "Thai": "กขม",
    "Hani": "的国們", "Jpan": "のカ語", "Kore": "가한글", "Geor": "აჰ", "Armn": "աև",
}  # fmt: skip
"""Script -> letters that a typeface must have to draw it."""

ALIKE = ("Cyrl", "Cyrl", "Grek")
"""Scripts that resemble Latin most, as often as they are drawn."""

WIDTH, HEIGHT = 56, 40
"""Size of a page in x-heights."""

FACTOR = 3
SIZES = (2.4, 11.0)
"""Range of the x-height in px of the degraded page."""

DEGRADE = DegradeConfig(reduced_bilevel=0.15, fax=0.1, rotation_degrees=(-1.5, 1.5))


def faces(folder: Path, *, held_out: bool) -> dict[str, dict[str, list[tuple[Path, int]]]]:
    """Return script (for OTHER: the name in Noto's files) -> family -> typefaces, as file and number in the file."""
    found: dict[str, dict[str, list[tuple[Path, int]]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".ttf", ".otf", ".ttc"}):
        if path.is_symlink() or any(part in path.name for part in PASSED_OVER):
            continue
        if any(name in str(path).lower() for name in HELD_OUT) is not held_out:
            continue
        family = path.stem.split("-")[0]
        for name in other_texts():
            if family in {f"NotoSans{name}", f"NotoSerif{name}"}:
                found[name][family].append((path, 0))
        for number, letters in enumerate(_letters_of(path)):
            for script, sample in SAMPLES.items():
                if all(ord(letter) in letters for letter in sample):
                    found[script][family].append((path, number))
    return found


def _letters_of(path: Path) -> list[set[int]]:
    """Return the characters of each typeface of a file; of a collection, the first four are looked at."""
    fonts = TTCollection(path, lazy=True).fonts[:4] if path.suffix == ".ttc" else [TTFont(path, lazy=True)]
    return [set(font.getBestCmap() or ()) for font in fonts]


class Pages:
    """Pages of random scripts, in typefaces and texts of unpacked packages."""

    def __init__(self, root: Path, *, held_out: bool = False) -> None:
        """Read the texts and find the typefaces below ``root``, into which packages were unpacked."""
        self._texts, self._others = texts(root / "usr/share"), other_texts()
        self._faces = faces(root, held_out=held_out)
        self._degrade = Degrade(DEGRADE, FACTOR)
        self.names = [name for name in (*SCRIPTS[:-1], *self._others) if self._faces.get(name)]

    def squares(self, count: int, seed: int) -> Iterator[tuple[str, float, np.ndarray]]:
        """Yield (script, x-height in px, squares) of ``count`` pages; two fifths are Latin.

        Of odd seeds from 3 on, three quarters are Latin or one of the scripts that resemble it (ALIKE).
        """
        alike = seed % 2 == 1 and seed >= 3
        random = np.random.default_rng(seed)
        classes = [name for name in SCRIPTS[1:-1] if name in self.names]
        others = [name for name in self._others if name in self.names]
        for _ in range(count):
            chance, name = random.random(), LATIN
            if alike and chance > 0.4 and random.random() < 0.6:
                name = ALIKE[int(random.integers(len(ALIKE)))]
            elif chance > 0.88 and others:
                name = others[int(random.integers(len(others)))]
            elif chance > 0.4:
                name = classes[int(random.integers(len(classes)))]
            x_height = float(np.exp(random.uniform(*np.log(SIZES))))
            page = self.page(name, x_height, random)
            yield OTHER if name in self._others else name, x_height, _cut(page, x_height, random)

    def page(self, name: str, x_height: float, random: np.random.Generator) -> Pixels:
        """Draw a degraded page whose Latin text of that size would have an x of ``x_height`` px."""
        path, number = self._face(name, random)
        font = _sized(path, number, FACTOR * x_height)
        width, height = (FACTOR * round(side * x_height) for side in (WIDTH, HEIGHT))
        sheet = Image.new("L", (width, height), 255)
        pen, pitch = ImageDraw.Draw(sheet), font.size * random.uniform(1.05, 1.9)
        left, y = random.uniform(0, 0.15) * width, random.uniform(-0.5, 1.0) * pitch
        draw = self._text(name, random)
        while y < height:
            if random.random() < 0.25:
                draw = self._text(name, random)
            indent = random.choice([0, 0, 0, 2, 5]) * font.size
            length = int(random.choice([120, 120, 120, 60, 30, 12]))
            pen.text((left + indent, y), draw(random, length), font=font, fill=int(random.integers(0, 60)))
            if random.random() < 0.03:
                pen.line((0, y, width, y), fill=0, width=2)
            y += pitch * (1 if random.random() < 0.9 else 2)
        drawn = np.asarray(sheet)
        if random.random() < 0.08:
            drawn = 255 - drawn
        return self._degrade(drawn, random)[1]

    def _text(self, name: str, random: np.random.Generator) -> Draw:
        if name in self._others:
            return self._others[name]
        draws = self._texts[name]
        return draws[int(random.integers(len(draws)))]

    def _face(self, name: str, random: np.random.Generator) -> tuple[Path, int]:
        families = list(self._faces[name].values())
        family = families[int(random.integers(len(families)))]
        return family[int(random.integers(len(family)))]


def _sized(path: Path, number: int, x_height: float) -> ImageFont.FreeTypeFont:
    """Return a typeface whose x has that height in px, or whose em is twice that if it has no x."""
    font = ImageFont.truetype(str(path), 200, index=number)
    _, top, _, bottom = font.getbbox("x")
    tall = (bottom - top) / 200
    return font.font_variant(size=max(4, round(x_height / (tall if 0.35 < tall < 0.65 else 0.5))))


def _cut(page: Pixels, x_height: float, random: np.random.Generator) -> np.ndarray:
    """Return squares of a page at the size that docsr measures, if that is near to the true one, varied a bit."""
    text = measure(page)
    near = text is not None and 0.5 < text.x_height / x_height < 2.2
    size = text.x_height if near and text is not None else x_height
    return squares_of(page, size * float(np.exp(random.normal(0, 0.15))))
