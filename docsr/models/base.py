"""What every generator promises."""

from __future__ import annotations

from typing import Self

from torch import Tensor, nn

from docsr.errors import UsageError


class Generator(nn.Module):
    """LR to SR: N x C x H x W in [0, 1] to N x C x factor*H x factor*W, about [0, 1] (not clipped); C is ``colours``.

    Attributes:
        factor: the enlargement, a power of two.
        radius: how many LR pixels away an input can still change an output; tiles that overlap by it are exact.
        colours: channels of the image, 1 (grey) or 3 (RGB).
    """

    factor: int
    radius: int
    colours: int = 1

    @property
    def factors(self) -> tuple[int, ...]:
        """The factors among which :meth:`at` can choose."""
        return (self.factor,)

    def at(self, factor: int) -> Self:
        """Choose the factor, in place, of a network that has several; UsageError for one that it has not."""
        if factor not in self.factors:
            has = ", ".join(map(str, self.factors))
            raise UsageError(f"{type(self).__name__} enlarges {has} times here, not {factor}")
        return self

    def on_grey(self, x: Tensor) -> Tensor:
        """N x 1 x H x W to N x 1 x factor*H x factor*W: an RGB network gets grey three times, and its mean is taken."""
        if self.colours == 1:
            out: Tensor = self(x)
            return out
        colour: Tensor = self(x.expand(-1, self.colours, -1, -1))
        return colour.mean(dim=1, keepdim=True)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge a batch."""
        raise NotImplementedError

    def ends(self) -> list[nn.Conv2d]:
        """The convolutions that read the image, and those that write it."""
        convolutions = [module for module in self.modules() if isinstance(module, nn.Conv2d)]
        return [convolutions[0], convolutions[-1]]

    def soften(self, share: float) -> None:
        """Make the output ``share`` of the network's and the rest bicubic's, in place and at no cost.

        What stays grey where the network is unsure keeps evidence that an OCR engine can use (docs/decisions.md).

        Args:
            share: from 0 (bicubic) to 1 (the network).

        Raises:
            UsageError: the network does not add to bicubic.
        """
        raise UsageError(f"{type(self).__name__} does not add to a bicubic enlargement: it cannot be softened")
