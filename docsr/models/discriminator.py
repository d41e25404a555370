"""The mission's discriminator: log2(factor) downsample blocks before its head."""

from __future__ import annotations

from torch import Tensor, nn

from docsr.models.blocks import conv, log2_factor


class Discriminator(nn.Module):
    """Tells HR patches from SR ones; one logit a patch (the sigmoid is part of the loss).

    log2(factor) blocks, each halving the size and doubling the channels, then flatten and dense; the patch size
    therefore belongs to the network and changes with the factor.
    """

    def __init__(self, factor: int, patch: int, channels: int = 64) -> None:
        super().__init__()
        doublings = log2_factor(factor)
        if patch % factor:
            raise ValueError(f"the HR patch of {patch} px is not a multiple of the factor {factor}")
        layers: list[nn.Module] = [conv(1, channels), nn.LeakyReLU(0.2)]
        width = channels
        for _ in range(doublings):
            layers += [conv(width, 2 * width, stride=2, bias=False), nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2)]
            width *= 2
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(width * (patch // factor) ** 2, 1))

    def forward(self, x: Tensor) -> Tensor:
        """N x 1 x patch x patch in [0, 1] to N x 1 logits (above 0: looks like HR)."""
        out: Tensor = self.head(self.features(x))
        return out
