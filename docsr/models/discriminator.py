"""Define discriminators: recipe R3's, with log2(factor) downsample blocks before its head, and SRGAN's deep one."""

from __future__ import annotations

from torch import Tensor, nn

from docsr.models.blocks import conv, log2_factor


class Discriminator(nn.Module):
    """Tell HR patches from SR patches; return one logit per patch (the sigmoid is part of the loss).

    log2(factor) blocks halve the size and double the channels, then flatten and dense layers follow. The patch size
    therefore belongs to the network and changes with the factor.

    Args:
        factor: factor of the generator.
        patch: side of an HR patch in px.
        channels: channels of the first convolution.
        colours: 1 (grey) or 3 (RGB).
    """

    def __init__(self, factor: int, patch: int, channels: int = 64, colours: int = 1) -> None:
        super().__init__()
        doublings = log2_factor(factor)
        _check_patch(patch, factor)
        layers: list[nn.Module] = [conv(colours, channels), nn.LeakyReLU(0.2)]
        width = channels
        for _ in range(doublings):
            layers += [conv(width, 2 * width, stride=2, bias=False), nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2)]
            width *= 2
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(width * (patch // factor) ** 2, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map N x C x patch x patch in [0, 1] to N x 1 logits (above 0: looks like HR)."""
        out: Tensor = self.head(self.features(x))
        return out


class DeepDiscriminator(nn.Module):
    """SRGAN's eight convolutions (arXiv 1609.04802), with stride 2 on every second and channels doubled three times.

    Args:
        factor: factor of the generator, which does not change this network.
        patch: side of an HR patch in px.
        channels: channels of the first two convolutions (64 in R0, 32 in R2).
        dense: width of the dense layer before the last (1,024 in R2); 0: a convolution to one channel and its mean over
            the patch (R0), which is the same network for any patch.
        colours: 1 (grey) or 3 (RGB).
    """

    def __init__(self, factor: int, patch: int, channels: int = 64, dense: int = 0, colours: int = 1) -> None:
        super().__init__()
        log2_factor(factor)
        _check_patch(patch, factor)
        layers: list[nn.Module] = [conv(colours, channels), nn.LeakyReLU(0.2)]
        width = channels
        for number in range(1, 8):
            wider = channels * 2 ** (number // 2)
            layers += [conv(width, wider, stride=1 + number % 2, bias=False), nn.BatchNorm2d(wider), nn.LeakyReLU(0.2)]
            width = wider
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(conv(width, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        if dense:
            side = -(-patch // 16)
            hidden = nn.Linear(width * side**2, dense)
            self.head = nn.Sequential(nn.Flatten(), hidden, nn.LeakyReLU(0.2), nn.Linear(dense, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map N x C x patch x patch in [0, 1] to N x 1 logits (above 0: looks like HR)."""
        out: Tensor = self.head(self.features(x))
        return out


def _check_patch(patch: int, factor: int) -> None:
    if patch % factor:
        raise ValueError(f"the HR patch of {patch} px is not a multiple of the factor {factor}")
