"""Image scores against their formulas."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from docsr.metrics.image import ink_ratio, psnr, same_size, ssim
from docsr.page import Pixels
from tests.pairs import text_page


@pytest.fixture
def hr() -> Pixels:
    return text_page(30, 300, 200)[0]


def noisy(image: Pixels, sigma: float) -> Pixels:
    noise = np.random.default_rng(0).normal(0, sigma, image.shape)
    return (image + noise).clip(0, 255).astype(np.uint8)


def ssim_by_hand(x: Pixels, y: Pixels) -> float:
    """Wang et al. 2004 with a flat window of 7 px, sample covariances, edges of 3 px left out."""
    a, b = x.astype(np.float64), y.astype(np.float64)

    def mean(plane: np.ndarray) -> np.ndarray:
        return cv2.blur(plane, (7, 7))

    sample = 49 / 48
    ma, mb = mean(a), mean(b)
    va, vb, vab = ((mean(p * q) - mean(p) * mean(q)) * sample for p, q in ((a, a), (b, b), (a, b)))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    score = (2 * ma * mb + c1) * (2 * vab + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))
    return float(score[3:-3, 3:-3].mean())


def test_psnr_is_the_formula_on_the_pooled_error(hr):
    worse = noisy(hr, 20)
    error = np.mean((worse.astype(float) - hr) ** 2)
    assert psnr(worse, hr) == pytest.approx(20 * np.log10(255) - 10 * np.log10(error), abs=1e-4)
    assert psnr(np.stack([worse, hr]), np.stack([hr, hr])) == pytest.approx(
        psnr(worse, hr) + 10 * np.log10(2), abs=1e-4
    )


def test_equal_images_have_no_psnr_and_a_whole_ssim(hr):
    assert psnr(hr, hr) is None
    assert ssim(hr, hr) == pytest.approx(1)


def test_ssim_is_the_formula(hr):
    for sigma in (5, 40):
        worse = noisy(hr, sigma)
        assert ssim(worse, hr) == pytest.approx(ssim_by_hand(worse, hr), abs=1e-6)


def test_ssim_of_a_sliver_is_none():
    assert ssim(np.zeros((6, 90), np.uint8), np.zeros((6, 90), np.uint8)) is None


def test_ink_is_1_for_equal_pages_and_less_for_lighter_strokes(hr):
    assert ink_ratio(hr, hr) == pytest.approx(1)
    lighter = (255 - (255 - hr.astype(float)) * 0.7).astype(np.uint8)
    assert ink_ratio(lighter, hr) == pytest.approx(0.7, abs=0.01)
    thinner = np.asarray(cv2.dilate(hr, np.ones((3, 3), np.uint8)), np.uint8)
    assert (ink_ratio(thinner, hr) or 1) < 0.7


def test_blur_and_grey_paper_do_not_change_the_ink_much(hr):
    assert ink_ratio(np.asarray(cv2.GaussianBlur(hr, (0, 0), 0.7), np.uint8), hr) == pytest.approx(1, abs=0.05)
    assert ink_ratio((hr * 0.9).astype(np.uint8), hr) == pytest.approx(0.9, abs=0.02)


def test_a_page_without_ink_has_no_ink_ratio():
    blank = np.full((20, 20), 255, np.uint8)
    assert ink_ratio(blank, blank) is None


def test_an_image_is_brought_to_the_size_of_another(hr):
    assert same_size(hr, hr) is hr
    for scale in (0.5, 2.0):
        other = np.asarray(cv2.resize(hr, None, fx=scale, fy=scale), np.uint8)
        assert same_size(other, hr).shape == hr.shape
