"""What a file that could not be done is told as."""

from __future__ import annotations

from pathlib import Path

import pytest

from docsr.upscalers.reached import broken
from docsr.upscalers.results import Task

LOST = "a.png ended the process that worked on it (out of memory?)"


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        (None, f"{LOST}: use less"),
        (2.5, f"{LOST}, or took more than 2.5 s for a page: use less or a longer --time-limit"),
    ],
)
def test_a_file_that_ends_its_process_is_told_with_the_remedy_of_who_ran_it(limit: float | None, sentence: str) -> None:
    (row,) = broken("use less", limit, Task(Path("a.png"), Path("out/a.png")))
    assert (row.status, row.error, row.readable) == ("failed", sentence, True)
