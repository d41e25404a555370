"""Score text: fold it, and count character and word errors. Reference and hypothesis are folded the same way."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product, zip_longest
from typing import Any

from docsr.errors import MissingExtraError

QUOTES = str.maketrans({"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "`": "'"})
DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))
SOFT_HYPHEN = "\u00ad"

FOLDING = (
    "Both texts are folded: Unicode NFKC, quotation marks and dashes unified, soft and line-end hyphens joined, white "
    "space collapsed."
)


@dataclass(frozen=True, slots=True)
class TextScore:
    """Counts of one page; rates are pooled from counts, never averaged.

    Attributes:
        edits: Levenshtein distance in characters, white space included.
        insertions: characters that only the hypothesis has, in one shortest alignment.
        deletions: characters that only the reference has, in the same alignment.
        substitutions: characters taken for others, in the same alignment.
        reference_chars: characters of the reference.
        word_edits: Levenshtein distance in words.
        reference_words: words of the reference.
        hypothesis_words: words of the hypothesis.
        words_found: reference words that the hypothesis has too, in any order; repeated words count as often as both
            texts have them.
        digit_edits: edits of the alignment that lose, change or invent a digit.
        reference_digits: digits of the reference.
        edits_no_space: Levenshtein distance in characters between the folded texts without white space.
        reference_chars_no_space: characters of the reference without white space.
        words_found_respaced: reference words found after spaces are put back: both folded texts are aligned without
            white space, and a word is found if all its characters match and the hypothesis has nothing between them.
            The order of the words counts.
    """

    edits: int
    insertions: int
    deletions: int
    substitutions: int
    reference_chars: int
    word_edits: int
    reference_words: int
    hypothesis_words: int
    words_found: int
    digit_edits: int
    reference_digits: int
    edits_no_space: int
    reference_chars_no_space: int
    words_found_respaced: int


def fold(text: str, *, case: bool = True) -> str:
    """Return the text in NFKC, with quotes and dashes unified, soft and line-end hyphens joined, and spaces collapsed.

    Args:
        text: any text.
        case: False folds upper and lower case too (for references that were written in capitals).
    """
    text = unicodedata.normalize("NFKC", text).translate(QUOTES).translate(DASHES)
    text = text.replace(SOFT_HYPHEN, "").replace("\ufffe", "")
    text = re.sub(r"(?<=[^\W\d_])-\s*\n\s*(?=[a-z])", "", text)
    text = " ".join(text.split())
    return text if case else text.casefold()


def edits(reference: str, hypothesis: str) -> tuple[int, int]:
    """Return (Levenshtein edits, reference characters), with both texts folded."""
    score = score_text(reference, hypothesis)
    return score.edits, score.reference_chars


def score_text(reference: str, hypothesis: str, *, case: bool = True) -> TextScore:
    """Compare an engine's text with the reference, with both texts folded.

    Raises:
        MissingExtraError: rapidfuzz is not installed.
    """
    levenshtein = _levenshtein()
    true, read = fold(reference, case=case), fold(hypothesis, case=case)
    true_words, read_words = true.split(), read.split()
    operations = levenshtein.editops(true, read)
    kinds = Counter(operation.tag for operation in operations)
    digits = sum(
        (operation.tag != "insert" and true[operation.src_pos].isdecimal())
        or (operation.tag != "delete" and read[operation.dest_pos].isdecimal())
        for operation in operations
    )
    return TextScore(
        edits=len(operations),
        insertions=kinds["insert"],
        deletions=kinds["delete"],
        substitutions=kinds["replace"],
        reference_chars=len(true),
        word_edits=levenshtein.distance(true_words, read_words),
        reference_words=len(true_words),
        hypothesis_words=len(read_words),
        words_found=(Counter(true_words) & Counter(read_words)).total(),
        digit_edits=digits,
        reference_digits=sum(character.isdecimal() for character in true),
        **_without_spaces(true_words, "".join(read_words)),
    )


def _without_spaces(true_words: list[str], read: str) -> dict[str, int]:
    """Return the counts of a folded text from which white space was removed; spaces are put back by the reference."""
    true = "".join(true_words)
    operations = _levenshtein().editops(true, read)
    matching = iter(operations.as_matching_blocks())  # the last block is empty, at the end
    block, end, found = next(matching), 0, 0
    for word in true_words:
        start, end = end, end + len(word)
        while block.a + block.size < end and block.a < len(true):
            block = next(matching)
        found += block.a <= start and end <= block.a + block.size
    return {
        "edits_no_space": len(operations),
        "reference_chars_no_space": len(true),
        "words_found_respaced": found,
    }


def confusions(reference: str, hypothesis: str, *, case: bool = True) -> Counter[tuple[str, str]]:
    """Count how often a character was read as another: (true, read) -> count, in one shortest alignment."""
    true, read = fold(reference, case=case), fold(hypothesis, case=case)
    replaced = (operation for operation in _levenshtein().editops(true, read) if operation.tag == "replace")
    return Counter((true[operation.src_pos], read[operation.dest_pos]) for operation in replaced)


def differences(reference: str, hypothesis: str, *, case: bool = True) -> list[tuple[bool, str, str]]:
    """Align the two folded texts; return pieces (equal, true text, text that was read), in order."""
    true, read = fold(reference, case=case), fold(hypothesis, case=case)
    return [
        (part.tag == "equal", true[part.src_start : part.src_end], read[part.dest_start : part.dest_end])
        for part in _levenshtein().opcodes(true, read)
    ]


def word_edits(reference: Sequence[str], hypothesis: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """Return where two lists of words, each folded, differ in one shortest alignment, in order.

    Differing words between the same neighbours are paired with those that they resemble most.

    Returns:
        (number of the word in the reference, number of the word in the hypothesis), with None where there is none: a
        word that is taken for another, a word that only the reference has, or one that only the hypothesis has.

    Raises:
        MissingExtraError: rapidfuzz is not installed.
    """
    true, read = ([fold(word) for word in words] for words in (reference, hypothesis))
    differing: list[tuple[int | None, int | None]] = []
    start = read_start = 0
    for block in _levenshtein().editops(true, read).as_matching_blocks():  # the last block is empty, at both ends
        end, read_end = block.a, block.b
        for one, other in _align_by_likeness(true[start:end], read[read_start:read_end]):
            differing.append((None if one is None else start + one, None if other is None else read_start + other))
        start, read_start = end + block.size, read_end + block.size
    return differing


_GAP = 0.7
"""Cost of a word without a partner; a pair of words costs their edits over the length of the longer word."""

_MOST_CELLS = 1_000_000
"""Largest table of an alignment: it takes about a second, and some 100 MB."""


def _align_by_likeness(true: list[str], read: list[str]) -> list[tuple[int | None, int | None]]:
    """Align two runs of words so that pairs are most alike; longer runs than _MOST_CELLS allows go by order alone."""
    if len(true) * len(read) > _MOST_CELLS:
        return list(zip_longest(range(len(true)), range(len(read))))
    distance = _levenshtein().normalized_distance
    costs = [[_GAP * (row + column) for column in range(len(read) + 1)] for row in range(len(true) + 1)]
    beside = [[distance(one, other) for other in read] for one in true]
    for row, column in product(range(1, len(true) + 1), range(1, len(read) + 1)):
        apart = min(costs[row - 1][column], costs[row][column - 1]) + _GAP
        costs[row][column] = min(apart, costs[row - 1][column - 1] + beside[row - 1][column - 1])
    aligned: list[tuple[int | None, int | None]] = []
    row, column = len(true), len(read)
    while row or column:
        if row and column and costs[row][column] == costs[row - 1][column - 1] + beside[row - 1][column - 1]:
            row, column = row - 1, column - 1
            aligned.append((row, column))
        elif row and (not column or costs[row][column] == costs[row - 1][column] + _GAP):
            row -= 1
            aligned.append((row, None))
        else:
            column -= 1
            aligned.append((None, column))
    return aligned[::-1]


def _levenshtein() -> Any:
    try:
        from rapidfuzz.distance import Levenshtein
    except ImportError as error:
        raise MissingExtraError("scoring text", "ocr") from error
    return Levenshtein
