"""Count numbers that one reading of a page has right and another reading turns into other numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from docsr.metrics.text import fold, word_edits

_SAME = -1
"""Marks a word that both texts have."""


@dataclass(frozen=True, slots=True)
class NumberChanges:
    """Counts of one page, read before and after.

    Attributes:
        numbers: words of the reference that are digits only.
        lost: numbers that are right before and another number after.
        won: numbers that are another number before and right after.
    """

    numbers: int
    lost: int
    won: int


def number_changes(
    reference: str, before: str, after: str, *, ordered: bool = True, case: bool = True
) -> NumberChanges:
    """Compare the numbers of a page in two readings.

    A number is a word with digits and no letter. It is right if its digits are right, whatever signs are among them.

    Args:
        reference: the true text.
        before: one reading.
        after: the other reading.
        ordered: whether the readings have the order of the reference. If so, each reading is aligned with it. If not,
            the readings are aligned with each other, and a number is right if the reference has it anywhere.
        case: as in docsr.metrics.text.fold.

    Raises:
        MissingExtraError: rapidfuzz is not installed.
    """
    true, first, second = (fold(text, case=case).split() for text in (reference, before, after))
    numbers = [word for word in true if _digits(word)]
    if ordered:
        both = zip(true, _aligned_digits(true, first), _aligned_digits(true, second), strict=True)
        changes = [_change(_digits(word), was, now) for word, was, now in both if _digits(word)]
    else:
        true_digits = set(map(_digits, numbers))
        pairs = zip(map(_digits, first), map(_digits, _aligned_words(first, second)), strict=True)
        # If the page has both numbers, they are two numbers that were read in another order.
        changes = [
            _change(was if was in true_digits else now, was, now)
            for was, now in pairs
            if (was in true_digits) != (now in true_digits)
        ]
    return NumberChanges(len(numbers), changes.count(-1), changes.count(1))


def _change(true: str, was: str, now: str) -> int:
    """Return -1 if a right number became another one, 1 for the reverse, and 0 otherwise."""
    if not true or not was or not now:
        return 0
    return (now == true) - (was == true)


def _aligned_digits(true: Sequence[str], read: Sequence[str]) -> list[str]:
    """Return the digits that were read for each word; "" if they are no number."""
    return [_digits(word) for word in _aligned_words(true, read)]


def _aligned_words(true: Sequence[str], read: Sequence[str]) -> Iterator[str]:
    """Yield the word of ``read`` that is aligned with each word of ``true``; "" if there is none."""
    differing = {number: other for number, other in word_edits(true, read) if number is not None}
    for number, word in enumerate(true):
        place = differing.get(number, _SAME)
        yield word if place == _SAME else "" if place is None else read[place]


def _digits(word: str) -> str:
    """Return the digits of a number; "" for a word that is no number."""
    return "" if any(letter.isalpha() for letter in word) else "".join(filter(str.isdecimal, word))
