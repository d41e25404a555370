"""What shall happen to each page of a file: its text measured, the user's wishes heard."""

from __future__ import annotations

from dataclasses import replace

from docsr.errors import PageError
from docsr.io.documents import read_leaves
from docsr.page import Page
from docsr.pool import alive
from docsr.square import KEPT, pixel_shape, squared
from docsr.textsize import TextSize, measure
from docsr.upscalers.catalog import own_factor
from docsr.upscalers.choose import Plan, factor_for_dpi, factor_for_text, plan_page, raster_for
from docsr.upscalers.options import EnhanceOptions, keeps_pdf, output_format
from docsr.upscalers.results import Reached, Task, left, planned


class Planner:
    """Plans pages for one set of options."""

    def __init__(self, options: EnhanceOptions) -> None:
        """Keep the options; the network that they name is asked for its factor when the first page comes."""
        self._options = options
        self._own_factor: int | None = None

    def pages(self, task: Task, reached: Reached) -> list[Plan]:
        """Read every page once, so that a damaged file is known, and a copy possible, before anything is written.

        What need not be enlarged (a PDF page with text of its own) is left as it is.

        Raises:
            PageError: a page cannot be read, or cannot be brought to the wanted dpi.
        """
        plans, to_pdf = [], keeps_pdf(task.source, self._options.format)
        for leaf in read_leaves(task.source, output_format(task.source, self._options.format)):
            alive()
            reached.readable = True
            if leaf.reason is not None:
                plan = Plan(1, "none", leaf.reason)
                reached.rows.append(left(task, leaf.number, plan))
            else:
                page = leaf.read()
                plan, text = self.page(page)
                if plan.factor == 1 and to_pdf:  # which shows it in its right shape already
                    plan = replace(plan, raster=KEPT)
                reached.rows.append(planned(task, page, plan, text))
                del page  # before the next one is decoded
            plans.append(plan)
            reached.page += 1
            del leaf
        reached.page = 0
        return plans

    def page(self, page: Page) -> tuple[Plan, TextSize | None]:
        """Measure one page and decide.

        Raises:
            PageError: a dpi is wanted, and the page does not know its own.
        """
        options = self._options
        keeps = options.keep_pixel_shape or options.model == "none"
        shape, page = (1.0, page) if keeps else (pixel_shape(page.dpi), squared(page))
        text = measure(page.pixels)
        x_height = None if text is None else text.x_height
        needed = factor_for_text(x_height, options.engine)
        if options.dpi is not None:
            if page.dpi is None:
                place = f"{page.source} (page {page.number + 1})"
                raise PageError(f"{place} does not say its dpi, so --dpi {options.dpi:g} cannot be met: use --factor")
            needed = factor_for_dpi(page.dpi, options.dpi)
            if needed == 1:
                why = f"its {min(page.dpi):g} dpi are enough for {options.dpi:g}"
                return Plan(1, "none", why, raster_for("none", shape)), text
        if options.model is not None and self._own_factor is None:
            self._own_factor = own_factor(options.model)
        plan = plan_page(
            needed,
            x_height,
            factor=options.factor,
            model=options.model,
            own_factor=self._own_factor,
            engine=options.engine,
            shape=shape,
        )
        return plan, text
