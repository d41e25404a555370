"""Choose the factor and the upscaler of a page. Pixels are not changed here."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files

from docsr.choices import FACTORS, MEASURED_ENGINES
from docsr.decide.script import script_of
from docsr.decide.text_size import TextSize, has_ink, measure
from docsr.errors import UsageError
from docsr.languages import LATIN, script_name, scripts_of
from docsr.page import Dpi, Page, Pixels
from docsr.square import EVEN, FINER, KEPT, STANDARD_FAX, Raster
from docsr.upscalers.catalog import shipped, small_text_first
from docsr.upscalers.interpolation import CLASSICAL
from docsr.weights import ModelCard, catalogue

READABLE = (20.0, 30.0)
"""The range of x-heights in px that OCR engines read best. Automatic enlargement brings text as near to it as the
factors up to the engine's largest allow."""

FAX_SHAPES = (1.8, 2.4)
"""The range of pixel height over width that counts as a standard fax. Standard faxes have 1.9 to 2.1."""

PRINT = 4.6 / 72
"""x-height in inches of the most common print: 10-point type, whose x is 4.6 points high."""

SQUARE_ENOUGH = 8.5
"""The x-height in px from which bicubic 2x no longer helps Tesseract on a page whose pixels were made square. On the
suite ``tune``, bicubic leaves 170 errors a page instead of 149 at 204 x 98 dpi, and 676 instead of 629 at 150 x 72 dpi.
The smallest text there has this size."""


_MEASURED = json.loads(files(__package__).joinpath("measured.json").read_text(encoding="utf-8"))
"""What follows from the results of the suite ``tune`` (`make tables` writes it)."""

LARGEST_AUTO_FACTOR: dict[str, int] = _MEASURED["largest_auto_factor"]
"""The largest factor that is chosen by default for each engine. After networks of twice that factor, the engine reads
``tune`` with more errors, or with slightly fewer for four times the pixels. For RapidOCR this also holds after bicubic
(for Tesseract, bicubic was measured up to 4x only). RapidOCR needs less because it rescales each line to a fixed
height, whatever the page's."""

Scripts = Callable[[], Sequence[str]]
"""What tells the scripts (ISO 15924) of a page; it is called only if a network may be used."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of one page.

    Attributes:
        factor: 1 (not enlarged), 2, 4 or 8.
        model: name or file, as in :func:`docsr.upscalers.catalog.resolve`.
        why: the reason, for the user.
        raster: the pixel shape to which the page is brought first (docsr.square); ``kept`` if its pixels are square.
    """

    factor: int
    model: str
    why: str = field(default="", compare=False)
    raster: Raster = field(default=KEPT, compare=False)

    @property
    def reason(self) -> str:
        """The reason, and whether the pixels are made square."""
        return self.why if self.raster == KEPT else f"{self.why}; its pixels are made square"

    @property
    def changes_nothing(self) -> bool:
        """Whether the page stays unchanged."""
        return self.factor == 1 and self.raster == KEPT


def check_engine(engine: str) -> None:
    """Raise a UsageError for an OCR engine for which nothing was measured."""
    if engine not in MEASURED_ENGINES:
        raise UsageError(
            f"docsr has no measurements for the OCR engine {engine!r}: use {' or '.join(MEASURED_ENGINES)}"
        )


def factor_for_text(x_height: float | None, engine: str = MEASURED_ENGINES[0]) -> int:
    """Return the factor, up to the engine's largest, that brings text of ``x_height`` px nearest to 20-30 px.

    The factor is 1 if there is no text.
    """
    if x_height is None or x_height <= 0:
        return 1
    factors = [factor for factor in (1, *FACTORS) if factor <= LARGEST_AUTO_FACTOR[engine]]
    return min(factors, key=lambda factor: _ratio_to_readable(x_height * factor))


def factor_for_dpi(dpi: Dpi, wanted: float) -> int:
    """Return the smallest factor, at most 8, that brings both axes of ``dpi`` to at least ``wanted``."""
    scale = wanted / min(dpi)
    return next((factor for factor in (1, *FACTORS) if factor >= scale - 1e-6), FACTORS[-1])


def deciding_x_height(page: Page, text: TextSize | None) -> tuple[float | None, str]:
    """Return the x-height in px by which a page is planned, and a clause on where it comes from.

    It is that of the page's text. If none was found but the page is not blank, it is that of ordinary print at the
    page's dpi. If the dpi is unknown too, it is None, and the page stays unchanged: it may be a picture or large enough
    already, and enlarging it would be a guess.
    """
    if text is not None:
        return text.x_height, f"its text is {text.x_height:.1f} px high"
    if not has_ink(page.pixels):
        return None, "no text was found"
    if page.dpi is None:
        return None, "no text was found, though it is not blank, and its dpi is not known"
    x_height = page.dpi[1] * PRINT
    return x_height, f"no text was found, though it is not blank, so its {page.dpi[1]:g} dpi decide: {x_height:.1f} px"


def measured_x_height(page: Page) -> float | None:
    """Return the x-height of a page in px, as in :func:`deciding_x_height`."""
    return deciding_x_height(page, measure(page.pixels))[0]


def scripts_on(pixels: Pixels, x_height: float | None, languages: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the scripts (ISO 15924) of a page: those of the languages, or the one that the page shows.

    If no language has a script, and the page shows too little text to tell, it is Latin.

    Args:
        pixels: as in :func:`docsr.decide.script.script_of`.
        x_height: as there.
        languages: as in :func:`docsr.languages.scripts_of`.

    Raises:
        UsageError: Tesseract knows no such language.
    """
    return scripts_of(languages) or (script_of(pixels, x_height) or LATIN,)


def latin() -> tuple[str, ...]:
    """Return Latin, the script of a page of which nothing else is known."""
    return (LATIN,)


def plan_page(
    needed: int,
    x_height: float | None,
    *,
    factor: int | None = None,
    model: str | None = None,
    fixed_factor: int | None = None,
    engine: str = MEASURED_ENGINES[0],
    said: str = "",
    shape: float = 1.0,
    scripts: Scripts = latin,
) -> Plan:
    """Plan a page.

    Args:
        needed: the factor that its text or the wanted dpi requires.
        x_height: measured x-height in px, or None.
        said: a clause on where the x-height comes from.
        factor: the user's factor, or None for ``needed``.
        model: the user's model, or None for the one that reads best.
        fixed_factor: the only factor of ``model``, or None if it supports all.
        engine: the OCR engine that will read the page, one of MEASURED_ENGINES.
        shape: height of the page's pixels over their width. The x-height is that of the page in the finer raster.
        scripts: tells the scripts of the page.

    Returns:
        The plan. If the user names no model, a shipped network is used only if its card says that it helps the engine
        at this x-height and with all scripts of the page, and bicubic otherwise. Of the networks that help, dense ones
        for small text come first. If the factor is open too, a network with another factor than ``needed`` may be
        chosen (cards compare with bicubic at its better size). The nearest factor is tried first, and none above
        LARGEST_AUTO_FACTOR. This holds for any wanted dpi: the page is resized to it afterwards.
    """
    text = said or ("no text was found" if x_height is None else f"its text is {x_height:.1f} px high")
    if factor is None and needed == 1:
        plan = Plan(1, "none", f"{text}: nothing to gain")
    elif model is not None:
        plan = Plan(factor or fixed_factor or needed, model, "as asked")
    else:
        plan = _best(needed, x_height, factor=factor, engine=engine, shape=shape, text=text, scripts=scripts)
    return replace(plan, raster=raster_for(plan.model, shape))


def is_fax(shape: float) -> bool:
    """Return whether a page whose pixels are ``shape`` times as high as wide counts as a standard fax."""
    return FAX_SHAPES[0] <= shape <= FAX_SHAPES[1]


def raster_for(model: str, shape: float) -> Raster:
    """Return the raster in which a model gets a page whose pixels are ``shape`` times as high as wide.

    Interpolation keeps all pixels of the finer axis. Networks get as many pixels as the page has: the result reads as
    well (docs/decisions.md), and takes no longer than the page as it is.
    """
    if shape == 1.0:
        return KEPT
    return FINER if model in CLASSICAL else EVEN


def _best(
    needed: int,
    x_height: float | None,
    *,
    factor: int | None,
    engine: str,
    shape: float,
    text: str,
    scripts: Scripts,
) -> Plan:
    """Choose the factor and the upscaler that were measured to read best. ``text`` is the clause on the x-height."""
    in_even = None if x_height is None else x_height / math.sqrt(max(shape, 1 / shape))  # px of the even raster
    worthwhile = [one for one in FACTORS if one <= LARGEST_AUTO_FACTOR[engine]]
    nearest_first = sorted(worthwhile, key=lambda one: abs(math.log2(one / needed)))
    factors = nearest_first if factor is None else [factor]
    cards = [card for one in factors for card in shipped(one, fax=is_fax(shape))]
    if helpful := [card for card in small_text_first(cards) if card.helps(in_even, engine)]:
        shown = scripts()
        card = next((card for card in helpful if card.helps_with(shown, engine)), None)
        if card is None:
            return Plan(factor or needed, "bicubic", f"{text}; {_unmeasured(shown, helpful, engine)}")
        return Plan(card.factor, card.name, f"{text}, where {card.name} was measured to help {engine}")
    is_tall = x_height is not None and x_height >= SQUARE_ENOUGH
    if shape != 1.0 and factor is None and engine == MEASURED_ENGINES[0] and is_tall:
        return Plan(1, "none", f"{text}, where square pixels are enough for {engine}")
    of = "" if factor is None else f" of {factor}x"
    return Plan(factor or needed, "bicubic", f"{text}, where no network{of} was measured to help {engine}")


def _unmeasured(scripts: Sequence[str], cards: Sequence[ModelCard], engine: str) -> str:
    """Return a clause on the scripts with which no network of these was measured to help."""
    lacking = [one for one in scripts if not any(card.helps_with([one], engine) for card in cards)] or scripts
    names = " and ".join(map(script_name, lacking))
    are = f"script is {names}" if len(lacking) == 1 else f"scripts are {names}"
    return f"its {are}, for which no network was measured to help {engine}"


def plan_by_default(x_height: float | None, engine: str, shape: float = 1.0, scripts: Scripts = latin) -> Plan:
    """Plan a page with text of ``x_height`` px (None: without text) for a user who gives no factor and no model."""
    return plan_page(factor_for_text(x_height, engine), x_height, engine=engine, shape=shape, scripts=scripts)


def auto_range(model: str, engine: str) -> tuple[float, float] | None:
    """Return the (smallest, largest) x-height in px at which a shipped network is chosen by default.

    The x-height is that of the network's input; a network for faxes is tested with standard faxes. The result is None
    if other networks are chosen at every x-height. The x-heights at which the network helps are tested in steps of
    0.1 px. For some between the smallest and the largest, another network may be chosen.
    """
    card = catalogue()[model]
    span, shape = card.x_height_helps.get(engine), STANDARD_FAX if card.fax else 1.0
    if span is None:
        return None
    tenths = (tenth / 10 for tenth in range(round(10 * span[0]), round(10 * span[1]) + 1))
    at = [x_height for x_height in tenths if plan_by_default(x_height * math.sqrt(shape), engine, shape).model == model]
    return (at[0], at[-1]) if at else None


def _ratio_to_readable(x_height: float) -> float:
    """Return the ratio by which the text is too small or too large, 1 within READABLE."""
    low, high = READABLE
    return max(low / x_height, x_height / high, 1.0)
