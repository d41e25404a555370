"""Enlarge by interpolation: the baselines, and the fallback where no network helps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from docsr.page import Plane
from docsr.registry import Registry

_MODES = {"nearest": cv2.INTER_NEAREST, "bicubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4}
_REACH = {"nearest": 1, "bicubic": 3, "lanczos": 5}


@dataclass(frozen=True, slots=True)
class Interpolation:
    """OpenCV interpolation by an integer factor: ``nearest``, ``bicubic`` (a = -0.75) or ``lanczos``."""

    name: str
    factor: int
    keeps_white: bool = True
    guarded: bool = False

    @property
    def overlap(self) -> int:
        """The reach of the kernel in input pixels, plus one."""
        return _REACH[self.name]

    def __call__(self, plane: Plane) -> Plane:
        """Enlarge H x W in [0, 1] to (H * factor) x (W * factor)."""
        return enlarge(plane, self.factor, self.name)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The unchanged page, as the baseline for OCR."""

    name: str = "none"
    factor: int = 1
    overlap: int = 0
    keeps_white: bool = True
    guarded: bool = False

    def __call__(self, plane: Plane) -> Plane:
        """Return ``plane``."""
        return plane


def enlarge(plane: Plane, factor: int, mode: str = "bicubic") -> Plane:
    """Enlarge H x W or H x W x C float32 by an integer ``factor``; modes as in :class:`Interpolation`."""
    size = (plane.shape[1] * factor, plane.shape[0] * factor)
    return np.asarray(cv2.resize(plane, size, interpolation=_MODES[mode]), dtype=np.float32)


CLASSICAL: Registry[Callable[[int], Interpolation | Unchanged]] = Registry(
    "upscaler",
    {
        "none": lambda factor: Unchanged(),
        "nearest": lambda factor: Interpolation("nearest", factor),
        "bicubic": lambda factor: Interpolation("bicubic", factor),
        "lanczos": lambda factor: Interpolation("lanczos", factor),
    },
)
"""Name -> constructor, which is called with the factor."""
