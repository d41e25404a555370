"""Count and show how many pages of ``docsr enhance`` are done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any

from docsr.cli.bar import now_and_then, shown_bar
from docsr.text.wording import counted

if TYPE_CHECKING:
    from docsr.batch.file_progress import Stage
    from docsr.batch.results import PageResult, Task


@dataclass
class Course:
    """Count the progress of a run. Pages are counted when their file is begun, since opening all files first is slow.

    Attributes:
        files: number of files to do.
        dry: whether a page counts as done once it was looked at.
        files_done: number of files whose results are known.
        skipped: number of these files that an earlier run finished, whose pages are not looked at.
        pages: number of pages of the files whose results are known.
        failed: number of pages that failed.
        show: called when a number changed.
    """

    files: int
    dry: bool = False
    files_done: int = 0
    skipped: int = 0
    pages: int = 0
    failed: int = 0
    show: Callable[[], None] = lambda: None
    _under_way: dict[str, Stage] = field(default_factory=dict)
    _last: str | None = None
    _started: float = field(default_factory=monotonic)

    def heard(self, task: Task, stage: Stage) -> None:
        """Update how far a file under way is."""
        self._under_way[str(task.source)] = stage
        self.show()

    def result(self, row: PageResult) -> None:
        """Add the result of a page; the pages of a file must follow each other."""
        self.failed += row.status == "failed"
        if row.input != self._last:
            self._under_way.pop(row.input, None)
            self.files_done += 1
            self.skipped += row.status == "skipped"
            self.pages += 0 if row.status == "skipped" else row.pages or 1
        self._last = row.input
        self.show()

    @property
    def done(self) -> int:
        """Return the number of pages that are done."""
        return self.pages + sum(stage.looked if self.dry else stage.written for stage in self._under_way.values())

    @property
    def looked(self) -> int:
        """Return the number of pages that were looked at."""
        return self.pages + sum(stage.looked for stage in self._under_way.values())

    @property
    def known(self) -> int:
        """Return the number of pages of the files that are begun."""
        return self.pages + sum(stage.pages for stage in self._under_way.values())

    @property
    def expected(self) -> float:
        """Estimate the pages of all files: those not begun count as many as the others on average."""
        begun = self.files_done - self.skipped + len(self._under_way)
        return self.known + (self._not_begun * self.known / begun if begun else self._not_begun)

    @property
    def _not_begun(self) -> int:
        return max(0, self.files - self.files_done - len(self._under_way))

    def of_all(self, between: str) -> str:
        """Return ``12/40 pages``, or ``12/40+ pages`` while some files' pages are not counted yet."""
        if self._not_begun:
            return f"{self.done:,}{between}{self.known:,}+ pages"
        return f"{self.done:,}{between}{counted(self.known, 'page')}"

    def pace(self) -> str:
        """Return how many pages were looked at, how many are done per second, and how many failed."""
        spent = max(monotonic() - self._started, 1e-3)
        parts = [f"{self.looked:,} looked at"] if self.done < self.looked < self.known else []
        parts += [f"{self.done / spent:.2f} a second"] if self.done else []
        return ", ".join(parts + ([f"{self.failed:,} failed"] if self.failed else []))

    def minutes_left(self) -> float | None:
        """Return the minutes left at this pace; None before a page is done."""
        if not self.done:
            return None
        return (self.expected - self.done) * (monotonic() - self._started) / self.done / 60

    def sentence(self) -> str:
        """Return the whole progress in one line."""
        parts = [self.of_all(" of "), f"{self.files_done:,} of {counted(self.files, 'file')}", self.pace()]
        left = self.minutes_left()
        return ", ".join(part for part in parts + ([] if left is None else [f"about {left:.0f} min left"]) if part)

    def as_row(self) -> dict[str, Any]:
        """Return the progress for a program: ``pages_known`` grows until ``files_begun`` equals ``files``."""
        return {
            "pages_done": self.done,
            "pages_looked_at": self.looked,
            "pages_known": self.known,
            "files_done": self.files_done,
            "files_begun": self.files - self._not_begun,
            "files": self.files,
        }


@contextmanager
def shown(course: Course, tell: Callable[[dict[str, Any]], None] | None = None) -> Iterator[None]:
    """Show the progress on stderr within the block, and pass it to ``tell`` if a program wants it."""
    with shown_bar("") as bar:
        objects = now_and_then(lambda: tell and tell(course.as_row()))

        def show() -> None:
            files = f"{course.files_done:,}/{counted(course.files, 'file')}"
            counts = ", ".join(part for part in (course.of_all("/"), files, course.pace()) if part)
            bar.update(course.done, course.expected, counts, course.sentence())
            objects()

        if bar.is_drawn:
            show()
        course.show = show
        try:
            yield
        finally:
            course.show = lambda: None
