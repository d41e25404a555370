"""Adversarial losses on the discriminator's logits.

``bce`` is SRGAN's binary cross entropy; ``lsgan`` the least squares of Mao et al. (arXiv 1611.04076), on the logits.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def bce_generator(fake: Tensor) -> Tensor:
    """-log D(G(x)): small when SR passes for HR."""
    return F.softplus(-fake).mean()


def bce_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Binary cross entropy of HR as 1 and SR as 0."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def lsgan_generator(fake: Tensor) -> Tensor:
    """(D(G(x)) - 1)^2."""
    return ((fake - 1) ** 2).mean()


def lsgan_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """(D(y) - 1)^2 + D(G(x))^2."""
    return ((real - 1) ** 2).mean() + (fake**2).mean()
