"""Compute adversarial losses on the discriminator's logits.

``bce`` is SRGAN's binary cross entropy; ``lsgan`` is the least squares loss of Mao et al. (arXiv 1611.04076). The
target of a discriminator is a label for each patch: 1 for HR and 0 for SR, or drawn near them (noisy labels, recipe
R0).
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def bce_generator(fake: Tensor) -> Tensor:
    """Return -log D(G(x)), which is small if SR passes for HR."""
    return F.softplus(-fake).mean()


def bce_discriminator(real: Tensor, fake: Tensor, real_labels: Tensor, fake_labels: Tensor) -> Tensor:
    """Return the binary cross entropy of HR and SR with their labels."""
    cost = F.binary_cross_entropy_with_logits
    return cost(real, real_labels) + cost(fake, fake_labels)


def lsgan_generator(fake: Tensor) -> Tensor:
    """Return (D(G(x)) - 1)^2."""
    return ((fake - 1) ** 2).mean()


def lsgan_discriminator(real: Tensor, fake: Tensor, real_labels: Tensor, fake_labels: Tensor) -> Tensor:
    """Return (D(y) - label)^2 + (D(G(x)) - label)^2."""
    return ((real - real_labels) ** 2).mean() + ((fake - fake_labels) ** 2).mean()
