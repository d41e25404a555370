"""Numbers that one reading of a page has right and another reading has as other numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from docsr.metrics.text import fold, word_edits

_SAME = -1
"""The place of a word that was read as it is."""


@dataclass(frozen=True, slots=True)
class NumberChanges:
    """Counts of one page, read before and after.

    Attributes:
        numbers: words of the reference that are digits only.
        lost: numbers that were right before and are another number after.
        won: numbers that were another number before and are right after.
    """

    numbers: int
    lost: int
    won: int


def number_changes(
    reference: str, before: str, after: str, *, ordered: bool = True, case: bool = True
) -> NumberChanges:
    """Compare what two readings made of the numbers of a page.

    A number is a word with digits and no letter; it is right where its digits are, whatever signs stand among them.

    Args:
        reference: the true text.
        before: one reading.
        after: the other.
        ordered: whether the order of the reference is that of the readings: each reading is then laid beside it. Else
            the readings are laid beside each other, and a number is right where the reference has it anywhere.
        case: as of docsr.metrics.text.fold.

    Raises:
        MissingExtraError: rapidfuzz is not installed.
    """
    true, first, second = (fold(text, case=case).split() for text in (reference, before, after))
    numbers = [word for word in true if _digits(word)]
    if ordered:
        both = zip(true, _beside(true, first), _beside(true, second), strict=True)
        changes = [_change(_digits(word), was, now) for word, was, now in both if _digits(word)]
    else:
        known = set(map(_digits, numbers))
        pairs = zip(map(_digits, first), map(_digits, _words(first, second)), strict=True)
        # where the page has both, they are two numbers that were read in another order
        changes = [
            _change(was if was in known else now, was, now) for was, now in pairs if (was in known) != (now in known)
        ]
    return NumberChanges(len(numbers), changes.count(-1), changes.count(1))


def _change(true: str, was: str, now: str) -> int:
    """-1 where a number that was right is another one, 1 the other way, 0 for all else."""
    if not true or not was or not now:
        return 0
    return (now == true) - (was == true)


def _beside(true: Sequence[str], read: Sequence[str]) -> list[str]:
    """The digits of what was read for each word; "" where it is no number."""
    return [_digits(word) for word in _words(true, read)]


def _words(true: Sequence[str], read: Sequence[str]) -> Iterator[str]:
    """The word that stands in ``read`` for each word of ``true``; "" where there is none."""
    differing = {one: other for one, other in word_edits(true, read) if one is not None}
    for number, word in enumerate(true):
        place = differing.get(number, _SAME)
        yield word if place == _SAME else "" if place is None else read[place]


def _digits(word: str) -> str:
    """The digits of a number; "" for a word that is none."""
    return "" if any(letter.isalpha() for letter in word) else "".join(filter(str.isdecimal, word))
