"""Image scores of a grey image against its HR, without torch."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from docsr.errors import MissingExtraError
from docsr.page import Pixels

INK = 128
"""HR pixels darker than this are ink."""

PAPER_PERCENTILE = 95


def psnr(sr: Pixels, hr: Pixels) -> float | None:
    """Peak signal-to-noise ratio in dB, uint8 of any equal shape (the error is pooled); None for equal images."""
    error = float(np.mean((sr.astype(np.float32) - hr.astype(np.float32)) ** 2))
    return None if error == 0 else float(10 * np.log10(255**2 / error))


def ssim(sr: Pixels, hr: Pixels) -> float | None:
    """Structural similarity (Wang et al. 2004, windows of 7 x 7 px) of two H x W uint8 images; None below 7 px."""
    try:
        import skimage.metrics as skimage
    except ImportError as error:
        raise MissingExtraError("scoring images", "benchmark") from error
    score: Any = skimage.structural_similarity
    return float(score(sr, hr, data_range=255)) if min(hr.shape) >= 7 else None


def ink_ratio(sr: Pixels, hr: Pixels) -> float | None:
    """Ink of SR / ink of HR, both H x W uint8: below 1 where strokes come out lighter or thinner than the truth.

    Ink is the mean darkness, from the paper's own level, over the text of HR and the pixels around it (a 5 x 5
    neighbourhood), so that a blurred stroke weighs as much as a sharp one. None where HR has no ink.
    """
    text = cv2.dilate((hr < INK).astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    if not text.any():
        return None
    true = _darkness(hr, text)
    return _darkness(sr, text) / true if true > 0 else None


def same_size(image: Pixels, like: Pixels) -> Pixels:
    """H x W ``image`` brought to the size of ``like``: area when it shrinks, cubic when it grows."""
    if image.shape == like.shape:
        return image
    mode = cv2.INTER_AREA if image.size > like.size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (like.shape[1], like.shape[0]), interpolation=mode), np.uint8)


def _darkness(image: Pixels, where: NDArray[np.bool_]) -> float:
    return float(np.percentile(image, PAPER_PERCENTILE) - image[where].mean())
