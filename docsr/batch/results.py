"""Define the task of one file and the results of its pages."""

from __future__ import annotations

import os
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from docsr.decide.decision import Plan
from docsr.decide.text_size import TextSize
from docsr.io.paths.manifest import Entry
from docsr.io.paths.own_files import OwnFile
from docsr.page import Bands, Dpi, Page
from docsr.square import FINER, KEPT, squared_size
from docsr.system.names import is_descriptor
from docsr.upscale.page import TileCount, size_at

UNREACHED = "it was not reached"
"""The reason why a page was not processed: its file's budget was used up before."""


_TEXT = rb'"(?:[^"\\]|\\.)*"'
_FIRST_ROW = rb'\{\s*"input":\s*%b,\s*"output":\s*%b,\s*"page":\s*\d+,\s*"status":' % (_TEXT, _TEXT)

REPORT = OwnFile(
    "docsr enhance",
    re.compile(rb"\A\s*\[\s*(?:\]\s*\Z|%b)" % _FIRST_ROW),
    "choose another name, or replace it with --overwrite",
    within=65_536,  # room for two paths, even if JSON escapes each letter as six
)
"""The file of ``--report``: a JSON list that is empty or begins with such a row."""


@dataclass(frozen=True, slots=True)
class Task:
    """One file to process.

    Attributes:
        source: the input.
        output: where its output goes.
        entries: the manifest's entries for ``output``.
        overwrite: whether to make the output again and to replace any file in its place.
        name: the manifest's name of the input if ``source`` is a copy of it; empty for the path of ``source``.
        refused: why the file cannot be processed, if known before it is read; else empty.
        passing: whether the name stands for other bytes each time (a pipe), so that only the bytes identify the input.
    """

    source: Path
    output: Path
    entries: tuple[Entry, ...] = ()
    overwrite: bool = False
    name: str = ""
    refused: str = ""
    passing: bool = False

    @property
    def input(self) -> str:
        """The manifest's name of the input."""
        return self.name or os.path.abspath(self.source)

    def is_of(self, entry: Entry) -> bool:
        """Return whether an entry's output was made from the input of this name, even if its bytes have changed."""
        return entry.input == self.input and not self.passing and not is_descriptor(self.input)


@dataclass(frozen=True, slots=True)
class PageResult:
    """The result of one page, or of a whole file that was skipped.

    Attributes:
        input, output: paths of the file and of its output.
        page, pages: the page's number, from 1, and the number of pages (None if unknown).
        status: ``done``; ``copied`` (unchanged: with its whole file, or as a page of a PDF with other pages enlarged);
            ``skipped`` (the file was done before); ``planned`` (a dry run wrote nothing); ``failed``; or ``unwritten``
            (the page is fine, but its file failed).
        error: one sentence on why the page failed.
        warning: on a file's first page, the decoders' messages about damage that they could work around.
        size_in, size_out: (width, height) in px.
        dpi_in, dpi_out: (x, y) dots per inch.
        x_height_in: median over the ink of the text, in px of the page with square pixels unless its pixels were kept.
        x_height_spread: its 25-75 % range, divided by it (0 if all text is of one size).
        x_height_out: the x-height in px of the output.
        factor: the planned factor.
        model: the name of an upscaler, the file name of the user's network, or ``none`` if no upscaler enlarges the
            page (also if it was brought to a dpi with ``--model none``).
        why: what decided the plan.
        seconds: time to enlarge the page.
        tiles, tiles_skipped: tiles that were run, and blank tiles that needed no run.
        put_back: share of the page (0 to 1) that the guard replaced by bicubic because the page did not support it;
            areas replaced because they are dark do not count. None if the guard did not check the page.
        bytes_in, bytes_out: bytes of the whole file; for a planned page ``bytes_out`` is an estimate.
        expected: estimated bytes of the page alone, None if it stays as it is or cannot be estimated.
        readable: False if no page of the file could be read.
        density_in: as in a Page.
        widened: whether the page came with one bit per pixel and gets more.
    """

    input: str
    output: str
    page: int
    status: str
    pages: int | None = None
    error: str | None = None
    warning: str | None = None
    size_in: tuple[int, int] | None = None
    size_out: tuple[int, int] | None = None
    dpi_in: Dpi | None = None
    dpi_out: Dpi | None = None
    x_height_in: float | None = None
    x_height_spread: float | None = None
    x_height_out: float | None = None
    factor: int | None = None
    model: str | None = None
    why: str | None = None
    seconds: float | None = None
    tiles: int = 0
    tiles_skipped: int = 0
    put_back: float | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    expected: int | None = None
    readable: bool = True
    density_in: Dpi | None = None
    widened: bool = False

    def as_row(self) -> dict[str, Any]:
        """Return the row for ``--report``."""
        row = asdict(self)
        del row["readable"], row["expected"], row["density_in"], row["widened"]
        return row

    def as_planned(self, plan: Plan, out_dpi: float | None) -> PageResult:
        """Return the result of a page in a dry run.

        Args:
            plan: the page's plan.
            out_dpi: the dpi that it would be brought to, if any.
        """
        size = None if self.size_in is None else self.size_under(plan, out_dpi)
        return replace(self, status="planned", size_out=size, model=plan.model)

    def size_under(self, plan: Plan, out_dpi: float | None) -> tuple[int, int]:
        """Return the (width, height) in px that a decoded page will have. Arguments are as in as_planned."""
        assert self.size_in is not None
        if out_dpi is None or self.dpi_in is None:
            width, height = squared_size(*self.size_in, self.density_in, plan.raster)
            return plan.factor * width, plan.factor * height
        return size_at(self.size_in, self.dpi_in, out_dpi)

    def as_failed(self, sentence: str) -> PageResult:
        """Return the result of a page that failed."""
        return replace(self, status="failed", error=sentence, size_out=None, dpi_out=None, x_height_out=None)

    def as_same(self, other: PageResult, plan: Plan, size: tuple[int, int]) -> PageResult:
        """Return the result of a page that shows the same image as another, which was enlarged to ``size``."""
        assert self.size_in is not None
        across, down = size[0] / self.size_in[0], size[1] / self.size_in[1]
        return replace(
            self,
            status="done",
            size_out=size,
            dpi_out=None if self.dpi_in is None else (self.dpi_in[0] * across, self.dpi_in[1] * down),
            x_height_out=self._x_height_out(plan, size[1]),
            model=other.model,
            seconds=0.0,
            put_back=other.put_back,
        )

    def as_copied(self) -> PageResult:
        """Return the result of a page that is in the output as it was in the input."""
        return replace(self, status="copied", size_out=self.size_in, dpi_out=self.dpi_in, x_height_out=self.x_height_in)

    def _x_height_out(self, plan: Plan, height: int) -> float | None:
        """Return the x-height at ``height`` rows. It was measured on square pixels, unless the shape is kept."""
        if self.x_height_in is None or self.size_in is None:
            return None
        measured = squared_size(*self.size_in, self.density_in, KEPT if plan.raster == KEPT else FINER)
        return round(self.x_height_in * height / measured[1], 2)

    def as_done(self, page: Bands, plan: Plan, model: str, count: TileCount, seconds: float) -> PageResult:
        """Return the result of a page that became ``page``."""
        return replace(
            self,
            status="done",
            size_out=(page.width, page.height),
            dpi_out=page.dpi,
            x_height_out=self._x_height_out(plan, page.height),
            model=model,
            seconds=round(seconds, 4),
            tiles=count.done,
            tiles_skipped=count.skipped,
            put_back=round(count.put_back.part, 5) if count.put_back.checked else None,
        )


def left(task: Task, number: int, plan: Plan) -> PageResult:
    """Return the result of page ``number`` (from 0), which is not a scan and so is not decoded."""
    place = str(task.source), str(task.output), number + 1
    return PageResult(*place, "unwritten", factor=1, model="none", why=plan.why)


def lost(task: Task, number: int, sentence: str, *, readable: bool) -> PageResult:
    """Return the result of page ``number`` (from 0), which could not be read or planned."""
    place = str(task.source), str(task.output)
    return PageResult(*place, number + 1, "failed", error=sentence, model="none", readable=readable)


def unreached(task: Task, number: int) -> PageResult:
    """Return the result of page ``number`` (from 0), which was not reached within its file's budget."""
    return PageResult(str(task.source), str(task.output), number + 1, "unwritten", model="none", why=UNREACHED)


def planned(task: Task, page: Page, plan: Plan, text: TextSize | None) -> PageResult:
    """Return the result of a page that was read and measured, but not written yet."""
    return PageResult(
        input=str(task.source),
        output=str(task.output),
        page=page.number + 1,
        status="unwritten",
        size_in=(page.width, page.height),
        dpi_in=page.dpi,
        density_in=page.density,
        x_height_in=None if text is None else text.x_height,
        x_height_spread=None if text is None else round(text.spread, 3),
        factor=plan.factor,
        model="none",
        why=plan.reason,
    )
