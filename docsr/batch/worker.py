"""Process one file: read, measure and plan every page, then copy the file, or upscale and write it."""

from __future__ import annotations

import shutil
from collections.abc import Hashable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import BinaryIO

import cv2

from docsr.batch.budget import Budget
from docsr.batch.failed_pages import failing_one_page, original_pixels
from docsr.batch.file_progress import FileProgress, failed
from docsr.batch.one_bit import in_one_bit
from docsr.batch.options import EnhanceOptions, keeps_pdf, output_format
from docsr.batch.outputs import HandledMeanwhile, Outputs, stamp
from docsr.batch.page_plan import RUN_ENDING_ERRORS, Planner
from docsr.batch.results import PageResult, Task
from docsr.decide.decision import Plan
from docsr.errors import FolderError, PageError, PageLost, sentence_of
from docsr.io.decoder_messages import captured_messages, summary_of
from docsr.io.document import MANY_PAGES, PDF, encode_document, read_leaves
from docsr.io.limits import allowing, in_memory
from docsr.io.paths.atomic import staged
from docsr.io.paths.folders import OutputFolder
from docsr.io.paths.manifest import sha256_of
from docsr.page import Bands, Page, Pixels
from docsr.pool import in_worker, reset_timeout, time_limit
from docsr.upscale.page import TileCount, upscale_bands
from docsr.upscalers.base import Upscaler
from docsr.upscalers.catalog import is_file, resolve
from docsr.upscalers.sandbox import may_use_a_gpu

_LONG = 100
"""Number of pages. Networks are dropped from memory before a longer document is saved."""

_PIECE = 1 << 20


class FileEnhancer:
    """Process one file in each call, and keep the loaded networks. Each process has one FileEnhancer."""

    def __init__(
        self,
        options: EnhanceOptions,
        out: Path | OutputFolder,
        threads: int,
        *,
        jobs: int = 1,
        dry: bool = False,
        part: str | None = None,
    ) -> None:
        """Keep the options. Networks are loaded when the first page needs them.

        Args:
            options: the user's options.
            out: the output folder, which holds the manifest; it is opened now, if it exists.
            threads: CPU threads for one network call.
            jobs: how many FileEnhancers work on this machine at the same time.
            dry: plan only; nothing is written.
            part: name of this process's part of the manifest, if other machines write to the folder too.
        """
        self._options, self._threads, self._jobs = options, threads, jobs
        self._outputs = Outputs(out, options.signature(), part)
        self._planner, self._dry = Planner(options, dry=dry), dry
        self._upscalers: dict[tuple[str, int], Upscaler] = {}

    def __call__(self, task: Task) -> list[PageResult]:
        """Process one file, unless it is done already. Its results hold its errors and the libraries' warnings.

        Raises:
            UsageError: the options cannot be met, whatever the file.
            CheckpointError: the network file cannot be used.
        """
        if in_worker():
            cv2.setNumThreads(self._threads)
        with (
            allowing(self._options.max_pixels, self.memory(task)),
            captured_messages(printed=in_worker()) as complaints,
        ):
            rows = self._results(task)
        return [replace(rows[0], warning=summary_of(complaints)), *rows[1:]]

    @property
    def is_bounded(self) -> bool:
        """Whether the system enforces :meth:`memory`. It does not where a GPU may be used: drivers reserve freely."""
        options = self._options
        return options.max_memory is not None or not may_use_a_gpu(options.model, options.device)

    def memory(self, task: Task) -> int:
        """Return how many bytes a process may hold while it works on this file."""
        return self._options.memory(task.source, self._jobs)

    def _results(self, task: Task) -> list[PageResult]:
        progress = FileProgress(budget=Budget.of(task.source, time_limit()))
        if task.refused:
            return failed(task, task.refused, progress)
        try:
            progress.input_stamp = stamp(task.source)
            sha256 = _sha256(task.source)
            already_handled = self._outputs.already_handled(task, sha256)
            if already_handled is None:
                self._process(task, sha256, progress)
            return progress.rows if already_handled is None else already_handled
        except HandledMeanwhile as meanwhile:
            return meanwhile.rows
        except RUN_ENDING_ERRORS:
            raise
        except Exception as error:  # libraries raise anything; the other files are still processed
            progress.readable |= isinstance(error, FolderError)  # the output is at fault, not the input
            return failed(task, sentence_of(error, str(task.source)), progress)

    def _process(self, task: Task, sha256: str, progress: FileProgress) -> None:
        source = task.source
        plans = self._planner.pages(task, progress)
        if progress.all_failed():
            return
        same_suffix = source.suffix.lower() == task.output.suffix.lower()
        is_unchanged = same_suffix and self._options.dpi is None and all(plan.changes_nothing for plan in plans)
        form = output_format(source, self._options.format)
        if not is_unchanged and len(plans) > 1 and form not in MANY_PAGES:
            raise PageError(f"{source} has {len(plans)} pages and {form} holds one: use --format tiff or pdf")
        if self._dry:
            self._estimate(task, plans, progress, is_unchanged=is_unchanged)
            return
        with staged(self._outputs.place(task)) as output, ExitStack() as until_committed:
            if is_unchanged:
                self._copy(task, plans, progress, output.file)
            elif keeps_pdf(source, self._options.format):
                self._replace_scans(task, plans, progress, output.file)
            else:
                pages, wrote = self._upscaled(task, plans, progress, form), progress.budget.wrote
                encode_document(output.file, task.output, pages, form, self._options.quality, wrote)
            output.flush()
            self._outputs.note(task, sha256, progress, until_committed, output.file)
            output.commit()
        assert progress.written is not None
        before, after = source.stat().st_size, progress.written.size
        progress.rows[:] = [replace(row, bytes_in=before, bytes_out=after) for row in progress.with_outcomes()]

    def _copy(self, task: Task, plans: list[Plan], progress: FileProgress, file: BinaryIO) -> None:
        for number, _ in progress.sound(plans):
            progress.rows[number] = progress.rows[number].as_copied()
        _copy(task.source, file)

    def _estimate(self, task: Task, plans: list[Plan], progress: FileProgress, *, is_unchanged: bool) -> None:
        """Put into the rows what a real run would do, and the estimated size of the output."""
        before, dpi = task.source.stat().st_size, self._options.dpi
        kept = sum(row.expected is None for row in progress.rows)
        after: int | None = round(before * kept / len(plans)) + sum(row.expected or 0 for row in progress.rows)
        if is_unchanged:
            after = before
        elif kept and output_format(task.source, self._options.format) != PDF:  # rendered pages have no estimate
            after = None
        for number, plan in progress.sound(plans):
            row = progress.rows[number].as_planned(plan, dpi)
            progress.rows[number] = replace(row, bytes_in=before, bytes_out=after)

    def _replace_scans(self, task: Task, plans: list[Plan], progress: FileProgress, file: BinaryIO) -> None:
        """Write the PDF with its scans enlarged and everything else kept. An image on many pages is enlarged once."""
        from docsr.io.pdf.scans import open_scans

        enlarged = dict[Hashable, int]()
        with open_scans(task.source) as scans:
            for number, plan in progress.within(task, plans):
                row, leaf = progress.rows[number], scans.leaves[number]
                if row.size_in is None or (plan.changes_nothing and self._options.dpi is None):
                    progress.rows[number] = row.as_copied()
                    progress.next_done()
                    leaf.forget()
                    continue
                with failing_one_page(task, progress, number):
                    size = row.size_under(plan, self._options.dpi)
                    shows = plan, leaf.shows(size)
                    if shows in enlarged:
                        leaf.show_as(enlarged[shows])
                        progress.rows[number] = row.as_same(progress.rows[enlarged[shows]], plan, size)
                        progress.next_done()
                    else:
                        leaf.replace(in_memory(self._upscale(task, leaf.read(), plan, progress)), self._options.quality)
                        enlarged[shows] = number
                        progress.budget.wrote(scans.written)
            progress.refuse_if_all_failed()
            self._free_networks(plans)
            if enlarged:
                scans.save(task.output, file)
            else:
                _copy(task.source, file)

    def _upscaled(self, task: Task, plans: list[Plan], progress: FileProgress, form: str) -> Iterator[Page | Bands]:
        """Yield the pages, enlarging each while it is written, and update their rows.

        A page that fails is yielded as it was, if it can be decoded.
        """
        for leaf, plan in zip(read_leaves(task.source, form), plans, strict=True):
            number, page = leaf.number, None
            progress.stop_if_over_budget(task, number)
            if not progress.has_failed(number):
                with failing_one_page(task, progress, number):
                    page = leaf.read()
                    large = self._upscale(task, page, plan, progress)
                    if form == PDF:  # a PDF is not written band by band
                        large = in_memory(large).in_bands()
                if not progress.has_failed(number):
                    yield large
            if progress.has_failed(number):
                page = original_pixels(leaf) if page is None and progress.may_decode(number) else page
                if page is None:
                    progress.left_out.add(number)
                else:
                    yield page
        progress.refuse_if_all_failed()
        self._free_networks(plans)

    def _free_networks(self, plans: list[Plan]) -> None:
        """Free the networks before a long document is saved. Loading them again takes less time than one page."""
        if len(plans) > _LONG:
            self._upscalers.clear()

    def _upscale(self, task: Task, page: Page, plan: Plan, progress: FileProgress) -> Bands:
        """Upscale one page while its bands are iterated, and update its row after the last band."""
        progress.page, count, upscaler = page.number, TileCount(), self._upscaler(plan)
        options, upscale = self._options, partial(upscale_bands, page, upscaler, raster=plan.raster, count=count)
        large = upscale(tile=options.tile, out_dpi=options.dpi, guard=options.guard)
        row = progress.rows[page.number]
        if in_one_bit(page, row.x_height_in, output_format(task.source, options.format), options):
            large = large.in_black_and_white()

        def bands() -> Iterator[Pixels]:
            started, spent, parts = perf_counter(), 0.0, iter(large.bands)
            try:
                while (band := next(parts, None)) is not None:
                    reset_timeout()
                    progress.check_budget()
                    spent += perf_counter() - started
                    yield band
                    started = perf_counter()
            except PageError as error:
                sentence = f"{progress.place(task, page.number)}: {error}"
                progress.lose(page.number, sentence)
                raise PageLost(sentence) from error
            name = Path(plan.model).name if is_file(plan.model) else plan.model
            if row.size_in is None and large.width > page.width:  # a rendered page, interpolated to the wanted dpi
                name = "bicubic"
            progress.rows[page.number] = progress.rows[page.number].as_done(large, plan, name, count, spent)
            progress.next_done()

        return replace(large, bands=bands())

    def _upscaler(self, plan: Plan) -> Upscaler:
        wanted = plan.model, plan.factor
        if wanted not in self._upscalers:
            self._upscalers[wanted] = resolve(*wanted, self._threads, self._options.device)
        return self._upscalers[wanted]


def _copy(source: Path, file: BinaryIO) -> None:
    with source.open("rb") as content:
        shutil.copyfileobj(content, file, _PIECE)


def _sha256(source: Path) -> str:
    """Return the SHA-256 of an input's bytes.

    Raises:
        PageError: the file cannot be read.
    """
    digest = sha256_of(source)
    if digest is None:
        next(read_leaves(source), None)  # raises an error with the reason
        raise PageError(f"{source} could not be read: it changed meanwhile")
    return digest
