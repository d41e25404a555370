"""What makes an output another one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from docsr.batch import options as module
from docsr.batch.options import EnhanceOptions
from docsr.weights import catalogue


@pytest.mark.parametrize(
    ("options", "another"),
    [
        pytest.param(EnhanceOptions(), True, id="networks and factor follow it"),
        pytest.param(EnhanceOptions(model="bicubic"), True, id="the factor follows it"),
        pytest.param(EnhanceOptions(factor=2), True, id="networks follow it"),
        pytest.param(EnhanceOptions(factor=2, model="bicubic"), False, id="nothing does"),
    ],
)
def test_the_engine_makes_another_output_where_something_follows_it(options: EnhanceOptions, another: bool) -> None:
    assert (options.signature() != replace(options, engine="rapidocr").signature()) is another


@pytest.mark.parametrize("model", [None, "compact_x2"])
def test_another_language_makes_another_output_where_networks_follow_it(model: str | None) -> None:
    languages = (), ("eng",), ("rus",), ("eng", "rus")
    made = [EnhanceOptions(model=model, languages=some).signature() for some in languages]
    assert len(set(made)) == (len(languages) if model is None else 1)
    assert made[3] == EnhanceOptions(model=model, languages=("eng+rus",)).signature()


def test_another_script_of_a_network_makes_another_output(monkeypatch: pytest.MonkeyPatch) -> None:
    before = EnhanceOptions().signature()
    cards = {name: replace(card, scripts={"tesseract": ("Latn", "Cyrl")}) for name, card in catalogue().items()}
    monkeypatch.setattr(module, "catalogue", lambda: cards)
    assert EnhanceOptions().signature() != before


def test_which_networks_are_for_small_text_makes_another_output(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [EnhanceOptions(model=model).signature() for model in (None, "compact_x2")]
    cards = {name: replace(card, dense=not card.dense) for name, card in catalogue().items()}
    monkeypatch.setattr(module, "catalogue", lambda: cards)
    after = [EnhanceOptions(model=model).signature() for model in (None, "compact_x2")]
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True]
