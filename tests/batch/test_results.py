"""What a file that could not be done is told as."""

from __future__ import annotations

from pathlib import Path

from docsr.batch.file_progress import broken, too_slow
from docsr.batch.results import Task

TASK = Task(Path("a.png"), Path("out/a.png"))


def test_a_file_that_ends_its_process_is_told_with_the_remedy_of_who_ran_it() -> None:
    (row,) = broken("use less", TASK)
    sentence = "a.png ended the process that worked on it (out of memory?): use less"
    assert (row.status, row.error, row.readable) == ("failed", sentence, True)


def test_a_file_that_takes_too_long_is_told_as_that_alone() -> None:
    (row,) = too_slow(2.5, TASK)
    sentence = "a.png was given up: a page took longer than 2.5 s (--time-limit)"
    assert (row.status, row.error, row.readable) == ("failed", sentence, True)
