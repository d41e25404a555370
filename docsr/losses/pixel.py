"""Compute pixel losses between SR and HR, both N x 1 x H x W in about [0, 1]; each returns a scalar."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

CHARBONNIER_EPSILON = 1e-3


def l1(sr: Tensor, hr: Tensor) -> Tensor:
    """Return the mean absolute difference."""
    return F.l1_loss(sr, hr)


def mse(sr: Tensor, hr: Tensor) -> Tensor:
    """Return the mean squared difference."""
    return F.mse_loss(sr, hr)


def charbonnier(sr: Tensor, hr: Tensor) -> Tensor:
    """Return the mean of sqrt(d^2 + eps^2), an L1 that is smooth at zero (Lai et al., arXiv 1704.03915)."""
    return torch.sqrt((sr - hr) ** 2 + CHARBONNIER_EPSILON**2).mean()
