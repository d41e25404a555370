"""Words that differ, and words that were only taken in another order."""

from __future__ import annotations

from docsr.viewer.differences import word_differences


def line(words: str, top: float, left: float = 0.0) -> tuple[list[str], list[tuple[float, float, float, float]]]:
    texts = words.split()
    places = (left + 0.1 * number for number in range(len(texts)))
    return texts, [(place, top, place + 0.08, top + 0.1) for place in places]


def test_words_are_laid_beside_what_they_are_like():
    left, right = line("the Chnpter 7 ends", 0.1), line("the small Chapter 7 ends", 0.1)
    assert word_differences(*left, *right) == [(None, 1), (1, 2)]


def test_quotes_and_dashes_are_no_difference():
    assert word_differences(*line("“so” - he", 0.1), *line('"so" — he', 0.1)) == []


def test_columns_in_another_order_are_no_difference():
    first, second = line("one two three", 0.1), line("four five six", 0.1, 0.5)
    left = first[0] + second[0], first[1] + second[1]
    right = second[0] + first[0], second[1] + first[1]
    assert word_differences(*left, *right) == []


def test_the_same_word_elsewhere_is_a_difference():
    left, right = line("total 12", 0.1), line("total", 0.1)
    below = line("12", 0.8)
    assert word_differences(*left, right[0] + below[0], right[1] + below[1]) == []  # in order: no words were lost
    turned = word_differences(*left, below[0] + right[0], below[1] + right[1])
    assert len(turned) == 2


def test_nothing_and_something():
    assert word_differences([], [], *line("a b", 0.1)) == [(None, 0), (None, 1)]
    assert word_differences([], [], [], []) == []
