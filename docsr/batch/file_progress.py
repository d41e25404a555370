"""Track the progress of the work on a file, and make the rows of a file that failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from docsr.batch.budget import Budget
from docsr.batch.results import UNREACHED, PageResult, Task, lost, unreached
from docsr.decide.decision import Plan
from docsr.errors import PageError
from docsr.io.paths.manifest import Entry
from docsr.pool import send
from docsr.text.wording import counted

_AS_IT_WAS, _LEFT_OUT = "it is in the output as it was", "it is left out"


@dataclass(frozen=True, slots=True)
class Stage:
    """The progress on a file in numbers of pages: all, planned so far, and written so far."""

    pages: int
    looked: int
    written: int


@dataclass(slots=True)
class FileProgress:
    """The progress of the work on a file.

    Attributes:
        rows: the results of the pages reached so far, in page order.
        pages: the number of pages, once it is known.
        page: the 0-based number of the current page, to which an error belongs.
        done: how many pages are written.
        readable: whether any page of the file could be read.
        input_stamp: the input's stamp when it was opened (:func:`docsr.batch.outputs.stamp`), to notice a later change.
        written: the manifest's entry of the output, made just before the output takes its place.
        left_out: 0-based numbers of pages that failed and are missing from the output.
        budget: the time and output bytes that the file may use.
    """

    rows: list[PageResult] = field(default_factory=list)
    pages: int | None = None
    page: int = 0
    done: int = 0
    readable: bool = False
    input_stamp: tuple[int, ...] | None = None
    written: Entry | None = None
    left_out: set[int] = field(default_factory=set)
    budget: Budget = field(default_factory=lambda: Budget(0, None))

    def has_failed(self, number: int) -> bool:
        """Return whether a page failed, or was not reached before its file's budget was used up."""
        return self.rows[number].status == "failed" or self.rows[number].why == UNREACHED

    def stop(self, task: Task, number: int, fault: str) -> None:
        """Fail page ``number`` and all pages after it, because the file's budget is used up.

        Args:
            task: the file.
            number: the page, from 0; its row may not exist yet.
            fault: a clause on what is used up.
        """
        after = (self.pages or 0) - number - 1
        more = f", so that this page and {counted(after, 'page')} after it were not reached" if after > 0 else ""
        sentence = f"{self.place(task, number)}: {fault}{more}"
        failed = {place: row for place, row in enumerate(self.rows) if place > number and row.status == "failed"}
        self.rows[number:] = [replace(lost(task, number, sentence, readable=True), why=UNREACHED, pages=self.pages)]
        for place in range(number + 1, self.pages or 0):
            self.rows.append(failed.get(place) or replace(unreached(task, place), pages=self.pages))

    def sound(self, plans: Sequence[Plan]) -> Iterator[tuple[int, Plan]]:
        """Yield the 0-based numbers and the plans of the pages that have not failed so far."""
        for number, plan in enumerate(plans):
            if not self.has_failed(number):
                yield number, plan

    def check_budget(self) -> None:
        """Raise a PageError if the file's budget is used up. This is the check within a page."""
        fault = self.budget.fault()
        if fault is not None:
            raise PageError(fault)

    def may_decode(self, number: int) -> bool:
        """Return whether a page that failed may be decoded once more, to be written as it was."""
        return self.rows[number].why != UNREACHED and self.budget.fault() is None

    def stop_if_over_budget(self, task: Task, number: int) -> None:
        """Stop before page ``number`` if the file's budget is used up."""
        fault = self.budget.fault()
        if fault is not None and not self.has_failed(number):
            self.stop(task, number, fault)

    def within(self, task: Task, plans: Sequence[Plan]) -> Iterator[tuple[int, Plan]]:
        """Yield the pages of :meth:`sound` until the file's budget is used up."""
        for number, plan in enumerate(plans):
            self.stop_if_over_budget(task, number)
            if not self.has_failed(number):
                yield number, plan

    def refuse_if_all_failed(self) -> None:
        """Raise a PageError with the last page's error if all pages of the file failed."""
        if self.all_failed():
            self.page = max(number for number, row in enumerate(self.rows) if row.status == "failed")
            raise PageError(self.rows[self.page].error or "no page could be read")

    def all_failed(self) -> bool:
        """Return whether at least one page was reached and all reached pages failed."""
        return bool(self.rows) and all(map(self.has_failed, range(len(self.rows))))

    def place(self, task: Task, number: int, after: str = "") -> str:
        """Return a page's name for a sentence: its file, and its number if the file has several pages.

        Args:
            task: the file.
            number: the page, from 0.
            after: text after the number, such as a comma within a sentence.
        """
        pages = len(self.rows) if self.pages is None else self.pages
        return f"{task.source}, page {number + 1}{after}" if pages > 1 else str(task.source)

    def lose(self, number: int, sentence: str) -> None:
        """Mark page ``number`` as failed. The other pages of the file go on."""
        self.rows[number] = self.rows[number].as_failed(sentence)

    def with_outcomes(self) -> list[PageResult]:
        """Return the rows of a written file. Rows of failed pages say whether the output holds the page."""
        return [
            replace(row, error=f"{row.error}; {_LEFT_OUT if number in self.left_out else _AS_IT_WAS}")
            if row.status == "failed"
            else row
            for number, row in enumerate(self.rows)
        ]

    def counted(self, pages: int) -> None:
        """Record how many pages the file has."""
        self.pages = pages
        self.announce()

    def add(self, row: PageResult) -> None:
        """Add the row of one more page."""
        self.rows.append(replace(row, pages=self.pages))
        self.announce()

    def next_done(self) -> None:
        """Count one more page that is written."""
        self.done += 1
        self.announce()

    def announce(self) -> None:
        """Send the progress to the listener, if there is one."""
        send(Stage(self.pages or 0, len(self.rows), self.done))


def failed(task: Task, sentence: str, progress: FileProgress) -> list[PageResult]:
    """Return the rows of a file that failed: the current page gets the error, the others count as unwritten."""
    rows = {
        row.page: row
        if row.status == "failed"
        else replace(row, status="unwritten", size_out=None, dpi_out=None, x_height_out=None)
        for row in progress.rows
    }
    page = progress.page + 1
    row = rows.get(page) or PageResult(str(task.source), str(task.output), page, "failed", pages=progress.pages)
    rows[page] = replace(row, status="failed", error=sentence, readable=progress.readable)
    return [rows[number] for number in sorted(rows)]


def broken(remedy: str, task: Task) -> list[PageResult]:
    """Return the rows of a file whose worker processes ended unexpectedly.

    Args:
        remedy: what to try if memory was too small.
        task: the file.
    """
    sentence = f"{task.source} ended the process that worked on it (out of memory?): {remedy}"
    return failed(task, sentence, FileProgress(readable=True))


def too_slow(time_limit: float | None, task: Task) -> list[PageResult]:
    """Return the rows of a file that was given up because one page took longer than ``time_limit`` seconds."""
    sentence = f"{task.source} was given up: a page took longer than {time_limit or 0:g} s (--time-limit)"
    return failed(task, sentence, FileProgress(readable=True))
