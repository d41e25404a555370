"""What every generator promises."""

from __future__ import annotations

from torch import Tensor, nn

from docsr.errors import UsageError


class Generator(nn.Module):
    """LR to SR: N x 1 x H x W in [0, 1] to N x 1 x factor*H x factor*W, about [0, 1] (not clipped).

    Attributes:
        factor: the enlargement, a power of two.
        radius: how many LR pixels away an input can still change an output; tiles that overlap by it are exact.
    """

    factor: int
    radius: int

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge a batch."""
        raise NotImplementedError

    def soften(self, share: float) -> None:
        """Make the output ``share`` of the network's and the rest bicubic's, in place and at no cost.

        What stays grey where the network is unsure keeps evidence that an OCR engine can use (docs/decisions.md).

        Args:
            share: from 0 (bicubic) to 1 (the network).

        Raises:
            UsageError: the network does not add to bicubic.
        """
        raise UsageError(f"{type(self).__name__} does not add to a bicubic enlargement: it cannot be softened")
