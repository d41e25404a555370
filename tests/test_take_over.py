"""Of which pages benchmarks/take_over.py measures ``auto`` anew."""

from __future__ import annotations

import importlib
from dataclasses import fields
from pathlib import Path

import pytest

from docsr.bench.measure import Row

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize(
    ("upscaler", "x_height", "engine", "model"),
    [
        ("auto", 3.0, "tesseract", "small_x4"),
        ("auto", 7.0, "tesseract", "compact_x4"),
        ("auto", 4.2, "rapidocr", "compact_x2+"),
        ("auto", 4.2, "null", "small_x4"),
        ("auto", None, "tesseract", "none"),
        ("bicubic", 3.0, "tesseract", "bicubic"),
    ],
)
def test_a_row_of_auto_is_that_of_what_it_takes_now(monkeypatch, upscaler, x_height, engine, model):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    values = {"upscaler": upscaler, "x_height": x_height, "engine": engine}
    row = Row(**{field.name: values.get(field.name) for field in fields(Row)})
    assert importlib.import_module("take_over")._model(row) == model
