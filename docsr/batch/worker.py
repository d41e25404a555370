"""One file through upscalers: read, measure, plan every page, then copy the file or upscale and write it."""

from __future__ import annotations

import shutil
from collections.abc import Hashable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, BinaryIO

import cv2

from docsr.batch.budget import Budget
from docsr.batch.failed_pages import as_it_was, costing_its_page
from docsr.batch.file_progress import FileProgress, failed
from docsr.batch.one_bit import in_one_bit
from docsr.batch.options import EnhanceOptions, keeps_pdf, output_format
from docsr.batch.outputs import HandledMeanwhile, Outputs, stamp
from docsr.batch.page_plan import NO_PAGES_FAULT, Planner
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

if TYPE_CHECKING:
    pass


_LONG = 100
"""Pages: of a longer document networks are not kept in memory while it is saved."""

_PIECE = 1 << 20


class FileEnhancer:
    """Does files, one a call; keeps the networks it has loaded. One in each process."""

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
        """Keep the options; networks are loaded when the first page needs them.

        Args:
            options: what is asked for.
            out: the output folder, which holds the manifest; it is opened now, if it is there.
            threads: CPU threads of one network call.
            jobs: how many of these work on one machine at the same time.
            dry: only plan; nothing is written.
            part: of the manifest, where others write to it from other machines.
        """
        self._options, self._threads, self._jobs = options, threads, jobs
        self._outputs = Outputs(out, options.signature(), part)
        self._planner, self._dry = Planner(options, dry=dry), dry
        self._upscalers: dict[tuple[str, int], Upscaler] = {}

    def __call__(self, task: Task) -> list[PageResult]:
        """Do one file, unless it is done; its failure is told in the results, and what libraries said of it.

        Raises:
            UsageError: the options cannot be served, for any file.
            CheckpointError: a network file cannot be used.
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
        """Whether the system shall keep that limit: drivers of GPUs reserve memory as they like."""
        options = self._options
        return options.max_memory is not None or not may_use_a_gpu(options.model, options.device)

    def memory(self, task: Task) -> int:
        """Return how many bytes the process may hold that does this file."""
        return self._options.memory(task.source, self._jobs)

    def _results(self, task: Task) -> list[PageResult]:
        progress = FileProgress(budget=Budget.of(task.source, time_limit()))
        if task.refused:
            return failed(task, task.refused, progress)
        try:
            progress.seen = stamp(task.source)
            sha256 = _sha256(task.source)
            already_handled = self._outputs.already_handled(task, sha256)
            if already_handled is None:
                self._do(task, sha256, progress)
            return progress.rows if already_handled is None else already_handled
        except HandledMeanwhile as meanwhile:
            return meanwhile.rows
        except NO_PAGES_FAULT:
            raise
        except Exception as error:  # whatever a library raises for one file, the others are still done
            progress.readable |= isinstance(error, FolderError)  # it is the output that has no place
            return failed(task, sentence_of(error, str(task.source)), progress)

    def _do(self, task: Task, sha256: str, progress: FileProgress) -> None:
        source = task.source
        plans = self._planner.pages(task, progress)
        if progress.all_failed():
            return
        same_suffix = source.suffix.lower() == task.output.suffix.lower()
        as_it_is = same_suffix and self._options.dpi is None and all(plan.changes_nothing for plan in plans)
        form = output_format(source, self._options.format)
        if not as_it_is and len(plans) > 1 and form not in MANY_PAGES:
            raise PageError(f"{source} has {len(plans)} pages and {form} holds one: use --format tiff or pdf")
        if self._dry:
            self._foretell(task, plans, progress, as_it_is=as_it_is)
            return
        with staged(self._outputs.place(task)) as output, ExitStack() as until_committed:
            if as_it_is:
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
        progress.rows[:] = [replace(row, bytes_in=before, bytes_out=after) for row in progress.as_told()]

    def _copy(self, task: Task, plans: list[Plan], progress: FileProgress, file: BinaryIO) -> None:
        for number, _ in progress.sound(plans):
            progress.rows[number] = progress.rows[number].as_copied()
        _copy(task.source, file)

    def _foretell(self, task: Task, plans: list[Plan], progress: FileProgress, *, as_it_is: bool) -> None:
        """Put into the rows what would become of the pages, and about how large the file would be."""
        before, dpi = task.source.stat().st_size, self._options.dpi
        kept = sum(row.expected is None for row in progress.rows)
        after: int | None = round(before * kept / len(plans)) + sum(row.expected or 0 for row in progress.rows)
        if as_it_is:
            after = before
        elif kept and output_format(task.source, self._options.format) != PDF:  # nobody looked at what is rendered
            after = None
        for number, plan in progress.sound(plans):
            row = progress.rows[number].as_planned(plan, dpi)
            progress.rows[number] = replace(row, bytes_in=before, bytes_out=after)

    def _replace_scans(self, task: Task, plans: list[Plan], progress: FileProgress, file: BinaryIO) -> None:
        """Write the PDF with its scans enlarged, and all else as it was; an image on many pages is enlarged once."""
        from docsr.io.pdf.scans import open_scans

        new = dict[Hashable, int]()
        with open_scans(task.source) as scans:
            for number, plan in progress.within(task, plans):
                row, leaf = progress.rows[number], scans.leaves[number]
                if row.size_in is None or (plan.changes_nothing and self._options.dpi is None):
                    progress.rows[number] = row.as_copied()
                    progress.next_done()
                    leaf.forget()
                    continue
                with costing_its_page(task, progress, number):
                    size = row.size_under(plan, self._options.dpi)
                    shows = plan, leaf.shows(size)
                    if shows in new:
                        leaf.show_as(new[shows])
                        progress.rows[number] = row.as_same(progress.rows[new[shows]], plan, size)
                        progress.next_done()
                    else:
                        leaf.replace(in_memory(self._upscale(task, leaf.read(), plan, progress)), self._options.quality)
                        new[shows] = number
                        progress.budget.wrote(scans.written)
            progress.refuse_if_all_failed()
            self._let_go(plans)
            if new:
                scans.save(task.output, file)
            else:
                _copy(task.source, file)

    def _upscaled(self, task: Task, plans: list[Plan], progress: FileProgress, form: str) -> Iterator[Page | Bands]:
        """Yield the pages, enlarged as they are written, each put into its row; what fails, as it was, if it can be."""
        for leaf, plan in zip(read_leaves(task.source, form), plans, strict=True):
            number, page = leaf.number, None
            progress.look_at_budget(task, number)
            if not progress.has_failed(number):
                with costing_its_page(task, progress, number):
                    page = leaf.read()
                    large = self._upscale(task, page, plan, progress)
                    if form == PDF:  # which is not written band by band
                        large = in_memory(large).in_bands()
                if not progress.has_failed(number):
                    yield large
            if progress.has_failed(number):
                page = as_it_was(leaf) if page is None and progress.may_decode(number) else page
                if page is None:
                    progress.left_out.add(number)
                else:
                    yield page
        progress.refuse_if_all_failed()
        self._let_go(plans)

    def _let_go(self, plans: list[Plan]) -> None:
        """Make room before a long document is saved: networks are loaded again in less time than a page takes."""
        if len(plans) > _LONG:
            self._upscalers.clear()

    def _upscale(self, task: Task, page: Page, plan: Plan, progress: FileProgress) -> Bands:
        """Upscale one page as its bands are asked for, and note it in its row when they are done."""
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
            if row.size_in is None and large.width > page.width:  # it was drawn, and then brought to the wanted dpi
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
        PageError: it cannot be read.
    """
    digest = sha256_of(source)
    if digest is None:
        next(read_leaves(source), None)  # says why
        raise PageError(f"{source} could not be read: it changed meanwhile")
    return digest
