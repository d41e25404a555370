"""Documents and patch stores made on the spot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from docsr.page import Pixels
from docsr.pairs.store import StoreHeader
from docsr.pairs.store_writer import StoreWriter

FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
PROSE = (
    "The harbour office opened at 7 each morning, and by 8 the clerks had entered every vessel in the long ledger. "
    "Mr Whitlock kept the keys; nobody else was trusted with them. In 1894 a storm took the roof, yet the books "
    "survived, dry inside an oak chest that had belonged to his grandmother. We copied 312 pages by hand that winter. "
) * 12


def text_page(em: float = 22, width: int = 700, height: int = 500, first: int = 0) -> tuple[Pixels, str]:
    """A page of prose from word ``first`` on, and the words that fit on it."""
    assert FONT.exists(), f"{FONT} is missing: apt-get install fonts-dejavu-core"
    font = ImageFont.truetype(str(FONT), em)
    image = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(image)
    y, words, lines = em, PROSE.split()[first:], []
    while y < height - 2 * em and words:
        line = words.pop(0)
        while words and font.getlength(f"{line} {words[0]}") < width - 2 * em:
            line += f" {words.pop(0)}"
        draw.text((em, y), line, font=font, fill=10)
        lines.append(line)
        y += 1.3 * em
    return np.asarray(image), "\n".join(lines)


def save(path: Path, pixels: Pixels) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def patches(count: int, size: int, seed: int = 0) -> Pixels:
    """``count`` pieces of a text page."""
    page, _ = text_page(14, 400, 400)
    random = np.random.default_rng(seed)
    corners = random.integers(20, 400 - size - 40, (count, 2))
    return np.array([page[y : y + size, x : x + size] for y, x in corners], np.uint8).reshape(count, size, size)


def make_store(folder: Path, train: int = 12, val: int = 4, size: int = 64, x_height: float | None = None) -> Path:
    writer = StoreWriter(folder, size)
    writer.add("train", patches(train, size))
    writer.add("val", patches(val, size, seed=1))
    writer.close(StoreHeader("images", size, x_height, train=train, val=val))
    return folder


def write_pdf(path: Path, lines: list[str], pages: int = 1, size: int = 11) -> Path:
    """A PDF with real Helvetica text, written by hand."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(pages))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number in range(pages):
        shown = "".join(f"({line}) Tj T*\n" for line in lines)
        content = f"BT /F1 {size} Tf {size * 1.3:g} TL 60 780 Td\n{shown}ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    body, places = "%PDF-1.4\n", []
    for number, item in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{item}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    path.write_text(f"{body}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}", encoding="ascii")
    return path
