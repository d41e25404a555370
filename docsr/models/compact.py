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

    Args:
        factor: the enlargement.
        channels: of the trunk.
        blocks: residual blocks.
        kernel: of the first convolution.
        bias: without biases, white paper comes out white whatever was learned, so that blank tiles need not be run.
        dilation: largest step between the pixels that a convolution of the trunk sees; it grows block by block by
            doubling and starts again: 1, 2, 4, 1, 2, 4 ... for 4. Letters are told apart by context, and this is free.
    """

    def __init__(
        self,
        factor: int,
        channels: int = 32,
        blocks: int = 8,
        kernel: int = 5,
        bias: bool = True,
        dilation: int = 1,
    ) -> None:
        super().__init__()
        log2_factor(factor)
        not_negative(blocks)
        if dilation < 1 or dilation & (dilation - 1):
            raise ValueError(f"dilation must be a power of two, not {dilation}")
        self.factor = factor
        self.bicubic = BicubicPhases(factor)
        self.head = nn.Sequential(conv(1, channels, kernel, bias=bias), nn.PReLU())
        steps = [2 ** (number % dilation.bit_length()) for number in range(blocks)]
        self.trunk = nn.Sequential(*(Residual(channels, batch_norm=False, bias=bias, dilation=step) for step in steps))
        self.merge = conv(channels, channels, bias=bias)
        self.tail = conv(channels, factor * factor, bias=bias)
        self.shuffle = nn.PixelShuffle(factor)
        self.radius = max(2, kernel // 2 + 2 * sum(steps) + 2)
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
