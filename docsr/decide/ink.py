"""Find the ink of a page and the parts of it that may be letters.

Pixels are ink if they are darker than the local paper by a good part of the local contrast (a page whose most common
grey is its dark one is inverted first). Specks, rulings and pictures are not letters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from docsr.decide.backgrounds import dark_on_light
from docsr.page import Pixels

Mask: TypeAlias = NDArray[np.uint8]
"""H x W, 1 where there is ink and 0 elsewhere."""

Floats: TypeAlias = NDArray[np.float64]

DISAGREE = 1.5
"""A second typical height is tried as well if it differs from the first by this ratio."""

SOLID = 0.6
"""Dots fill more than this share of their box."""

LOW = 0.45
"""Dots, dashes and touching ones are lower than this, as a share of the typical height of letters."""


def noise_of(grey: Pixels, smooth: Pixels | None = None) -> float:
    """Return the noise of grey levels from pixel to pixel in the quiet part of a page, which is paper, not text."""
    smooth = _smoothed(grey) if smooth is None else smooth
    return float(np.percentile(cv2.absdiff(grey, smooth)[::3, ::3], 20)) / 0.25


def _smoothed(grey: Pixels) -> Pixels:
    return cv2.GaussianBlur(grey, (0, 0), 0.6).astype(np.uint8)


def ink_of(grey: Pixels, noise: float = 0.0) -> Mask:
    """Mark the ink with 1, for any polarity, lighting and contrast.

    Args:
        grey: H x W uint8.
        noise: the page's noise before it was enlarged, from :func:`noise_of`.
    """
    grey, small, between = dark_on_light(grey)
    smooth = _smoothed(grey)
    size = (grey.shape[1], grey.shape[0])
    paper = cv2.blur(cv2.dilate(small, np.ones((11, 11), np.uint8)), (11, 11))
    depth = cv2.subtract(cv2.resize(paper, size, interpolation=cv2.INTER_LINEAR), smooth)
    if between is not None:
        depth[between] = 0
    noise = max(2 * noise, noise_of(grey, smooth))
    peaks = cv2.resize(cv2.dilate(depth, np.ones((5, 5), np.uint8)), (small.shape[1], small.shape[0]))
    contrast = cv2.blur(cv2.dilate(peaks, np.ones((9, 9), np.uint8)), (15, 15))
    floor = min(max(14.0, 3 * noise), 60.0)
    threshold = np.maximum(contrast.astype(np.float32) * 0.42, floor)
    level = cv2.resize(threshold, size, interpolation=cv2.INTER_LINEAR)
    ink: Mask = (depth > level).astype(np.uint8)
    return ink


def letters_of(ink: Mask) -> list[tuple[Mask, float]]:
    """Return masks of the components that may be letters or touching letters, each with their typical height.

    The components that are longest in total may not be letters but low (dots that lead to a page number, dashes) or
    high (boxes to write in). Then there are more answers, for the most frequent height and for the one that covers the
    largest area.
    """
    rough = _components(ink)
    if rough is None:
        return []
    rough.drop_dots()
    if not rough.shaped.any():
        return []
    letter = rough.typical()
    found = _without_rulings(ink, letter, rough)
    if found is None:
        return []
    answers = []
    for height in found.typical_heights():
        alike = height <= DISAGREE * letter and letter <= DISAGREE * height
        # What counts as a ruling depends on the height: for dots, the stem of a letter is long enough for one.
        unruled = found if alike else _without_rulings(ink, height, rough)
        if unruled is not None:
            answers.append(unruled.near(height))
    return answers


def _without_rulings(ink: Mask, letter: float, rough: _Components) -> _Components | None:
    """Return the components without rulings, for a typical height of letters. ``rough`` are those with rulings."""
    rulings = _rulings(ink, letter)
    if not rulings.any():
        return rough
    found = _components(cv2.subtract(ink, rulings).astype(np.uint8))
    if found is None:
        return None
    found.shaped[found.between(rulings)] = False
    if not found.shaped.any():
        return None
    found.drop_dots()
    return found if found.shaped.sum() >= 3 else None


@dataclass(frozen=True, slots=True)
class _Components:
    """Labelled ink: each component's box and area, and whether it has the shape of a letter."""

    labels: NDArray[np.int32]
    boxes: Floats
    shaped: NDArray[np.bool_]

    def typical(self) -> float:
        """Return the median height of the letters, weighted by their widths."""
        width, height = self.boxes[self.shaped].T[2:4]
        return weighted_median(height, np.minimum(width, 6 * height))

    def typical_heights(self) -> list[float]:
        """Return :meth:`typical`, and the medians by number and by area if they differ from it by DISAGREE or more."""
        width, height = self.boxes[self.shaped].T[2:4]
        letter = self.typical()
        others = float(np.median(height)), weighted_median(height, np.minimum(width, 6 * height) * height)
        return [letter, *(one for one in others if max(one / letter, letter / one) > DISAGREE)]

    def drop_dots(self) -> None:
        """Drop rows of equal dots if they are the majority and the other letters are far higher."""
        height, area = self.boxes.T[3:5]
        dot = self.typical()
        dots = np.flatnonzero(self.shaped & (height < 1.5 * dot) & (area > SOLID * self.boxes.T[2] * height))
        if not len(dots):
            return
        dots = dots[_leaders(self.boxes[dots], dot / LOW, alike=True)]
        others = self.shaped.copy()
        others[dots] = False
        if others.sum() >= 3 and float(np.median(height[others])) > dot / LOW * 0.8:
            self.shaped[dots] = False

    def between(self, rulings: Mask) -> NDArray[np.bool_]:
        """Return which components stand between two rulings and touch both, like the sides of boxes."""
        near = np.flatnonzero(cv2.dilate(rulings, np.ones((5, 5), np.uint8)).astype(np.bool_))
        near = near[self.labels.ravel()[near] > 0]
        y, x = np.divmod(near, rulings.shape[1])
        label = self.labels[y, x]
        top, height = self.boxes[label, 1], self.boxes[label, 3]
        ends = [y - top < 0.3 * height, top + height - y <= 0.3 * height]
        above, below = (np.bincount(label[end], minlength=len(self.boxes)) > 0 for end in ends)
        both: NDArray[np.bool_] = above & below
        return both

    def near(self, letter: float) -> tuple[Mask, float]:
        """Return the mask of what may be letters of the typical height ``letter``, and that height."""
        height, area = self.boxes.T[3:5]
        keep = self.shaped & (height < 4 * letter) & (area < 40 * letter * letter) & (height > 0.12 * letter)
        low = np.flatnonzero(keep & (height < LOW * letter))
        if len(low):
            keep[low[_leaders(self.boxes[low], letter)]] = False
        mask: Mask = keep.astype(np.uint8)[self.labels]
        return mask, letter


def _leaders(boxes: Floats, letter: float, alike: bool = False) -> NDArray[np.bool_]:
    """Return which low boxes belong to rows of dots or dashes: rows that stay low over the width of many letters.

    With ``alike``, the boxes of a row must also have about the same size.
    """
    found = np.zeros(len(boxes), np.bool_)
    x, y, width, height = boxes.T[:4]
    for offset in (0.0, 0.5):  # a row that straddles two bands of half a letter lies within one shifted band
        band = np.floor((y + height / 2) / (0.5 * letter) + offset)
        order = np.lexsort((x, band))
        left, right, top, end = (one[order] for one in (x, x + width, y, y + height))
        apart = (left[1:] - right[:-1] > 1.2 * letter) | (np.diff(band[order]) != 0)
        first = np.flatnonzero(np.append(True, apart))
        long = np.maximum.reduceat(right, first) - left[first] > 3 * letter
        low = np.maximum.reduceat(end, first) - np.minimum.reduceat(top, first) < 0.5 * letter
        for size in (width[order], height[order]) if alike else ():
            low &= np.maximum.reduceat(size, first) <= 1.5 * np.minimum.reduceat(size, first) + 1
        found[order] |= np.repeat(long & low, np.diff(np.append(first, len(boxes))))
    return found


def _components(ink: Mask) -> _Components | None:
    """Label the ink. Return None if fewer than three components have the shape of a letter."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    boxes: Floats = stats.astype(np.float64)
    width, height, area = boxes.T[2:5]
    keep = (height >= 3) & (width >= 2) & (area >= 6) & (height < 0.4 * ink.shape[0])
    keep &= (width < 40 * height) & (height < 12 * width) & (area > 0.06 * width * height)
    keep[0] = False
    return _Components(labels.astype(np.int32, copy=False), boxes, keep) if keep.sum() >= 3 else None


def _rulings(ink: Mask, letter: float) -> Mask:
    """Return a mask of straight lines of tables and forms, far longer than a letter or a run of touching letters."""
    across = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, max(40, round(12 * letter))), np.uint8))
    down = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((max(20, round(3 * letter)), 1), np.uint8))
    return cv2.dilate(cv2.max(across, down), np.ones((3, 3), np.uint8)).astype(np.uint8)


def weighted_median(values: Floats, weights: Floats) -> float:
    """Return the value at half of the cumulated weight."""
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
