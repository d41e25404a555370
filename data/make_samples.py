"""Draw the documents of data/samples and the pages of data/training: python data/make_samples.py [FOLDER].

The words are our own and the pages are drawn with free fonts, so everything that comes out is CC0. The result is the
same on every run with the same fonts and the same Pillow. Fonts, from Debian: apt-get install fonts-dejavu-core
fonts-liberation2 fonts-texgyre.
"""

# ruff: noqa: E501 - the paragraphs of the samples stand one to a line

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from sample_texts import COLUMNS, ITEMS, LETTER, RECEIPT, TRAINING, TYPED

TRUETYPE, OPENTYPE = Path("/usr/share/fonts/truetype"), Path("/usr/share/texmf/fonts/opentype/public/tex-gyre")
SANS = TRUETYPE / "dejavu/DejaVuSans.ttf"
BOLD = TRUETYPE / "dejavu/DejaVuSans-Bold.ttf"
ARIAL_LIKE = TRUETYPE / "liberation2/LiberationSans-Regular.ttf"
SERIF = TRUETYPE / "liberation2/LiberationSerif-Regular.ttf"
TYPEWRITER = OPENTYPE / "texgyrecursor-regular.otf"
PAGELLA = OPENTYPE / "texgyrepagella-regular.otf"
BONUM = OPENTYPE / "texgyrebonum-regular.otf"
TRAINING_FONTS = {"garden": SERIF, "bridge": ARIAL_LIKE, "clock": PAGELLA, "kitchen": BONUM}
OVERSAMPLING = 3
"""Pages are drawn this much larger and averaged down, as a scanner does, so that no hinting shows."""


class Sheet:
    """A page being drawn, in points (1/72 inch), which also keeps the text that it shows."""

    def __init__(self, width: float, height: float, dpi: int, mode: str = "L") -> None:
        self.dpi = dpi
        self.scale = dpi * OVERSAMPLING / 72
        self.image = Image.new(mode, (round(width * self.scale), round(height * self.scale)), "white")
        self.draw = ImageDraw.Draw(self.image)
        self.lines: list[str] = []

    def text(
        self, x: float, y: float, text: str, font: Path, size: float, fill: str = "#181818", end: bool = False
    ) -> None:
        """Write one line; (x, y) is the start of its baseline, or its end."""
        face = ImageFont.truetype(str(font), size * self.scale)
        anchor = "rs" if end else "ls"
        self.draw.text((x * self.scale, y * self.scale), text, font=face, fill=fill, anchor=anchor)
        self.lines.append(text)

    def prose(self, x: float, y: float, width: float, text: str, font: Path, size: float, lead: float = 1.35) -> float:
        """Set paragraphs (separated by newlines) in a column; return where the next line would stand."""
        face = ImageFont.truetype(str(font), size * self.scale)
        for paragraph in text.strip().split("\n"):
            line = ""
            for word in paragraph.split():
                longer = f"{line} {word}".strip()
                if line and face.getlength(longer) > width * self.scale:
                    self.text(x, y, line, font, size)
                    y, line = y + lead * size, word
                else:
                    line = longer
            self.text(x, y, line, font, size)
            y += lead * size + 0.5 * size
            self.lines.append("")
        return y

    def rule(self, x0: float, y0: float, x1: float, y1: float, width: float = 0.7) -> None:
        """Draw a straight line."""
        points = [value * self.scale for value in (x0, y0, x1, y1)]
        self.draw.line(points, fill="#202020", width=max(1, round(width * self.scale)))

    def scanned(self, blur: float = 0.0, noise: float = 0.0, seed: int = 1) -> Image.Image:
        """Bring the page to its dpi, blurred (px) and with paper noise (grey levels)."""
        size = self.image.width // OVERSAMPLING, self.image.height // OVERSAMPLING
        image = self.image.resize(size, Image.Resampling.BOX)
        if blur:
            image = image.filter(ImageFilter.GaussianBlur(blur))
        if noise:
            values = np.asarray(image, np.float64)
            values = values + np.random.default_rng(seed).normal(0, noise, values.shape)
            image = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
        return image


def reference(path: Path, sheets: Iterable[Sheet]) -> None:
    """Write the text of the sheets beside the picture, pages apart by a form feed, one empty line at most."""
    pages = []
    for sheet in sheets:
        text = "\n".join(sheet.lines).strip()
        while "\n\n\n" in text:
            text = text.replace("\n\n\n", "\n\n")
        pages.append(text)
    path.with_suffix(".txt").write_text("\n\f\n".join(pages) + "\n", encoding="utf-8")


def letter(out: Path) -> None:
    """A business letter: serif, 100 dpi, grey PNG."""
    sheet = Sheet(595, 560, 100)
    sheet.text(60, 60, "Parish Office of Lower Wexcombe", BOLD, 13)
    sheet.text(60, 78, "3 Church Row, Lower Wexcombe", SERIF, 11)
    sheet.text(60, 110, "Our reference 1187/24, 8 April 2024", SERIF, 11)
    sheet.lines.append("")
    sheet.prose(60, 145, 475, LETTER, SERIF, 12)
    sheet.scanned(blur=0.4).quantize(32).convert("L").save(out / "letter.png", dpi=(100, 100), optimize=True)
    reference(out / "letter.png", [sheet])


def invoice(out: Path) -> None:
    """An invoice with a ruled table: sans, 96 dpi, JPEG."""
    sheet = Sheet(595, 480, 96)
    sheet.text(50, 60, "Invoice 2024-0613", BOLD, 17)
    sheet.text(50, 84, "Harrow & Pike Plumbing, Unit 5, Dyehouse Yard", ARIAL_LIKE, 10.5)
    sheet.text(50, 99, "Date of supply: 15 June 2024. Payable within 30 days.", ARIAL_LIKE, 10.5)
    ends, rows = (50, 95, 340, 400, 465, 545), [("Item", "Description", "Number", "Price", "Amount"), *ITEMS]
    for number, row in enumerate(rows):
        y = 140 + 26 * number
        for column, cell in enumerate(row):
            x = ends[column] + 5 if column < 2 else ends[column + 1] - 5
            sheet.text(x, y, cell, ARIAL_LIKE if number else BOLD, 10 if number else 9, end=column >= 2)
        sheet.lines[-5:] = [" ".join(row)]
    for number in range(len(rows) + 1):
        sheet.rule(50, 122 + 26 * number, 545, 122 + 26 * number)
    for x in ends:
        sheet.rule(x, 122, x, 122 + 26 * len(rows))
    for number, line in enumerate(("Net 654.97", "Tax at 20 % 130.99", "Total due 785.96")):
        sheet.text(540, 385 + 18 * number, line, BOLD if number == 2 else ARIAL_LIKE, 11, end=True)
    sheet.scanned(blur=0.3, noise=3).save(out / "invoice.jpg", dpi=(96, 96), quality=70)
    reference(out / "invoice.jpg", [sheet])


def columns(out: Path) -> None:
    """A two-column article: 110 dpi, grey TIFF with LZW."""
    sheet = Sheet(470, 480, 110)
    sheet.text(40, 52, "The Lamp on the Old Mole", PAGELLA, 20)
    paragraphs = COLUMNS.split("\n")
    sheet.lines.append("")
    sheet.prose(40, 82, 185, "\n".join(paragraphs[:3]), PAGELLA, 10)
    sheet.prose(245, 82, 185, "\n".join(paragraphs[3:]), PAGELLA, 10)
    image = sheet.scanned(blur=0.4).quantize(16).convert("L")
    image.save(out / "columns.tif", dpi=(110, 110), compression="tiff_lzw")
    reference(out / "columns.tif", [sheet])


def typewritten(out: Path) -> None:
    """A typewritten memorandum on yellowed paper: 120 dpi, worn ribbon, JPEG."""
    sheet = Sheet(430, 480, 120)
    random = np.random.default_rng(5)
    for row, line in enumerate(TYPED.split("\n")):
        for column, letter_ in enumerate(line):
            ink = int(random.integers(35, 105))
            dx, dy = random.normal(0, 0.12, 2)
            sheet.text(
                40 + 6.9 * column + dx, 50 + 15.2 * row + dy, letter_, TYPEWRITER, 11.5, f"#{ink:02x}{ink:02x}{ink:02x}"
            )
        sheet.lines[len(sheet.lines) - len(line) :] = [line.strip()]
    grey = np.asarray(sheet.scanned(blur=0.5, noise=4), np.float32)[..., None] / 255
    paper = np.array([238, 228, 200], np.float32)
    image = Image.fromarray((grey * paper).astype(np.uint8))
    image.save(out / "typewritten.jpg", dpi=(120, 120), quality=72)
    reference(out / "typewritten.jpg", [sheet])


def flyer(out: Path) -> None:
    """A small colour page with a logo and white text on a dark band: 75 dpi, PNG."""
    sheet = Sheet(420, 430, 75, "RGB")
    s = sheet.scale
    sheet.draw.rectangle((0, 0, 420 * s, 92 * s), fill="#1d4e63")
    sheet.draw.ellipse((24 * s, 18 * s, 80 * s, 74 * s), fill="#e8a33d")
    sheet.draw.polygon([(34 * s, 62 * s), (52 * s, 28 * s), (70 * s, 62 * s)], fill="#fdf6e3")
    sheet.text(96, 44, "Fernhill Seed Library", BOLD, 20, "#ffffff")
    sheet.text(96, 70, "Borrow in spring, return in autumn", SANS, 13, "#ffffff")
    body = """Come to the village hall on Saturday 9 March, from 10 until 4. Take home up to 12 packets of seed at no charge: beans, kale, leeks, squash and 30 kinds of tomato.
Grow them, keep a few of the best plants for seed, and bring some back by the end of October so that others may grow them next year.
New this year: a table for swapping tools, a talk on saving lettuce seed at 11.30, and soup at noon."""
    sheet.lines.append("")
    y = sheet.prose(28, 128, 364, body, SANS, 13)
    sheet.text(28, y + 12, "Questions? Ring Agnes on 01632 960 184", BOLD, 13, "#a03020")
    image = sheet.scanned().quantize(96, dither=Image.Dither.NONE)
    image.save(out / "flyer.png", dpi=(75, 75), optimize=True)
    reference(out / "flyer.png", [sheet])


def fax(out: Path) -> None:
    """A fax of two pages: one bit, 150 dpi across and 100 down, TIFF with CCITT G4."""
    texts = [
        "To: Marine Stores, attention Mr Dahl\nFrom: Trawler Kittiwake, at Berth 6\nPages: 2, this one included\nPlease have ready by 5 a.m. on Tuesday 22 July: 180 m of 24 mm polypropylene rope in one length, 14 shackles of 16 mm, 6 floats with a diameter of 280 mm, and 25 kg of zinc anodes.\nThe last delivery held 12 shackles where 14 were invoiced. Kindly credit 2 at 9.80 each.",
        "Page 2: crew provisions for 11 days\nPotatoes 40 kg, onions 15 kg, flour 20 kg, rice 12 kg, oats 8 kg, sugar 10 kg, salt 3 kg. Tinned tomatoes 48, tinned peaches 24. Coffee 6 kg, tea 500 bags, milk powder 9 kg.\nDeliver to the quay, not to the office. The gate code is 7719 until Wednesday. If the tide is late we shall sail at 6.45, so please do not wait for a signature.",
    ]
    pages, sheets = [], []
    random = np.random.default_rng(9)
    for number, text in enumerate(texts, start=1):
        sheet = Sheet(480, 330, 150)
        sheet.text(40, 30, f"KITTIWAKE 20 JUL 18:42 PAGE {number}", SANS, 11)
        sheet.lines.append("")
        sheet.prose(40, 70, 400, text, ARIAL_LIKE, 13)
        image = sheet.scanned(blur=0.5, noise=16, seed=number)
        image = image.resize((image.width, image.height * 100 // 150), Image.Resampling.BOX)
        bits = np.asarray(image) > 165
        specks = random.random(bits.shape) < 0.0006
        pages.append(Image.fromarray(bits & ~specks))
        sheets.append(sheet)
    pages[0].save(out / "fax.tif", save_all=True, append_images=pages[1:], compression="group4", dpi=(150, 100))
    reference(out / "fax.tif", sheets)


def receipt(out: Path) -> None:
    """A pale till receipt in capitals: 90 dpi, no resolution in the file, grey PNG."""
    sheet = Sheet(250, 340, 90)
    for row, line in enumerate(RECEIPT):
        if line:
            sheet.text(28, 36 + 16 * row, line, TRUETYPE / "dejavu/DejaVuSansMono.ttf", 11, "#6a6a6a")
            sheet.lines[-1] = " ".join(line.split())
    sheet.scanned(blur=0.5, noise=2).quantize(24).convert("L").save(out / "receipt.png", optimize=True)
    reference(out / "receipt.png", [sheet])


def training(out: Path) -> None:
    """Text pages at 300 dpi, 16 greys, for the demonstration of prepare and train."""
    for name, font in TRAINING_FONTS.items():
        sheet = Sheet(400, 400, 300)
        sheet.text(36, 48, name.capitalize(), font, 16)
        sheet.lines.append("")
        sheet.prose(36, 76, 328, TRAINING[name], font, 10.5)
        image = sheet.scanned(blur=0.6)
        levels = (np.asarray(image) // 17 * 17).astype(np.uint8)
        Image.fromarray(levels).quantize(16).save(out / f"{name}.png", dpi=(300, 300), optimize=True)
        reference(out / f"{name}.png", [sheet])


def main() -> None:
    """Draw all pages into samples/ and training/ of the folder given, or of data/."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    samples, pages = root / "samples", root / "training"
    for folder in (samples, pages):
        folder.mkdir(parents=True, exist_ok=True)
    for draw in (letter, invoice, columns, typewritten, flyer, fax, receipt):
        draw(samples)
    training(pages)


if __name__ == "__main__":
    main()
