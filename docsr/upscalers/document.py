"""One file through upscalers: read, measure, plan every page, then copy the file or upscale and write it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from docsr import __version__
from docsr.errors import PageError, UsageError
from docsr.io.files import atomic_write
from docsr.io.images import read_pages, write_pages
from docsr.manifest import sha256_of, sha256_of_text
from docsr.page import Dpi, Page
from docsr.textsize import measure
from docsr.upscalers.base import Upscaler
from docsr.upscalers.catalog import FACTORS, is_file, own_factor, resolve
from docsr.upscalers.choose import Plan, factor_for_dpi, factor_for_text, plan_page
from docsr.upscalers.page import DEFAULT_TILE, TileCount, upscale_page
from docsr.weights import catalogue

FORMATS = {"png": ".png", "tiff": ".tif", "jpg": ".jpg"}
"""Output format -> suffix."""

_SAME = {
    ".png": "png",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".jpg": "jpg",
    ".jpeg": "jpg",
    ".jpe": "jpg",
    ".webp": "webp",
    ".bmp": "bmp",
}
"""Suffix of an input -> format that ``same`` means; anything else becomes PNG."""


@dataclass(frozen=True, slots=True)
class EnhanceOptions:
    """What the user asks for.

    Attributes:
        factor: 2, 4, 8, or None to choose by the measured x-height (or by ``dpi``).
        dpi: exact resolution of the output, or None.
        model: as :func:`docsr.upscalers.catalog.resolve` takes it, or None for what reads best.
        format: ``same``, ``png``, ``tiff`` or ``jpg``.
        quality: of JPEG, 1 to 100.
        tile: largest side of a tile in input px.
        device: ``auto``, ``cpu`` or ``cuda``.
    """

    factor: int | None = None
    dpi: float | None = None
    model: str | None = None
    format: str = "same"
    quality: int = 90
    tile: int = DEFAULT_TILE
    device: str = "auto"

    def check(self) -> None:
        """Raise a UsageError or CheckpointError for options that cannot be served."""
        if self.factor is not None and self.factor not in FACTORS:
            raise UsageError(f"the factor is one of {FACTORS}, not {self.factor}")
        if self.format not in {"same", *FORMATS}:
            raise UsageError(f"the format {self.format} cannot be written: use same, {', '.join(FORMATS)}")
        if self.tile < 16 or (self.dpi is not None and not 1 <= self.dpi <= 4800):
            raise UsageError(f"tile {self.tile} px must be at least 16, dpi {self.dpi} between 1 and 4800")
        if self.model is not None:
            resolve(self.model, self.factor, threads=1, device=self.device)

    def signature(self) -> str:
        """Return a hash of what decides an output: these options, the networks, the version."""
        if self.model is not None and is_file(self.model):
            networks = {"file": sha256_of(Path(self.model))}
        else:
            networks = {card.name: sha256_of(card.path) for card in catalogue().values()}
        wish = {"factor": self.factor, "dpi": self.dpi, "format": self.format, "quality": self.quality}
        model = None if self.model is not None and is_file(self.model) else self.model
        return sha256_of_text(repr((__version__, wish, model, sorted(networks.items()))))


@dataclass(frozen=True, slots=True)
class PageResult:
    """What became of one page; of a whole file where nothing was done to its pages (skipped, failed).

    Sizes are (width, height) in px, dpi (x, y); ``page`` counts from 0. ``model`` is ``none`` for a page left as it
    is. ``status`` is ``done``, ``copied`` (the file's own bytes), ``skipped`` (done before) or ``failed``.
    """

    input: str
    output: str
    page: int
    status: str
    error: str | None = None
    size_in: tuple[int, int] | None = None
    size_out: tuple[int, int] | None = None
    dpi_in: Dpi | None = None
    dpi_out: Dpi | None = None
    x_height_in: float | None = None
    x_height_out: float | None = None
    factor: int | None = None
    model: str | None = None
    seconds: float | None = None
    tiles: int = 0
    tiles_skipped: int = 0

    @property
    def readable(self) -> bool:
        """Whether the page was read: False for a file that failed before its pixels were known."""
        return self.status != "failed" or self.size_in is not None

    def as_row(self) -> dict[str, Any]:
        """Return the row of ``--report``."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Task:
    """One file to do; ``known`` is the sha256 that a finished output was made from, or None."""

    source: Path
    output: Path
    known: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    results: list[PageResult]
    sha256: str | None = None


class Bench:
    """One process's tools: options and loaded networks. A call does one file."""

    def __init__(self, options: EnhanceOptions, threads: int) -> None:
        """Keep the options; networks are loaded when the first page needs them."""
        self._options, self._threads = options, threads
        self._own_factor: int | None = None
        self._upscalers: dict[Plan, Upscaler] = {}

    def __call__(self, task: Task) -> Outcome:
        """Do one file; its failure is part of the outcome.

        Raises:
            UsageError: the options cannot be served, for any file.
            CheckpointError: a network file cannot be used.
        """
        digest = sha256_of(task.source)
        if digest is not None and digest == task.known:
            return Outcome([PageResult(str(task.source), str(task.output), 0, "skipped")], digest)
        rows: list[PageResult] = []
        try:
            self._do(task, rows)
        except (PageError, OSError, MemoryError) as error:
            return failure(task, _sentence(task, error), rows)
        return Outcome(rows, digest)

    def _do(self, task: Task, rows: list[PageResult]) -> None:
        path = task.source
        plans = self._plan_pages(task, rows)
        same_suffix = path.suffix.lower() == task.output.suffix.lower()
        if same_suffix and self._options.dpi is None and all(plan.factor == 1 for plan, _ in plans):
            rows[:] = [replace(row, status="copied", size_out=row.size_in, dpi_out=row.dpi_in) for row in rows]
            with atomic_write(task.output) as temporary:
                shutil.copyfile(path, temporary)
            return
        form = output_format(path, self._options.format)
        if len(plans) > 1 and form != "tiff":
            raise PageError(f"{path} has {len(plans)} pages and {form} holds one: use --format tiff")
        write_pages(task.output, self._upscaled(task, plans, rows), form, self._options.quality)

    def _plan_pages(self, task: Task, rows: list[PageResult]) -> list[tuple[Plan, float | None]]:
        """Read every page once, so that a damaged file is known, and a copy possible, before anything is written."""
        plans = []
        for page in read_pages(task.source):
            plans.append(self._plan(page))
            rows.append(_planned(task, page, *plans[-1]))
        return plans

    def _plan(self, page: Page) -> tuple[Plan, float | None]:
        options = self._options
        measured = measure(page.pixels)
        x_height = measured.x_height if measured is not None else None
        needed = factor_for_text(x_height)
        if options.dpi is not None:
            if page.dpi is None:
                place = f"{page.source} (page {page.number + 1})"
                raise PageError(f"{place} does not say its dpi, so --dpi {options.dpi:g} cannot be met: use --factor")
            needed = factor_for_dpi(page.dpi, options.dpi)
        if options.model is not None and self._own_factor is None:
            self._own_factor = own_factor(options.model)
        plan = plan_page(needed, x_height, factor=options.factor, model=options.model, own_factor=self._own_factor)
        return plan, x_height

    def _upscaled(self, task: Task, plans: list[tuple[Plan, float | None]], rows: list[PageResult]) -> Iterator[Page]:
        """Yield the finished pages, and put their rows in the place of those made while planning."""
        rows_before = list(rows)
        rows.clear()
        for page, (plan, _), row in zip(read_pages(task.source), plans, rows_before, strict=True):
            started, count, upscaler = perf_counter(), TileCount(), self._upscaler(plan)
            result = upscale_page(page, upscaler, tile=self._options.tile, out_dpi=self._options.dpi, count=count)
            rows.append(_done(row, result, upscaler.name, count, perf_counter() - started))
            del page  # while the result is written it would be one page more in memory
            yield result

    def _upscaler(self, plan: Plan) -> Upscaler:
        if plan not in self._upscalers:
            self._upscalers[plan] = resolve(plan.model, plan.factor, self._threads, self._options.device)
        return self._upscalers[plan]


def output_format(source: Path, wanted: str) -> str:
    """Return ``png``, ``tiff`` or ``jpg``; ``same`` becomes PNG for inputs of other kinds."""
    return _SAME.get(source.suffix.lower(), "png") if wanted == "same" else wanted


def output_suffix(source: Path, wanted: str) -> str:
    """Return the suffix of the output, with its dot; a suffix of the right format is kept as it is spelt."""
    form = output_format(source, wanted)
    return source.suffix if _SAME.get(source.suffix.lower()) == form else FORMATS[form]


def failure(task: Task, sentence: str, rows: list[PageResult] | None = None) -> Outcome:
    """Return the outcome of a file that failed, ``rows`` being the pages that were reached."""
    reached = rows[-1] if rows else PageResult(str(task.source), str(task.output), 0, "failed")
    return Outcome([replace(reached, status="failed", error=sentence, size_out=None, dpi_out=None)])


def _sentence(task: Task, error: Exception) -> str:
    if isinstance(error, PageError):
        return str(error)
    if isinstance(error, MemoryError):
        return f"{task.source} does not fit in memory: use fewer --jobs"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{task.source} could not be done: {reason}"


def _planned(task: Task, page: Page, plan: Plan, x_height: float | None) -> PageResult:
    return PageResult(
        input=str(task.source),
        output=str(task.output),
        page=page.number,
        status="failed",  # until it is written
        size_in=(page.width, page.height),
        dpi_in=page.dpi,
        x_height_in=x_height,
        x_height_out=x_height,
        factor=plan.factor,
        model="none",
    )


def _done(row: PageResult, page: Page, model: str, count: TileCount, seconds: float) -> PageResult:
    scale = page.height / row.size_in[1] if row.size_in else 1.0
    return replace(
        row,
        status="done",
        size_out=(page.width, page.height),
        dpi_out=page.dpi,
        x_height_out=None if row.x_height_in is None else round(row.x_height_in * scale, 2),
        model=model,
        seconds=round(seconds, 4),
        tiles=count.done,
        tiles_skipped=count.skipped,
    )
