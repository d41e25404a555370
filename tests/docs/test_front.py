"""The README is short, and says what the code and the measurements say."""

from __future__ import annotations

import json
import re

import pytest

from docsr.bench.arms import taken
from docsr.io.paths.manifest import sha256_of
from docsr.weights import catalogue
from tests.docs import DOCS, ROOT, blocks, links

README = ROOT / "README.md"
MOST_LINES, MOST_WORDS, MOST_WORDS_A_SENTENCE = 130, 750, 25
HEADLINE = json.loads((ROOT / "benchmarks" / "results" / "headline.json").read_text(encoding="utf-8"))
POINTS_OF_X = 4.6
"""What the x of print of 10 points measures (docs/text-size.md)."""


CODE = re.compile(r"^```.*?^```$|<[^>]*>", re.MULTILINE | re.DOTALL)
OTHERS = re.compile(r"^[|#].*$|!\[[^\]]*\]\([^)]*\)", re.MULTILINE)


def prose(text: str) -> str:
    """Without code, HTML, tables, headings, pictures and targets of links."""
    return re.sub(r"\]\([^)]*\)", "]", OTHERS.sub("", CODE.sub("", text)))


def sentences(text: str) -> list[list[str]]:
    """The words of each sentence; a point of a list is one, too."""
    return [
        words for one in re.split(r"[.:;](?=\s)|\n\s*\n|\n- ", prose(text)) if (words := re.findall(r"\S*\w\S*", one))
    ]


def test_the_readme_is_short() -> None:
    text = README.read_text(encoding="utf-8")
    words = [len(one) for one in sentences(text)]
    assert text.count("\n") <= MOST_LINES
    assert sum(words) <= MOST_WORDS
    assert sum(words) / len(words) < MOST_WORDS_A_SENTENCE


def test_what_the_readme_shows_first() -> None:
    """A picture, a table with n, when to use it and when not; then the first command."""
    text = README.read_text(encoding="utf-8")
    opening, _, rest = text.partition("\n## ")
    places = [
        opening.index(part) for part in ("<picture>", "pages (n)", "**Use docsr when**", "**Do not use docsr when**")
    ]
    assert places == sorted(places)
    assert "(no gain)" in next(line for line in opening.splitlines() if "150 dpi" in line)
    assert rest.index("make demo") < rest.index("pip install")
    assert next(iter(blocks(README))).lines()[0].strip() == "make demo"
    uses, against = (part.partition("\n- ")[2].partition(";")[0] for part in opening.split("docsr when**")[1:3])
    assert "digit" in uses
    assert "digit" in against


@pytest.mark.parametrize(
    ("row", "limits", "x_heights", "models"),
    [
        (
            "2.4 to 9.1 px | {} to {} dpi",
            (2.4, 9.1),
            (2.4, 4.7, 4.8, 8.6, 8.7, 9.1),
            ("small_text_x4", "compact_x4", "compact_x2"),
        ),
        (
            "9.2 to 17.3 px, or below 2.4 px | {} to {} dpi, or below {}",
            (9.15, 17.3, 2.4),
            (2.3, 9.2, 17.3),
            ("bicubic",),
        ),
        ("17.4 px and more | {} dpi and more", (17.4,), (17.4, 30.0, 100.0), ("none",)),
    ],
)
def test_the_readme_says_how_docsr_decides(row, limits, x_heights, models) -> None:
    assert {taken(x, "tesseract").model for x in x_heights} == set(models)
    told = row.format(*(round(72 * x / POINTS_OF_X) for x in limits))
    (line,) = [line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {told} |")]
    assert [name for name in models if name not in line] == [name for name in models if name == "none"]


def test_the_picture_is_of_the_networks_that_ship_and_of_the_line_in_the_middle() -> None:
    chosen, gains = HEADLINE["chosen"], HEADLINE["gains"]
    assert HEADLINE["networks"] == {name: sha256_of(card.path) for name, card in catalogue().items()}, "make headline"
    assert len(gains) == HEADLINE["lines"]
    assert gains == sorted(gains)
    assert chosen["gain"] == gains[len(gains) // 2] == chosen["wrong"]["bicubic_x4"] - chosen["wrong"]["auto"]


def test_the_words_beside_the_picture_are_those_of_the_measurement() -> None:
    text = " ".join(README.read_text(encoding="utf-8").split())
    assert f"Of {HEADLINE['lines']} lines on {HEADLINE['pages']} pages, this one" in text
    assert all(read in text for read in HEADLINE["chosen"]["read"].values())
    page = " ".join((DOCS / "results.md").read_text(encoding="utf-8").split())
    wrong = HEADLINE["chosen"]["wrong"]
    assert (
        f"corrects {HEADLINE['chosen']['gain']} characters: {wrong['auto']} are wrong instead of {wrong['bicubic_x4']}"
        in page
    )


def test_badges_ask_nobody() -> None:
    badges = [target for target, picture in links(README) if picture]
    assert badges
    assert [target for target in badges if "//" in target] == []


@pytest.mark.parametrize(
    ("document", "said", "source", "row"),
    [
        (
            "results.md",
            "In {} settings more digits were wrong",
            "goals.md",
            "settings with more digits wrong than after bicubic",
        ),
        (
            "results.md",
            "In {} settings where others ran",
            "goals.md",
            "settings in which docsr is not ahead of every peer",
        ),
        (
            "../README.md",
            "[results of {of} settings]",
            "goals.md",
            "settings read worse than after bicubic beyond chance",
        ),
    ],
)
def test_counts_are_those_of_the_tables(document: str, said: str, source: str, row: str) -> None:
    (line,) = [line for line in (DOCS / source).read_text(encoding="utf-8").splitlines() if line.startswith(f"| {row}")]
    count = line.strip("| ").split(" | ")[2]
    told = " ".join((DOCS / document).read_text(encoding="utf-8").split())
    assert said.format(count, of=count.rpartition(" ")[2]) in told


def test_what_is_said_of_rapidocr_is_what_was_counted() -> None:
    limits = (DOCS / "limits.md").read_text(encoding="utf-8")
    (counts,) = [
        list(map(int, found)) for found in re.findall(r"^\| rapidocr" + 5 * r" \| (\d+)" + r" \|", limits, re.MULTILINE)
    ]
    said = f"docsr helped RapidOCR beyond chance in {counts[0]} of {sum(counts)} settings"
    assert said in README.read_text(encoding="utf-8")


def test_the_time_of_a_page_is_that_of_the_page_on_speed() -> None:
    lines = (DOCS / "speed.md").read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith(("| x-height", "| larger text"))]
    assert len(rows) == 2
    with_vnni, without = ([float(one) for row in rows for one in re.findall(r"\d\.\d", row[way])] for way in (1, 2))
    text = " ".join(README.read_text(encoding="utf-8").split())
    assert (
        f"takes {min(with_vnni)} to {max(with_vnni)} of Tesseract's time, or {min(without)} to {max(without)}" in text
    )
