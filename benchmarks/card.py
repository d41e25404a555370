"""Measure a network for its model card: Tesseract's CER against bicubic's, by dpi and degradation.

    python benchmarks/card.py NETWORK.onnx PDF_FOLDER --out benchmarks/results/NAME.json

Pages are rendered at 300 dpi from PDF files whose own text is the reference, brought to each dpi by area
down-sampling, left clean or degraded as a scan (blur, contrast, noise, JPEG; seeded by page), enlarged by the network
and by bicubic 2x and 4x, and read by Tesseract with the same options. The network is compared with bicubic at whichever
size reads better in that cell (dpi and degradation).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

import docsr
from docsr import textsize
from docsr.bench.degradations import lower
from docsr.metrics.text import edits
from docsr.ocr.tesseract import Tesseract
from docsr.page import Page
from docsr.pairs.sources import Pdf
from docsr.report.results import machine
from docsr.upscalers.classical import CLASSICAL
from docsr.upscalers.onnx import OnnxUpscaler
from docsr.upscalers.page import upscale_page

HR_DPI = 300
DPIS = (200, 150, 100, 75, 60)
DEGRADATIONS = ("clean", "scan")
BICUBIC = (2, 4)
HARM = 0.5
READABLE = 0.05
"""Pages that Tesseract reads worse than this in HR are left out: there it fails at formulae or at the order of columns,
and which way it fails is luck, whatever the resolution."""
FEWEST_WORDS = 150


def choose_pages(folder: Path, per_document: int) -> list[tuple[Path, int]]:
    """(file, page) of pages with enough words, spread over each document."""
    source, chosen = Pdf(), []
    for document in source.documents(folder):
        wordy = [leaf.number for leaf in source.pages(document) if len((leaf.text or "").split()) >= FEWEST_WORDS]
        step = max(1, len(wordy) // (per_document + 1))
        chosen += [(document.path, number) for number in wordy[step::step][:per_document]]
    return chosen


def measure_page(task: tuple[Path, int, Path, tuple[int, ...]]) -> list[dict[str, Any]]:
    """All rows of one page."""
    path, number, network, dpis = task
    source = Pdf()
    document = next(d for d in source.documents(path) if d.path == path)
    pages = source.pages(document)  # kept: a page lives as long as its document is open
    leaf = next(leaf for leaf in pages if leaf.number == number)
    hr, text = leaf.at(HR_DPI / 72), leaf.text or ""
    model = OnnxUpscaler(network, threads=1)
    name = f"{path.stem}-{number + 1}"
    rows = [row(name, "hr", None, None, hr, text, None)]
    for dpi in dpis:
        for degradation in DEGRADATIONS:
            lr = lower(hr, dpi, degradation, seed=number)
            found = textsize.measure(lr.pixels)
            x_height = found.x_height if found else None
            rows.append(row(name, "none", dpi, degradation, lr, text, x_height))
            arms = {f"bicubic_x{factor}": CLASSICAL["bicubic"](factor) for factor in BICUBIC} | {model.name: model}
            for arm, upscaler in arms.items():
                rows.append(row(name, arm, dpi, degradation, upscale_page(lr, upscaler), text, x_height))
    return rows


def row(
    name: str, arm: str, dpi: int | None, degradation: str | None, page: Page, text: str, x_height: float | None
) -> dict[str, Any]:
    """Read one page with Tesseract and score it."""
    wrong, characters = edits(text, Tesseract().read(page))
    return {
        "page": name,
        "upscaler": arm,
        "lr_dpi": dpi,
        "degradation": degradation,
        "x_height": x_height,
        "edits": wrong,
        "reference_chars": characters,
    }


def summarise(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Micro CER in percent by dpi, degradation and arm, with pages harmed against bicubic by over 0.5 point."""
    summary = []
    readable = {r["page"] for r in rows if r["upscaler"] == "hr" and r["edits"] <= READABLE * r["reference_chars"]}
    rows = [r for r in rows if r["page"] in readable]
    hr = cer([r for r in rows if r["upscaler"] == "hr"])
    for dpi, degradation in sorted({(r["lr_dpi"], r["degradation"]) for r in rows if r["lr_dpi"]}, reverse=True):
        group = [r for r in rows if (r["lr_dpi"], r["degradation"]) == (dpi, degradation)]
        by_arm = {
            arm: [r for r in group if r["upscaler"] == arm] for arm in dict.fromkeys(r["upscaler"] for r in group)
        }
        bicubic = min((by_arm.pop(f"bicubic_x{factor}") for factor in BICUBIC), key=cer)
        none, network = by_arm.values()
        harm = [100 * (a["edits"] - b["edits"]) / b["reference_chars"] for a, b in zip(network, bicubic, strict=True)]
        summary.append(
            {
                "lr_dpi": dpi,
                "degradation": degradation,
                "x_height": round(float(np.median([r["x_height"] for r in group if r["x_height"]])), 1),
                "cer_none": cer(none),
                "cer_bicubic": cer(bicubic),
                "bicubic": bicubic[0]["upscaler"],
                f"cer_{network[0]['upscaler']}": cer(network),
                "cer_hr": hr,
                "pages": len(network),
                "pages_harmed": sum(points > HARM for points in harm),
            }
        )
    return summary


def cer(rows: list[dict[str, Any]]) -> float:
    """Edits pooled over pages, in percent."""
    return round(100 * sum(r["edits"] for r in rows) / sum(r["reference_chars"] for r in rows), 2)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--per-document", type=int, default=2)
    parser.add_argument("--dpi", type=int, nargs="+", default=DPIS)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    dpis = tuple(options.dpi)
    tasks = [(*chosen, options.network, dpis) for chosen in choose_pages(options.folder, options.per_document)]
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        rows = [row for rows in pool.map(measure_page, tasks) for row in rows]
    tesseract = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=True)
    result = {
        "docsr": docsr.__version__,
        "command": "python benchmarks/card.py "
        f"{options.network.name} PDF_FOLDER --per-document {options.per_document} --dpi {' '.join(map(str, dpis))}",
        "machine": machine(),
        "tesseract": tesseract.stdout.splitlines()[0],
        "documents": sorted({path.name for path, *_ in tasks}),
        "summary": summarise(rows),
        "rows": rows,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    json.dump(result["summary"], sys.stdout, indent=1)


if __name__ == "__main__":
    main()
