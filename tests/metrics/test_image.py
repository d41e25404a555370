"""Image scores against their formulas."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from docsr.metrics.image import psnr, ssim


@pytest.fixture
def pair() -> tuple[Tensor, Tensor]:
    """Two images and what noise makes of them, the second worse."""
    generator = torch.Generator().manual_seed(0)
    hr = torch.rand(2, 1, 24, 30, generator=generator)
    noise = torch.randn(hr.shape, generator=generator) * torch.tensor([0.05, 0.2]).view(2, 1, 1, 1)
    return (hr + noise).clamp(0, 1), hr


def ssim_by_hand(x: np.ndarray, y: np.ndarray) -> float:
    """Wang et al. 2004: a Gaussian window of 11 px, sigma 1.5, C1 = 0.01^2, C2 = 0.03^2; edges mirrored."""

    def mean(plane: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(plane, (11, 11), 1.5, borderType=cv2.BORDER_REFLECT_101)

    mx, my = mean(x), mean(y)
    vx, vy, covariance = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = 0.01**2, 0.03**2
    score = (2 * mx * my + c1) * (2 * covariance + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return float(score.mean())


def test_psnr_is_the_formula_on_the_pooled_error(pair: tuple[Tensor, Tensor]) -> None:
    sr, hr = pair
    torch.testing.assert_close(psnr(sr, hr), -10 * ((sr - hr) ** 2).mean().log10())
    assert psnr(sr[:1], hr[:1]) > psnr(sr, hr) > psnr(sr[1:], hr[1:])


def test_a_blank_patch_does_not_make_psnr_infinite(pair: tuple[Tensor, Tensor]) -> None:
    sr, hr = pair
    assert bool(torch.isfinite(psnr(torch.cat([sr[:1], hr[1:]]), hr)))


def test_ssim_is_the_formula_in_the_mean(pair: tuple[Tensor, Tensor]) -> None:
    sr, hr = pair
    by_hand = [ssim_by_hand(x[0], y[0]) for x, y in zip(sr.double().numpy(), hr.double().numpy(), strict=True)]
    assert by_hand[0] > by_hand[1]
    assert ssim(sr, hr).item() == pytest.approx(sum(by_hand) / 2, abs=1e-4)
    assert ssim(sr[:1], hr[:1]).item() == pytest.approx(by_hand[0], abs=1e-4)


def test_equal_images_score_best(pair: tuple[Tensor, Tensor]) -> None:
    _, hr = pair
    assert psnr(hr, hr).item() == float("inf")
    assert ssim(hr, hr).item() == pytest.approx(1)
