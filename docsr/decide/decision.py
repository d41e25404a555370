"""Which factor and which upscaler a page gets: decisions only, no pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from docsr.decide.text_size import TextSize, has_ink, measure
from docsr.errors import UsageError
from docsr.page import Dpi, Page
from docsr.square import EVEN, FINER, KEPT, STANDARD_FAX, Raster
from docsr.upscalers.catalog import FACTORS, shipped, small_text_first
from docsr.upscalers.interpolation import CLASSICAL
from docsr.weights import catalogue

READABLE = (20.0, 30.0)
"""x-heights in px that OCR engines read best; automatic enlargement brings text as near to them as a factor up to the
engine's largest can."""

FAX_SHAPES = (1.8, 2.4)
"""Pages whose pixels are so many times as high as wide are taken for standard faxes, which have 1.9 to 2.1."""

PRINT = 4.6 / 72
"""x-height in inches of what is printed most: type of 10 points, of which an x takes 4.6."""

SQUARE_ENOUGH = 8.5
"""x-height in px from which Tesseract reads a page whose pixels were made square no better after bicubic of 2x. On the
suite ``tune`` that leaves 170 errors a page in place of 149 at 204 x 98 dpi, and 676 in place of 629 at 150 x 72. The
smallest text there is of this size."""

MEASURED_ENGINES = ("tesseract", "rapidocr")
"""The OCR engines for which it was measured where networks help; the first unless the user names one."""

LARGEST_AUTO_FACTOR = {"tesseract": 4, "rapidocr": 2}
"""The largest factor that is taken unasked for each engine. After networks of twice that it reads ``tune`` with more
errors, or with few fewer for four times the pixels; RapidOCR after bicubic, too (for Tesseract no more than 4x of that
was measured). It needs less, for it brings each line to a height of its own, whatever the page's."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to one page.

    Attributes:
        factor: 1 (as it is), 2, 4 or 8.
        model: name or file as :func:`docsr.upscalers.catalog.resolve` takes it.
        why: what decided, for a person.
        raster: what the page's pixels become first (docsr.square): ``kept`` where they are square.
    """

    factor: int
    model: str
    why: str = field(default="", compare=False)
    raster: Raster = field(default=KEPT, compare=False)

    @property
    def told(self) -> str:
        """What decided, and whether the pixels become square."""
        return self.why if self.raster == KEPT else f"{self.why}; its pixels are made square"

    @property
    def changes_nothing(self) -> bool:
        """Whether the page stays as it is."""
        return self.factor == 1 and self.raster == KEPT


def check_engine(engine: str) -> None:
    """Raise a UsageError for an OCR engine of which nothing was measured."""
    if engine not in MEASURED_ENGINES:
        raise UsageError(
            f"it was not measured where networks help the engine {engine!r}: use {' or '.join(MEASURED_ENGINES)}"
        )


def factor_for_text(x_height: float | None, engine: str = MEASURED_ENGINES[0]) -> int:
    """Return the factor, up to the engine's largest, that brings text of ``x_height`` px nearest to 20-30 px.

    It is 1 where there is no text.
    """
    if x_height is None or x_height <= 0:
        return 1
    factors = [factor for factor in (1, *FACTORS) if factor <= LARGEST_AUTO_FACTOR[engine]]
    return min(factors, key=lambda factor: _ratio_to_readable(x_height * factor))


def factor_for_dpi(dpi: Dpi, wanted: float) -> int:
    """Return the smallest factor that brings both axes of ``dpi`` to ``wanted`` or above (8 at most)."""
    scale = wanted / min(dpi)
    return next((factor for factor in (1, *FACTORS) if factor >= scale - 1e-6), FACTORS[-1])


def deciding_x_height(page: Page, text: TextSize | None) -> tuple[float | None, str]:
    """Return the x-height in px that decides what happens to a page, and in words what it comes from.

    It is that of its text. Where none was found though the page is not blank, it is that of ordinary print at the dpi
    that the page says; where it says none, None, and so the page stays as it is: enlarging what may be a picture, or
    large enough, would be a guess.
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
    """x-height of a page in px, as :func:`deciding_x_height` has it."""
    return deciding_x_height(page, measure(page.pixels))[0]


def plan_page(
    needed: int,
    x_height: float | None,
    *,
    factor: int | None = None,
    model: str | None = None,
    own_factor: int | None = None,
    engine: str = MEASURED_ENGINES[0],
    said: str = "",
    shape: float = 1.0,
) -> Plan:
    """Decide what happens to a page.

    Args:
        needed: the factor that its text or the wanted dpi asks for.
        x_height: measured, in px, or None.
        said: what that comes from, in words.
        factor: the factor that the user asked for, or None for ``needed``.
        model: the model that the user asked for, or None for what is known to read best.
        own_factor: the only factor of ``model``, or None if it has any.
        engine: the OCR engine that will read the page, one of READERS.
        shape: how many times as high as wide its pixels are; the x-height is that of the page in the finer raster.

    Returns:
        The plan. Unless the user names a model, a shipped network is taken only where its card says that it helps the
        engine at this x-height, and bicubic elsewhere. Dense ones, for small text, go before all others that help. With
        the factor left open too, a network of another factor than ``needed`` may be the one (cards compare with bicubic
        at its better size): the nearest is asked first, none beyond LARGEST, whatever dpi is wanted: the page is
        brought to that afterwards.
    """
    text = said or ("no text was found" if x_height is None else f"its text is {x_height:.1f} px high")
    if factor is None and needed == 1:
        plan = Plan(1, "none", f"{text}: nothing to gain")
    elif model is not None:
        plan = Plan(factor or own_factor or needed, model, "as asked")
    else:
        plan = _best(needed, x_height, factor=factor, engine=engine, shape=shape, text=text)
    return replace(plan, raster=raster_for(plan.model, shape))


def is_fax(shape: float) -> bool:
    """Tell whether a page whose pixels are ``shape`` times as high as wide is taken for a standard fax."""
    return FAX_SHAPES[0] <= shape <= FAX_SHAPES[1]


def raster_for(model: str, shape: float) -> Raster:
    """Return the raster in which a page whose pixels are ``shape`` times as high as wide goes to a model.

    Interpolation keeps all pixels of the finer axis. Networks get as many pixels as the page has: they read it as well
    (docs/decisions.md), and take no longer than for the page as it is.
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
) -> Plan:
    """Choose the factor and the upscaler that were measured to read best; ``text`` says what decides."""
    seen = None if x_height is None else x_height / math.sqrt(max(shape, 1 / shape))  # in px of the even raster
    worthwhile = [one for one in FACTORS if one <= LARGEST_AUTO_FACTOR[engine]]
    nearest_first = sorted(worthwhile, key=lambda one: abs(math.log2(one / needed)))
    factors = nearest_first if factor is None else [factor]
    cards = [card for one in factors for card in shipped(one, fax=is_fax(shape))]
    if (card := next((card for card in small_text_first(cards) if card.helps(seen, engine)), None)) is not None:
        return Plan(card.factor, card.name, f"{text}, where {card.name} was measured to help {engine}")
    tall = x_height is not None and x_height >= SQUARE_ENOUGH
    if shape != 1.0 and factor is None and engine == MEASURED_ENGINES[0] and tall:
        return Plan(1, "none", f"{text}, where square pixels are enough for {engine}")
    of = "" if factor is None else f" of {factor}x"
    return Plan(factor or needed, "bicubic", f"{text}, where no network{of} was measured to help {engine}")


def plan_by_default(x_height: float | None, engine: str, shape: float = 1.0) -> Plan:
    """Decide what happens to a page of text of ``x_height`` px (None: of none) where nothing is asked for."""
    return plan_page(factor_for_text(x_height, engine), x_height, engine=engine, shape=shape)


def auto_range(model: str, engine: str) -> tuple[float, float] | None:
    """Return the (smallest, largest) x-height in px at which a shipped network is taken where nothing is asked for.

    It is that of what the network sees; one for faxes is asked for standard ones. None where others are taken at every
    x-height. Looked at in steps of a tenth, of the x-heights at which it helps; between the two another may be taken
    for some.
    """
    card = catalogue()[model]
    span, shape = card.x_height_helps.get(engine), STANDARD_FAX if card.fax else 1.0
    if span is None:
        return None
    tenths = (tenth / 10 for tenth in range(round(10 * span[0]), round(10 * span[1]) + 1))
    at = [x_height for x_height in tenths if plan_by_default(x_height * math.sqrt(shape), engine, shape).model == model]
    return (at[0], at[-1]) if at else None


def _ratio_to_readable(x_height: float) -> float:
    """How many times too small or too large the text is; 1 within the range."""
    low, high = READABLE
    return max(low / x_height, x_height / high, 1.0)
