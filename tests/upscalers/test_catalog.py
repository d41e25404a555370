"""Names to upscalers."""

from __future__ import annotations

import json
import math
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest

from docsr.bench.degradations import lower
from docsr.choices import MEASURED_ENGINES
from docsr.errors import CheckpointError, UsageError
from docsr.page import Page, Pixels
from docsr.square import EVEN, resampled, squared
from docsr.upscale.page import upscale_page
from docsr.upscalers.catalog import resolve
from docsr.weights import catalogue
from tests.pairs import text_page
from tests.upscalers.onnx_files import conv_network

CARD = {
    "name": "tiny_x2",
    "factor": 2,
    "parameters": 400,
    "training_data": "nothing",
    "training_command": "docsr train",
    "x_height": [6, 14],
    "x_height_helps": {"tesseract": [7, 10], "rapidocr": None},
    "dense": False,
    "fax": False,
    "scripts": {"tesseract": ["Latn", "Grek"], "rapidocr": ["Latn"]},
    "results": [],
}


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'bicubic'"):
        resolve("bicubik", 2)


def test_a_file_for_another_factor_is_refused(tmp_path: Path) -> None:
    path = conv_network(tmp_path / "a.onnx", 4)
    with pytest.raises(UsageError, match="use --factor 4"):
        resolve(str(path), 2)
    assert resolve(str(path), None).factor == 4


def test_none_is_the_page_as_it_is() -> None:
    assert resolve("none", 4).factor == 1
    assert resolve("bicubic", 1).factor == 1


@pytest.mark.parametrize("name", list(catalogue()))
def test_every_shipped_network_loads(name: str) -> None:
    card = catalogue()[name]
    upscaler = resolve(name, card.factor, threads=1)
    assert (upscaler.name, upscaler.factor) == (name, card.factor)
    with pytest.raises(UsageError, match=f"use --factor {card.factor}"):
        resolve(name, 4 if card.factor == 2 else 2)


@pytest.mark.parametrize(("name", "em"), list(product((n for n, c in catalogue().items() if c.fax), (14, 20))))
def test_a_network_for_faxes_comes_nearer_to_what_was_faxed_than_bicubic(name: str, em: int) -> None:
    hr, _ = text_page(2 * em, 800, 600)
    fax = lower(Page(hr, (2 * math.sqrt(204 * 98),) * 2), 204, "standard_fax", 0)
    made = {}
    for upscaler in (resolve(name, 2, threads=1), resolve("bicubic", 2)):
        large = upscale_page(squared(fax, EVEN), upscaler).pixels
        made[upscaler.name] = rms(resampled(large, 800, 600), hr)
    assert made[name] < 0.9 * made["bicubic"]


@pytest.mark.slow_but_one_in(4)
@pytest.mark.parametrize(("name", "em"), list(product((n for n, c in catalogue().items() if not c.fax), (14, 20, 28))))
def test_no_shipped_network_invents(name: str, em: int) -> None:
    """What it makes, reduced again, is nearer to what it was given than bicubic's, as it is to the truth."""
    factor = resolve(name, None).factor
    hr, _ = text_page(em * factor, 400 * factor, 300 * factor)
    lr = low(hr)
    made, reduced = {}, {}
    for upscaler in (resolve(name, factor, threads=1), resolve("bicubic", factor)):
        large = upscale_page(Page(lr), upscaler).pixels
        made[upscaler.name] = rms(large, hr)
        reduced[upscaler.name] = rms(low(large), lr)
    assert reduced[name] < reduced["bicubic"]
    assert made[name] < made["bicubic"]


def low(page: Pixels) -> Pixels:
    return np.asarray(cv2.resize(page, (400, 300), interpolation=cv2.INTER_AREA), np.uint8)


def rms(one: Pixels, other: Pixels) -> float:
    return float(np.sqrt(np.mean((one.astype(float) - other) ** 2)))


def test_a_card_says_where_it_helps(tmp_path: Path) -> None:
    conv_network(tmp_path / "tiny_x2.onnx")
    (tmp_path / "tiny_x2.json").write_text(json.dumps(CARD))
    card = catalogue(tmp_path)["tiny_x2"]
    assert card.bytes == card.path.stat().st_size
    assert [card.helps(size, "tesseract") for size in (None, 6.9, 8, 11)] == [False, False, True, False]
    assert not card.helps(8, "rapidocr")
    assert not card.helps(8, "another")
    scripts: list[list[str]] = [["Latn"], ["Grek", "Latn"], ["Latn", "Cyrl"]]
    assert [card.helps_with(some, "tesseract") for some in scripts] == [True, True, False]
    assert [card.helps_with(some, "rapidocr") for some in scripts] == [True, False, False]
    assert not card.helps_with(["Latn"], "another")


def test_every_shipped_network_says_its_scripts_for_every_engine() -> None:
    assert {frozenset(card.scripts) for card in catalogue().values()} == {frozenset(MEASURED_ENGINES)}


@pytest.mark.parametrize("content", ["{", "{}", "[]", json.dumps(CARD)])
def test_a_damaged_card_or_a_missing_network_is_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "tiny_x2.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"tiny_x2\.json"):
        catalogue(tmp_path)
