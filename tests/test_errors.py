"""Errors travel between processes, and say one thing in one line."""

from __future__ import annotations

import pickle

import pytest

from docsr import errors
from docsr.errors import DocsrError, MissingExtraError, PageError, first_line, sentence_of

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DocsrError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_can_be_pickled(kind: type[DocsrError]) -> None:
    error = kind("reading a file", "train") if issubclass(kind, MissingExtraError) else kind("what happened")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.exit_code) == (kind, str(error), kind.exit_code)


def test_the_first_line_of_an_error() -> None:
    assert first_line(ValueError("\n one \n two")) == "one"
    assert first_line(ValueError()) == "ValueError"
    assert len(first_line(ValueError("x" * 1000))) == 200


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PageError("a.png is empty"), "a.png is empty"),
        (MemoryError(), "a.png could not be read: it does not fit in memory; use less"),
        (OSError(12, "Cannot allocate memory"), "a.png could not be read: it does not fit in memory; use less"),
        (RuntimeError("std::bad_alloc"), "a.png could not be read: it does not fit in memory; use less"),
        (
            RuntimeError("onnxruntime/core/framework/bfc_arena.cc:360 Failed to allocate memory"),
            "a.png could not be read: it does not fit in memory; use less",
        ),
        (
            RuntimeError("OpenCV(4.13.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 9 bytes"),
            "a.png could not be read: it does not fit in memory; use less",
        ),
        (OSError(28, "No space left on device", "b.png"), "a.png could not be read: No space left on device"),
        (OSError("no such disk"), "a.png could not be read: no such disk"),
        (ValueError(), "a.png could not be read: ValueError"),
    ],
)
def test_why_something_failed_is_one_sentence(error: Exception, sentence: str) -> None:
    assert sentence_of(error, "a.png", "read", "use less") == sentence
