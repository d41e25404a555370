"""Errors travel between processes, and say one thing in one line."""

from __future__ import annotations

import pickle

import pytest

from docsr import errors
from docsr.errors import DocsrError, MissingExtraError, first_line

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
