"""Plan what happens to each page of a file, from the size of its text and the user's options."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from docsr.batch.budget import PLANNING
from docsr.batch.file_progress import FileProgress
from docsr.batch.one_bit import in_one_bit
from docsr.batch.options import EnhanceOptions, keeps_pdf, output_format
from docsr.batch.results import UNREACHED, PageResult, Task, left, lost, planned
from docsr.batch.size_estimate import expected_bytes
from docsr.decide.decision import (
    Plan,
    deciding_x_height,
    factor_for_dpi,
    factor_for_text,
    plan_page,
    raster_for,
    scripts_on,
)
from docsr.decide.text_size import TextSize, measure
from docsr.errors import CheckpointError, Interrupted, PageError, UsageError, sentence_of
from docsr.io.document import DocumentPage, check_output, read_leaves
from docsr.page import Bands, Dpi, Page
from docsr.pool import reset_timeout
from docsr.square import KEPT, pixel_shape, squared
from docsr.upscale.page import check_brought_to, size_at
from docsr.upscalers.catalog import fixed_factor
from docsr.upscalers.interpolation import CLASSICAL

RUN_ENDING_ERRORS = (UsageError, CheckpointError, Interrupted)
"""Errors that no single page causes. They end the run."""


class Planner:
    """Plan pages for one set of options."""

    def __init__(self, options: EnhanceOptions, *, dry: bool = False) -> None:
        """Keep the options. The named network's factor is read when the first page is planned.

        Args:
            options: the user's options.
            dry: whether nothing will be written and the size of the outputs is estimated instead.
        """
        self._options, self._dry = options, dry
        self._fixed_factor: int | None = None

    def pages(self, task: Task, progress: FileProgress) -> list[Plan]:
        """Read every page once, so that damage is found, and a plain copy is possible, before anything is written.

        A page that need not be enlarged, such as a PDF page with text of its own, is left as it is. A page fails, and
        its row says so, if it cannot be read or cannot be brought to the wanted dpi.

        Raises:
            PageError: the file cannot be read.
        """
        plans = []

        def counted(pages: int) -> None:
            progress.budget.check_pages(task.source, pages)
            progress.counted(pages)

        for leaf in read_leaves(task.source, output_format(task.source, self._options.format), counted):
            reset_timeout()
            fault = progress.budget.fault(PLANNING)
            if fault is not None:
                progress.stop(task, leaf.number, fault)
                break
            plans.append(self._plan_leaf(task, leaf, progress))
            progress.page += 1
            del leaf
        if not progress.rows:
            raise PageError(f"{task.source} could not be read: it has no pages")
        progress.page = 0
        return plans + [Plan(1, "none", UNREACHED)] * (len(progress.rows) - len(plans))

    def _plan_leaf(self, task: Task, leaf: DocumentPage, progress: FileProgress) -> Plan:
        """Plan one page. An error fails that page only."""
        try:
            page = None if leaf.reason is not None else _read(leaf)
            progress.readable = True
            if page is None:
                leaf.check()
                plan = Plan(1, "none", leaf.reason or "")
                progress.add(left(task, leaf.number, plan))
            else:
                plan, text = self.page(page)
                if plan.factor == 1 and keeps_pdf(task.source, self._options.format):
                    plan = replace(plan, raster=KEPT)  # the PDF itself shows the image in its true shape
                row = self._with_bits(planned(task, page, plan, text), page, task)
                outcome = self._checked(row, page, plan, task)
                progress.add(self._with_bytes(row, page, plan, outcome) if self._dry and outcome is not None else row)
        except RUN_ENDING_ERRORS:
            raise
        except Exception as error:  # libraries raise anything; the other pages are still processed
            plan = Plan(1, "none", "it failed")
            sentence = sentence_of(error, progress.place(task, leaf.number, ","))
            progress.add(lost(task, leaf.number, sentence, readable=progress.readable))
        return plan

    def _with_bits(self, row: PageResult, page: Page, task: Task) -> PageResult:
        """Return the row, with whether a page of one bit per pixel will get more bits."""
        form = output_format(task.source, self._options.format)
        return replace(row, widened=page.bilevel and not in_one_bit(page, row.x_height_in, form, self._options))

    def _checked(self, row: PageResult, page: Page, plan: Plan, task: Task) -> Bands | None:
        """Return the page that will be written, without pixels, or None if a page of a PDF stays as it is.

        Raises:
            PageError: the result would be too large to make or to write.
        """
        options, form = self._options, output_format(task.source, self._options.format)
        changes = not plan.changes_nothing or options.dpi is not None
        if not changes and keeps_pdf(task.source, options.format):
            return None
        one_bit = in_one_bit(page, row.x_height_in, form, options) if changes else page.bilevel
        large, size = row.size_under(plan, None), row.size_under(plan, options.dpi)
        if options.dpi is not None:
            check_brought_to(Bands(*large, page.is_grey, (), source=page.source), *size)
        outcome = Bands(*size, page.is_grey, (), source=page.source, bilevel=one_bit)
        if changes or task.source.suffix.lower() != task.output.suffix.lower():  # otherwise the file is copied
            check_output(task.output, outcome, form)
        return outcome

    def _with_bytes(self, row: PageResult, page: Page, plan: Plan, outcome: Bands) -> PageResult:
        """Return the row with an estimate of its page's bytes."""
        form, by_network = output_format(Path(row.input), self._options.format), plan.model not in CLASSICAL
        size, one_bit = (outcome.width, outcome.height), outcome.bilevel
        expected = expected_bytes(page, size, form, self._options.quality, one_bit=one_bit, by_network=by_network)
        return replace(row, expected=expected)

    def page(self, page: Page) -> tuple[Plan, TextSize | None]:
        """Measure one page and plan it.

        Raises:
            PageError: ``--dpi`` was given and the page's own dpi is unknown.
        """
        options = self._options
        keeps = options.keep_pixel_shape or options.model == "none"
        shape, page = (1.0, page) if keeps else (pixel_shape(page.density), squared(page))
        text = measure(page.pixels)
        x_height, said = deciding_x_height(page, text)
        needed = factor_for_text(x_height, options.engine)
        if options.dpi is not None:
            dpi = _dpi(page, options.dpi)
            needed = factor_for_dpi(dpi, options.dpi)
            if needed == 1:
                why = f"its {min(dpi):g} dpi are enough for {options.dpi:g}"
                return self._with_interpolation(Plan(1, "none", why, raster_for("none", shape)), page), text
        if options.model is not None and self._fixed_factor is None:
            self._fixed_factor = fixed_factor(options.model)
        plan = plan_page(
            needed,
            x_height,
            factor=options.factor,
            model=options.model,
            fixed_factor=self._fixed_factor,
            engine=options.engine,
            shape=shape,
            said=said,
            scripts=partial(scripts_on, page.pixels, x_height, options.languages),
        )
        return self._with_interpolation(plan, page), text

    def _with_interpolation(self, plan: Plan, page: Page) -> Plan:
        """Return the plan, naming the interpolation that brings the page to the wanted dpi if no upscaler enlarges it.

        The model becomes ``bicubic`` where interpolation enlarges the page, unless the user asked for ``none``.
        """
        wanted, size = self._options.dpi, (page.width, page.height)
        if plan.factor > 1 or wanted is None or page.dpi is None:
            return plan
        if (becomes := size_at(size, page.dpi, wanted)) == size:
            return plan
        enlarged = becomes > size
        why = f"{plan.why}; it is {'enlarged' if enlarged else 'reduced'} to {wanted:g} dpi by interpolation"
        model = "bicubic" if enlarged and self._options.model != "none" else plan.model
        return replace(plan, model=model, why=why)


def _dpi(page: Page, wanted: float) -> Dpi:
    """Return the dpi of a page that is to be brought to ``wanted`` dpi. Raise a PageError if its dpi is unknown."""
    if page.dpi is None:
        place = f"{page.source} (page {page.number + 1})"
        raise PageError(f"{place} does not say its dpi, so --dpi {wanted:g} cannot be met: use --factor")
    return page.dpi


def _read(leaf: DocumentPage) -> Page | None:
    """Decode a page. Return None if its data give a reason not to enlarge it; raise a PageError if it is damaged."""
    try:
        return leaf.read()
    except PageError:
        if leaf.reason is None:
            raise
    return None
