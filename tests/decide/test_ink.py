"""What of a page's ink may be letters."""

from __future__ import annotations

import numpy as np

from docsr.decide.ink import ink_of, letters_of
from docsr.decide.text_size import measure


def test_a_page_of_empty_boxes_has_no_letters() -> None:
    """All ink is rulings and the sides between them, of which none is left."""
    page = np.full((500, 500), 255, np.uint8)
    for top in (40, 140, 240, 340):
        for row in (top, top + 24):
            page[row : row + 2, 30:470] = 0
        for side in range(30, 470, 24):
            page[top : top + 26, side : side + 4] = 0
    assert ink_of(page).any()
    assert letters_of(ink_of(page)) == []
    assert measure(page) is None
