"""The small fast network that ships: a plain trunk whose output is added to the bicubic enlargement."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from docsr.models.base import Generator
from docsr.models.blocks import PAPER, BicubicPhases, Residual, conv, log2_factor, not_negative


class Mixing(Residual):
    """A residual block whose first convolution sees the squares that begin a pixel away, too; until it learns, not yet.

    Args:
        channels, batch_norm, bias: as of a residual block.
        dilation: how far apart the squares are that all its convolutions see.
    """

    def __init__(self, channels: int, *, batch_norm: bool = False, bias: bool = True, dilation: int = 1) -> None:
        super().__init__(channels, batch_norm=batch_norm, bias=bias, dilation=dilation)
        self.near = conv(channels, channels, bias=False)
        nn.init.zeros_(self.near.weight)

    def forward(self, x: Tensor) -> Tensor:
        """N x C x H x W to the same shape."""
        out: Tensor = x + self.body[1:](self.body[0](x) + self.near(x))
        return out


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
        dense: a square begins at every pixel, not at every shrink-th alone, in shrink * shrink times the time; what is
            added to a pixel is the mean of what the squares that it lies in say. With the weights of a network that is
            not dense, and ``mixing`` untrained, it computes the mean of what that network makes of the page moved down
            and right by 0 to ``shrink`` - 1 pixels (a self-ensemble as EDSR+, Lim et al. 2017, section 3.4, whose flips
            and turns would make no letters of letters); trained, squares learn from those that overlap them.
        mixing: blocks, spread over the trunk, that see the squares that begin a pixel away, too, which overlap; for
            ``dense`` networks with ``shrink``.
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
        not_negative(blocks)
        _check_powers(dilation=dilation, shrink=shrink)
        if not 0 <= mixing <= (blocks if dense and shrink > 1 else 0):
            most = f"the {blocks} blocks with dense and shrink"
            raise ValueError(f"mixing must be from 0 to {most}, and 0 without, not {mixing}")
        self.factor, self.shrink, self.dense = factor, shrink, dense
        self.bicubic = BicubicPhases(factor)
        self.gather, self.spread = nn.PixelUnshuffle(shrink), nn.PixelShuffle(shrink)
        apart = shrink if dense else 1  # between the features of squares that touch
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
        """N x 1 x H x W to N x 1 x factor*H x factor*W."""
        features = self.head(self.squares(PAPER - x))
        features = features + self.merge(self.trunk(features))
        out: Tensor = self.shuffle(self.bicubic(x) + self.pixels(self.tail(features), *x.shape[-2:]))
        return out

    def squares(self, ink: Tensor) -> Tensor:
        """N x 1 x H x W to a channel for each pixel of a square; dense, squares begin above and left of the image."""
        side = self.shrink
        if not self.dense:
            squares: Tensor = self.gather(F.pad(ink, (0, -ink.shape[-1] % side, 0, -ink.shape[-2] % side)))
            return squares
        height, width = (length + side - 1 for length in ink.shape[-2:])
        ink = F.pad(ink, [side - 1] * 4)
        moved = [ink[..., down : down + height, right : right + width] for down in range(side) for right in range(side)]
        return torch.cat(moved, dim=1)

    def pixels(self, said: Tensor, height: int, width: int) -> Tensor:
        """What squares say of their pixels, to N x factor^2 x H x W; dense, the mean of all that say it of a pixel."""
        if not self.dense:
            pixels: Tensor = self.spread(said)[..., :height, :width]
            return pixels
        side = self.shrink
        moved = [
            said[:, down * side + right :: side * side, side - 1 - down :, side - 1 - right :][..., :height, :width]
            for down in range(side)
            for right in range(side)
        ]
        return torch.stack(moved).mean(dim=0)

    @torch.no_grad()
    def soften(self, share: float) -> None:
        """Scale what is added to bicubic."""
        for weight in self.tail.parameters():
            weight.mul_(share)


def _check_powers(**values: int) -> None:
    """Refuse what is no power of two, with a ValueError."""
    for name, value in values.items():
        if value < 1 or value & (value - 1):
            raise ValueError(f"{name} must be a power of two, not {value}")
