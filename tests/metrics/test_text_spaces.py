"""Scores without spaces, and with spaces put back: what an engine that loses spaces is not blamed for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsr.metrics.text import TextScore, fold, score_text

PLAIN = st.text("abcde019.,é ", max_size=60)
"""Without what folding joins: line ends after hyphens, and marks that stand behind their letter."""


def respaced(score: TextScore) -> tuple[int, int, int]:
    return score.edits_no_space, score.reference_chars_no_space, score.words_found_respaced


@pytest.mark.parametrize(
    ("read", "edits", "found"),
    [
        ("The harbour office opened", 0, 4),
        ("Theharbourofficeopened", 0, 4),
        ("T h e harb our off iceop ened", 0, 4),
        ("Theharb0urofficeopened", 1, 3),
        ("Theharbxourofficeopened", 1, 3),
        ("Thexharbour office opened", 1, 4),
        ("Theharbourofficeopene", 1, 3),
        ("heharbourofficeopened", 1, 3),
        ("harbourofficeopened", 3, 3),
        ("", 22, 0),
    ],
)
def test_counts_by_hand(read, edits, found):
    assert respaced(score_text("The harbour office opened", read)) == (edits, 22, found)


def test_an_empty_reference_has_no_words():
    assert respaced(score_text("", "")) == (0, 0, 0)
    assert respaced(score_text(" ", "abc")) == (3, 0, 0)


@given(PLAIN, PLAIN)
def test_spaces_that_are_lost_or_invented_change_nothing(true, read):
    whole = respaced(score_text(true, read))
    assert respaced(score_text(true, read.replace(" ", ""))) == whole
    assert respaced(score_text(true, " ".join(read))) == whole


@given(st.text(max_size=60))
def test_a_text_that_is_read_as_it_is_has_no_error(text):
    score = score_text(text, text)
    assert respaced(score) == (0, len("".join(fold(text).split())), score.reference_words)


@given(PLAIN, PLAIN)
def test_the_counts_are_within_their_bounds(true, read):
    score = score_text(true, read)
    assert abs(len("".join(read.split())) - score.reference_chars_no_space) <= score.edits_no_space
    assert 0 <= score.words_found_respaced <= score.reference_words
    assert score.reference_words - score.words_found_respaced <= score.edits_no_space, "an edit harms one word"


@given(PLAIN, st.data())
def test_one_wrong_character_costs_one_word(true, data):
    places = [place for place, character in enumerate(true) if character != " "]
    if places:
        place = data.draw(st.sampled_from(places))
        wrong = true[:place] + "#" + true[place + 1 :]
        score = score_text(true, wrong.replace(" ", ""))
        assert (score.edits_no_space, score.reference_words - score.words_found_respaced) == (1, 1)


def test_the_order_of_words_counts():
    assert score_text("one two three", "three two one").words_found_respaced < 3
