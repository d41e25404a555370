"""Which factor and which upscaler a page gets: decisions only, no pixels."""

from __future__ import annotations

from dataclasses import dataclass

from docsr.page import Dpi
from docsr.upscalers.catalog import FACTORS, shipped

READABLE = 20.0
"""x-height in px from which OCR engines read well."""

TOO_LARGE = 36.0
"""x-height in px that automatic enlargement does not pass: engines read huge text worse."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to one page.

    Attributes:
        factor: 1 (as it is), 2, 4 or 8.
        model: name or file as :func:`docsr.upscalers.catalog.resolve` takes it.
    """

    factor: int
    model: str | None


def factor_for_text(x_height: float | None) -> int:
    """Return the smallest factor that brings text of ``x_height`` px to a readable size; 1 where there is no text."""
    if x_height is None or x_height <= 0:
        return 1
    factor = _smallest(READABLE / x_height)
    return factor // 2 if factor > 1 and x_height * factor > TOO_LARGE else factor


def factor_for_dpi(dpi: Dpi, wanted: float) -> int:
    """Return the smallest factor that brings both axes of ``dpi`` to ``wanted`` or above (8 at most)."""
    return _smallest(wanted / min(dpi))


def plan_page(
    needed: int, x_height: float | None, *, factor: int | None, model: str | None, own_factor: int | None
) -> Plan:
    """Decide what happens to a page.

    Args:
        needed: the factor that its text or the wanted dpi asks for.
        x_height: measured, in px, or None.
        factor: the factor that the user asked for, or None for ``needed``.
        model: the model that the user asked for, or None for what is known to read best.
        own_factor: the only factor of ``model``, or None if it has any.

    Returns:
        The plan. Without a wish of the user the shipped network is taken only where its card says that it reads
        better than bicubic at this x-height; elsewhere bicubic is.
    """
    if factor is not None:
        return Plan(factor, model)
    if needed == 1:
        return Plan(1, "none")
    if model is not None:
        return Plan(own_factor or needed, model)
    card = shipped(needed)
    return Plan(needed, card.name if card is not None and card.helps(x_height) else "bicubic")


def _smallest(scale: float) -> int:
    return next((factor for factor in (1, *FACTORS) if factor >= scale - 1e-6), FACTORS[-1])
