"""Draw plots as inline SVG, in the colours of the page that holds them (``currentColor`` and CSS classes).

matplotlib's SVG has fixed colours, which do not follow the page's light or dark theme.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from docsr.metrics.bootstrap import Interval
from docsr.text.shown import in_html

WIDTH, HEIGHT = 640, 340
LEFT, RIGHT, TOP, BOTTOM = 56, 150, 14, 44
LABEL_GAP, LABEL_WIDTH = 14, 130
Y_MARGIN = 1.3
FEW_TICKS = 2
LOWEST = 0.1
"""Errors below this, in percent, are drawn as this, since a logarithm has no 0."""

DASHES = ("", "6 3", "2 3", "8 3 2 3")


@dataclass(frozen=True, slots=True)
class Series:
    """One line or point: x values with intervals of y, in percent."""

    name: str
    points: Sequence[tuple[float, Interval]]


class Axes:
    """A frame with ticks; x is linear or logarithmic, y logarithmic so that errors of 3 and 60 % are both readable."""

    def __init__(self, series: Sequence[Series], x_label: str, y_label: str, log_x: bool = False) -> None:
        self.log_x = log_x
        xs = [x for one in series for x, _ in one.points]
        values = [y.value for one in series for _, y in one.points]
        self.bottom = max(LOWEST, min(values) / Y_MARGIN)
        self.top = max(max(values) * Y_MARGIN, self.bottom * 2)
        low, high = min(map(self._x, xs)), max(map(self._x, xs))
        margin = 0.06 * (high - low) or 0.5
        self.low, self.high = low - margin, high + margin
        self.parts = [
            f'<line class="axis" x1="{LEFT}" y1="{HEIGHT - BOTTOM}" x2="{WIDTH - RIGHT}" y2="{HEIGHT - BOTTOM}"/>',
            f'<line class="axis" x1="{LEFT}" y1="{TOP}" x2="{LEFT}" y2="{HEIGHT - BOTTOM}"/>',
            f'<text class="name" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}">{in_html(x_label)}</text>',
            f'<text class="name" transform="translate(13 {HEIGHT / 2}) rotate(-90)">{in_html(y_label)}</text>',
        ]
        for value in _decades(xs) if log_x else sorted(set(xs)):
            self.parts.append(
                f'<text class="tick" x="{self.x(value):.1f}" y="{HEIGHT - BOTTOM + 16}">{value:.3g}</text>'
            )
        for value in _ticks(self.bottom, self.top):
            y = self.y(value)
            self.parts.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
            self.parts.append(f'<text class="tick left" x="{LEFT - 6}" y="{y + 4:.1f}">{value:g}</text>')

    def x(self, value: float) -> float:
        """Return the distance in pixels from the left."""
        return LEFT + (self._x(value) - self.low) / (self.high - self.low) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return the distance in pixels from the top; an interval that exceeds the frame ends at its edge."""
        share = math.log(min(max(value, self.bottom), self.top) / self.bottom) / math.log(self.top / self.bottom)
        return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)

    def svg(self, title: str) -> str:
        """Return the whole picture."""
        body = "".join(self.parts)
        return f'<svg role="img" aria-label="{in_html(title)}" viewBox="0 0 {WIDTH} {HEIGHT}">{body}</svg>'

    def _x(self, value: float) -> float:
        return math.log10(value) if self.log_x else value


def lines(series: Sequence[Series], x_label: str, y_label: str, title: str) -> str:
    """Draw lines with intervals as bars, named at their right ends."""
    axes = Axes(series, x_label, y_label)
    ends = []
    for number, one in enumerate(series):
        style = f'class="s{number % 8}" stroke-dasharray="{DASHES[number // 8 % len(DASHES)]}"'
        points = sorted(one.points, key=lambda point: point[0])
        path = " ".join(f"{axes.x(x):.1f},{axes.y(y.value):.1f}" for x, y in points)
        axes.parts.append(f'<polyline {style} fill="none" points="{path}"/>')
        axes.parts += [_bar(axes, x, y, f"s{number % 8}") for x, y in points]
        ends.append((axes.y(points[-1][1].value), one.name, f"s{number % 8}"))
    axes.parts += _end_labels(ends)
    return axes.svg(title)


def scatter(series: Sequence[Series], x_label: str, y_label: str, title: str) -> str:
    """Draw a named point for each series, x logarithmic; the tables have the intervals, which would overlap here."""
    axes = Axes(series, x_label, y_label, log_x=True)
    named = [
        (axes.y(y.value), axes.x(x), one.name, f"s{number % 8}")
        for number, one in enumerate(series)
        for x, y in one.points
    ]
    axes.parts += [_dot(axes, x, y, f"s{number % 8}") for number, one in enumerate(series) for x, y in one.points]
    taken: list[tuple[float, float]] = []
    for y, x, name, style in sorted(named):
        while any(abs(x - other_x) < LABEL_WIDTH and abs(y - other_y) < LABEL_GAP for other_y, other_x in taken):
            y += 1
        taken.append((y, x))
        axes.parts.append(f'<text class="label {style}" x="{x + 7:.1f}" y="{y + 4:.1f}">{in_html(name)}</text>')
    return axes.svg(title)


def _bar(axes: Axes, x: float, y: Interval, name: str) -> str:
    place = axes.x(x)
    ends = f'y1="{axes.y(y.low):.1f}" y2="{axes.y(y.high):.1f}"'
    return f'<line class="{name}" x1="{place:.1f}" x2="{place:.1f}" {ends}/>' + _dot(axes, x, y, name)


def _dot(axes: Axes, x: float, y: Interval, name: str) -> str:
    return f'<circle class="{name}" cx="{axes.x(x):.1f}" cy="{axes.y(y.value):.1f}" r="3"/>'


def _end_labels(ends: list[tuple[float, str, str]]) -> list[str]:
    """Return the names at the right, pushed apart if they would overlap, and up if they would leave the picture."""
    places: list[float] = []
    for y, _, _ in sorted(ends):
        places.append(max(y, places[-1] + LABEL_GAP) if places else y)
    lowest = HEIGHT - 1.0 * LABEL_GAP
    for number in reversed(range(len(places))):
        places[number] = min(places[number], lowest)
        lowest = places[number] - LABEL_GAP
    return [
        f'<text class="label {style}" x="{WIDTH - RIGHT + 6}" y="{y + 4:.1f}">{in_html(name)}</text>'
        for y, (_, name, style) in zip(places, sorted(ends), strict=True)
    ]


def _decades(xs: Sequence[float]) -> list[float]:
    """Return the powers of ten within the range of ``xs``, or its ends if there are fewer than two."""
    powers = range(math.floor(math.log10(min(xs))), math.ceil(math.log10(max(xs))) + 1)
    inside = [10.0**power for power in powers if min(xs) <= 10.0**power <= max(xs)]
    return inside if len(inside) > 1 else [min(xs), max(xs)]


def _ticks(bottom: float, top: float) -> list[float]:
    """Return 1, 2, 5, 10, 20 ... within the frame, or more ticks if the frame is narrow."""
    powers = range(math.floor(math.log10(bottom)), math.ceil(math.log10(top)) + 1)
    for times in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        ticks = [value for power in powers for one in times if bottom <= (value := one * 10.0**power) <= top]
        if len(ticks) > FEW_TICKS:
            break
    return ticks
