"""Define the interface of every generator."""

from __future__ import annotations

from typing import Self

from torch import Tensor, nn

from docsr.errors import UsageError


class Generator(nn.Module):
    """Enlarge LR, N x C x H x W in [0, 1], to SR, N x C x factor*H x factor*W in about [0, 1] (not clipped).

    Attributes:
        factor: the enlargement, a power of two.
        radius: distance in LR pixels at which an input can still change an output; tiles that overlap by it are exact.
        colours: number of channels C, 1 (grey) or 3 (RGB).
    """

    factor: int
    radius: int
    colours: int = 1

    @property
    def factors(self) -> tuple[int, ...]:
        """Return the factors from which :meth:`at` can choose."""
        return (self.factor,)

    def at(self, factor: int) -> Self:
        """Choose the factor of a network with several, in place. UsageError if it does not have this one."""
        if factor not in self.factors:
            has = ", ".join(map(str, self.factors))
            raise UsageError(f"{type(self).__name__} enlarges {has} times here, not {factor}")
        return self

    def on_grey(self, x: Tensor) -> Tensor:
        """Enlarge N x 1 x H x W to N x 1 x factor*H x factor*W; an RGB network gets grey thrice, and is averaged."""
        if self.colours == 1:
            out: Tensor = self(x)
            return out
        colour: Tensor = self(x.expand(-1, self.colours, -1, -1))
        return colour.mean(dim=1, keepdim=True)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge a batch."""
        raise NotImplementedError

    def ends(self) -> list[nn.Conv2d]:
        """Return the convolutions that read the image, and those that write it."""
        convolutions = [module for module in self.modules() if isinstance(module, nn.Conv2d)]
        return [convolutions[0], convolutions[-1]]

    def soften(self, share: float) -> None:
        """Mix ``share`` of the network's output with the rest of bicubic, in place and at no cost.

        Where the network is unsure, the output stays grey and keeps evidence for an OCR engine (docs/decisions.md).

        Args:
            share: from 0 (bicubic) to 1 (the network).

        Raises:
            UsageError: the network does not add to bicubic.
        """
        raise UsageError(f"{type(self).__name__} does not add to a bicubic enlargement: it cannot be softened")
