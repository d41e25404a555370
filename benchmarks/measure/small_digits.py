"""Which numbers in small text under heavy noise become other numbers with docsr, beside bicubic; what the guard does.

    python -m benchmarks.measure.small_digits --out benchmarks/results/small_digits.json

Pages of numbers are drawn, made small and noisy, enlarged as `docsr enhance` does when it is told nothing, and by
bicubic to the same size, and read by Tesseract. A number is lost that is right after bicubic and another number after
docsr, and won the other way; one that is read as no number counts as neither.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.measure.guard import FACES
from docsr import __version__
from docsr.decide.decision import factor_for_text, plan_page
from docsr.machine import machine
from docsr.metrics.digits import number_changes
from docsr.ocr.tesseract import Tesseract
from docsr.page import Page, Pixels
from docsr.upscale.page import TileCount, upscale_page
from docsr.upscalers.catalog import resolve

X_HEIGHTS = (4.5, 5.1, 5.8, 6.4, 7.1)
"""px, of the face's lower case; digits are as high as its capitals."""
NOISE = (16.0, 24.0)
"""Standard deviation in levels."""
LINES, NUMBERS, DIGITS = 24, 8, 5
DRAWN = 6
"""Times as large as it becomes, a page is drawn."""
BLUR = 0.5
"""px, standard deviation, of the small page."""


def page_of(face: str, x_height: float, noise: float, seed: int) -> tuple[Pixels, str]:
    """A small page of numbers, and its text."""
    random = np.random.default_rng(seed)
    _, top, _, bottom = ImageFont.truetype(face, 1000).getbbox("x")
    font = ImageFont.truetype(face, 1000 * DRAWN * x_height / (bottom - top))
    rows = [["".join(map(str, random.integers(0, 10, DIGITS))) for _ in range(NUMBERS)] for _ in range(LINES)]
    texts = ["   ".join(row) for row in rows]
    step = round(3.2 * DRAWN * x_height)
    width = max(round(font.getlength(text)) for text in texts) + 4 * step
    large = Image.new("L", (width // DRAWN * DRAWN, (LINES + 4) * step // DRAWN * DRAWN), 255)
    for number, text in enumerate(texts):
        ImageDraw.Draw(large).text((2 * step, (2 + number) * step), text, font=font, fill=0)
    small = cv2.resize(np.asarray(large), None, fx=1 / DRAWN, fy=1 / DRAWN, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), BLUR).astype(np.float64)
    noisy = np.clip(np.rint(small * 0.8 + 25 + random.normal(0, noise, small.shape)), 0, 255).astype(np.uint8)
    return noisy, "\n".join(" ".join(row) for row in rows)


def row_of(face: str, x_height: float, noise: float, seed: int, reader: Tesseract) -> dict[str, Any]:
    """What becomes of one page."""
    pixels, text = page_of(face, x_height, noise, seed)
    plan, count = plan_page(factor_for_text(x_height, "tesseract"), x_height), TileCount()
    by_docsr = upscale_page(Page(pixels), resolve(plan.model, plan.factor, 1), count=count)
    by_bicubic = upscale_page(Page(pixels), resolve("bicubic", plan.factor, 1))
    changes = number_changes(text, *map(reader.read, (by_bicubic, by_docsr)))
    place = {"face": Path(face).stem, "x_height": x_height, "noise": noise, "model": plan.model, "factor": plan.factor}
    counts = {"numbers": changes.numbers, "lost": changes.lost, "won": changes.won}
    return place | counts | {"put_back": round(count.put_back.part, 5)}


def main() -> None:
    """Measure, and write rows and their sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    reader, rows = Tesseract(psm=6), list[dict[str, Any]]()
    for seed, (face, x_height, noise) in enumerate(product(FACES, X_HEIGHTS, NOISE)):
        rows.append(row_of(face, x_height, noise, seed, reader))
        sys.stderr.write(f"{rows[-1]}\n")
    sums = {name: sum(row[name] for row in rows) for name in ("numbers", "lost", "won")}
    most = max(row["put_back"] for row in rows)
    command = shlex.join(["python", "benchmarks/measure/small_digits.py", "--out", str(options.out)])
    told: dict[str, Any] = {
        "command": command,
        "docsr": __version__,
        "machine": machine(),
        "tesseract": reader.signature,
    }
    told |= {"pages": len(rows), "digits_of_a_number": DIGITS, **sums, "most_put_back_of_a_page": most, "rows": rows}
    options.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{sums}, at most {most} of a page put back\n")


if __name__ == "__main__":
    main()
