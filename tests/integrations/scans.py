"""Scanned PDF files whose words, and their places, are known."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from docsr.bench.degradations import lower
from docsr.io.pdf.scans import write_scans
from docsr.page import Page

HR_DPI = 300
SANS = "DejaVuSans.ttf"

WORDS = (
    "harbour timber quietly seven lantern bridges morning letter wooden copper village thunder garden "
    "silver window marble journey pocket winter kitchen orange ribbon castle feather meadow pepper basket "
    "candle mirror stream needle velvet island hammer barrel ticket shadow puzzle anchor saddle blanket "
    "compass engine forest gravel helmet insect jacket kettle ladder magnet napkin oyster parrot quarry "
    "rocket sandal tunnel valley walnut yellow zipper almond butter canyon dragon"
)
"""Each of them once, so that a word that is read is known to be this one."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Drawn:
    """A page of words at HR_DPI, and where they are, in points from the upper left corner."""

    page: Page
    boxes: dict[str, Box]


def drawn(words: str = WORDS, size: int = 40, width: int = 1500) -> Drawn:
    """Draw words line by line; a size of 40 px is 9.6 points."""
    font, left, line, margin = ImageFont.truetype(SANS, size), 0, 0, 2 * size
    left, line, boxes, where = margin, margin, {}, {}
    for word in words.split():
        wide = font.getlength(word)
        if left + wide > width - margin:
            left, line = margin, line + round(1.7 * size)
        where[word] = (left, line)
        left += round(wide + 0.4 * size)
    image = Image.new("L", (width, line + margin + 2 * size), 255)
    draw = ImageDraw.Draw(image)
    for word, place in where.items():
        draw.text(place, word, font=font, fill=20)
        x, y, right, bottom = (at * 72 / HR_DPI for at in draw.textbbox(place, word, font=font))
        boxes[word] = x, y, right, bottom
    return Drawn(Page(np.asarray(image), (HR_DPI, HR_DPI)), boxes)


def scanned(path: Path, pages: Sequence[Page], dpi: float = 75.0) -> Path:
    """Write pages as a PDF of mediocre scans."""
    write_scans([lower(page, dpi, "scan", number) for number, page in enumerate(pages)], path)
    return path


def ocrmypdf(*arguments: str | Path, code: int = 0, python: Sequence[str] = ()) -> str:
    """Run the command; return what it says."""
    command = [sys.executable, *python, "-m", "ocrmypdf", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stderr


def text_of(pdf: Path) -> str:
    """The text layer, as poppler gives it."""
    return subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, text=True, check=True).stdout


def boxes_of(pdf: Path, number: int = 1) -> dict[str, Box]:
    """The words of a page and their boxes, in points from the upper left corner."""
    command = ["pdftotext", "-bbox", "-f", str(number), "-l", str(number), str(pdf), "-"]
    html = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r'<word xMin="([^"]+)" yMin="([^"]+)" xMax="([^"]+)" yMax="([^"]+)">([^<]*)<', html)
    return {word: (float(a), float(b), float(c), float(d)) for a, b, c, d, word in found}


def images_of(pdf: Path, folder: Path) -> list[bytes]:
    """The files of the images, as they are stored."""
    folder.mkdir()
    subprocess.run(["pdfimages", "-all", str(pdf), str(folder / "image")], check=True)
    return [path.read_bytes() for path in sorted(folder.iterdir())]
