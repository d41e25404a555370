"""What shall happen to each page of a file: its text measured, the user's wishes heard."""

from __future__ import annotations

from docsr.errors import PageError
from docsr.io.documents import read_leaves
from docsr.page import Page
from docsr.pool import alive
from docsr.textsize import TextSize, measure
from docsr.upscalers.catalog import own_factor
from docsr.upscalers.choose import Plan, deciding_x_height, factor_for_dpi, factor_for_text, plan_page
from docsr.upscalers.options import EnhanceOptions
from docsr.upscalers.results import Reached, Task, left, planned


class Planner:
    """Plans pages for one set of options."""

    def __init__(self, options: EnhanceOptions) -> None:
        """Keep the options; the network that they name is asked for its factor when the first page comes."""
        self._options = options
        self._own_factor: int | None = None

    def pages(self, task: Task, reached: Reached) -> list[Plan]:
        """Read every page once, so that a damaged file is known, and a copy possible, before anything is written.

        What cannot be enlarged (a PDF page with text of its own) is left as it is.

        Raises:
            PageError: a page cannot be read, or cannot be brought to the wanted dpi.
        """
        plans = []
        for leaf in read_leaves(task.source):
            alive()
            reached.readable = True
            if leaf.reason is not None:
                plan = Plan(1, "none", leaf.reason)
                reached.rows.append(left(task, leaf.number, plan))
            else:
                page = leaf.read()
                plan, text = self.page(page)
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
        options, text = self._options, measure(page.pixels)
        x_height, said = deciding_x_height(page, text)
        needed = factor_for_text(x_height, options.engine)
        if options.dpi is not None:
            if page.dpi is None:
                place = f"{page.source} (page {page.number + 1})"
                raise PageError(f"{place} does not say its dpi, so --dpi {options.dpi:g} cannot be met: use --factor")
            needed = factor_for_dpi(page.dpi, options.dpi)
            if needed == 1:
                return Plan(1, "none", f"its {min(page.dpi):g} dpi are enough for {options.dpi:g}"), text
        if options.model is not None and self._own_factor is None:
            self._own_factor = own_factor(options.model)
        plan = plan_page(
            needed,
            x_height,
            factor=options.factor,
            model=options.model,
            own_factor=self._own_factor,
            engine=options.engine,
            said=said,
        )
        return plan, text
