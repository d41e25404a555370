"""Does OCR read an enlarged fax as well from one bit per pixel as from grey? How large is each as Group 4, as JPEG?

    python -m benchmarks.measure.one_bit IMAGES TEXTS --out benchmarks/results/one_bit.json

IMAGES holds NAME.png of 300 dpi, TEXTS NAME.txt. Pages are made low as the benchmark's `fax` does, enlarged as
`docsr enhance` does when it is told nothing, cut to black and white in several ways, and read by Tesseract.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from docsr.bench.degradations import lower
from docsr.decide.decision import measured_x_height, plan_by_default
from docsr.io.pdf.encode import encode_pixels
from docsr.io.raster.read import read_pages
from docsr.metrics.text import edits
from docsr.ocr.tesseract import Tesseract
from docsr.page import Page, Pixels
from docsr.upscale.page import upscale_page
from docsr.upscalers.catalog import resolve

DPIS = (75.0, 100.0, 125.0, 150.0, 200.0)
QUALITY = 90
WINDOW, BELOW = 4, 10
"""Of the local threshold: the window's side in x-heights of the large page, and levels below its mean."""


def otsu(pixels: Pixels, x_height: float) -> Pixels:
    """One threshold, from the page's histogram."""
    return np.asarray(cv2.threshold(pixels, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1], np.uint8)


def local(pixels: Pixels, x_height: float) -> Pixels:
    """Below the Gaussian mean of a window."""
    side = 2 * round(WINDOW * x_height / 2) + 1
    cut = cv2.adaptiveThreshold(pixels, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, side, BELOW)
    return np.asarray(cut, np.uint8)


WAYS: dict[str, Callable[[Pixels, float], Pixels]] = {
    "grey": lambda pixels, x_height: pixels,
    "half": lambda pixels, x_height: np.where(pixels < 128, 0, 255).astype(np.uint8),
    "otsu": otsu,
    "local": local,
}


def rows_of(page: Page, text: str, reader: Tesseract, known: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What each way of each resolution of a page reads, and takes; what is known is not measured again."""
    assert page.source is not None
    for dpi in DPIS:
        low = replace(lower(page, dpi, "fax", 0), bilevel=True)
        x_height = measured_x_height(low)
        mine = [row for row in known if row["page"] == page.source.stem and row["dpi"] == dpi]
        if mine:
            yield from ({**row, "x_height": x_height} for row in mine)
            continue
        plan = plan_by_default(x_height, "tesseract")
        large = upscale_page(low, resolve(plan.model, plan.factor, 1))
        before = len(encode_pixels(low.pixels, QUALITY).data)
        for way, cut in WAYS.items():
            pixels = cut(large.pixels, (x_height or 10) * plan.factor)
            wrong, characters = edits(text, reader.read(replace(large, pixels=pixels)))
            found = {"edits": wrong, "characters": characters, "bytes_in": before}
            found["bytes"] = len(encode_pixels(pixels, QUALITY).data)
            yield {"page": page.source.stem, "dpi": dpi, "x_height": x_height, "model": plan.model, "way": way} | found


def pooled(rows: list[dict[str, Any]], **chosen: Any) -> dict[str, Any]:
    """CER in percent and mean bytes, of the rows that have these values."""
    mine = [row for row in rows if all(row[key] == value for key, value in chosen.items())]
    total = {key: sum(row[key] for row in mine) for key in ("edits", "characters", "bytes", "bytes_in")}
    cer = round(100 * total["edits"] / total["characters"], 2)
    return chosen | {
        "pages": len(mine), "cer": cer, "kB": round(total["bytes"] / len(mine) / 1e3, 1),
        "times_in": round(total["bytes"] / total["bytes_in"], 1),
    }  # fmt: skip


def main() -> None:
    """Measure, and write rows and summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("texts", type=Path)
    parser.add_argument("--pages", type=int, default=10, help="So many pages, spread evenly over the names.")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    found = [path for path in sorted(options.images.glob("*.png")) if (options.texts / f"{path.stem}.txt").is_file()]
    known = json.loads(options.out.read_text(encoding="utf-8"))["rows"] if options.out.exists() else []
    reader, rows = Tesseract(), list[dict[str, Any]]()
    for path in found[:: max(1, len(found) // options.pages)][: options.pages]:
        text = (options.texts / f"{path.stem}.txt").read_text(encoding="utf-8")
        rows += rows_of(next(read_pages(path)), text, reader, known)
        sys.stderr.write(f"{path.stem}\n")
    summary = [pooled(rows, dpi=dpi, way=way) for dpi in DPIS for way in WAYS] + [pooled(rows, way=way) for way in WAYS]
    told = {"tesseract": reader.signature, "summary": summary, "rows": rows}
    options.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write("".join(f"{row}\n" for row in summary))


if __name__ == "__main__":
    main()
