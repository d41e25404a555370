"""Degrade HR to LR for measuring, in a few fixed ways, so that a figure means the same on every machine.

Training draws from wide ranges (:mod:`docsr.pairs.degrade`); measuring does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from docsr.errors import PageError
from docsr.page import Page, Pixels, luminance
from docsr.registry import Registry
from docsr.square import FINE_FAX, STANDARD_FAX

BLUR_SIGMA, INK, PAPER, NOISE, JPEG = 0.5, 0.12, 0.92, 0.02, 60
FAX_THRESHOLD = 0.6

Floats: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Web:
    """How :func:`as_on_the_web` treats a page.

    Attributes:
        blur: sigma of the scanner's blur in px of the low page.
        ink: darkest value, from black 0 to white 1.
        paper: lightest value before sharpening.
        noise: standard deviation of the paper's grain, of white 1.
        grain: sigma of the grain's blur in px; ``noise`` is that after the blur.
        finer: px of the first raster per px of the page.
        first_jpeg: quality of JPEG in the first raster, 1 to 100.
        sharpen: share of the difference from the blurred page that is added.
        radius: sigma of that blur in px.
        second_jpeg: quality of JPEG of the page, 1 to 100.
    """

    blur: float
    ink: float
    paper: float
    noise: float
    grain: float
    finer: float
    first_jpeg: int
    sharpen: float
    radius: float
    second_jpeg: int


WEB = Web(
    blur=0.33,
    ink=0.2,
    paper=1.0,
    noise=0.0,
    grain=0.28,
    finer=1.27,
    first_jpeg=56,
    sharpen=0.72,
    radius=0.77,
    second_jpeg=94,
)
"""Found by ``benchmarks/research/webscan.py``; JPEG alone makes as much noise as such pages have."""


def clean(grey: Pixels, seed: int) -> Pixels:
    """Return the down-sampled page as it is."""
    return grey


def scan(grey: Pixels, seed: int) -> Pixels:
    """Imitate a mediocre scanner: blur of 0.5 px, contrast 0.12-0.92, noise of 2 %, JPEG of quality 60."""
    image = cv2.GaussianBlur(grey, (0, 0), BLUR_SIGMA).astype(np.float32) / 255
    image = INK + image * (PAPER - INK)
    image += np.random.default_rng(seed).normal(0, NOISE, image.shape).astype(np.float32)
    return _as_jpeg(np.asarray(image), JPEG)


def as_on_the_web(grey: Pixels, seed: int, web: Web) -> Pixels:
    """Imitate a page found on the web: scanned, compressed, sampled again, sharpened, and compressed again.

    Sampling again does not smooth before, so thin lines beat with the raster (a slight moire).
    """
    height, width = grey.shape
    finer = max(1, round(width * web.finer)), max(1, round(height * web.finer))
    image = _sampled(np.asarray(grey / 255, np.float32), finer)
    image = web.ink + _blurred(image, web.blur * web.finer) * (web.paper - web.ink)
    grain = _blurred(np.random.default_rng(seed).normal(0, 1, image.shape).astype(np.float32), web.grain * web.finer)
    image = image + grain * (web.noise / max(float(grain.std()), 1e-6))
    image = _sampled(np.asarray(_as_jpeg(image, web.first_jpeg) / 255, np.float32), (width, height))
    return _as_jpeg(image + web.sharpen * (image - _blurred(image, web.radius)), web.second_jpeg)


def webscan(grey: Pixels, seed: int) -> Pixels:
    """Imitate a page found on the web by the parameters of WEB, which were chosen by nearness to such pages."""
    return as_on_the_web(grey, seed, WEB)


def fax(grey: Pixels, seed: int) -> Pixels:
    """Reduce to one bit, with a threshold at 0.6 of the way from black to white."""
    return np.where(grey > FAX_THRESHOLD * 255, 255, 0).astype(np.uint8)


DEGRADATIONS: Registry[Callable[[Pixels, int], Pixels]] = Registry(
    "degradation",
    {
        "clean": clean,
        "scan": scan,
        "webscan": webscan,
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


def _sampled(image: Floats, shape: tuple[int, int]) -> Floats:
    """Return the image in another raster, width and height, without smoothing before."""
    return np.asarray(cv2.resize(image, shape, interpolation=cv2.INTER_LINEAR), np.float32)


def _blurred(image: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32) if sigma > 0 else image


def _as_jpeg(image: Floats, quality: int) -> Pixels:
    """Return values from 0 to 1 as they come out of a JPEG file."""
    _, data = cv2.imencode(".jpg", (image.clip(0, 1) * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
