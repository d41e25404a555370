"""Measure how often docsr takes the script of a page for another one (docsr/decide/script.py).

    python -m benchmarks.measure.script --latin DOCUMENTS --latin NATIVE --languages PAGES --faces ROOT \
        --out benchmarks/results/script.json

DOCUMENTS and NATIVE hold a manifest.csv with the columns `file` and `approx_dpi` (empty or missing: not known), whose
pages are all Latin. They are measured as they are if they have less than 150 dpi or none, and lowered to LOW dpi by
docsr.bench.degradations.scan. PAGES has a folder of images for each language, named by Tesseract's code; they have
HIGH dpi, and are lowered likewise. ROOT is that of benchmarks.research.train_script: pages are drawn in its typefaces
that were not trained on. A page counts if a network would be used on it; nothing else asks for its script.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.research.script_pages import Pages
from docsr.bench.degradations import lower
from docsr.choices import MEASURED_ENGINES
from docsr.decide.decision import deciding_x_height, plan_by_default
from docsr.decide.script import NETWORK, OTHER, SCRIPTS, script_of
from docsr.decide.text_size import measure
from docsr.errors import DocsrError
from docsr.io.document import read_document
from docsr.io.paths.inputs import IMAGE_SUFFIXES
from docsr.io.paths.manifest import sha256_of
from docsr.languages import LATIN, scripts_of
from docsr.machine import machine
from docsr.page import Page
from docsr.upscalers.interpolation import CLASSICAL

LOW, HIGH = (75.0, 60.0), 300.0
AS_IT_IS, NO_LOWER = "as it is", 150.0
BANDS = (2.4, 4.0, 5.5, 7.0, 9.2)
"""Limits of the bands of x-heights in px by which errors are counted."""

DRAWN, SEED = 1500, 7
UNKNOWN = "unknown"
SAME = {"Hans": "Hani", "Hant": "Hani", "Latf": LATIN}
"""Scripts that the network has by another name."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A page on which a network would be used: where it is from, its script, how it was made low, what was told."""

    set: str
    script: str
    low: str
    x_height: float
    told: str


def asked(page: Page) -> float | None:
    """Return the x-height of a page on which a network would be used if it were Latin; None for any other page."""
    x_height, _ = deciding_x_height(page, measure(page.pixels))
    plan = plan_by_default(x_height, MEASURED_ENGINES[0])
    return None if plan.model in CLASSICAL else x_height


def seen(name: str, script: str, low: str, page: Page) -> Iterator[Seen]:
    """Yield what is told of a page, if it is asked for."""
    if (x_height := asked(page)) is not None:
        yield Seen(name, script, low, round(x_height, 1), script_of(page.pixels, x_height) or UNKNOWN)


def of_manifest(folder: Path) -> Iterator[Seen]:
    """Yield what is told of the Latin pages of a folder with a manifest."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        dpi = float(row.get("approx_dpi") or 0)
        page = next(iter(read_document(folder / row["file"])))
        if dpi < NO_LOWER:
            yield from seen(folder.name, LATIN, AS_IT_IS, page)
        yield from lowered(folder.name, LATIN, page, dpi, row["file"])


def lowered(name: str, script: str, page: Page, dpi: float, file: str) -> Iterator[Seen]:
    """Yield what is told of a page of ``dpi``, made low; the name of its file is the seed of the noise."""
    for wanted in LOW:
        if dpi > wanted:
            small = lower(replace(page, dpi=(dpi, dpi)), wanted, "scan", zlib.crc32(file.encode()))
            yield from seen(name, script, f"{wanted:g} dpi, scan", small)


def of_languages(folder: Path) -> Iterator[Seen]:
    """Yield what is told of the images below a folder; they lie in a folder for each language."""
    for language in sorted(path for path in folder.iterdir() if path.is_dir()):
        (script,) = (SAME.get(one, one) for one in scripts_of([language.name]))
        for path in sorted(path for path in language.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES):
            page = next(iter(read_document(path)))
            yield from lowered("languages", script, page, HIGH, f"{language.name}/{path.name}")


def of_faces(root: Path) -> Iterator[Seen]:
    """Yield what is told of pages drawn in typefaces that were not trained on."""
    pages, random = Pages(root, held_out=True), np.random.default_rng(SEED)
    for number in range(DRAWN):
        name = pages.names[number % len(pages.names)]
        x_height = float(np.exp(random.uniform(*np.log((BANDS[0], BANDS[-1])))))
        page = Page(pages.page(name, x_height, random))
        yield from seen("drawn", name if name in SCRIPTS else OTHER, "drawn", page)


def is_wrong(one: Seen) -> bool:
    """Return whether the answer decides wrongly between Latin and not Latin; an unknown script counts as Latin."""
    return (one.told in {LATIN, UNKNOWN}) is not (one.script == LATIN)


def summary(pages: list[Seen]) -> list[dict[str, Any]]:
    """Return a row for each set, script and way of being made low, with the errors by x-height."""
    groups: dict[tuple[str, str, str], list[Seen]] = defaultdict(list)
    for one in pages:
        groups[one.set, one.script, one.low].append(one)
    return [
        {
            "set": name,
            "script": script,
            "made low": low,
            "pages": len(group),
            "wrong": sum(map(is_wrong, group)),
            "told": dict(Counter(one.told for one in group).most_common()),
            "by x-height": {
                f"{first:g}-{end:g} px": f"{sum(map(is_wrong, band))} of {len(band)}"
                for first, end in pairwise(BANDS)
                if (band := [one for one in group if first <= one.x_height < end])
            },
        }
        for (name, script, low), group in sorted(groups.items())
    ]


def main() -> None:
    """Measure, and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latin", type=Path, action="append", default=[])
    parser.add_argument("--languages", type=Path)
    parser.add_argument("--faces", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    pages: list[Seen] = []
    try:
        for folder in given.latin:
            pages += of_manifest(folder)
        pages += of_languages(given.languages) if given.languages is not None else []
        pages += of_faces(given.faces) if given.faces is not None else []
    except DocsrError as error:
        sys.exit(str(error))
    words = [f"--latin {folder.name}" for folder in given.latin]
    words += ["--languages languages"] * (given.languages is not None) + ["--faces ROOT"] * (given.faces is not None)
    told = {
        "command": " ".join(["python -m benchmarks.measure.script", *words]),
        "machine": machine(),
        "network": sha256_of(NETWORK),
        "summary": summary(pages),
    }
    given.out.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
