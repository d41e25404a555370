from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from docsr.batch.options import EnhanceOptions
from docsr.batch.page_plan import Planner
from docsr.bench.arms import Arm
from docsr.choices import MEASURED_ENGINES
from docsr.cli.enhance import enhance
from docsr.decide import decision
from docsr.decide.decision import (
    Plan,
    check_engine,
    deciding_x_height,
    factor_for_dpi,
    factor_for_text,
    measured_x_height,
    plan_page,
)
from docsr.decide.script import SCRIPTS
from docsr.decide.text_size import TextSize, has_ink
from docsr.errors import UsageError
from docsr.page import Page
from docsr.upscalers import catalog
from docsr.weights import ModelCard


@pytest.mark.parametrize(
    ("x_height", "factor"),
    [(None, 1), (0, 1), (60, 1), (25, 1), (18, 1), (17, 2), (10, 2), (9, 2), (8, 4), (5, 4), (4, 4), (1, 4)],
)
def test_factor_for_text(x_height: float | None, factor: int) -> None:
    assert factor_for_text(x_height) == factor
    assert factor_for_text(x_height, "rapidocr") == min(factor, 2)


def test_text_comes_as_near_to_what_engines_read_as_a_power_of_two_can() -> None:
    sizes = [x_height / 10 for x_height in range(44, 346)]
    large = [size * factor_for_text(size) for size in sizes]
    assert min(large) >= 300**0.5
    assert max(large) <= 2 * 300**0.5


def test_factor_for_dpi() -> None:
    assert [factor_for_dpi((75, 75), wanted) for wanted in (50, 75, 76, 150, 300, 600, 5000)] == [1, 1, 2, 2, 4, 8, 8]
    assert factor_for_dpi((204, 98), 204) == 4


@pytest.fixture(autouse=True)
def _one_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shipped 2x network that helps from 7 to 10 px."""
    card = ModelCard("tiny_x2", Path("a.onnx"), 2, 1, 1, "", "", (6, 14), {"tesseract": (7, 10), "rapidocr": (9, 11)})
    monkeypatch.setattr(decision, "shipped", lambda factor, fax: [card] if factor == 2 else [])


def plan(needed: int, x_height: float | None, factor: int | None = None, model: str | None = None) -> Plan:
    return plan_page(needed, x_height, factor=factor, model=model, fixed_factor=4 if model == "own" else None)


def test_the_card_decides_between_network_and_bicubic() -> None:
    assert plan(2, 8) == plan(2, 8, factor=2) == Plan(2, "tiny_x2")
    assert plan(2, 12) == plan(2, None) == plan(2, 12, factor=2) == Plan(2, "bicubic")
    assert plan(1, 25) == Plan(1, "none")


def test_each_engine_has_its_own_sizes() -> None:
    taken = {engine: [plan_page(2, x, engine=engine).model for x in (8, 9.5, 10.5)] for engine in MEASURED_ENGINES}
    assert taken["tesseract"] == ["tiny_x2", "tiny_x2", "bicubic"]
    assert taken["rapidocr"] == ["bicubic", "tiny_x2", "tiny_x2"]
    with pytest.raises(UsageError, match="'paddle': use tesseract or rapidocr"):
        check_engine("paddle")


def test_a_network_of_another_factor_may_be_the_one_that_helps() -> None:
    assert plan(4, 8) == plan(8, 8) == Plan(2, "tiny_x2")
    assert plan(4, 8, factor=4) == plan(4, 5) == Plan(4, "bicubic")


def test_what_the_user_names_is_taken() -> None:
    assert plan(2, 12, model="own") == Plan(4, "own")
    assert plan(2, 12, model="lanczos") == Plan(2, "lanczos")
    assert plan(1, 25, factor=2, model="tiny_x2") == Plan(2, "tiny_x2")


def test_the_nearest_factor_that_helps_is_taken_and_8x_only_for_want_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Text of 3 px would want 8x; 4x is nearer to that than 2x."""
    cards = {
        factor: ModelCard(
            f"n_x{factor}", Path("a.onnx"), factor, 1, 1, "", "", (2, 9), dict.fromkeys(MEASURED_ENGINES, (2, 9))
        )
        for factor in (2, 4, 8)
    }
    monkeypatch.setattr(decision, "shipped", lambda factor, fax: [cards[factor]] if factor in cards else [])
    plans = {x: plan_page(factor_for_text(x), x) for x in (3.0, 8.0)}
    assert {x: plan.factor for x, plan in plans.items()} == {3.0: 4, 8.0: 4}
    assert plan(8, 3.0) == Plan(4, "n_x4"), "a wanted dpi: the page is brought to it afterwards"
    assert plan_page(8, 3.0, engine="rapidocr") == Plan(2, "n_x2")
    assert plan_page(factor_for_text(3.0, "rapidocr"), 3.0, engine="rapidocr") == Plan(2, "n_x2")
    assert plan(8, 3.0, factor=8).model == "n_x8"
    del cards[4]
    assert plan(4, 3.0).model == "n_x2"
    del cards[2]
    assert plan(4, 3.0) == Plan(4, "bicubic")


def test_a_network_for_small_text_goes_before_all_others_that_help(monkeypatch: pytest.MonkeyPatch) -> None:
    helps = {"tesseract": (2.0, 9.0), "rapidocr": (2.0, 4.5)}
    plain = [ModelCard(f"n_x{one}", Path("a.onnx"), one, 1, 1, "", "", (2, 8), helps) for one in (2, 4)]
    span = {"tesseract": (2.0, 4.0), "rapidocr": (2.0, 3.0)}
    small = [
        ModelCard(f"small_text_x{one}", Path("b.onnx"), one, 1, 1, "", "", (2, 5), span, dense=True) for one in (2, 4)
    ]
    monkeypatch.setattr(catalog, "catalogue", lambda: {card.name: card for card in (*plain, *small)})
    monkeypatch.setattr(decision, "shipped", catalog.shipped)
    assert [plan(4, x).model for x in (3.0, 4.0, 4.1, 4.8)] == ["small_text_x4", "small_text_x4", "n_x4", "n_x4"]
    assert plan(2, 3.0) == plan(4, 3.0, factor=2) == Plan(2, "small_text_x2")
    assert plan(4, 4.1, factor=2) == Plan(2, "n_x2")
    assert "where no network of 8x was measured to help tesseract" in plan(4, 4.1, factor=8).why
    assert "where no network was measured to help tesseract" in plan(4, 9.1).why
    assert [plan_page(2, x, engine="rapidocr").model for x in (3.0, 3.1, 5.0)] == ["small_text_x2", "n_x2", "bicubic"]
    del small[0]
    assert plan(2, 3.0) == Plan(4, "small_text_x4"), "a wanted dpi: the page is brought to it afterwards"
    assert plan_page(2, 3.0, engine="rapidocr") == Plan(2, "n_x2")
    assert [card.name for card in catalog.shipped(4)] == ["small_text_x4", "n_x4"]


@pytest.mark.parametrize("script", [*SCRIPTS, "Latf", "Beng"])
@pytest.mark.parametrize("engine", MEASURED_ENGINES)
def test_a_network_is_used_only_on_scripts_of_its_card(script: str, engine: str) -> None:
    plan = plan_page(2, 9.5, engine=engine, scripts=lambda: (script,))
    assert plan == (Plan(2, "tiny_x2") if script == "Latn" else Plan(2, "bicubic"))
    assert (f"for which no network was measured to help {engine}" in plan.why) is (script != "Latn")
    assert plan_page(2, 9.5, engine=engine, scripts=lambda: ("Latn", script)).model == plan.model
    assert plan_page(2, 9.5, model="tiny_x2", fixed_factor=2, scripts=lambda: (script,)) == Plan(2, "tiny_x2")


def test_the_reason_names_the_scripts_that_were_not_measured() -> None:
    why = plan_page(2, 8, scripts=lambda: ("Latn", "Cyrl")).why
    assert why == "its text is 8.0 px high; its script is Cyrillic, for which no network was measured to help tesseract"
    assert "its scripts are Cyrillic and Greek, for" in plan_page(4, 8, factor=2, scripts=lambda: ("Cyrl", "Grek")).why
    assert plan_page(4, 8, scripts=lambda: ("Cyrl",)) == Plan(4, "bicubic")


def test_each_network_has_its_own_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    helps, both = dict.fromkeys(MEASURED_ENGINES, (2.0, 9.0)), dict.fromkeys(MEASURED_ENGINES, ("Latn", "Grek"))
    small = ModelCard("small_x2", Path("a.onnx"), 2, 1, 1, "", "", (2, 9), helps, dense=True)
    plain = ModelCard("plain_x2", Path("a.onnx"), 2, 1, 1, "", "", (2, 9), helps, scripts=both)
    monkeypatch.setattr(decision, "shipped", lambda factor, fax: [small, plain] if factor == 2 else [])
    shown = [("Latn",), ("Grek",), ("Latn", "Grek"), ("Cyrl",)]
    taken = [plan_page(2, 8, scripts=partial(tuple, some)).model for some in shown]
    assert taken == ["small_x2", "plain_x2", "plain_x2", "bicubic"]


def test_the_script_is_asked_only_where_a_network_may_be_used() -> None:
    def never() -> tuple[str, ...]:
        raise AssertionError("asked")

    for x_height, model in ((25.0, None), (15.0, None), (8.0, "bicubic"), (8.0, "tiny_x2")):
        plan_page(factor_for_text(x_height), x_height, model=model, scripts=never)
    with pytest.raises(AssertionError, match="asked"):
        plan_page(2, 8.0, scripts=never)


def test_the_command_knows_every_engine() -> None:
    (option,) = (one for one in enhance.params if one.name == "engine")
    assert tuple(option.type.choices) == MEASURED_ENGINES  # type: ignore[attr-defined]
    assert option.default == MEASURED_ENGINES[0]


def marked(dpi: tuple[float, float] | None) -> Page:
    """A page with marks of a letter's shape, which are no text."""
    pixels = np.full((600, 500), 255, np.uint8)
    for place in range(12):
        pixels[40 + 43 * place :, 30 + 37 * place % 440 :][:16, :9] = 0
    return Page(pixels, dpi)


def test_where_no_text_is_found_dpi_decide_and_the_reason_says_so() -> None:
    assert has_ink(marked(None).pixels)
    at = {dpi: deciding_x_height(marked((dpi, dpi)), None) for dpi in (75, 150, 300)}
    assert [round(x_height or 0, 1) for x_height, _ in at.values()] == [4.8, 9.6, 19.2]
    assert [factor_for_text(x_height) for x_height, _ in at.values()] == [4, 2, 1]
    x_height, said = at[150]
    why = plan_page(factor_for_text(x_height), x_height, said=said).why
    assert why.startswith("no text was found, though it is not blank, so its 150 dpi decide: 9.6 px")


def test_where_no_text_is_found_and_no_dpi_is_known_a_page_stays_as_it_is() -> None:
    x_height, said = deciding_x_height(marked(None), None)
    assert plan_page(factor_for_text(x_height), x_height, said=said) == Plan(1, "none")
    assert said == "no text was found, though it is not blank, and its dpi is not known"


def test_a_blank_page_stays_as_it_is_whatever_its_dpi() -> None:
    blank = Page(np.full((600, 500), 255, np.uint8), (75, 75))
    assert deciding_x_height(blank, None) == (None, "no text was found")
    assert measured_x_height(blank) is None


def test_text_decides_before_dpi() -> None:
    found = TextSize(9.0, 20, 400.0, 0.1)
    assert deciding_x_height(marked((75, 75)), found) == (9.0, "its text is 9.0 px high")


def test_every_way_in_hears_the_dpi() -> None:
    """The planner of files, the Python API and the benchmark's ``auto`` ask the same function."""
    page = marked((75, 75))
    plan, text = Planner(EnhanceOptions()).page(page)
    assert text is None
    assert plan.factor == 4
    assert "75 dpi decide" in plan.why
    assert measured_x_height(page) == pytest.approx(4.79, abs=0.01)
    assert Arm("auto", 1, "auto", False, "").on(page, "tesseract").factor == 4
