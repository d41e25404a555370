"""docs/zoo.md, of the networks' cards, and the table of docs/limits.md, of the committed results (see publish.py)."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.publish.committed import ROOT, Cells, alone
from benchmarks.publish.tables import filled, table
from docsr.bench.arms import AUTO, BASELINE
from docsr.bench.report.wording import how, standing
from docsr.choices import MEASURED_ENGINES
from docsr.decide.decision import auto_range

ZOO = ROOT / "docs" / "zoo.md"
LIMITS = ROOT / "docs" / "limits.md"

STANDINGS = ("better", "perhaps better", "worse", "perhaps worse", "=")
"""What a setting says of an arm and bicubic; the last: neither."""

COUNTED = (*STANDINGS[:-1], "neither")

HEAD = """# Networks

This page lists the networks that come with docsr: how large they are, what they were trained on, and at which text
sizes each is used. `make tables` makes it from the cards in `docsr/weights` and from `benchmarks/results`. `docsr
models` prints the same table, and `docsr models NAME` everything that was measured of one network.

- **Helps**: the text sizes at which the engine reads the suite `tune` better with the network than with bicubic. The
  network must be better in some degradation, and in none worse by more than a letter a page. No page of `tune` is in
  any table.
- **Auto**: the text sizes at which `docsr enhance` takes the network when you give it only the engine (`--engine`).
  Where several help, the [small ones](decisions.md#small-text-is-looked-at-from-every-pixel) go before the compact
  ones. Of these, docsr takes the one that brings the text nearest to 20-30 px.
- **Never by default**: networks beyond 4x, or beyond 2x for RapidOCR. With larger ones, engines make more errors on
  `tune`, or hardly fewer.

Elsewhere docsr takes bicubic. `--factor 8` asks for the network of 8x, `--model NAME` for any, whatever the text size.
Text that is large enough stays as it is, unless you also ask for a factor.

fax_x2 gets pages with square pixels and as many pixels as the fax has; its x-heights are of that page. `docsr models`
and `--dry-run` give them for the finer axis, where they are 1.44 times as large.

"""
COUNTS = """
## How often each reads better than bicubic

The table counts settings (a set of pages, made low-resolution in one way) in which the network was measured. It says in
how many the engine reads better or worse after the network by itself than after bicubic, at any text size and beyond
chance, after correction for all networks and settings. *Perhaps* means that the setting's own interval says so, but
among so many settings that may be chance ([how we measure](benchmark.md#scores)). Bicubic is taken at 2x or 4x,
whichever reads better. The cards have every setting.

"""


def zoo(cards: Sequence[dict[str, Any]], settings: Iterable[Cells]) -> str:
    """docs/zoo.md."""
    found = list(settings)
    header = [
        "network",
        "enlarges",
        "parameters",
        "bytes",
        "trained on text of",
        *(f"{said} {engine}" for engine in MEASURED_ENGINES for said in ("helps", "auto,")),
    ]
    rows = [
        [
            f"[{card['name']}](#{card['name']})",
            f"{card['factor']}x",
            f"{card['parameters']:,}",
            f"{card['bytes']:,}",
            _px(card["x_height"]),
            *(
                _px(x_heights)
                for engine in MEASURED_ENGINES
                for x_heights in (card["x_height_helps"][engine], auto_range(card["name"], engine))
            ),
        ]
        for card in cards
    ]
    counts = table(
        ["network", "engine", *COUNTED, "pages harmed"],
        [row for card in cards for row in _counts(card["name"], found)],
    )
    words = "".join(map(_about, cards))
    return HEAD + table(header, rows) + "\n" + COUNTS + counts + "\n" + words


def _px(x_heights: Sequence[float] | None) -> str:
    return "no text size" if x_heights is None else f"{x_heights[0]:g} to {x_heights[1]:g} px"


def helped(card: dict[str, Any]) -> str:
    """Which engines a network helps at which x-heights, in words."""
    spans = {engine: span for engine, span in card["x_height_helps"].items() if span}
    return ", ".join(f"{engine} at x-heights of {_px(span)}" for engine, span in spans.items()) or "no engine"


def _about(card: dict[str, Any]) -> str:
    name = card["name"]
    points = (
        f"Trained on: {card['training_data']}",
        trained_for(card),
        f"[The card](../docsr/weights/{name}.md): the command that trained it, notes, and all that was measured.",
    )
    return f"\n## {name}\n\n" + "".join(map(_point, points))


def trained_for(card: dict[str, Any]) -> str:
    """How long its training took, and that of what it began with."""
    before = f" {card['before']}." if card["before"] else ""
    return f"Steps: {card['steps']:,}, about {card['hours']:g} h on one or two CPU cores.{before}"


def _point(text: str) -> str:
    """One of a list, in lines of at most 120 characters."""
    wrapper = textwrap.TextWrapper(
        120, initial_indent="- ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    return wrapper.fill(text) + "\n"


def _counts(arm: str, settings: Iterable[Cells]) -> list[list[Any]]:
    """A row for each engine: settings by STANDINGS, and pages harmed."""
    said: dict[str, list[str]] = defaultdict(list)
    pages: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for cells in settings:
        if (mine := cells.get(arm)) is not None:
            said[mine["engine"]].append(standing(mine["beats_bicubic"], alone(mine)))
            pages[mine["engine"]][0] += mine["pages_harmed"]
            pages[mine["engine"]][1] += mine["pages"]
    return [
        [arm, engine, *(said[engine].count(one) for one in STANDINGS), "{} of {}".format(*pages[engine])]
        for engine in sorted(said, reverse=True)
    ]


def limits(settings: Iterable[Cells]) -> str:
    """docs/limits.md with its tables."""
    found = list(settings)
    counts = [row[1:] for row in _counts(AUTO, found)]
    text = filled(
        LIMITS.read_text(encoding="utf-8"),
        "counts",
        table(["engine", *COUNTED, "pages harmed"], counts),
    )
    header = ["pages", "made low", "engine", "bicubic", "docsr", "beyond chance", "harmed"]
    return filled(text, "no gain", table(header, [row for cells in found if (row := _no_gain(cells)) is not None]))


def _no_gain(cells: Cells) -> list[Any] | None:
    """The row of a setting in which docsr is read no better than bicubic."""
    mine = cells.get(AUTO)
    if mine is None:
        return None
    bicubic, own = (cells[arm]["error"]["value"] for arm in (mine["baseline"], AUTO))
    if own < bicubic:
        return None
    assert mine["baseline"].startswith(BASELINE)
    place = mine["set"], how(mine["lr_dpi"], mine["degradation"]), mine["engine"]
    beyond = standing(mine["beats_bicubic"], alone(mine)).removeprefix("=")
    return [*place, 100 * bicubic, 100 * own, beyond, f"{mine['pages_harmed']} of {mine['pages']}"]
