"""A page of numbers in columns stands upright, though each column looks like a line of tall letters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docsr.decide import text_size
from docsr.page import Pixels

X_HEIGHT = 5.7
"""Of 11-point Liberation Sans Narrow at 75 dpi, in px."""


@pytest.fixture(scope="module")
def page() -> Pixels:
    """A table of sums and dates, drawn by benchmarks.data.tune_pages and lowered as a scan of 75 dpi."""
    with Image.open(Path(__file__).with_name("columns_of_numbers.jpg")) as image:
        return np.asarray(image)


def test_its_size_is_that_of_its_digits(page: Pixels):
    found = text_size.measure(page)
    assert found is not None
    assert found.x_height == pytest.approx(X_HEIGHT, rel=0.1)


def test_without_the_bound_a_column_is_a_line(page: Pixels, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(text_size, "TALLEST_TURNED", 100.0)
    found = text_size.measure(page)
    assert found is not None
    assert found.x_height > 5 * X_HEIGHT
