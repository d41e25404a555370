"""Crops of the benchmark's pages for looking at: docs/crops.md and its pictures.

    python -m benchmarks.publish.crops --pdfs DIR --documents DIR --peers DIR

Crops whose places are drawn by a seed (of pieces that are not blank), four from each of seven settings, as
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

from benchmarks.publish.tables import table
from docsr import __version__
from docsr.bench.arms import AUTO, Arm, plan_arms
from docsr.bench.degradations import SHAPES
from docsr.bench.measure import Condition, as_measured
from docsr.bench.report.wording import how
from docsr.bench.suite import SuitePage, load_suite
from docsr.io.paths.manifest import sha256_of
from docsr.metrics.image import same_size
from docsr.page import Page, Pixels, luminance
from docsr.square import squared, squared_size
from docsr.upscale.page import upscale_page
from docsr.weights import catalogue

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT, PICTURES = ROOT / "docs" / "crops.md", ROOT / "docs" / "crops"
SUITES = ROOT / "benchmarks" / "suites"

ENGINE = "tesseract"
"""What reads the words, and for which docsr takes its networks."""

FACTOR, FAX_FACTOR, SEED = 4, 2, 20
"""How many times as large as LR crops are; faxes get square pixels of their finer resolution first."""
CROP = (96, 288)
"""Height and width of a crop in px."""
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

COLUMNS = {factor: (f"bicubic_x{factor}", f"fsrcnn_x{factor}", AUTO) for factor in (FACTOR, FAX_FACTOR)}
SETTINGS = {
    "typeset-scan": ("typeset", "typeset", 75.0, "scan"),
    "typeset-fax": ("typeset", "typeset", 75.0, "fax"),
    "typeset-standard-fax": ("typeset", "typeset", 204.0, "standard_fax"),
    "books": ("books", "books", 60.0, "scan"),
    "books-standard-fax": ("books", "books", 204.0, "standard_fax"),
    "receipts": ("receipts", "receipts", 75.0, "scan"),
    "receipts-low": ("receipts", "receipts-low", None, "none"),
}
"""Picture -> suite, set, dpi (None: as it is) and degradation."""


@dataclass(frozen=True, slots=True)
class Views:
    """A page as it is seen in each column, all of one size; ``hr`` is None where there is none.

    Attributes:
        name: of the page.
        factor: how many times as large as LR pages are shown.
        lr: the page as it is, its pixels repeated.
        columns: as enlarged by each arm of COLUMNS.
        hr: the original.
    """

    name: str
    factor: int
    lr: Pixels
    columns: tuple[Page, ...]
    hr: Pixels | None

    @property
    def steps(self) -> tuple[int, int]:
        """In how many places down and across a crop may begin: at each LR px."""
        down, across = ((have - want) // self.factor for have, want in zip(self.lr.shape, CROP, strict=True))
        return max(1, down), max(1, across)

    def place(self, y: int, x: int) -> tuple[slice, slice]:
        """The crop that begins at an LR place."""
        top, left = y * self.factor, x * self.factor
        return slice(top, top + CROP[0]), slice(left, left + CROP[1])

    def cut(self, y: int, x: int) -> Pixels:
        """The crop at an LR place, in all columns side by side."""
        pages = [self.lr, *(luminance(page.pixels) for page in self.columns)] + ([] if self.hr is None else [self.hr])
        cells = [pixels[self.place(y, x)] for pixels in pages]
        if self.hr is None:
            cells.append(np.full_like(cells[0], 255))
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
    bicubic, docsr = (read_words(luminance(views.columns[at].pixels)) for at in (0, -1))
    found = []
    for word in read_words(views.hr):
        if word.confidence < SURE or len(word.text) < FEWEST_LETTERS or word.text not in known:
            continue
        if at(word, bicubic) == word.text and (read := at(word, docsr)) != word.text:
            found.append(Change(Levenshtein.normalized_distance(read, word.text), word.text, read, word.box))
    return sorted(found, key=lambda change: (-change.wrong, -len(change.true), change.true))


def seen(page: SuitePage, lr_dpi: float | None, degradation: str, arms: dict[str, Arm], peers: Path) -> Views:
    """Enlarge a page by every arm."""
    hr = page.load()
    lr = as_measured(hr, page, Condition(lr_dpi, degradation))
    factor = FAX_FACTOR if degradation in SHAPES else FACTOR
    width, height = (factor * px for px in squared_size(lr.width, lr.height, lr.dpi))
    size = np.empty((height, width), np.uint8)
    mine = [arms[label].on(lr, ENGINE) for label in COLUMNS[factor]]
    columns = [upscale_page(squared(lr, arm.raster_of(lr)), arm.load(peers, 1)) for arm in mine]
    columns = [Page(same_size(luminance(one.pixels), size), one.dpi) for one in columns]
    near = np.asarray(cv2.resize(luminance(lr.pixels), (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
    return Views(
        page.name, factor, near, tuple(columns), None if lr_dpi is None else same_size(luminance(hr.pixels), size)
    )


def drawn_places(views: Sequence[Views], random: np.random.Generator) -> Iterator[Pixels]:
    """A crop with something on it from each of PER_SETTING pages."""
    for number in random.permutation(len(views))[:PER_SETTING]:
        one = views[number]
        for _ in range(TRIES):
            y, x = (int(random.integers(steps)) for steps in one.steps)
            if one.lr[one.place(y, x)].std() > FEWEST_DEVIATION:
                break
        yield one.cut(y, x)


def place_of(box: tuple[int, int, int, int], views: Views) -> tuple[int, int]:
    """LR corner (top, left) of the crop with the box in its middle."""
    corner = (box[1] + box[3] - CROP[0]) // 2, (box[0] + box[2] - CROP[1]) // 2
    y, x = (min(max(0, round(at / views.factor)), steps - 1) for at, steps in zip(corner, views.steps, strict=True))
    return y, x


def write_rows(name: str, rows: Sequence[Pixels]) -> None:
    """Crops below each other."""
    width = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, 0), (0, width - row.shape[1])), constant_values=255) for row in rows]
    cv2.imwrite(str(PICTURES / f"{name}.jpg"), np.concatenate(padded), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


def networks() -> list[str]:
    """The shipped networks, each with the start of its file's SHA-256."""
    return [f"{name} {(sha256_of(card.path) or '')[:8]}" for name, card in sorted(catalogue().items())]


def document(worst: Sequence[tuple[str, str, Change]]) -> str:
    """docs/crops.md."""
    names = networks()
    lines = [
        "# Crops",
        "",
        "This page shows what docsr does to real pages: places chosen at random by a seed, and the ten worst changes.",
        f"`{shlex.join(['python', '-m', 'benchmarks.publish.crops', *sys.argv[1:]])}` makes it.",
        f"The networks are those of docsr {__version__}:",
        f"{', '.join(names[:3])},",
        f"{', '.join(names[3:])}.",
        "",
        "- The columns are LR | bicubic | FSRCNN | docsr | original, all at 4x.",
        "- docsr is what `docsr enhance` does by default. Where it chose 2x, interpolation enlarged its page to 4x.",
        "- Faxes of 204 x 98 dpi are shown at 408 dpi: bicubic and FSRCNN enlarge them to twice 204 x 204 dpi.",
        "- Pages that are measured as they are have no original.",
        "",
        "The pages come from these sources. They are shown here for comparison, and are not under docsr's licence:",
        "",
        "- `typeset`: PDF files of packages of Debian's main section;",
        "- `books`: scans of books in the public domain (old-books-dataset);",
        "- `receipts`: pictures of the ICDAR 2019 SROIE challenge, whose repository has the MIT licence.",
        "",
        f"## Places chosen by a seed ({SEED})",
        "",
    ]
    for name, (_, group, dpi, degradation) in SETTINGS.items():
        lines += [f"{group}, {how(dpi, degradation)}:", "", f"![{name}](crops/{name}.jpg)", ""]
    rows = [[group, made, change.true, change.read or "(nothing)"] for group, made, change in worst]
    lines += [
        "## The ten worst changes",
        "",
        f"Tesseract reads these words of {FEWEST_LETTERS} and more letters correctly in the original (with a",
        f"confidence of {SURE:g} % or more) and after bicubic, and wrongly after docsr. The most wrong come first, at",
        "most one for each page and setting.",
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
    arms = {arm.label: arm for arm in plan_arms(["bicubic", "fsrcnn_x2", "fsrcnn_x4", AUTO], options.peers)[0]}
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
                    worst.append((group, how(dpi, degradation), change, one.cut(*place_of(change.box, one))))
    worst.sort(key=lambda found: (-found[2].wrong, -len(found[2].true), found[2].true))
    write_rows("worst", [crop for *_, crop in worst[:WORST]])
    DOCUMENT.write_text(document([(group, made, change) for group, made, change, _ in worst[:WORST]]), encoding="utf-8")


if __name__ == "__main__":
    main()
