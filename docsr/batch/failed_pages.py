"""Confine an error to its page: note it in the page's row, and keep the page as it was if it can be decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from docsr.batch.file_progress import FileProgress
from docsr.batch.page_plan import RUN_ENDING_ERRORS
from docsr.batch.results import Task
from docsr.errors import sentence_of
from docsr.io.document import DocumentPage
from docsr.page import Page


@contextmanager
def failing_one_page(task: Task, progress: FileProgress, number: int) -> Iterator[None]:
    """Turn an error in the block into the failure of page ``number`` (from 0), unless it must end the run."""
    try:
        yield
    except RUN_ENDING_ERRORS:
        raise
    except Exception as error:  # libraries raise anything; the other pages are still processed
        progress.lose(number, sentence_of(error, progress.place(task, number, ",")))


def original_pixels(leaf: DocumentPage) -> Page | None:
    """Return the pixels of a page that failed: the decoded ones, else those that a viewer shows, else None."""
    try:
        return leaf.read()
    except Exception:  # the page's row has the error already
        return leaf.instead()
