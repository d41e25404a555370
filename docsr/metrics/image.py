"""Score a grey image against its HR, without torch."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from docsr.errors import MissingExtraError
from docsr.page import Pixels, resize

INK = 128
"""HR pixels darker than this are ink."""

PAPER_PERCENTILE = 95


def psnr(sr: Pixels, hr: Pixels) -> float | None:
    """Return the peak signal-to-noise ratio in dB of uint8 images of one shape (error pooled); None if equal."""
    return psnr_of(float(np.mean((sr.astype(np.float32) - hr.astype(np.float32)) ** 2)), peak=255)


def psnr_of(mse: float, peak: float) -> float | None:
    """Return 10 log10(peak^2 / MSE) in dB; None if the error is 0."""
    return None if mse == 0 else float(10 * np.log10(peak**2 / mse))


def ssim(sr: Pixels, hr: Pixels) -> float | None:
    """Return the structural similarity (Wang et al. 2004, windows of 7 x 7 px) of H x W uint8; None below 7 px."""
    try:
        import skimage.metrics as skimage
    except ImportError as error:
        raise MissingExtraError("scoring images", "benchmark") from error
    score: Any = skimage.structural_similarity
    return float(score(sr, hr, data_range=255)) if min(hr.shape) >= 7 else None


def ink_ratio(sr: Pixels, hr: Pixels) -> float | None:
    """Return ink of SR / ink of HR, both H x W uint8; it is below 1 if strokes come out lighter or thinner.

    Ink is the mean darkness, relative to the paper, over the text of HR and the pixels around it (a 5 x 5
    neighbourhood). A blurred stroke therefore weighs as much as a sharp one. None if HR has no ink.
    """
    text = cv2.dilate((hr < INK).astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    if not text.any():
        return None
    true = _darkness(hr, text)
    return _darkness(sr, text) / true if true > 0 else None


def same_size(image: Pixels, like: Pixels) -> Pixels:
    """Return H x W ``image`` in the size of ``like``."""
    return resize(image, like.shape[1], like.shape[0])


def _darkness(image: Pixels, where: NDArray[np.bool_]) -> float:
    return float(np.percentile(image, PAPER_PERCENTILE) - image[where].mean())
