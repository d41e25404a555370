"""Degrade HR to LR as scanners, faxes and web pages do, and warp both alike.

The steps follow the path of a page: ink on paper, the other side, optics, sampling, the sensor, the file. All random
numbers come from the generator that is passed in, so a sample is determined by its seed.
"""

from __future__ import annotations

import math
import os

import cv2
import numpy as np

from docsr.page import Pixels, luminance
from docsr.square import resampled
from docsr.train_config import DegradeConfig

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # otherwise albumentations looks for updates on the network

import albumentations as A
from PIL import Image

PAPER = 255
WHITE = (PAPER,) * 3
"""Fill colour of one channel or three: albumentations would fill only red with a single number."""
KERNELS = {"area": Image.Resampling.BOX, "bicubic": Image.Resampling.BICUBIC}
"""Kernels of down-sampling, wide enough to avoid aliasing."""

FINER_SCAN = (1.3, 3.5)
"""Resolution of a one-bit scan over that to which it was reduced: 3.5 from 300 dpi to 85."""

FAX_SHAPE = (1.95, 2.15)
"""Height over width of a pixel of a standard fax: 204 / 98 (ITU-T T.4), on some machines 200 / 100."""

LOST_LINES = 0.04
"""The largest share of a fax's lines that the telephone connection spoils."""

SAMPLERS = (cv2.INTER_AREA, cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)


class Degrade:
    """Make training pairs of one factor.

    Args:
        config: probabilities and ranges.
        factor: HR size / LR size, any integer from 2 on.
    """

    def __init__(self, config: DegradeConfig, factor: int) -> None:
        self.config = config
        self.factor = factor
        self._warp = A.Compose(
            [
                A.Affine(rotate=config.rotation_degrees, shear=(-0.5, 0.5), fill=WHITE, p=1),
                A.ElasticTransform(alpha=4 * factor, sigma=12 * factor, fill=WHITE, p=0.5),
            ]
        )
        low, high = config.blur_sigma_lr
        self._optics = A.Compose(
            [
                A.OneOf(
                    [
                        A.GaussianBlur(blur_limit=0, sigma_limit=(low * factor, high * factor), p=1 - config.motion),
                        A.MotionBlur(blur_limit=(3, 2 * factor + 1), p=config.motion),
                    ],
                    p=config.blur,
                )
            ]
        )
        self._sensor = A.Compose(
            [
                A.UnsharpMask(blur_limit=3, sigma_limit=(0.6, 1.2), alpha=(0.3, 0.9), p=config.sharpen),
                A.OneOf(
                    [
                        A.GaussNoise(std_range=config.noise_sigma, p=0.75),
                        A.ShotNoise(scale_range=(0.01, 0.08), p=0.25),
                    ],
                    p=config.noise,
                ),
            ]
        )
        quality = (round(config.jpeg_quality[0]), round(config.jpeg_quality[1]))
        self._file = A.Compose([A.ImageCompression(quality_range=quality, p=config.jpeg)])

    def __call__(self, hr: Pixels, random: np.random.Generator) -> tuple[Pixels, Pixels]:
        """Return (HR, LR) of one HR patch, H x W or H x W x 3 uint8, H and W multiples of the factor."""
        config, size = self.config, (hr.shape[1] // self.factor, hr.shape[0] // self.factor)
        if random.random() < config.warp:
            hr = _run(self._warp, hr, random)
        if random.random() < config.clean:
            return hr, self._sample(hr, cv2.INTER_AREA, size)
        lr = hr
        if random.random() < config.ink_spread:
            lr = _spread_ink(lr, random, self.factor)
        if random.random() < config.bleed_through:
            lr = _bleed_through(lr, random)
        # Draw nothing if the option is off, so that the samples of runs without it do not change.
        if config.reduced_bilevel and random.random() < config.reduced_bilevel:
            return hr, _run(self._file, self._reduced_bilevel(lr, size, random), random)
        if config.fax and random.random() < config.fax:
            return hr, self._fax(lr, size, random)
        lr = self._sample(_run(self._optics, lr, random), _random_kernel(random), size)
        ink, paper = 0.0, 1.0
        if random.random() < config.contrast:
            ink, paper = random.uniform(*config.ink_level), random.uniform(*config.paper_level)
            lr = _tone(lr, ink, paper, random)
        lr = _run(self._sensor, lr, random)
        if random.random() < config.bilevel:
            return hr, _bilevel(lr, ink, paper, random)
        return hr, _run(self._file, lr, random)

    def _reduced_bilevel(self, image: Pixels, size: tuple[int, int], random: np.random.Generator) -> Pixels:
        """Reduce a one-bit scan of higher resolution, with ragged edges, to LR: archives hold many such scans."""
        finer = random.uniform(FINER_SCAN[0], min(self.factor, FINER_SCAN[1]))
        scan = cv2.resize(image, (round(size[0] * finer), round(size[1] * finer)), interpolation=cv2.INTER_AREA)
        scan = cv2.GaussianBlur(scan, (0, 0), random.uniform(0.3, 0.9))
        grain = np.asarray(random.standard_normal(scan.shape, np.float32), np.float32)
        grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), random.uniform(0.3, 0.8)))
        rough = (scan + PAPER * random.uniform(0.0, 0.15) * grain).clip(0, PAPER)
        return self._sample(_bilevel(np.asarray(rough, np.uint8), 0.0, 1.0, random), _random_kernel(random), size)

    def _fax(self, image: Pixels, size: tuple[int, int], random: np.random.Generator) -> Pixels:
        """Make a standard fax of one bit, with lost lines and as many pixels as LR, and then square its pixels."""
        longer = math.sqrt(random.uniform(*FAX_SHAPE))
        raster = round(size[0] * longer), max(1, round(size[1] / longer))
        scanned = self._sample(_run(self._optics, image, random), _random_kernel(random), raster)
        bits = _bilevel(_run(self._sensor, scanned, random), 0.0, 1.0, random)
        if random.random() < self.config.noise:
            _lose_lines(bits, random)
        return resampled(bits, *size)

    def _sample(self, image: Pixels, kernel: int, size: tuple[int, int]) -> Pixels:
        """Resize to ``size``, (width, height)."""
        if self.config.kernel != "mixed":
            return np.asarray(Image.fromarray(image).resize(size, KERNELS[self.config.kernel]), np.uint8)
        return np.asarray(cv2.resize(image, size, interpolation=kernel), np.uint8)


def _lose_lines(bits: Pixels, random: np.random.Generator) -> None:
    """Spoil some lines in place as receivers conceal losses: with the line above, or with white."""
    lost = np.flatnonzero(random.random(len(bits) - 1) < random.uniform(0, LOST_LINES)) + 1
    for line in lost.tolist():
        bits[line] = bits[line - 1] if random.random() < 0.7 else PAPER


def _random_kernel(random: np.random.Generator) -> int:
    """Draw one of the sampling kernels."""
    return SAMPLERS[int(random.integers(len(SAMPLERS)))]


def _run(compose: A.Compose, image: Pixels, random: np.random.Generator) -> Pixels:
    """Run an albumentations pipeline with a seed drawn from ``random``."""
    compose.set_random_seed(int(random.integers(2**31)))
    return np.asarray(compose(image=np.ascontiguousarray(image))["image"], np.uint8).reshape(image.shape)


def _spread_ink(image: Pixels, random: np.random.Generator, factor: int) -> Pixels:
    """Grow (erode brightness) or wear (dilate it) strokes by a share of one HR pixel step."""
    reach = int(random.integers(1, max(2, factor // 2 + 1)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    changed = (cv2.erode if random.random() < 0.6 else cv2.dilate)(image, kernel)
    share = random.uniform(0.1, 0.6)
    return np.asarray(cv2.addWeighted(image, 1 - share, changed, share, 0), np.uint8)


def _bleed_through(image: Pixels, random: np.random.Generator) -> Pixels:
    """Add the other side of the sheet: the patch itself, mirrored, blurred and faint."""
    other = cv2.GaussianBlur(image[::-1, ::-1], (0, 0), 2.0)
    faint = PAPER - (PAPER - other.astype(np.float32)) * random.uniform(0.05, 0.25)
    return np.minimum(image, faint.astype(np.uint8))


def _tone(image: Pixels, ink: float, paper: float, random: np.random.Generator) -> Pixels:
    """Set ink and paper to these levels in [0, 1], darker towards one side."""
    fall = np.linspace(-0.5, 0.5, image.shape[1]) * random.uniform(-0.08, 0.08)
    toned = ink + image / PAPER * (paper - ink) + fall.reshape(1, -1, *[1] * (image.ndim - 2))
    return np.asarray((toned * PAPER).clip(0, PAPER).round(), np.uint8)


def _bilevel(image: Pixels, ink: float, paper: float, random: np.random.Generator) -> Pixels:
    """Reduce to one bit by a threshold between ink and paper (levels in [0, 1]), somewhat off the middle.

    The levels are those of the page. In a patch with little ink, measured levels would put the threshold into the noise
    of the paper.
    """
    level = ink + (paper - ink) * random.uniform(0.4, 0.75)
    bits = np.where(luminance(image) > level * PAPER, PAPER, 0).astype(np.uint8)
    return bits if image.ndim == 2 else np.repeat(bits[..., None], 3, axis=2)
