"""Find the words that differ between two readings of the same paper."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

from docsr.metrics.text import fold, word_edits

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in parts of the page."""

Difference: TypeAlias = tuple[int | None, int | None]
"""Numbers of a word on the left and on the right; None if there is none on that side."""

SAME_PLACE = 0.5
"""Two boxes are in the same place if they share this part of the smaller one."""


def word_differences(
    left: Sequence[str], at: Sequence[Box], right: Sequence[str], right_at: Sequence[Box]
) -> list[Difference]:
    """Align two texts word by word, and list where they differ.

    An engine may read columns in different orders in two pictures. A word that the alignment therefore misses, but that
    is read in the same place on the other side, is no difference.

    Args:
        left: the words of one side in reading order.
        at: boxes of these words.
        right: the words of the other side.
        right_at: boxes of these words.
    """
    edits = word_edits(left, right)
    lost = [number for number, _ in edits if number is not None]
    new: dict[str, list[int]] = defaultdict(list)
    for _, other in edits:
        if other is not None:
            new[fold(right[other])].append(other)
    moved_left, moved_right = set(), set()
    for number in lost:
        candidates = new[fold(left[number])]
        match = next((other for other in candidates if _same_place(at[number], right_at[other])), None)
        if match is not None:
            candidates.remove(match)
            moved_left.add(number)
            moved_right.add(match)
    unmoved = ((None if one in moved_left else one, None if other in moved_right else other) for one, other in edits)
    return [(one, other) for one, other in unmoved if one is not None or other is not None]


def _same_place(one: Box, other: Box) -> bool:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return False
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height >= SAME_PLACE * smaller
