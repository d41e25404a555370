"""The small fast network that ships: a plain trunk whose output is added to the bicubic enlargement."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

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
        shrink: squares of so many pixels a side are one pixel inside, of as many more channels. Twice the shrink with
            twice the channels takes the same time, has four times the weights and sees twice as far.
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
        shrink: int = 1,
    ) -> None:
        super().__init__()
        log2_factor(factor)
        not_negative(blocks)
        for name, value in {"dilation": dilation, "shrink": shrink}.items():
            if value < 1 or value & (value - 1):
                raise ValueError(f"{name} must be a power of two, not {value}")
        self.factor, self.shrink = factor, shrink
        self.bicubic = BicubicPhases(factor)
        self.gather, self.spread = nn.PixelUnshuffle(shrink), nn.PixelShuffle(shrink)
        self.head = nn.Sequential(conv(shrink * shrink, channels, kernel, bias=bias), nn.PReLU())
        steps = [2 ** (number % dilation.bit_length()) for number in range(blocks)]
        self.trunk = nn.Sequential(*(Residual(channels, batch_norm=False, bias=bias, dilation=step) for step in steps))
        self.merge = conv(channels, channels, bias=bias)
        self.tail = conv(channels, (shrink * factor) ** 2, bias=bias)
        self.shuffle = nn.PixelShuffle(factor)
        self.radius = max(2, shrink * (kernel // 2 + 2 * sum(steps) + 2) + shrink - 1)
        nn.init.zeros_(self.tail.weight)
        if self.tail.bias is not None:
            nn.init.zeros_(self.tail.bias)

    def forward(self, x: Tensor) -> Tensor:
        """N x 1 x H x W to N x 1 x factor*H x factor*W."""
        height, width = x.shape[-2:]
        ink = F.pad(PAPER - x, (0, -width % self.shrink, 0, -height % self.shrink))
        features = self.head(self.gather(ink))
        features = features + self.merge(self.trunk(features))
        added = self.spread(self.tail(features))[..., :height, :width]
        out: Tensor = self.shuffle(self.bicubic(x) + added)
        return out

    @torch.no_grad()
    def soften(self, share: float) -> None:
        """Scale what is added to bicubic."""
        for weight in self.tail.parameters():
            weight.mul_(share)
