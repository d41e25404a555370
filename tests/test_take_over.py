"""Of which pages benchmarks/take_over.py measures ``auto`` anew."""

from __future__ import annotations

import importlib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from docsr.bench.measure import Row

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize(
    ("upscaler", "x_height", "engine", "new"),
    [
        ("auto", 3.0, "tesseract", True),
        ("auto", 7.0, "tesseract", False),
        ("auto", 4.2, "rapidocr", False),
        ("auto", 4.2, "null", True),
        ("auto", None, "tesseract", False),
        ("small_x4", 3.0, "tesseract", False),
    ],
)
def test_a_row_of_auto_is_new_where_it_takes_what_is_named(monkeypatch, upscaler, x_height, engine, new):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    values: dict[str, Any] = {field.name: None for field in fields(Row)}
    row = Row(**values | {"upscaler": upscaler, "x_height": x_height, "engine": engine})
    assert importlib.import_module("take_over")._is_new(row, {"small_x4"}) is new
