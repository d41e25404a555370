"""What every generator promises."""

from __future__ import annotations

from torch import Tensor, nn


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
