"""Encode pictures for an HTML page, no larger than browsers can decode."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from math import sqrt

import cv2
import numpy as np

from docsr.page import Pixels

MOST_PIXELS = 12_000_000
"""A larger picture is embedded smaller: A4 at 300 dpi, 8.7 million, is embedded whole."""

MOST_SIDE = 16_000
"""Longest side in px that browsers decode."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """An encoded picture.

    Attributes:
        kind: its media type.
        base64: its bytes in base64.
        width, height: its size in px.
        share: share of the original side; 1 if it is whole.
    """

    kind: str
    base64: str
    width: int
    height: int
    share: float

    @property
    def url(self) -> str:
        """Return the picture as a data URL for an image."""
        return f"data:{self.kind};base64,{self.base64}"


def embedded(pixels: Pixels, quality: int, *, exact: bool = False) -> Embedded:
    """Encode a picture for an HTML page.

    Args:
        pixels: H x W grey or H x W x 3 RGB.
        quality: JPEG quality, 1 to 100.
        exact: encode as PNG, which is smaller for pages in black and white.
    """
    height, width = pixels.shape[:2]
    share = min(1.0, sqrt(MOST_PIXELS / (height * width)), MOST_SIDE / max(height, width))
    if share < 1:
        size = max(1, round(width * share)), max(1, round(height * share))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    stored = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    suffix, options = (".png", []) if exact else (".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])
    _, data = cv2.imencode(suffix, stored, options)
    text = base64.b64encode(data.tobytes()).decode()
    return Embedded("image/png" if exact else "image/jpeg", text, pixels.shape[1], pixels.shape[0], share)
