"""Which script a page has: pages drawn in the typefaces of `make programs`, of which none was trained on."""

from __future__ import annotations

import random
import unicodedata
from functools import partial
from itertools import product

import numpy as np
import pytest

from docsr.decide.decision import scripts_on
from docsr.decide.script import ENOUGH, NETWORK, SCRIPTS, scores_of, script_of, squares_of, told
from docsr.errors import UsageError
from docsr.page import Pixels
from tests.decide.sized_sheet import ARABIC_FACES, CHINESE, FOLDER, JAPANESE, LATIN, Sheet
from tests.decide.sized_texts import ARABIC, CYRILLIC, ENGLISH, GREEK, HAN, KANA, WESTERN

DEJAVU = (FOLDER / "dejavu/DejaVuSans.ttf", FOLDER / "dejavu/DejaVuSerif.ttf")


def invented(first: str, last: str) -> str:
    """Words of letters in a range of Unicode."""
    draw = random.Random(first)
    letters = [chr(code) for code in range(ord(first), ord(last) + 1) if unicodedata.category(chr(code))[0] == "L"]
    return " ".join("".join(draw.choices(letters, k=draw.randint(2, 9))) for _ in range(150))


TEXTS = {
    "Latn": (ENGLISH, LATIN, "x", " "),
    "Arab": (ARABIC, ARABIC_FACES[:1], "س", " "),
    "Armn": (invented("ա", "ֆ"), DEJAVU, "x", " "),
    "Cyrl": (CYRILLIC, DEJAVU, "x", " "),
    "Grek": (GREEK, DEJAVU, "x", " "),
    "Hani": (HAN, CHINESE, "国", ""),
    "Jpan": (KANA, JAPANESE, "国", ""),
}
"""Script -> text, typefaces, the letter that tells the size, what is between words. Other scripts need other
typefaces."""


def drawn(script: str, x_height: float, number: int = 1) -> Pixels:
    text, faces, letter, gap = TEXTS[script]
    sheet = Sheet(f"{script} {number}", number, x_height)
    sheet.face(faces, letter)
    sheet.page(text, gap)
    return sheet.scanned()


@pytest.mark.parametrize(("script", "x_height"), list(product(TEXTS, (4.5, 6.0, 8.0))))
def test_a_page_shows_its_script(script: str, x_height: float) -> None:
    found = script_of(drawn(script, x_height), x_height)
    assert (found in {"Latn", None}) is (script == "Latn")
    assert found == script or script == "Jpan", "what is not Latin may be taken for another that is not"


@pytest.mark.parametrize("turn", [1, 2, 3])
@pytest.mark.parametrize("script", ["Latn", "Hani", "Jpan"])
def test_a_page_on_its_side_is_latin_or_not_all_the_same(script: str, turn: int) -> None:
    found = script_of(np.rot90(drawn(script, 7.0), turn), 7.0)
    assert (found in {"Latn", None}) is (script == "Latn")


@pytest.mark.parametrize("script", ["Latn", "Arab", "Hani"])
def test_dark_ground_and_colour_change_nothing(script: str) -> None:
    page = drawn(script, 6.0)
    assert script_of(255 - page, 6.0) == script
    assert script_of(np.repeat(page[..., None], 3, axis=2), 6.0) == script


def figures(draw: random.Random) -> str:
    return f"{draw.uniform(0, 5000):,.2f}"


def capitals(draw: random.Random) -> str:
    return draw.choice("".join(WESTERN).upper().split())


def code(draw: random.Random) -> str:
    return draw.choice(
        ["if", "(x", "==", "0x1F);", "for", "i<n;", "{", "}", "return", "[i]", "->next", "#define", "&&"]
    )


@pytest.mark.parametrize("kind", [figures, capitals, code])
@pytest.mark.parametrize("x_height", [3.0, 4.5, 6.0, 8.0])
def test_what_looks_least_like_latin_prose_is_not_taken_for_another_script(kind, x_height: float) -> None:
    for number in range(3):
        draw, sheet = random.Random(f"{number}"), Sheet(kind.__name__, number, x_height)
        sheet.face(LATIN)
        sheet.fill(iter(partial(kind, draw), None), (8, 8, sheet.width - 16, sheet.height - 16), "  ")
        assert script_of(sheet.scanned(), x_height) in {"Latn", None}


def test_too_little_text_tells_nothing() -> None:
    sheet = Sheet("a word", 1, 6.0)
    sheet.face(DEJAVU, "х")
    sheet.write(100, 100, "Да")
    assert script_of(sheet.done(), 6.0) is None
    assert script_of(np.full((300, 400), 255, np.uint8), 6.0) is None
    assert script_of(sheet.done(), None) is None
    assert script_of(np.zeros((3, 3), np.uint8), 6.0) is None


def test_evidence_must_be_strong_and_in_most_squares() -> None:
    cyrillic = SCRIPTS.index("Cyrl")

    def scores(*favours: float) -> np.ndarray:
        """Squares whose logarithms for Cyrillic exceed those for Latin by so much."""
        rows = np.full((len(favours), len(SCRIPTS)), -30.0, np.float32)
        rows[:, 0] = 0.0
        rows[:, cyrillic] = favours
        return rows

    assert told(scores(-1, -2)) == "Latn"
    assert told(scores(ENOUGH - 0.3, ENOUGH - 0.3)) is None
    assert told(scores(ENOUGH + 0.5, ENOUGH + 0.5)) == "Cyrl"
    assert told(scores(25, -1, -1, -1)) is None, "one square of four"


def test_the_page_is_searched_and_not_copied_whole() -> None:
    page = np.tile(drawn("Hani", 8.0), (4, 3))
    squares = squares_of(page, 8.0)
    assert squares.shape == (8, 96, 96)
    assert (squares.min(), squares.max() <= 1.2) == (0.0, True)
    assert scores_of(squares).shape == (8, len(SCRIPTS))
    assert NETWORK.stat().st_size <= 200_000


def test_what_the_user_says_goes_before_what_the_page_shows() -> None:
    page = drawn("Arab", 7.0)
    assert scripts_on(page, 7.0) == ("Arab",)
    assert scripts_on(page, 7.0, ("eng",)) == ("Latn",)
    assert scripts_on(page, 7.0, ("osd",)) == ("Arab",)
    assert scripts_on(np.full_like(page, 255), 7.0) == ("Latn",)
    with pytest.raises(UsageError):
        scripts_on(page, 7.0, ("nonesuch",))
