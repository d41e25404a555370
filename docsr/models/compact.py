"""The small fast network that ships: a plain trunk whose output is added to the bicubic enlargement."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from docsr.models.base import Generator
from docsr.models.blocks import PAPER, BicubicPhases, Residual, conv, log2_factor, not_negative


class Compact(Generator):
    """Bicubic plus what a residual trunk at LR size adds, one PixelShuffle(factor) at the end.

    No batch norm, so that tiles are exact. The last convolution starts at zero: an untrained network is bicubic, and
    blank paper stays blank. Inside, paper is 0, so that the zeros a convolution pads with are paper too.
    """

    def __init__(self, factor: int, channels: int = 32, blocks: int = 8, kernel: int = 5) -> None:
        super().__init__()
        log2_factor(factor)
        not_negative(blocks)
        self.factor = factor
        self.bicubic = BicubicPhases(factor)
        self.head = nn.Sequential(conv(1, channels, kernel), nn.PReLU())
        self.trunk = nn.Sequential(*(Residual(channels, batch_norm=False) for _ in range(blocks)))
        self.merge = conv(channels, channels)
        self.tail = conv(channels, factor * factor)
        self.shuffle = nn.PixelShuffle(factor)
        self.radius = max(2, kernel // 2 + 2 * blocks + 2)
        nn.init.zeros_(self.tail.weight)
        if self.tail.bias is not None:
            nn.init.zeros_(self.tail.bias)

    def forward(self, x: Tensor) -> Tensor:
        """N x 1 x H x W to N x 1 x factor*H x factor*W."""
        features = self.head(PAPER - x)
        features = features + self.merge(self.trunk(features))
        out: Tensor = self.shuffle(self.bicubic(x) + self.tail(features))
        return out

    @torch.no_grad()
    def soften(self, share: float) -> None:
        """Scale what is added to bicubic."""
        for weight in self.tail.parameters():
            weight.mul_(share)
