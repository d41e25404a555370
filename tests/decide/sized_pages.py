"""Two hundred pages whose text size (``sized_sheet.truth``) is known: twenty kinds, each at ten sizes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from docsr.page import Pixels
from tests.decide.sized_sheet import ARABIC_FACES, BOLD, CHINESE, EASTERN, JAPANESE, Sheet, jpeg, picture
from tests.decide.sized_texts import ARABIC, CYRILLIC, GREEK, HAN, KANA

SIZES = (3.5, 4.0, 4.5, 5.0, 6.0, 7.5, 9.0, 12.0, 15.0, 20.0)
"""x-heights in px."""

LARGER = (5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0, 14.0, 17.0, 20.0)
"""Of faxes (10 points make 13 px) and of Han, kana and Arabic, which nobody reads any smaller."""


@dataclass(frozen=True, slots=True)
class Sized:
    """A page to draw: what it shows, in which size (x-height in px), and which of its kind it is, 0 to 9.

    With a seed other than 0 it has other words, typefaces and noise, and a number of any size.
    """

    kind: str
    x_height: float
    number: int
    seed: int = 0

    def draw(self) -> Pixels:
        """The page, H x W or H x W x 3, uint8."""
        return KINDS[self.kind](Sheet(str(self), self.number, self.x_height, self.seed))

    def __str__(self) -> str:
        return f"{self.kind}-{self.number}-{self.x_height:g}" + (f"-{self.seed}" if self.seed else "")


def _prose(sheet: Sheet) -> Pixels:
    sheet.page()
    return sheet.scanned()


def _contents(sheet: Sheet) -> Pixels:
    words, base, number = sheet.words(), 3 * sheet.em, 1
    margin, folio = 2.5 * sheet.x, sheet.long("000")
    while base < sheet.height - sheet.em:
        indent = 0 if number % 5 == 1 else 2 * sheet.em
        entry = sheet.line(words, sheet.random.uniform(0.15, 0.5) * sheet.width).strip(",.;").capitalize()
        sheet.write(margin + indent, base, entry)
        start, end = margin + indent + sheet.long(entry), sheet.width - margin - folio
        step = sheet.long(".") * (1.0, 1.6, 2.0)[sheet.number % 3]
        for dot in range(int((end - start) / step) - 1):
            sheet.write(start + (dot + 0.7) * step, base, ".")
        sheet.write(sheet.width - margin, base, str(number * 3), anchor="rs")
        base, number = base + 1.35 * sheet.em, number + 1
    return sheet.scanned()


def _table(sheet: Sheet) -> Pixels:
    row, margin, words = 1.8 * sheet.em, 1.5 * sheet.x, sheet.words()
    columns = [margin + part * (sheet.width - 2 * margin) for part in (0, 0.36, 0.55, 0.72, 1)]
    thick = 1 + 0.5 * (sheet.number % 3)
    rows = int((sheet.height - 2 * margin) / row)
    for number in range(rows + 1):
        sheet.box(margin, margin + number * row, sheet.width - 2 * margin, thick)
    for x in columns:
        sheet.box(x, margin, thick, rows * row)
    for number in range(rows):
        if number % 4 == 1 and sheet.number % 2:
            sheet.box(margin, margin + number * row, sheet.width - 2 * margin, row, fill=205)
        base = margin + number * row + 1.25 * sheet.em
        sheet.write(columns[0] + sheet.x, base, sheet.line(words, columns[1] - columns[0] - 2 * sheet.x))
        sheet.write(columns[1] + sheet.x, base, sheet.line(words, columns[2] - columns[1] - 2.5 * sheet.x))
        sheet.write(columns[3] - sheet.x, base, str(sheet.random.randrange(20, 999)), anchor="rs")
        sheet.write(columns[3] + sheet.x, base, sheet.line(words, columns[4] - columns[3] - 2 * sheet.x))
    return sheet.scanned()


def _form(sheet: Sheet) -> Pixels:
    base, margin = 3 * sheet.em, 2 * sheet.x
    labels = [
        "Name of applicant",
        "Street and number",
        "Place of birth",
        "Signature",
        "Telephone",
        "Remarks (optional)",
    ]
    while base < sheet.height - sheet.em:
        label = sheet.random.choice(labels)
        sheet.write(margin, base, label)
        start = margin + sheet.long(label) + sheet.x
        if sheet.number % 2:
            sheet.box(start, base, sheet.width - margin - start, 1)
        else:
            for place in range(int((sheet.width - margin - start) / (1.5 * sheet.em))):
                x, y, side = start + place * 1.5 * sheet.em, base - 1.2 * sheet.em, 1.5 * sheet.em
                sheet.box(x, y, side, 1)
                sheet.box(x, y + side, side, 1)
                sheet.box(x, y, 1, side)
        base += 2.6 * sheet.em
    return sheet.scanned()


def _columns(sheet: Sheet) -> Pixels:
    margin, words = 1.5 * sheet.x, sheet.words()
    width = (sheet.width - 4 * margin) / 2
    for x in (margin, 3 * margin + width):
        sheet.fill(words, (x, margin, width, sheet.height - 2 * margin))
    if sheet.number % 2:
        sheet.box(sheet.width / 2, margin, 1, sheet.height - 2 * margin)
    return sheet.scanned()


def _heading(sheet: Sheet) -> Pixels:
    sheet.face(BOLD)
    words = sheet.words()
    for part in (0.12, 0.45, 0.8)[: 1 + sheet.number % 3]:
        text = sheet.line(words, min(0.8 * sheet.width, 22 * sheet.x)).strip(",.;").capitalize()
        sheet.write(0.1 * sheet.width, part * sheet.height + sheet.em, text)
    return sheet.scanned()


def _header_footer(sheet: Sheet) -> Pixels:
    sheet.face(BOLD)
    sheet.write(2 * sheet.x, 2 * sheet.em, ("Council minutes and reports", "Journal of the harbour")[sheet.number % 2])
    sheet.write(2 * sheet.x, sheet.height - sheet.em, f"Page {sheet.number + 3} of 12, printed for the members")
    pitch = (1.5, 2.2, 4.0)[sheet.number % 3] * sheet.em
    rows = int((sheet.height - 7 * sheet.em) / pitch)
    for row in range(rows + 1):
        sheet.box(2 * sheet.x, 3.5 * sheet.em + row * pitch, sheet.width - 4 * sheet.x, 1 + sheet.number % 2)
    if sheet.number % 4 == 3:
        for part in range(5):
            x = 2 * sheet.x + part * (sheet.width - 4 * sheet.x - 2) / 4
            sheet.box(x, 3.5 * sheet.em, 2, rows * pitch)
    return sheet.scanned()


def _caption(sheet: Sheet) -> Pixels:
    """A picture over most of the page, its caption below it or, in white with a dark seam or a bar, on it."""
    shown = sheet.scanned()
    x, y, width, height = (
        round(part) for part in (2 * sheet.x, sheet.x, sheet.width - 4 * sheet.x, 0.6 * sheet.height)
    )
    shown[y : y + height, x : x + width] = picture(width, height, sheet.noise)
    sheet.fill(sheet.words(), (x, y + height + sheet.x, width, 5 * sheet.em))
    words = sheet.done()
    shown = np.minimum(shown, words)
    sheet.image.paste(255, (0, 0, *sheet.image.size))
    sheet.fill(sheet.words(), (2 * x, y + height - 4.4 * sheet.em, width - 2 * x, 3.6 * sheet.em))
    mark = 255 - sheet.done().astype(np.float32)
    if sheet.number % 2:  # on a dark bar
        shown[round(y + height - 5 * sheet.em) : y + height, x : x + width] //= 4
    return np.maximum(shown, mark * (mark > 20)).astype(np.uint8)


def _dark(sheet: Sheet) -> Pixels:
    sheet.page()
    return 255 - sheet.scanned()


def _surround(sheet: Sheet) -> Pixels:
    """The page on a dark ground of 20 to 60 % of the picture, at the right, below or all round."""
    sheet.page()
    page, part = sheet.scanned(), 0.2 + 0.4 * (sheet.number % 10) / 9
    height, width = page.shape
    beyond = 1 / (1 - part)
    way = sheet.number % 3
    rows = height if way == 0 else round(height * (beyond if way == 1 else beyond**0.5))
    columns = width if way == 1 else round(width * (beyond if way == 0 else beyond**0.5))
    ground = np.clip(4 + 30 * (sheet.number % 2) + sheet.noise.normal(0, 3, (rows, columns)), 0, 255).astype(np.uint8)
    top, left = ((rows - height) // 2, (columns - width) // 2) if way == 2 else (0, 0)
    ground[top : top + height, left : left + width] = page
    return ground


def _shading(sheet: Sheet) -> Pixels:
    """Light that falls from 95 to 35 % across, down or from one corner."""
    sheet.page()
    page = sheet.scanned()
    across, down = np.linspace(0, 1, page.shape[1])[None], np.linspace(0, 1, page.shape[0])[:, None]
    fall = (across, down, (across + down) / 2, 1 - across)[sheet.number % 4]
    return np.clip(page * (0.95 - 0.6 * fall) + sheet.noise.normal(0, 2, page.shape), 0, 255).astype(np.uint8)


def _skew(sheet: Sheet) -> Pixels:
    sheet.page()
    angle = (0.6, -1.2, 1.8, -2.4, 3.0, -3.0, 2.4, -1.8, 1.2, -0.6)[sheet.number % 10]
    size = sheet.image.size
    turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), angle, 1.0)
    turned = cv2.warpAffine(np.asarray(sheet.image), turn, size, borderValue=255)
    sheet.image.paste(Image.fromarray(turned))
    return sheet.scanned()


def _fax(sheet: Sheet) -> Pixels:
    """204 x 98 dots per inch, one bit, brought to square pixels."""
    sheet.page()
    low = cv2.resize(np.asarray(sheet.image), (sheet.width, sheet.height // 2), interpolation=cv2.INTER_AREA)
    bits = np.where(low < 150, 0, 255).astype(np.uint8)
    return cv2.resize(bits, (sheet.width, sheet.height // 2 * 2), interpolation=cv2.INTER_CUBIC).astype(np.uint8)


def _numbers(sheet: Sheet) -> Pixels:
    prose = sheet.words()

    def mixed() -> Iterator[str]:
        while True:
            for _ in range(4):
                digits = sheet.random.choice((2, 3, 5, 7))
                number = str(sheet.random.randrange(10 ** (digits - 1), 10**digits))
                is_number = sheet.random.random() < 0.75
                yield (
                    f"{number[:-2]}.{number[-2:]}" if is_number and digits > 4 else number if is_number else next(prose)
                )

    margin = 2 * sheet.x
    sheet.fill(mixed(), (margin, margin, sheet.width - 2 * margin, sheet.height - 2 * margin))
    return sheet.scanned()


COLOURS = (
    ((255, 0, 0), (0, 130, 0)),
    ((200, 40, 40), (10, 120, 60)),
    ((0, 110, 0), (220, 0, 10)),
    ((0, 90, 255), (140, 75, 0)),
)
"""Of letters and ground: one luminance, within a few grey levels."""


def _chroma(sheet: Sheet) -> Pixels:
    sheet.page()
    ink = 1 - sheet.scanned()[..., None] / 255
    letters, ground = (np.array(one, np.float64) for one in COLOURS[sheet.number % len(COLOURS)])
    page = (ink * letters + (1 - ink) * ground).clip(0, 255).astype(np.uint8)
    return jpeg(page, 85) if sheet.number % 2 else page


def _cyrillic(sheet: Sheet) -> Pixels:
    sheet.face(EASTERN)
    sheet.page(CYRILLIC)
    return sheet.scanned()


def _greek(sheet: Sheet) -> Pixels:
    sheet.face(EASTERN)
    sheet.page(GREEK)
    return sheet.scanned()


def _chinese(sheet: Sheet) -> Pixels:
    sheet.face(CHINESE, "国")
    sheet.page(HAN, "")
    return sheet.scanned()


def _japanese(sheet: Sheet) -> Pixels:
    sheet.face(JAPANESE, "国")
    sheet.page(KANA, "")
    return sheet.scanned()


def _arabic(sheet: Sheet) -> Pixels:
    sheet.face(ARABIC_FACES, "ـسـ")
    margin, words = 2 * sheet.x, sheet.words(ARABIC)
    base = margin + sheet.em
    while base < sheet.height - margin:
        sheet.write(sheet.width - margin, base, sheet.line(words, sheet.width - 2 * margin), anchor="rs")
        base += 1.5 * sheet.em
    return sheet.scanned()


KINDS = {
    "prose": _prose, "contents": _contents, "table": _table, "form": _form, "columns": _columns, "heading": _heading,
    "header and footer": _header_footer, "caption": _caption, "dark": _dark, "surround": _surround,
    "shading": _shading, "skew": _skew, "fax": _fax, "numbers": _numbers, "chroma": _chroma, "cyrillic": _cyrillic,
    "greek": _greek, "chinese": _chinese, "japanese": _japanese, "arabic": _arabic,
}  # fmt: skip


def pages_of(seed: int) -> list[Sized]:
    """The two hundred pages of a seed: 0 has ten sizes and numbers 0 to 9, another draws both near those."""
    chosen = random.Random(seed)
    drawn = []
    for kind in KINDS:
        sizes = LARGER if kind in {"fax", "chinese", "japanese", "arabic"} else SIZES
        for number, size in enumerate(sizes):
            near = round(max(min(sizes), size * chosen.uniform(0.85, 1.15)), 2)
            drawn.append(Sized(kind, near, chosen.randrange(10_000), seed) if seed else Sized(kind, size, number))
    return drawn


PAGES = pages_of(0)
