"""Degrade HR to LR for measuring, in a few fixed ways, so that a figure means the same on every machine.

Training draws from wide ranges (:mod:`docsr.pairs.degrade`); measuring does not.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from docsr.errors import PageError
from docsr.page import Page, Pixels, luminance
from docsr.registry import Registry
from docsr.square import FINE_FAX, STANDARD_FAX

BLUR_SIGMA, INK, PAPER, NOISE, JPEG = 0.5, 0.12, 0.92, 0.02, 60
FAX_THRESHOLD = 0.6


def clean(grey: Pixels, seed: int) -> Pixels:
    """Return the down-sampled page as it is."""
    return grey


def scan(grey: Pixels, seed: int) -> Pixels:
    """Imitate a mediocre scanner: blur of 0.5 px, contrast 0.12-0.92, noise of 2 %, JPEG of quality 60."""
    image = cv2.GaussianBlur(grey, (0, 0), BLUR_SIGMA).astype(np.float32) / 255
    image = INK + image * (PAPER - INK)
    image += np.random.default_rng(seed).normal(0, NOISE, image.shape).astype(np.float32)
    _, data = cv2.imencode(".jpg", (image.clip(0, 1) * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, JPEG])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def fax(grey: Pixels, seed: int) -> Pixels:
    """Reduce to one bit, with a threshold at 0.6 of the way from black to white."""
    return np.where(grey > FAX_THRESHOLD * 255, 255, 0).astype(np.uint8)


DEGRADATIONS: Registry[Callable[[Pixels, int], Pixels]] = Registry(
    "degradation",
    {
        "clean": clean,
        "scan": scan,
        "fax": fax,
        "standard_fax": fax,
        "fine_fax": fax,
    },
)
"""Name -> function that degrades the down-sampled grey page (H x W uint8) with a seed."""

SHAPES = {"standard_fax": STANDARD_FAX, "fine_fax": FINE_FAX}
"""Degradation -> height over width of its pixels, if they are not square."""


def lower(page: Page, dpi: float, degradation: str, seed: int) -> Page:
    """Reduce an HR page of known dpi to a lower one by area down-sampling, in grey, and degrade it.

    Faxes may have more dpi than the page, since a fax machine scans all paper at its own resolution.

    Args:
        page: HR.
        dpi: pixels per inch on each line of the result; SHAPES gives some degradations fewer lines per inch.
        degradation: a name of DEGRADATIONS.
        seed: seed of its noise.

    Raises:
        PageError: the page's dpi is unknown, or is below ``dpi`` and the degradation is no fax of SHAPES.
        UsageError: the degradation is unknown.
    """
    degrade, shape = DEGRADATIONS.find(degradation), SHAPES.get(degradation)
    if page.dpi is None:
        raise PageError("it does not say its resolution: give --hr-dpi (in a suite, hr_dpi)")
    if min(page.dpi) < dpi and shape is None:
        raise PageError(f"it has {min(page.dpi):g} dpi and cannot be reduced to {dpi:g}")
    grey, wanted = luminance(page.pixels), (dpi, dpi if shape is None else round(dpi / shape))
    width, height = (
        max(1, round(px * to / at)) for px, at, to in zip((page.width, page.height), page.dpi, wanted, strict=True)
    )
    if width > page.width:  # INTER_AREA would repeat pixels
        grey = np.asarray(cv2.resize(grey, (width, page.height), interpolation=cv2.INTER_CUBIC), np.uint8)
    small = np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return Page(degrade(small, seed), wanted, source=page.source, number=page.number)
