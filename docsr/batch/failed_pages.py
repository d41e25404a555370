"""One bad page costs that page: its failure is noted in its row, and it stays as it was where it can be had."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from docsr.batch.file_progress import FileProgress
from docsr.batch.page_plan import NO_PAGES_FAULT
from docsr.batch.results import Task
from docsr.errors import sentence_of
from docsr.io.document import DocumentPage
from docsr.page import Page


@contextmanager
def costing_its_page(task: Task, progress: FileProgress, number: int) -> Iterator[None]:
    """Let whatever fails in the block cost the page ``number`` (from 0), unless it is no page's fault."""
    try:
        yield
    except NO_PAGES_FAULT:
        raise
    except Exception as error:  # whatever a library raises for one page, the others are still done
        progress.lose(number, sentence_of(error, progress.place(task, number, ",")))


def as_it_was(leaf: DocumentPage) -> Page | None:
    """Return a page that failed as pixels: its own, else those that a viewer shows, else nothing."""
    try:
        return leaf.read()
    except Exception:  # as it has been told
        return leaf.instead()
