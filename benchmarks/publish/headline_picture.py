"""The picture of the README: one line of a book at 60 dpi, as scanned, after bicubic and after docsr, and as read.

    python -m benchmarks.publish.headline_picture --documents DIR

The line is not chosen by eye. Every page of the suite `books` is made low-resolution (60 dpi, scan) and read whole by
Tesseract, as the benchmark does. A line counts if the original scan shows where it stands, the true text has it, and it
has SHORTEST to LONGEST characters. Lines are sorted by the characters that docsr corrects against bicubic; the one in
the middle is shown. The figures go to benchmarks/results/headline.json, the pictures to docs/headline.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.publish.headline_drawn import THEMES, Strip, drawn
from docsr.bench.arms import AUTO, HR, UNTOUCHED, Arm, plan_arms
from docsr.bench.measure import Condition, as_measured
from docsr.bench.suite import SuitePage, load_suite
from docsr.io.paths.manifest import sha256_of
from docsr.metrics.text import edits, fold
from docsr.ocr.base import Word
from docsr.ocr.tesseract import Tesseract
from docsr.page import Page, Pixels, luminance
from docsr.square import squared
from docsr.upscale.page import upscale_page
from docsr.weights import catalogue

ROOT = Path(__file__).resolve().parents[2]
FOUND, PICTURES = ROOT / "benchmarks" / "results" / "headline.json", ROOT / "docs" / "headline"
SUITE, DPI, DEGRADATION = "books", 60, "scan"

BICUBIC = "bicubic_x4"
SHOWN = {UNTOUCHED: f"scanned at {DPI} dpi", BICUBIC: "enlarged 4x by bicubic", AUTO: "enlarged 4x by docsr"}
"""Arm -> what the picture calls it."""

SHORTEST, LONGEST = 40, 70
"""Characters of a line that is considered: what fits into the picture."""
MARGIN = 0.15
"""Of a line's height, shown around it."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, as shares of the page."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page, and how it was read after each arm."""

    page: str
    text: str
    box: Box
    read: dict[str, str]

    @property
    def gain(self) -> int:
        """Characters that are wrong after bicubic, less those that are wrong after docsr."""
        return self.wrong(BICUBIC) - self.wrong(AUTO)

    def wrong(self, arm: str) -> int:
        """Characters to change, add or leave out."""
        return edits(self.text, self.read[arm])[0]


def lines_of(words: Sequence[Word]) -> Iterator[list[Word]]:
    """The words of each line."""
    rest = iter(words)
    while line := list(_up_to_end(rest)):
        yield line


def _up_to_end(words: Iterator[Word]) -> Iterator[Word]:
    for word in words:
        yield word
        if word.ends_line:
            return


def box_of(words: Sequence[Word], page: Page) -> Box:
    """What the words cover."""
    left, top = min(word.left for word in words), min(word.top for word in words)
    right, bottom = max(word.left + word.width for word in words), max(word.top + word.height for word in words)
    return left / page.width, top / page.height, right / page.width, bottom / page.height


def inside(words: Sequence[Word], page: Page, box: Box) -> str:
    """The words whose middle lies in the box, from left to right."""
    middles = ((word.left + word.width / 2, word.top + word.height / 2, word.text) for word in words)
    found = [(x, text) for x, y, text in middles if _holds(box, x / page.width, y / page.height)]
    return " ".join(text for _, text in sorted(found))


def _holds(box: Box, x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def seen(page: SuitePage, arms: Mapping[str, Arm]) -> dict[str, Page]:
    """The page after every arm."""
    hr = page.load()
    lr = as_measured(hr, page, Condition(DPI, DEGRADATION))
    found = {HR: hr}
    for label in SHOWN:
        arm = arms[label].on(lr, Tesseract.name)
        found[label] = upscale_page(squared(lr, arm.raster_of(lr)), arm.load(None, 1))
    return found


def measured(page: SuitePage, arms: Mapping[str, Arm]) -> Iterator[Line]:
    """The lines of a page that count."""
    reader, pages = Tesseract(), seen(page, arms)
    words = {label: reader.words(one) for label, one in pages.items()}
    true = fold(page.text)
    for line in lines_of(words[HR]):
        text = fold(" ".join(word.text for word in line))
        if SHORTEST <= len(text) <= LONGEST and f" {text} " in f" {true} ":
            box = box_of(line, pages[HR])
            yield Line(page.name, text, box, {label: fold(inside(words[label], pages[label], box)) for label in SHOWN})


def middle(lines: Sequence[Line]) -> Line:
    """The median by gain; of equals, by page and place."""
    return sorted(lines, key=lambda line: (line.gain, line.page, line.box[1]))[len(lines) // 2]


def pixels_of(page: Page, box: Box) -> Pixels:
    """A line with a margin."""
    more = MARGIN * (box[3] - box[1]) * page.height
    left, right = (round(share * page.width + way * more) for share, way in ((box[0], -1), (box[2], 1)))
    top, bottom = (round(share * page.height + way * more) for share, way in ((box[1], -1), (box[3], 1)))
    return luminance(page.pixels)[max(0, top) : bottom, max(0, left) : right]


def told(lines: Sequence[Line], chosen: Line, signature: str) -> dict[str, Any]:
    """What benchmarks/results keeps."""
    characters = sum(len(line.text) for line in lines)
    return {
        "suite": SUITE,
        "dpi": DPI,
        "degradation": DEGRADATION,
        "engine": signature,
        "networks": {name: sha256_of(card.path) for name, card in catalogue().items()},
        "pages": len({line.page for line in lines}),
        "lines": len(lines),
        "wrong_percent": {arm: round(100 * sum(line.wrong(arm) for line in lines) / characters, 2) for arm in SHOWN},
        "chosen": {**asdict(chosen), "wrong": {arm: chosen.wrong(arm) for arm in SHOWN}, "gain": chosen.gain},
        "gains": sorted(line.gain for line in lines),
    }


def main() -> None:
    """Measure, choose and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, required=True, help="the folder with img/ and gt/")
    parser.add_argument("--limit", type=int, help="pages, for a trial")
    options = parser.parse_args()
    arms = {arm.label: arm for arm in plan_arms([UNTOUCHED, AUTO], None)[0]}
    suite = load_suite(ROOT / "benchmarks" / "suites" / f"{SUITE}.yaml", options.documents, None)
    pages = {page.name: page for page in islice(suite.pages, options.limit)}
    lines = [line for page in pages.values() for line in measured(page, arms)]
    chosen = middle(lines)
    found = told(lines, chosen, Tesseract().signature)
    FOUND.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    views = seen(pages[chosen.page], arms)
    strips = [
        Strip(name, pixels_of(views[arm], chosen.box), chosen.read[arm], chosen.text, chosen.wrong(arm))
        for arm, name in SHOWN.items()
    ]
    PICTURES.mkdir(exist_ok=True)
    for theme in THEMES:
        drawn(strips, theme, PICTURES / f"{theme.name}.png")


if __name__ == "__main__":
    main()
