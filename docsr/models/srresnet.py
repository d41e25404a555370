"""The mission's generator: SRGAN driven by the factor."""

from __future__ import annotations

from torch import Tensor, nn

from docsr.models.base import Generator
from docsr.models.blocks import Residual, Upsample, conv, log2_factor, not_negative


class SRResNet(Generator):
    """SRGAN's generator (arXiv 1609.04802) with log2(factor) upsample blocks after a residual trunk, one grey channel.

    A large first kernel for context, ``blocks`` residual blocks, a long skip, log2(factor) doublings, a large last
    kernel. Batch norm as published; ``batch_norm: false`` leaves it out.
    """

    def __init__(
        self, factor: int, channels: int = 64, blocks: int = 16, kernel: int = 9, batch_norm: bool = True
    ) -> None:
        super().__init__()
        doublings = log2_factor(factor)
        not_negative(blocks)
        self.factor = factor
        self.head = nn.Sequential(conv(1, channels, kernel), nn.PReLU())
        self.trunk = nn.Sequential(*(Residual(channels, batch_norm=batch_norm) for _ in range(blocks)))
        self.merge = nn.Sequential(conv(channels, channels), *([nn.BatchNorm2d(channels)] if batch_norm else []))
        self.upsample = nn.Sequential(*(Upsample(channels) for _ in range(doublings)))
        self.tail = conv(channels, 1, kernel)
        self.radius = kernel // 2 + 2 * blocks + 1 + doublings + -(-(kernel // 2) // factor)

    def forward(self, x: Tensor) -> Tensor:
        """N x 1 x H x W to N x 1 x factor*H x factor*W."""
        features = self.head(x)
        features = features + self.merge(self.trunk(features))
        out: Tensor = self.tail(self.upsample(features))
        return out
