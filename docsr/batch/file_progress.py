"""How far the work on a file has come, and the rows of one that failed."""

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
    """How far the work on a file is: its pages, how many of them were looked at, and how many are written."""

    pages: int
    looked: int
    written: int


@dataclass(slots=True)
class FileProgress:
    """How far the work on a file has come.

    Attributes:
        rows: of the pages reached so far, in their order.
        pages: how many there are, once that is known.
        page: the 0-based page that it is at, to which a failure belongs.
        done: how many pages are written.
        readable: whether anything of the file could be read.
        seen: what told the input from another version of it when it was opened.
        written: what the manifest was told of the output, just before it takes its place.
        left_out: 0-based numbers of pages that failed, and that are not in the output.
        budget: what the file may take.
    """

    rows: list[PageResult] = field(default_factory=list)
    pages: int | None = None
    page: int = 0
    done: int = 0
    readable: bool = False
    seen: tuple[int, ...] | None = None
    written: Entry | None = None
    left_out: set[int] = field(default_factory=set)
    budget: Budget = field(default_factory=lambda: Budget(0, None))

    def has_failed(self, number: int) -> bool:
        """Tell whether a page that was reached has failed, or was not reached in what its file may take."""
        return self.rows[number].status == "failed" or self.rows[number].why == UNREACHED

    def stop(self, task: Task, number: int, fault: str) -> None:
        """Note that the file used up what it may take before the page ``number``: it fails, those after it with it.

        Args:
            task: the file.
            number: of the page, from 0; its row may not be there yet.
            fault: what is used up, as a clause.
        """
        after = (self.pages or 0) - number - 1
        more = f", so that this page and {counted(after, 'page')} after it were not reached" if after > 0 else ""
        sentence = f"{self.place(task, number)}: {fault}{more}"
        failed = {place: row for place, row in enumerate(self.rows) if place > number and row.status == "failed"}
        self.rows[number:] = [replace(lost(task, number, sentence, readable=True), why=UNREACHED, pages=self.pages)]
        for place in range(number + 1, self.pages or 0):
            self.rows.append(failed.get(place) or replace(unreached(task, place), pages=self.pages))

    def sound(self, plans: Sequence[Plan]) -> Iterator[tuple[int, Plan]]:
        """Yield the 0-based numbers of the pages that have not failed (so far), with their plans."""
        for number, plan in enumerate(plans):
            if not self.has_failed(number):
                yield number, plan

    def check_budget(self) -> None:
        """Raise a PageError, within a page, if the file has used up what it may take."""
        fault = self.budget.fault()
        if fault is not None:
            raise PageError(fault)

    def may_decode(self, number: int) -> bool:
        """Tell whether a page that failed may be decoded once more, to be shown as it was."""
        return self.rows[number].why != UNREACHED and self.budget.fault() is None

    def look_at_budget(self, task: Task, number: int) -> None:
        """Stop before a page if the file has used up what it may take."""
        fault = self.budget.fault()
        if fault is not None and not self.has_failed(number):
            self.stop(task, number, fault)

    def within(self, task: Task, plans: Sequence[Plan]) -> Iterator[tuple[int, Plan]]:
        """Yield those of :meth:`sound`, as long as the file has not used up what it may take."""
        for number, plan in enumerate(plans):
            self.look_at_budget(task, number)
            if not self.has_failed(number):
                yield number, plan

    def refuse_if_all_failed(self) -> None:
        """Refuse to write a file all of whose pages failed: PageError, with the sentence of its last page."""
        if self.all_failed():
            self.page = max(number for number, row in enumerate(self.rows) if row.status == "failed")
            raise PageError(self.rows[self.page].error or "no page could be read")

    def all_failed(self) -> bool:
        """Tell whether pages were reached, and none of them is sound."""
        return bool(self.rows) and all(map(self.has_failed, range(len(self.rows))))

    def place(self, task: Task, number: int, after: str = "") -> str:
        """Return how a sentence names a page: its file, and where that has more pages, its number.

        Args:
            task: the file.
            number: of the page, from 0.
            after: what ends the number, a comma in the midst of a sentence.
        """
        pages = len(self.rows) if self.pages is None else self.pages
        return f"{task.source}, page {number + 1}{after}" if pages > 1 else str(task.source)

    def lose(self, number: int, sentence: str) -> None:
        """Note that a page failed; the others of its file go on."""
        self.rows[number] = self.rows[number].as_failed(sentence)

    def as_told(self) -> list[PageResult]:
        """Return the rows of a file that was written: those of pages that failed say what became of them."""
        return [
            replace(row, error=f"{row.error}; {_LEFT_OUT if number in self.left_out else _AS_IT_WAS}")
            if row.status == "failed"
            else row
            for number, row in enumerate(self.rows)
        ]

    def counted(self, pages: int) -> None:
        """Hear how many pages there are."""
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
        """Tell whoever listens how far it is."""
        send(Stage(self.pages or 0, len(self.rows), self.done))


def failed(task: Task, sentence: str, progress: FileProgress) -> list[PageResult]:
    """Return the rows of a file that failed: the page where it did carries the sentence, sound ones are unwritten."""
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
    """Return the rows of a file that ended the processes it was worked on in.

    Args:
        remedy: what to try where memory was too small.
        task: the file.
    """
    sentence = f"{task.source} ended the process that worked on it (out of memory?): {remedy}"
    return failed(task, sentence, FileProgress(readable=True))


def too_slow(time_limit: float | None, task: Task) -> list[PageResult]:
    """Return the rows of a file that was given up because a page of it took longer than ``time_limit`` seconds."""
    sentence = f"{task.source} was given up: it took more than {time_limit or 0:g} s for a page (--time-limit)"
    return failed(task, sentence, FileProgress(readable=True))
