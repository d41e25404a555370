"""Numbers on pages of small text: counted for each arm beside bicubic, and only there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from docsr.bench.small_digits import DOUBTFUL, SmallDigits, pooled, small_digits
from docsr.bench.summary import label, summarise
from docsr.metrics.digits import NumberChanges
from tests.bench.test_summary import OPTIONS, row

ROOT = Path(__file__).resolve().parents[2]
TRUE = "The harbour office paid 890 on day 12"
READ = {
    "bicubic_x2": TRUE,
    "bicubic_x4": "The harbour office paid 890 on day 17",
    "net_x4": "The harbour office paid 690 on day 12",
    "hr": TRUE,
}


def measured(x_height: float | None, pages: int = 3) -> tuple[list[Any], list[str]]:
    """Rows in which bicubic reads best at 4x, and the texts beside them."""
    found = []
    for page in range(pages):
        found += [row(page, "bicubic", 2, 9), row(page, "bicubic", 4, 3), row(page, "net_x4", 4, 4)]
    found = [replace(one, x_height=x_height) for one in found]
    found += [replace(row(page, "hr", 1, 0), x_height=4 * (x_height or 0)) for page in range(pages)]
    return found, [READ[label(one)] for one in found]


def suite_pages(score: str = "cer") -> Any:
    source = SimpleNamespace(score=score, case=True)
    return [SimpleNamespace(name=f"p{page}", set="s", text=TRUE, source=source) for page in range(3)]


def counted(x_height: float | None, **changes: Any) -> list[SmallDigits]:
    rows, texts = measured(x_height)
    texts = [changes.get(label(one), text) for one, text in zip(rows, texts, strict=True)]
    return small_digits(rows, texts, summarise(rows, {}), suite_pages(changes.get("score", "cer")))


@pytest.mark.parametrize("score", ["cer", "words"])
def test_each_arm_is_held_against_the_better_bicubic(score: str) -> None:
    found = {one.arm: one for one in counted(5.0, score=score)}
    assert set(found) == {"bicubic_x2", "net_x4"}
    assert found["net_x4"] == SmallDigits("s", 75, "scan", "tesseract", OPTIONS, "net_x4", "bicubic_x4", 3, 6, 3, 3)
    assert (found["bicubic_x2"].lost, found["bicubic_x2"].won) == (0, 3)


@pytest.mark.parametrize(
    ("x_height", "there"), [(DOUBTFUL - 0.01, True), (DOUBTFUL, False), (20.0, False), (None, False)]
)
def test_only_pages_of_small_text_count(x_height: float | None, there: bool) -> None:
    assert bool(counted(x_height)) is there


def test_texts_that_are_not_at_hand_are_left_out() -> None:
    assert {one.arm for one in counted(5.0, net_x4="")} == {"bicubic_x2"}
    assert counted(5.0, bicubic_x4="") == []


def test_pages_without_numbers_are_left_out() -> None:
    rows, texts = measured(5.0)
    pages = suite_pages()
    for page in pages:
        page.text = "no numbers here"
    assert small_digits(rows, texts, summarise(rows, {}), pages) == []


def test_settings_are_pooled_the_most_lost_first() -> None:
    found = counted(5.0)
    assert pooled([*found, *found]) == [
        ("tesseract", "net_x4", NumberChanges(12, 6, 6)),
        ("tesseract", "bicubic_x2", NumberChanges(12, 0, 6)),
    ]


@pytest.mark.parametrize("document", ["README.md", "docs/gans.md", "docs/limits.md", "docs/benchmark.md"])
def test_documents_name_the_same_limit(document: str) -> None:
    assert f"{DOUBTFUL:g} px" in (ROOT / document).read_text(encoding="utf-8")


@pytest.mark.parametrize("words", ["five-digit numbers", f"{DOUBTFUL:g} px"])
def test_the_readme_says_what_becomes_of_digits_before_all_else(words: str) -> None:
    opening = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## ")[0]
    assert words in opening
