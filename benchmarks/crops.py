"""Crops of the benchmark's pages for looking at: docs/crops.md and its pictures.

    python benchmarks/crops.py --pdfs DIR --documents DIR --peers DIR

Twenty crops whose places are drawn by a seed (of pieces that are not blank), four from each of five settings, as
LR | bicubic | FSRCNN | docsr | original; and the ten worst changes: words that Tesseract reads rightly in the original
and after bicubic, and wrongly after docsr, the most wrong first, at most one of a page and setting. The forms of the
benchmark are not among them: they are for research and education only.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytesseract
from PIL import Image
from rapidfuzz.distance import Levenshtein
from tables import table

from docsr import __version__
from docsr.bench.arms import AUTO, Arm, plan_arms
from docsr.bench.measure import Condition, as_measured
from docsr.bench.suite import SuitePage, load_suite
from docsr.manifest import sha256_of
from docsr.metrics.image import same_size
from docsr.page import Page, Pixels, luminance
from docsr.report.words import how
from docsr.upscalers.page import upscale_page
from docsr.weights import catalogue

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT, PICTURES = ROOT / "docs" / "crops.md", ROOT / "docs" / "crops"
SUITES = ROOT / "benchmarks" / "suites"

ENGINE = "tesseract"
"""What reads the words, and for which docsr takes its networks."""

FACTOR, SEED = 4, 20
LR_CROP = (24, 72)
"""Height and width of a crop in LR px."""
FEWEST_DEVIATION = 30.0
"""Standard deviation of an LR crop with text on it."""
TRIES = 1000
"""Places drawn before a blank one is taken."""
PER_SETTING, WORST = 4, 10
SURE = 80.0
"""Tesseract's confidence in percent from which a word of the original is taken as the truth."""
FEWEST_LETTERS = 3
SAME_PLACE = 0.2
"""Share of two boxes that words of the same place have in common."""
GAP = 6
QUALITY = 85

COLUMNS = ("bicubic_x4", "fsrcnn_x4", AUTO)
SETTINGS = {
    "typeset-scan": ("typeset", "typeset", 75.0, "scan"),
    "typeset-fax": ("typeset", "typeset", 75.0, "fax"),
    "books": ("books", "books", 60.0, "scan"),
    "receipts": ("receipts", "receipts", 75.0, "scan"),
    "receipts-low": ("receipts", "receipts-low", None, "none"),
}
"""Picture -> suite, set, dpi (None: as it is) and degradation."""


@dataclass(frozen=True, slots=True)
class Views:
    """A page as it is seen in each column, all but ``lr`` at FACTOR times its size; ``hr`` None where there is none."""

    name: str
    lr: Pixels
    columns: tuple[Page, ...]
    hr: Pixels | None

    def cut(self, y: int, x: int) -> Pixels:
        """The crop at an LR place, in all columns side by side."""
        height, width = LR_CROP
        small = self.lr[y : y + height, x : x + width]
        near = np.kron(small, np.ones((FACTOR, FACTOR), np.uint8))
        large = (slice(y * FACTOR, (y + height) * FACTOR), slice(x * FACTOR, (x + width) * FACTOR))
        pages = [luminance(page.pixels) for page in self.columns] + ([] if self.hr is None else [self.hr])
        cells = [near, *(pixels[large] for pixels in pages)]
        if self.hr is None:
            cells.append(np.full_like(near, 255))
        return np.concatenate([np.pad(cell, GAP, constant_values=255) for cell in cells], axis=1)


@dataclass(frozen=True, slots=True)
class Word:
    """A word that was read, and its box in px: left, top, right, bottom."""

    text: str
    box: tuple[int, int, int, int]
    confidence: float

    def shared(self, other: Word) -> float:
        """Area that the boxes share over the area of the two together."""
        left, top = max(self.box[0], other.box[0]), max(self.box[1], other.box[1])
        right, bottom = min(self.box[2], other.box[2]), min(self.box[3], other.box[3])
        common = max(0, right - left) * max(0, bottom - top)
        return common / (_area(self.box) + _area(other.box) - common)


def _area(box: tuple[int, int, int, int]) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


@dataclass(frozen=True, slots=True)
class Change:
    """A word that docsr made worse."""

    wrong: float
    true: str
    read: str
    box: tuple[int, int, int, int]


def read_words(pixels: Pixels) -> list[Word]:
    """The words that Tesseract finds."""
    found = pytesseract.image_to_data(Image.fromarray(pixels), output_type=pytesseract.Output.DICT)
    return [
        Word(text, (left, top, left + width, top + height), float(confidence))
        for text, left, top, width, height, confidence in zip(
            *(found[name] for name in ("text", "left", "top", "width", "height", "conf")), strict=True
        )
        if text.strip()
    ]


def at(word: Word, words: Sequence[Word]) -> str:
    """What was read where the word is; nothing, where nothing was."""
    best = max(words, key=word.shared, default=None)
    return best.text if best is not None and word.shared(best) > SAME_PLACE else ""


def changes(views: Views, truth: str) -> list[Change]:
    """The words of a page that are right after bicubic and wrong after docsr, the most wrong first."""
    assert views.hr is not None
    known = set(truth.split())
    bicubic, docsr = (read_words(luminance(views.columns[COLUMNS.index(arm)].pixels)) for arm in ("bicubic_x4", AUTO))
    found = []
    for word in read_words(views.hr):
        if word.confidence < SURE or len(word.text) < FEWEST_LETTERS or word.text not in known:
            continue
        if at(word, bicubic) == word.text and (read := at(word, docsr)) != word.text:
            found.append(Change(Levenshtein.normalized_distance(read, word.text), word.text, read, word.box))
    return sorted(found, key=lambda change: (-change.wrong, -len(change.true), change.true))


def seen(page: SuitePage, lr_dpi: float | None, degradation: str, arms: Sequence[Arm], peers: Path) -> Views:
    """Enlarge a page by every arm."""
    hr = page.load()
    lr = as_measured(hr, page, Condition(lr_dpi, degradation))
    grey = luminance(lr.pixels)
    size = np.empty((grey.shape[0] * FACTOR, grey.shape[1] * FACTOR), np.uint8)
    columns = [upscale_page(lr, arm.on(lr, ENGINE).load(peers, 1)) for arm in arms]
    columns = [Page(same_size(luminance(one.pixels), size), one.dpi) for one in columns]
    return Views(page.name, grey, tuple(columns), None if lr_dpi is None else same_size(luminance(hr.pixels), size))


def drawn_places(views: Sequence[Views], random: np.random.Generator) -> Iterator[Pixels]:
    """A crop with something on it from each of PER_SETTING pages."""
    for number in random.permutation(len(views))[:PER_SETTING]:
        one = views[number]
        for _ in range(TRIES):
            y, x = (int(random.integers(max(1, have - want))) for have, want in zip(one.lr.shape, LR_CROP, strict=True))
            if one.lr[y : y + LR_CROP[0], x : x + LR_CROP[1]].std() > FEWEST_DEVIATION:
                break
        yield one.cut(y, x)


def place_of(box: tuple[int, int, int, int], lr: Pixels) -> tuple[int, int]:
    """LR corner (top, left) of the crop with the box in its middle."""
    centre = (box[1] + box[3]) / 2 / FACTOR, (box[0] + box[2]) / 2 / FACTOR
    y, x = (round(middle - want / 2) for middle, want in zip(centre, LR_CROP, strict=True))
    height, width = lr.shape
    return min(max(0, y), max(0, height - LR_CROP[0])), min(max(0, x), max(0, width - LR_CROP[1]))


def write_rows(name: str, rows: Sequence[Pixels]) -> None:
    """Crops below each other."""
    width = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, 0), (0, width - row.shape[1])), constant_values=255) for row in rows]
    cv2.imwrite(str(PICTURES / f"{name}.jpg"), np.concatenate(padded), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


def networks() -> list[str]:
    """The shipped networks, each with the start of its file's SHA-256."""
    return [f"{name} {(sha256_of(card.path) or '')[:8]}" for name, card in sorted(catalogue().items()) if not card.fax]


def document(worst: Sequence[tuple[str, str, Change]]) -> str:
    """docs/crops.md."""
    lines = [
        "# Crops",
        "",
        f"Made by `{shlex.join(['python', *sys.argv])}`",
        f"with docsr {__version__} and its networks ({', '.join(networks())}).",
        "The columns are LR | bicubic | FSRCNN | docsr | original, all at 4x; docsr is what `docsr enhance` does when",
        "it is asked for nothing (where it chose 2x, its page was enlarged to 4x by interpolation).",
        "Pages that are measured as they are have no original.",
        "",
        "`typeset` are PDF files of packages of Debian's main section, `books` scans of books in the public domain",
        "(old-books-dataset), `receipts` pictures of the ICDAR 2019 SROIE challenge, whose repository has the MIT",
        "licence. They are shown here to be looked at; they are not under docsr's licence.",
        "",
        f"## Places drawn by a seed ({SEED})",
        "",
    ]
    for name, (_, group, dpi, degradation) in SETTINGS.items():
        lines += [f"{group}, {how(dpi, degradation)}:", "", f"![{name}](crops/{name}.jpg)", ""]
    rows = [[group, made, change.true, change.read or "(nothing)"] for group, made, change in worst]
    lines += [
        "## The ten worst changes",
        "",
        f"Words of {FEWEST_LETTERS} and more letters that Tesseract reads rightly in the original (sure by {SURE:g} %)",
        "and after bicubic, and wrongly after docsr; the most wrong first, one of a page and setting.",
        "",
        table(["pages", "made low", "the word, as after bicubic", "after docsr"], rows),
        "",
        "![the ten worst changes](crops/worst.jpg)",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """All pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pdfs", type=Path, required=True, help="pages of the suite typeset")
    parser.add_argument(
        "--documents", type=Path, required=True, help="books and receipts: the folder with img/ and gt/"
    )
    parser.add_argument("--peers", type=Path, required=True, help="the peers' weights")
    options = parser.parse_args()
    PICTURES.mkdir(exist_ok=True)
    known = {arm.label: arm for arm in plan_arms(["bicubic", "fsrcnn_x4", AUTO], options.peers)[0]}
    arms = [known[label] for label in COLUMNS]
    random = np.random.default_rng(SEED)
    worst: list[tuple[str, str, Change, Pixels]] = []
    for name, (suite, group, dpi, degradation) in SETTINGS.items():
        root = options.pdfs if suite == "typeset" else options.documents
        pages = [page for page in load_suite(SUITES / f"{suite}.yaml", root, None).pages if page.set == group]
        views = [seen(page, dpi, degradation, arms, options.peers) for page in pages]
        write_rows(name, list(drawn_places(views, random)))
        for page, one in zip(pages, views, strict=True):
            if one.hr is not None:
                for change in changes(one, page.text)[:1]:
                    worst.append((group, how(dpi, degradation), change, one.cut(*place_of(change.box, one.lr))))
    worst.sort(key=lambda found: (-found[2].wrong, -len(found[2].true), found[2].true))
    write_rows("worst", [crop for *_, crop in worst[:WORST]])
    DOCUMENT.write_text(document([(group, made, change) for group, made, change, _ in worst[:WORST]]), encoding="utf-8")


if __name__ == "__main__":
    main()
