"""Counts by hand, and against an independent implementation."""

from __future__ import annotations

from pathlib import Path

import jiwer
import numpy as np
import pytest

from docsr.metrics.text import confusions, differences, fold, score_text

TEXTS = sorted((Path(__file__).resolve().parents[2] / "data" / "samples").rglob("*.txt"))
NOISE = list("abcdefghijklmnopqrstuvwxyz0123456789 .,-")


def worsened(text: str, random: np.random.Generator) -> str:
    """The text with characters lost, invented and exchanged."""
    out = []
    for character in text:
        draw = random.random()
        if draw < 0.03:
            continue
        out.append(str(random.choice(NOISE)) if draw < 0.08 else character)
        if draw > 0.97:
            out.append(str(random.choice(NOISE)))
    return "".join(out)


def test_counts_by_hand() -> None:
    found = score_text("The 3 cats sat.", "Thc 8 cats sat on.")
    assert (found.edits, found.substitutions, found.insertions, found.deletions) == (5, 2, 3, 0)
    assert (found.reference_chars, found.reference_words, found.hypothesis_words) == (15, 4, 5)
    assert (found.word_edits, found.words_found) == (4, 1)
    assert (found.digit_edits, found.reference_digits) == (1, 1)


def test_digits_that_are_lost_changed_or_invented_count() -> None:
    assert score_text("a 12 b", "a 1 b").digit_edits == 1
    assert score_text("a 12 b", "a 17 b").digit_edits == 1
    assert score_text("a l2 b", "a 12 b").digit_edits == 1
    assert score_text("a 12 b", "a 123 b").digit_edits == 1
    assert score_text("ab 12", "xy 12").digit_edits == 0


def test_words_are_found_in_any_order_but_only_as_often_as_they_stand() -> None:
    found = score_text("one two two three", "three two one one")
    assert found.words_found == 3
    assert found.word_edits > 0


def test_case_can_be_folded() -> None:
    assert score_text("TOTAL 5.00", "Total 5.00").edits == 4
    assert score_text("TOTAL 5.00", "Total 5.00", case=False).edits == 0


def test_an_empty_side_is_legal() -> None:
    assert score_text("", "abc").insertions == 3
    assert score_text("abc", "").deletions == 3
    assert score_text("", "").edits == 0


def test_confusions_count_what_was_read_as_what() -> None:
    assert confusions("3 8 3", "8 8 8")[("3", "8")] == 2


def test_differences_give_both_texts_back() -> None:
    true, read = "The quick brown fox", "Tho quick bown foxx"
    parts = differences(true, read)
    assert "".join(part for _, part, _ in parts) == true
    assert "".join(part for _, _, part in parts) == read
    assert all((same and left == right) or not same for same, left, right in parts)


@pytest.mark.slow_but_one_in(4)
@pytest.mark.parametrize("number", range(200))
def test_agrees_with_jiwer(number: int) -> None:
    random = np.random.default_rng(number)
    reference = TEXTS[number % len(TEXTS)].read_text(encoding="utf-8")
    hypothesis = worsened(reference, random)
    found = score_text(reference, hypothesis)
    true, read = fold(reference), fold(hypothesis)
    assert found.edits / found.reference_chars == pytest.approx(jiwer.cer(true, read), abs=1e-9)
    assert found.word_edits / found.reference_words == pytest.approx(jiwer.wer(true, read), abs=1e-9)
    assert found.substitutions + found.insertions + found.deletions == found.edits
