"""Define residual-in-residual dense blocks (ESRGAN, arXiv 1809.00219), the generator of recipe R2."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from docsr.models.base import Generator
from docsr.models.blocks import Upsample, check_colours, check_not_negative, conv, log2_factor

RESIDUAL_SCALE = 0.2
CONVOLUTIONS = 5


class DenseBlock(nn.Module):
    """Five convolutions, each of which sees all outputs before it; the last output is added, scaled by 0.2."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        grown = (conv(channels + n * growth, growth) for n in range(CONVOLUTIONS - 1))
        self.grow = nn.ModuleList(nn.Sequential(layer, nn.LeakyReLU(0.2)) for layer in grown)
        self.merge = conv(channels + (CONVOLUTIONS - 1) * growth, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return a tensor of the shape of ``x``, N x C x H x W."""
        features = x
        for layer in self.grow:
            features = torch.cat([features, layer(features)], dim=1)
        out: Tensor = x + RESIDUAL_SCALE * self.merge(features)
        return out


class ResidualDense(nn.Module):
    """Dense blocks in a row, whose output is added to the input, scaled by 0.2."""

    def __init__(self, channels: int, growth: int, dense: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*(DenseBlock(channels, growth) for _ in range(dense)))

    def forward(self, x: Tensor) -> Tensor:
        """Return a tensor of the shape of ``x``, N x C x H x W."""
        out: Tensor = x + RESIDUAL_SCALE * self.body(x)
        return out


class RRDB(Generator):
    """A convolution, residual dense blocks, a long skip, log2(factor) doublings, two convolutions.

    Args:
        factor: the enlargement.
        channels: channels of the trunk.
        blocks: number of residual dense blocks.
        kernel: kernel of the first convolution.
        growth: channels that each convolution of a dense block adds.
        dense: dense blocks in a residual dense block (3 as published; with 1, four blocks have R2's 1.34 M parameters).
        colours: 1 (grey) or 3 (RGB).
    """

    def __init__(
        self,
        factor: int,
        channels: int = 64,
        blocks: int = 4,
        kernel: int = 3,
        growth: int = 32,
        dense: int = 3,
        colours: int = 1,
    ) -> None:
        super().__init__()
        doublings = log2_factor(factor)
        check_not_negative(blocks)
        if dense < 1:
            raise ValueError(f"dense must be 1 or more, not {dense}")
        check_colours(colours)
        self.factor, self.colours = factor, colours
        self.head = conv(colours, channels, kernel)
        self.trunk = nn.Sequential(*(ResidualDense(channels, growth, dense) for _ in range(blocks)))
        self.merge = conv(channels, channels)
        self.upsample = nn.Sequential(*(Upsample(channels) for _ in range(doublings)))
        self.tail = nn.Sequential(conv(channels, channels), nn.LeakyReLU(0.2), conv(channels, colours))
        self.radius = kernel // 2 + CONVOLUTIONS * dense * blocks + 1 + doublings + 1

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge N x C x H x W to N x C x factor*H x factor*W."""
        features = self.head(x)
        features = features + self.merge(self.trunk(features))
        out: Tensor = self.tail(self.upsample(features))
        return out
