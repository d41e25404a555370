"""Text scores, by hand."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsr.errors import MissingExtraError
from docsr.metrics.text import edits, fold, word_edits


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("", ""),
        (" a\t b\n\nc ", "a b c"),
        ("\u00a0a\u2003b", "a b"),
        ("‘a’ “b” „c‟", '\'a\' "b" "c‟'),
        ("it’s", "it's"),
        ("«a»", '"a"'),
        ("1–2 — 3 − 4", "1-2 - 3 - 4"),
        ("ﬁne ofﬁce", "fine office"),
        ("x²", "x2"),
        ("１２", "12"),
        ("e\u0301", "é"),
        ("wait…", "wait..."),
        ("soft\u00adhyphen", "softhyphen"),
        ("odd\ufffehyphen", "oddhyphen"),
        ("docu-\nment", "document"),
        ("docu- \n  ment", "document"),
        ("docu\u2010\nment", "document"),
        ("docu-\r\nment", "document"),
        ("Anglo-\nSaxon", "Anglo- Saxon"),
        ("1998-\n99", "1998- 99"),
        ("a - b", "a - b"),
        ("well-known", "well-known"),
        ("Case Stays", "Case Stays"),
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_leaves_single_spaces(text: str) -> None:
    folded = fold(text)
    assert folded == " ".join(folded.split())


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("", "", (0, 0)),
        ("abc", "abc", (0, 3)),
        ("abc", "", (3, 3)),
        ("", "abc", (3, 0)),
        ("kitten", "sitting", (3, 6)),
        ("invoice 6", "invoice 8", (1, 9)),
        ("rn", "m", (2, 2)),
        ("a b", "a  \n b", (0, 3)),
        ("“a” – b", '"a" - b', (0, 7)),
        ("ﬁ", "fi", (0, 2)),
        ("docu-\nment", "document", (0, 8)),
        ("Total", "total", (1, 5)),
    ],
)
def test_edits(reference: str, hypothesis: str, expected: tuple[int, int]) -> None:
    assert edits(reference, hypothesis) == expected


def test_without_rapidfuzz_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidfuzz.distance", None)
    with pytest.raises(MissingExtraError, match=r"docsr\[ocr\]"):
        edits("a", "b")


def test_words_that_differ_are_laid_beside_those_they_are_like():
    assert word_edits(["a", "b", "c", "d"], ["a", "x", "c", "d", "e"]) == [(1, 1), (None, 4)]
    assert word_edits(["3", "Church", "Row,", "Lower"], ["Churcb", "Row.", "Lower"]) == [(0, None), (1, 0), (2, 1)]
    assert word_edits(["“a”", "b"], ['"a"', "b"]) == []
    assert word_edits([], ["a"]) == [(None, 0)]


def test_runs_of_thousands_of_words_are_aligned_by_their_order():
    true, read = [f"a{number}" for number in range(1500)], [f"b{number}" for number in range(1400)]
    found = word_edits(true, read)
    assert found[:2] == [(0, 0), (1, 1)]
    assert found[-1] == (1499, None)
