"""Does a network that was trained at one text size need that size when it is used? CER and PSNR against x-height.

    python -m benchmarks.measure.text_size --one ONE.onnx --trained 20 --many MANY.onnx --out results/text_size

The beginnings of data/training's texts are drawn in four typefaces so that their x-height before enlarging (in LR px)
is what the table says, scanned (the benchmark's degradation), and enlarged by

- bicubic;
- one: a network trained at one x-height (--trained, in px of HR), fed with the page as it is;
- one, normalised: the same, the page first brought to the x-height that the network knows;
- many: a network trained at many x-heights, fed with the page as it is.

Every result is then brought to an x-height of 24 px, so that the engine always reads the same size, and to the size of
HR for PSNR. OUT.json has the figures and OUT.svg the plot.
"""

from __future__ import annotations

import argparse
import json
import logging
import shlex
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

import docsr
from docsr.bench.degradations import lower
from docsr.machine import machine
from docsr.metrics.image import psnr, same_size
from docsr.metrics.text import score_text
from docsr.ocr.tesseract import Tesseract
from docsr.page import Page, luminance, resize
from docsr.upscale.page import upscale_page
from docsr.upscalers.base import Upscaler
from docsr.upscalers.catalog import resolve

LOG = logging.getLogger(__name__)
TEXTS = Path(__file__).resolve().parents[2] / "data" / "training"
TYPEFACES = ("DejaVuSans", "DejaVuSerif", "LiberationSans-Regular", "LiberationSerif-Regular")
X_HEIGHTS = (4, 5, 6, 8, 10, 14, 20, 28, 40)
READ_AT = 24.0
COLUMNS, LINES = 50, 6
DPI = 100.0
"""Of the low-resolution page; physical size plays no part."""


def passages() -> Iterator[str]:
    """A few lines of each text."""
    for path in sorted(TEXTS.glob("*.txt")):
        text = " ".join(path.read_text(encoding="utf-8").split())
        yield "\n".join(textwrap.wrap(text, COLUMNS)[:LINES])


def drawn(text: str, typeface: str, x_height: float, dpi: float) -> Page:
    """A page whose lower-case x is ``x_height`` px high."""
    unit = ImageFont.truetype(f"{typeface}.ttf", 1000).getbbox("x")
    font = ImageFont.truetype(f"{typeface}.ttf", 1000 * x_height / (unit[3] - unit[1]))
    margin = round(2 * x_height)
    box = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((margin, margin), text, font, spacing=x_height)
    canvas = Image.new("L", (round(box[2]) + margin, round(box[3]) + margin), 255)
    ImageDraw.Draw(canvas).multiline_text((margin, margin), text, 0, font, spacing=x_height)
    return Page(np.asarray(canvas), (dpi, dpi))


def scaled(page: Page, scale: float) -> Page:
    """The page brought to another size."""
    size = max(1, round(page.width * scale)), max(1, round(page.height * scale))
    return page.resized(resize(page.pixels, *size))


def measure(arms: dict[str, tuple[Upscaler, float | None]], factor: int) -> list[dict[str, Any]]:
    """A row for each x-height and arm; an arm with an x-height wants the page brought to that one first."""
    engine, rows = Tesseract(), []
    for x_height in X_HEIGHTS:
        edits, characters = dict.fromkeys(arms, 0), dict.fromkeys(arms, 0)
        looks = {name: list[float]() for name in arms}
        for seed, (text, typeface) in enumerate(zip(passages(), TYPEFACES, strict=True)):
            hr = drawn(text, typeface, x_height * factor, DPI * factor)
            lr = lower(hr, DPI, "scan", seed)
            for name, (upscaler, wants) in arms.items():
                sr = upscale_page(lr if wants is None else scaled(lr, wants / x_height), upscaler)
                read = engine.read(scaled(sr, READ_AT / ((wants or x_height) * factor)))
                score = score_text(text, read)
                edits[name] += score.edits
                characters[name] += score.reference_chars
                looks[name].append(psnr(same_size(luminance(sr.pixels), hr.pixels), hr.pixels) or float("inf"))
        for name in arms:
            cer = edits[name] / characters[name]
            row = {"x_height": x_height, "arm": name, "characters": characters[name], "cer": cer}
            rows.append(row | {"psnr": mean(looks[name])})
            LOG.info("%s", rows[-1])
    return rows


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """CER and PSNR against x-height, a line for each arm."""
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    for number, (field, axis, times) in enumerate((("cer", "CER, %", 100), ("psnr", "PSNR, dB", 1)), 1):
        panel = figure.add_subplot(1, 2, number, xlabel="x-height before enlarging, px", ylabel=axis, xscale="log")
        for arm in dict.fromkeys(row["arm"] for row in rows):
            mine = [row for row in rows if row["arm"] == arm]
            panel.plot([row["x_height"] for row in mine], [times * row[field] for row in mine], marker=".", label=arm)
        panel.set_xticks(X_HEIGHTS, [str(size) for size in X_HEIGHTS], minor=False)
        panel.minorticks_off()
        panel.grid(alpha=0.3)
        panel.legend()
    figure.savefig(path, format="svg", metadata={"Date": None})


def main() -> None:
    """Measure, write, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--one", required=True, help="network trained at one x-height")
    parser.add_argument("--trained", type=float, required=True, help="that x-height, in px of HR")
    parser.add_argument("--many", required=True, help="network trained at many, of the same factor")
    parser.add_argument("--out", type=Path, required=True, help="without suffix")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    one, many = (resolve(name, None, 1, "cpu") for name in (options.one, options.many))
    bicubic = resolve("bicubic", one.factor, 1, "cpu")
    arms = {
        "bicubic": (bicubic, None),
        "one": (one, None),
        "one, normalised": (one, options.trained / one.factor),
        "many": (many, None),
    }
    rows = measure(arms, one.factor)
    result = {
        "docsr": docsr.__version__,
        "command": shlex.join(["python", "-m", "benchmarks.measure.text_size", *sys.argv[1:]]),
        "machine": machine(),
        "engine": Tesseract().signature,
        "rows": rows,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    plot(rows, options.out.with_suffix(".svg"))


if __name__ == "__main__":
    main()
