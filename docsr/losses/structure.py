"""Compute losses of strokes instead of grey: gradients, edges, frequencies. N x C x H x W in [0, 1] to scalars."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

EDGE_WEIGHT = 4.0
"""Additional weight of a pixel on an edge as steep as black on white; a pixel of plain paper has the weight 1."""


def gradient(sr: Tensor, hr: Tensor) -> Tensor:
    """Return the mean absolute difference of the steps from pixel to pixel, down and across."""
    return torch.stack([F.l1_loss(sr.diff(dim=side), hr.diff(dim=side)) for side in (-1, -2)]).mean()


def edge(sr: Tensor, hr: Tensor) -> Tensor:
    """Return an L1 that weights pixels by the steepness of HR; the weights have the mean 1."""
    steep = F.pad(hr.diff(dim=-1).abs(), (0, 1)) + F.pad(hr.diff(dim=-2).abs(), (0, 0, 0, 1))
    weight = 1 + EDGE_WEIGHT * steep.clamp(max=1)
    return (weight * (sr - hr).abs()).mean() / weight.mean()


def frequency(sr: Tensor, hr: Tensor) -> Tensor:
    """Return the mean absolute difference of the orthonormal two-dimensional spectra, phase and amplitude."""
    spectra = (torch.fft.rfft2(image.float(), norm="ortho") for image in (sr, hr))
    return torch.view_as_real(next(spectra) - next(spectra)).abs().mean()
