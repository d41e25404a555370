"""Define SRGAN's generator for any factor that is a power of two (recipe R3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from docsr.models.base import Generator
from docsr.models.blocks import Residual, Upsample, check_colours, check_not_negative, conv, log2_factor

TANH_SCALE, TANH_SHIFT = 2.38, 0.26
IMAGENET_MEAN, IMAGENET_STD = 0.449, 0.226
"""Means over the three colours."""


class SRResNet(Generator):
    """SRGAN's generator (arXiv 1609.04802) with log2(factor) upsample blocks after a residual trunk.

    It has a large first kernel for context, ``blocks`` residual blocks, a long skip, log2(factor) doublings and a large
    last kernel. Batch norm is as published; ``batch_norm: false`` leaves it out. ``tanh: true`` bounds the output as in
    recipe R4: 2.38 tanh(x) + 0.26 is the range of ImageNet-normalised images, which is brought back to [0, 1] here.

    Args:
        factor: the enlargement.
        channels: channels of the trunk.
        blocks: number of residual blocks.
        kernel: kernel of the first and the last convolution.
        batch_norm: put batch norm after each convolution of the trunk.
        tanh: bound the output.
        colours: 1 (grey) or 3 (RGB).
    """

    def __init__(
        self,
        factor: int,
        channels: int = 64,
        blocks: int = 16,
        kernel: int = 9,
        batch_norm: bool = True,
        tanh: bool = False,
        colours: int = 1,
    ) -> None:
        super().__init__()
        doublings = log2_factor(factor)
        check_not_negative(blocks)
        check_colours(colours)
        self.factor, self.colours, self.tanh = factor, colours, tanh
        self.head = nn.Sequential(conv(colours, channels, kernel), nn.PReLU())
        self.trunk = nn.Sequential(*(Residual(channels, batch_norm=batch_norm) for _ in range(blocks)))
        self.merge = nn.Sequential(conv(channels, channels), *([nn.BatchNorm2d(channels)] if batch_norm else []))
        self.upsample = nn.Sequential(*(Upsample(channels) for _ in range(doublings)))
        self.tail = conv(channels, colours, kernel)
        self.radius = kernel // 2 + 2 * blocks + 1 + doublings + -(-(kernel // 2) // factor)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge N x C x H x W to N x C x factor*H x factor*W."""
        features = self.head(x)
        features = features + self.merge(self.trunk(features))
        out: Tensor = self.tail(self.upsample(features))
        return _denormalised(torch.tanh(out)) if self.tanh else out


def _denormalised(bounded: Tensor) -> Tensor:
    """Map (-1, 1) by R4's affine to the ImageNet-normalised range, and from there to about [0, 1]."""
    return (TANH_SCALE * bounded + TANH_SHIFT) * IMAGENET_STD + IMAGENET_MEAN
