"""Plots and badges as SVG, light and dark, made of the committed results and pyproject.toml (see publish.py).

They are text, made the same on every machine, so that `publish.py --check` finds one that is out of date.
"""

from __future__ import annotations

import html
import math
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.publish.committed import ROOT, Cells
from benchmarks.publish.result_tables import ENGINE, error
from docsr.bench.arms import AUTO, HR, UNTOUCHED
from docsr.bench.report.wording import how
from docsr.choices import MEASURED_ENGINES
from docsr.decide.decision import auto_range
from docsr.weights import catalogue

FOLDER = ROOT / "docs" / "tables"
"""Called as the target of the Makefile that writes it is."""

WIDTH, FONT, SMALL = 480, 14, 12
LEFT, RIGHT, ROW = 54, 16, 22


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours."""

    name: str
    ground: str
    ink: str
    quiet: str
    line: str
    arms: tuple[str, str, str, str]
    """As it is, bicubic, docsr, original."""


THEMES = (
    Theme("light", "#ffffff", "#1f2328", "#59636e", "#d1d9e0", ("#a0a8b0", "#c2571a", "#00796b", "#57606a")),
    Theme("dark", "#0d1117", "#f0f6fc", "#9198a1", "#3d444d", ("#6e7681", "#f0883e", "#2dd4bf", "#b1bac4")),
)
NAMES = "as it is", "bicubic", "docsr", "original"
PANELS = (("typeset", "scan", "6 typeset pages, scan"), ("books", "scan", "17 pages of old books, scan"))
"""Set, degradation and title of each panel of the plot by resolution."""


def text(
    x: float, y: float, words: str, fill: str, *, anchor: str = "start", size: int = FONT, bold: bool = False
) -> str:
    """A line of text."""
    weight = ' font-weight="600"' if bold else ""
    place = f'x="{x:.1f}" y="{y:.1f}" fill="{fill}" font-size="{size}" text-anchor="{anchor}"{weight}'
    return f"<text {place}>{html.escape(words)}</text>"


def line(ends: tuple[float, float, float, float], stroke: str, width: float = 1) -> str:
    """From x1, y1 to x2, y2."""
    x1, y1, x2, y2 = ends
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" stroke-width="{width:g}"/>'


def dot(x: float, y: float, fill: str) -> str:
    """A value."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{fill}"/>'


def picture(parts: Sequence[str], height: float, theme: Theme) -> str:
    """A whole file."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
        f'height="{height:.0f}" font-family="system-ui, -apple-system, \'Segoe UI\', sans-serif">'
    )
    return "\n".join([head, f'<rect width="100%" height="100%" fill="{theme.ground}"/>', *parts, "</svg>"]) + "\n"


def legend(theme: Theme, y: float) -> Iterator[str]:
    """The names of the arms in their colours."""
    for number, (name, colour) in enumerate(zip(NAMES, theme.arms, strict=True)):
        x = LEFT + 100 * number
        yield dot(x, y - 4.5, colour)
        yield text(x + 10, y, name, theme.ink, size=SMALL)


def by_resolution(cells: Sequence[Cells], theme: Theme) -> str:
    """Errors over the resolution, a panel for each of PANELS."""
    parts, top, height = [*legend(theme, 20)], 44.0, 190.0
    for set_, degradation, title in PANELS:
        mine = [one for one in cells if _is(one, set_, degradation)]
        parts += _panel(sorted(mine, key=lambda one: -one[AUTO]["lr_dpi"]), title, top, height, theme)
        top += height + 62
    return picture(parts, top - 14, theme)


def _is(cells: Cells, set_: str, degradation: str) -> bool:
    mine = cells[AUTO]
    return (mine["set"], mine["degradation"], mine["engine"]) == (set_, degradation, ENGINE)


def _panel(cells: Sequence[Cells], title: str, top: float, height: float, theme: Theme) -> Iterator[str]:
    yield text(LEFT, top + 4, f"{title}: characters wrong", theme.ink, bold=True)
    low, high = top + 18 + height, top + 18
    for percent in range(0, 101, 25):
        y = low - (low - high) * percent / 100
        yield line((LEFT, y, WIDTH - RIGHT, y), theme.line)
        yield text(LEFT - 6, y + 4, f"{percent} %", theme.quiet, anchor="end", size=SMALL)
    step = (WIDTH - RIGHT - LEFT - 60) / max(1, len(cells) - 1)
    xs = [LEFT + 30 + step * number for number in range(len(cells))]
    for x, one in zip(xs, cells, strict=True):
        yield text(x, low + 18, f"{one[AUTO]['lr_dpi']:g} dpi", theme.quiet, anchor="middle", size=SMALL)
    for number, colour in enumerate(theme.arms):
        values = [_value(one, number) for one in cells]
        places = [(x, low - (low - high) * value / 100) for x, value in zip(xs, values, strict=True)]
        for (x1, y1), (x2, y2) in pairwise(places):
            yield line((x1, y1, x2, y2), colour, 2)
        yield from (dot(x, y, colour) for x, y in places)


def _value(cells: Cells, number: int) -> float:
    """The error after the arm of this number, in percent."""
    arm = (UNTOUCHED, cells[AUTO]["baseline"], AUTO, HR)[number]
    return error(cells, arm) or 0.0


def gains(cells: Sequence[Cells], theme: Theme) -> str:
    """For each setting that Tesseract read, a line from bicubic to docsr."""
    mine = [one for one in cells if one[AUTO]["engine"] == ENGINE]
    start, parts = 196, []
    for number, name in ((1, "bicubic"), (2, "docsr")):
        parts += [dot(start + 90 * number - 80, 15.5, theme.arms[number])]
        parts += [text(start + 90 * number - 70, 20, name, theme.ink, size=SMALL)]
    high, low = 48.0, 48.0 + ROW * len(mine)
    scale = (WIDTH - RIGHT - 14 - start) / 100
    for percent in range(0, 101, 25):
        x = start + scale * percent
        parts += [line((x, high - 8, x, low - 6), theme.line)]
        parts += [text(x, high - 12, f"{percent} %", theme.quiet, anchor="middle", size=SMALL)]
    for number, one in enumerate(mine):
        y = high + ROW * number + 6
        before, after = (start + scale * _value(one, arm) for arm in (1, 2))
        name = f"{one[AUTO]['set']}, {how(one[AUTO]['lr_dpi'], one[AUTO]['degradation'])}"
        parts += [text(start - 12, y + 4, name, theme.ink, anchor="end", size=SMALL)]
        parts += [line((before, y, after, y), theme.quiet, 2)]
        parts += [dot(before, y, theme.arms[1]), dot(after, y, theme.arms[2])]
    return picture(parts, low + 6, theme)


def sizes(theme: Theme) -> str:
    """Which network is used at which text size, for each engine."""
    low, high, top = 2.0, 30.0, 30.0
    parts: list[str] = []

    def x_of(px: float) -> float:
        return 96 + (WIDTH - 96 - RIGHT - 10) * math.log(px / low) / math.log(high / low)

    for reader in MEASURED_ENGINES:
        parts.append(text(8, top, f"for {reader.capitalize().replace('ocr', 'OCR')}", theme.ink, bold=True))
        names = [card.name for card in catalogue().values() if auto_range(card.name, reader) and not card.fax]
        for name in sorted(names, key=lambda one: (auto_range(one, reader) or (0, 0))[0]):
            top += ROW + 4
            ends = auto_range(name, reader) or (0.0, 0.0)
            x1, x2 = map(x_of, ends)
            parts.append(text(8, top + 4, name, theme.ink, size=SMALL))
            parts.append(
                f'<rect x="{x1:.1f}" y="{top - 7:.1f}" width="{x2 - x1:.1f}" height="14" fill="{theme.arms[2]}"/>'
            )
            parts.append(text(x2 + 6, top + 4, f"{ends[0]:g} to {ends[1]:g} px", theme.quiet, size=SMALL))
        top += 40
    for px in (2, 3, 5, 7, 10, 15, 20, 30):
        parts.append(text(x_of(px), top, str(px), theme.quiet, anchor="middle", size=SMALL))
        parts.insert(0, line((x_of(px), 36, x_of(px), top - 14), theme.line))
    parts.append(text(WIDTH - RIGHT, top + 20, "x-height on the page, px", theme.quiet, anchor="end", size=SMALL))
    return picture(parts, top + 30, theme)


def badge(name: str, value: str) -> str:
    """A name and a value side by side."""
    left, right = (round(6.6 * len(words)) + 14 for words in (name, value))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{html.escape(f"{name}: {value}")}" font-family="Verdana, sans-serif" font-size="11">',
        f'<rect width="{left + right}" height="20" rx="3" fill="#00695c"/>',
        f'<path d="M3 0h{left - 3}v20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#444c56"/>',
        f'<text x="{left / 2:g}" y="14" fill="#fff" text-anchor="middle">{html.escape(name)}</text>',
        f'<text x="{left + right / 2:g}" y="14" fill="#fff" text-anchor="middle">{html.escape(value)}</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def badges() -> dict[Path, str]:
    """Version, Pythons and licence, as pyproject.toml has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    start = "Programming Language :: Python :: "
    pythons = [one.removeprefix(start) for one in project["classifiers"] if one.startswith(start)]
    told = {"version": project["version"], "python": " | ".join(pythons), "licence": project["license"]}
    return {FOLDER / f"{name}.svg": badge(name, value) for name, value in told.items()}


def drawn(cells: Sequence[Cells]) -> dict[Path, str]:
    """All files of FOLDER."""
    found = badges()
    for theme in THEMES:
        found[FOLDER / f"resolution-{theme.name}.svg"] = by_resolution(cells, theme)
        found[FOLDER / f"gains-{theme.name}.svg"] = gains(cells, theme)
        found[FOLDER / f"sizes-{theme.name}.svg"] = sizes(theme)
    return found
