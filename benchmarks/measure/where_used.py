"""Where ``docsr enhance`` uses a network, for each OCR engine.

That is decided by the suite ``tune`` alone, which nothing else reports, as that engine reads it: a network *helps* at
the longest run of resolutions at which it reads better than bicubic (at its better size) in at least one degradation
and in none worse by more than a letter a page. It reaches as far as these resolutions are the nearest to a page: to
halfway (by ratio) between the median x-heights of the outermost and of the next beyond it; to the smallest or largest
x-height where no lower or higher resolution was measured. Pages that the engine reads badly however they are shown to
it, in HR too, do not take part: which way it fails at formulae or at the order of columns is luck.

``tune`` also says how large a factor is worth taking, of networks (``largest_network``) and of bicubic
(``largest_bicubic``). docsr reads the smaller of both from docsr/decide/measured.json, which `make tables` writes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median

from benchmarks.publish.committed import TUNE, results
from docsr.bench.arms import BASELINE, CLASSICAL_FACTORS, HR, label_of, taken
from docsr.choices import FACTORS
from docsr.decide.decision import LARGEST_AUTO_FACTOR, factor_for_text
from docsr.square import STANDARD_FAX
from docsr.upscalers.catalog import shipped
from docsr.weights import catalogue

FAX = "standard_fax"

A_LETTER_A_PAGE = 1.0
"""So much worse, in edits, tells nothing against a network that is better otherwise."""

WORTH = 0.05
"""Twice the factor, which makes four times the pixels, is worth it if it leaves more than this part fewer edits."""

READABLE = 0.05
"""A page takes part if it was once read with a CER of at most so much."""

Arms = dict[str, dict[str, int]]
"""Edits by arm and page."""


@dataclass(frozen=True)
class Tuned:
    """What ``tune`` measured.

    Attributes:
        edits: by resolution, degradation, arm and page.
        heights: the x-heights in px that were measured at each resolution.
    """

    edits: Mapping[float, Mapping[str, Arms]]
    heights: Mapping[float, Sequence[float]]


@cache
def tuned(engine: str, *, fax: bool = False) -> Tuned:
    """Read the committed results of standard faxes, or of all other pages.

    Rows have the x-height of a page in the finer raster; networks get faxes in the even one (docsr.square).
    """
    rows = [row for row in results(TUNE)["rows"] if row["engine"] == engine and (row["degradation"] == FAX) == fax]
    even = math.sqrt(1 / STANDARD_FAX) if fax else 1.0
    readable = {row["page"] for row in rows if row["cer"] <= READABLE}
    edits: dict[float, dict[str, Arms]] = defaultdict(lambda: defaultdict(lambda: defaultdict(dict)))
    heights: dict[float, list[float]] = defaultdict(list)
    for row in rows:
        if row["page"] in readable and row["upscaler"] != HR:
            arm = label_of(row["upscaler"], row["factor"])
            edits[row["lr_dpi"]][row["degradation"]][arm][row["page"]] = row["edits"]
            if row["x_height"] is not None:
                heights[row["lr_dpi"]].append(row["x_height"] * even)
    return Tuned(edits, heights)


def helpful_range(name: str, engine: str) -> list[float] | None:
    """(smallest, largest) x-height in px at which the network is used for the engine; None: nowhere."""
    best = _helped(name, engine)
    return _span(_measured(name, engine).heights, best[0], best[-1]) if best else None


def largest_network(engine: str) -> int:
    """The largest factor of a network that is worth taking: each up to it is, over the half.

    Of the half that is what would be taken: its network where that helps, else bicubic. Compared where the network of
    the factor helps; where none does, there is nothing for it.
    """
    for factor in FACTORS[1:]:
        smaller = larger = 0.0
        for dpi, degradations in tuned(engine).edits.items():
            if (whole := _network(factor, dpi, engine)) is not None:
                half = _network(factor // 2, dpi, engine) or label_of(BASELINE, factor // 2)
                smaller += sum(_a_page(arms, half) for arms in degradations.values())
                larger += sum(_a_page(arms, whole) for arms in degradations.values())
        if not is_worth_it(smaller, larger):
            return factor // 2
    return FACTORS[-1]


def largest_bicubic(engine: str) -> int:
    """The largest factor by which bicubic is worth taking, of the two that were measured.

    The half, where the whole is not worth it for pages whose text asks for it and which no network helps; where there
    are none, nothing speaks against the whole.
    """
    half, whole = CLASSICAL_FACTORS
    smaller = larger = 0.0
    for dpi, degradations in tuned(engine).edits.items():
        asked = factor_for_text(median(tuned(engine).heights[dpi]))
        if asked == whole and not any(_network(one, dpi, engine) for one in CLASSICAL_FACTORS):
            smaller += sum(_a_page(arms, label_of(BASELINE, half)) for arms in degradations.values())
            larger += sum(_a_page(arms, label_of(BASELINE, whole)) for arms in degradations.values())
    return half if smaller and not is_worth_it(smaller, larger) else whole


def is_worth_it(smaller: float, larger: float) -> bool:
    """Whether a factor is taken that leaves ``larger`` edits where its half leaves ``smaller``."""
    return larger < (1 - WORTH) * smaller


def _network(factor: int, dpi: float, engine: str) -> str | None:
    """The arm of the network of a factor that would be taken at a resolution if no other factor were there, if any."""
    return next((card.name for card in shipped(factor) if dpi in _helped(card.name, engine)), None)


def saved_by_dense(engine: str) -> float:
    """Edits a page that networks for small text save where ``auto`` takes them, over the best of all others.

    The others are networks up to the engine's LARGEST that help there, too, and bicubic.
    """
    cards = [card for factor in FACTORS if factor <= LARGEST_AUTO_FACTOR[engine] for card in shipped(factor)]
    dense, saved = {card.name for card in cards if card.dense}, 0.0
    for dpi, degradations in tuned(engine).edits.items():
        if (used := taken(median(tuned(engine).heights[dpi]), engine).model) in dense:
            others = [card.name for card in cards if card.name not in dense and dpi in _helped(card.name, engine)]
            for arms in degradations.values():
                saved += min(_bicubic(arms), *(_a_page(arms, other) for other in others)) - _a_page(arms, used)
    return saved


def _measured(name: str, engine: str) -> Tuned:
    """What a network is judged by: the pages that it is for."""
    return tuned(engine, fax=catalogue()[name].fax)


def _helped(name: str, engine: str) -> list[float]:
    """The longest run of neighbouring resolutions, in order, at which a network helps."""
    measured = _measured(name, engine)
    runs: list[list[float]] = [[]]
    for dpi in sorted(measured.heights):
        found = measured.edits[dpi].values()
        if all(name in arms for arms in found) and helps([_gain(arms, name) for arms in found]):
            runs[-1].append(dpi)
        else:
            runs.append([])
    return max(runs, key=len)


def helps(gains: Sequence[float]) -> bool:
    """Whether a network is used at a resolution, by its gains in edits a page in each degradation."""
    return min(gains) >= -A_LETTER_A_PAGE and max(gains) > 0


def _gain(arms: Arms, name: str) -> float:
    """How many edits a page fewer than after bicubic."""
    return _bicubic(arms) - _a_page(arms, name)


def _bicubic(arms: Arms) -> float:
    """Edits a page after bicubic at its better size."""
    return min(_a_page(arms, label) for label in arms if label.startswith(f"{BASELINE}_x"))


def _a_page(arms: Arms, name: str) -> float:
    """Edits a page, over the pages that all arms have."""
    common = set.intersection(*(set(pages) for pages in arms.values()))
    return sum(arms[name][page] for page in common) / len(common)


def _span(heights: Mapping[float, Sequence[float]], first: float, last: float) -> list[float]:
    """The x-heights to which one of a run of resolutions is the nearest."""
    tried = sorted(heights)
    before, after = tried.index(first), tried.index(last) + 1
    # Where no smaller text was measured there is nothing against the smallest of this; likewise the largest.
    low = _between(heights[tried[before - 1]], heights[first]) if before else min(heights[first])
    high = _between(heights[last], heights[tried[after]]) if after < len(tried) else max(heights[last])
    return [round(low, 1), round(high, 1)]


def _between(lower: Sequence[float], higher: Sequence[float]) -> float:
    """The x-height as many times the median of one resolution as that of the other is of it."""
    return math.sqrt(median(lower) * median(higher))
