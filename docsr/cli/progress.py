"""How far a run of ``docsr enhance`` is, in pages: a bar on a terminal, else a line now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any

from docsr.cli.echo import say, terminal
from docsr.text.wording import counted

if TYPE_CHECKING:
    from docsr.batch.file_progress import Stage
    from docsr.batch.results import PageResult, Task

SECONDS_BETWEEN_LINES = 60.0
"""How often a run that writes to no terminal says how far it is, and a program is told."""


@dataclass
class Course:
    """Where a run is. Pages are counted as files are begun: to open all before would take long.

    Attributes:
        files: to do.
        dry: whether a page is done when it was looked at.
        files_done: files whose results are known.
        skipped: those of them that were done before, whose pages nobody looked at.
        pages: of the files whose results are known.
        failed: pages that could not be done.
        show: called when something changed.
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
        """Hear how far a file under way is."""
        self._under_way[str(task.source)] = stage
        self.show()

    def result(self, row: PageResult) -> None:
        """Hear what became of a page (those of a file follow each other)."""
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
        """Pages that are done."""
        return self.pages + sum(one.looked if self.dry else one.written for one in self._under_way.values())

    @property
    def looked(self) -> int:
        """Pages that were looked at."""
        return self.pages + sum(one.looked for one in self._under_way.values())

    @property
    def known(self) -> int:
        """Pages of the files that are begun."""
        return self.pages + sum(one.pages for one in self._under_way.values())

    @property
    def expected(self) -> float:
        """Pages of all files, if those that are not begun have as many as the others on the average."""
        begun = self.files_done - self.skipped + len(self._under_way)
        return self.known + (self._not_begun * self.known / begun if begun else self._not_begun)

    @property
    def _not_begun(self) -> int:
        return max(0, self.files - self.files_done - len(self._under_way))

    def of_all(self, between: str) -> str:
        """``12/40 pages``, or ``12/40+ pages`` where files are left whose pages are not counted yet."""
        if self._not_begun:
            return f"{self.done:,}{between}{self.known:,}+ pages"
        return f"{self.done:,}{between}{counted(self.known, 'page')}"

    def pace(self) -> str:
        """How many pages were looked at, how fast they are done, and how many failed."""
        spent = max(monotonic() - self._started, 1e-3)
        parts = [f"{self.looked:,} looked at"] if self.done < self.looked < self.known else []
        parts += [f"{self.done / spent:.2f} a second"] if self.done else []
        return ", ".join(parts + ([f"{self.failed:,} failed"] if self.failed else []))

    def minutes_left(self) -> float | None:
        """What is left at this pace; None before a page is done."""
        if not self.done:
            return None
        return (self.expected - self.done) * (monotonic() - self._started) / self.done / 60

    def sentence(self) -> str:
        """All that in a line."""
        parts = [self.of_all(" of "), f"{self.files_done:,} of {counted(self.files, 'file')}", self.pace()]
        left = self.minutes_left()
        return ", ".join(part for part in parts + ([] if left is None else [f"about {left:.0f} min left"]) if part)

    def as_row(self) -> dict[str, Any]:
        """The same for a program: ``pages_known`` grows until ``files_begun`` is ``files``."""
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
    """Say how far the run is within the block, on stderr, and to ``tell`` where a program wants to hear of it."""
    console = terminal(err=True)
    bar: AbstractContextManager[Callable[[], None]] = _bar(course) if console.is_terminal else nullcontext(_log(course))
    with bar as say:
        objects = now_and_then(SECONDS_BETWEEN_LINES, lambda: tell and tell(course.as_row()))

        def show() -> None:
            say()
            objects()

        course.show = show
        try:
            yield
        finally:
            course.show = lambda: None


@contextmanager
def _bar(course: Course) -> Iterator[Callable[[], None]]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=terminal(err=True), transient=True, speed_estimate_period=600) as bar:
        task = bar.add_task("", total=None)

        def say() -> None:
            files = f"{course.files_done:,}/{counted(course.files, 'file')}"
            said = ", ".join(part for part in (course.of_all("/"), files, course.pace()) if part)
            bar.update(task, completed=course.done, total=course.expected, description=said)

        say()
        yield say


def _log(course: Course) -> Callable[[], None]:
    return now_and_then(SECONDS_BETWEEN_LINES, lambda: say(f"docsr: {course.sentence()}", err=True))


def now_and_then(seconds: float, say: Callable[[], Any]) -> Callable[[], None]:
    """Let ``say`` through once in so many seconds at most, the first time after so many."""
    said = monotonic()

    def called() -> None:
        nonlocal said
        if monotonic() - said >= seconds:
            said = monotonic()
            say()

    return called
