"""Define the small fast network that ships: a plain trunk whose output is added to the bicubic enlargement."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from docsr.models.base import Generator
from docsr.models.blocks import PAPER, BicubicPhases, Residual, check_not_negative, conv, log2_factor


class Mixing(Residual):
    """A residual block whose first convolution also sees the squares that begin a pixel away.

    The weights of those squares start at zero, so an untrained block is a plain residual block.

    Args:
        channels, batch_norm, bias: as in a residual block.
        dilation: distance between the squares that all its convolutions see.
    """

    def __init__(self, channels: int, *, batch_norm: bool = False, bias: bool = True, dilation: int = 1) -> None:
        super().__init__(channels, batch_norm=batch_norm, bias=bias, dilation=dilation)
        self.near = conv(channels, channels, bias=False)
        nn.init.zeros_(self.near.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return a tensor of the shape of ``x``, N x C x H x W."""
        out: Tensor = x + self.body[1:](self.body[0](x) + self.near(x))
        return out


class Compact(Generator):
    """Bicubic plus the output of a residual trunk at LR size, with one PixelShuffle(factor) at the end.

    It has no batch norm, so that tiles are exact. The last convolution starts at zero, so that an untrained network is
    bicubic and blank paper stays blank. Inside the network paper is 0, so that the zeros of the padding are paper too.

    Args:
        factor: the enlargement.
        channels: channels of the trunk.
        blocks: number of residual blocks.
        kernel: kernel of the first convolution.
        bias: use biases; without them white paper comes out white whatever was learned, so blank tiles need not be run.
        shrink: side in pixels of the squares that become one pixel inside, with as many more channels. Twice the
            shrink with twice the channels takes the same time, has four times the weights and sees twice as far.
        dilation: largest step between the pixels that a convolution of the trunk sees. It doubles from block to block
            and starts again: 1, 2, 4, 1, 2, 4 ... for 4. Context helps to tell letters apart, and dilation is free.
        dense: begin a square at every pixel instead of every shrink-th, in shrink * shrink times the time. A pixel gets
            the mean output of the squares that contain it. With the weights of a network that is not dense, and with
            ``mixing`` untrained, the result is the mean of that network's outputs for the page moved down and right by
            0 to ``shrink`` - 1 pixels. That is a self-ensemble as in EDSR+ (Lim et al. 2017, section 3.4), whose flips
            and turns would destroy letters. In training, squares learn from those that overlap them.
        mixing: number of blocks, spread over the trunk, that also see the squares that begin a pixel away, which
            overlap; for ``dense`` networks with ``shrink``.
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
        dense: bool = False,
        mixing: int = 0,
    ) -> None:
        super().__init__()
        log2_factor(factor)
        check_not_negative(blocks)
        _check_powers(dilation=dilation, shrink=shrink)
        if not 0 <= mixing <= (blocks if dense and shrink > 1 else 0):
            most = f"the {blocks} blocks with dense and shrink"
            raise ValueError(f"mixing must be from 0 to {most}, and 0 without, not {mixing}")
        self.factor, self.shrink, self.dense = factor, shrink, dense
        self.bicubic = BicubicPhases(factor)
        self.gather, self.spread = nn.PixelUnshuffle(shrink), nn.PixelShuffle(shrink)
        apart = shrink if dense else 1  # distance between the features of adjacent squares
        self.head = nn.Sequential(conv(shrink * shrink, channels, kernel, bias=bias, dilation=apart), nn.PReLU())
        steps = [2 ** (number % dilation.bit_length()) for number in range(blocks)]
        mixed = {blocks * (number + 1) // (mixing + 1) for number in range(mixing)}
        kinds = [Mixing if number in mixed else Residual for number in range(blocks)]
        each = [
            kind(channels, batch_norm=False, bias=bias, dilation=apart * step)
            for kind, step in zip(kinds, steps, strict=True)
        ]
        self.trunk = nn.Sequential(*each)
        self.merge = conv(channels, channels, bias=bias, dilation=apart)
        self.tail = conv(channels, (shrink * factor) ** 2, bias=bias, dilation=apart)
        self.shuffle = nn.PixelShuffle(factor)
        self.radius = max(2, shrink * (kernel // 2 + 2 * sum(steps) + 2) + shrink - 1)
        nn.init.zeros_(self.tail.weight)
        if self.tail.bias is not None:
            nn.init.zeros_(self.tail.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge N x 1 x H x W to N x 1 x factor*H x factor*W."""
        features = self.head(self.squares(PAPER - x))
        features = features + self.merge(self.trunk(features))
        out: Tensor = self.shuffle(self.bicubic(x) + self.pixels(self.tail(features), *x.shape[-2:]))
        return out

    def squares(self, ink: Tensor) -> Tensor:
        """Return N x 1 x H x W with a channel for each pixel of a square; dense squares begin above and left of it."""
        side = self.shrink
        if not self.dense:
            squares: Tensor = self.gather(F.pad(ink, (0, -ink.shape[-1] % side, 0, -ink.shape[-2] % side)))
            return squares
        height, width = (length + side - 1 for length in ink.shape[-2:])
        ink = F.pad(ink, [side - 1] * 4)
        moved = [ink[..., down : down + height, right : right + width] for down in range(side) for right in range(side)]
        return torch.cat(moved, dim=1)

    def pixels(self, values: Tensor, height: int, width: int) -> Tensor:
        """Return the pixels of the squares' output as N x factor^2 x H x W; dense squares that overlap are averaged."""
        if not self.dense:
            pixels: Tensor = self.spread(values)[..., :height, :width]
            return pixels
        side = self.shrink
        moved = [
            values[:, down * side + right :: side * side, side - 1 - down :, side - 1 - right :][..., :height, :width]
            for down in range(side)
            for right in range(side)
        ]
        return torch.stack(moved).mean(dim=0)

    @torch.no_grad()
    def soften(self, share: float) -> None:
        """Scale what is added to bicubic by ``share``."""
        for weight in self.tail.parameters():
            weight.mul_(share)


def _check_powers(**values: int) -> None:
    """Raise a ValueError for a value that is not a power of two."""
    for name, value in values.items():
        if value < 1 or value & (value - 1):
            raise ValueError(f"{name} must be a power of two, not {value}")
