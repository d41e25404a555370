"""A line's rows are split at the top of the x-height and at the base line."""

from __future__ import annotations

import numpy as np
import pytest

from docsr.decide.text_lines import _x_and_base_line


@pytest.mark.parametrize(
    ("profile", "rows"),
    [
        ([0, 0.05, 0.05, 0.6, 0.6, 0.05, 0.05, 0], (3, 5)),
        ([0, 0.1, 0.1, 0.8, 0.8, 0.8, 0.1, 0], (3, 6)),
        ([0.5] * 4, None),
        ([0.5] * 12, None),
    ],
    ids=["two rows", "three rows", "too few rows", "no letters"],
)
def test_the_body_of_letters_is_found_from_two_rows_on(profile: list[float], rows: tuple[int, int] | None):
    found = _x_and_base_line(np.array(profile, float))
    assert (None if found is None else found[:2]) == rows
