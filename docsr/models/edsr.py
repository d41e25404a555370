"""Define EDSR and MDSR (Lim et al., arXiv 1707.02921): residual networks without batch norm, of one or more factors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self, cast

from torch import Tensor, nn

from docsr.models.base import Generator
from docsr.models.blocks import ScaledResidual, Upsample, check_colours, check_not_negative, conv, log2_factor

PAGE_MEAN = 0.85
"""Mean brightness of a page of text; 0.449 for photographs (ImageNet's grey)."""

WIDE_KERNEL, WIDE_BLOCKS = 5, 2
"""Kernel and number of the blocks that MDSR has for each factor before its trunk."""


class EDSR(Generator):
    """Subtract the data's mean, run a residual trunk with a long skip and log2(factor) doublings, and add the mean.

    Args:
        factor: the enlargement.
        channels: channels of the trunk.
        blocks: number of residual blocks.
        kernel: kernel of the first and the last convolution.
        residual_scale: scale of a block's output before it is added.
        mean: brightness that is subtracted, in [0, 1].
        colours: 1 (grey) or 3 (RGB).
    """

    def __init__(
        self,
        factor: int,
        channels: int = 64,
        blocks: int = 8,
        kernel: int = 3,
        residual_scale: float = 0.1,
        mean: float = PAGE_MEAN,
        colours: int = 1,
    ) -> None:
        super().__init__()
        check_not_negative(blocks)
        check_colours(colours)
        self.factor, self.mean, self.colours = factor, mean, colours
        self.head = conv(colours, channels, kernel)
        self.trunk = _trunk(channels, blocks, residual_scale)
        self.tail = _tail(factor, channels, kernel, colours)
        self.radius = kernel // 2 + 2 * blocks + 1 + _tail_radius(factor, kernel)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge N x C x H x W to N x C x factor*H x factor*W."""
        features = self.head(x - self.mean)
        out: Tensor = self.tail(features + self.trunk(features)) + self.mean
        return out


class MDSR(Generator):
    """One trunk for several factors, each with residual blocks of its own before it and doublings of its own after it.

    Args:
        factor: the current one of ``factors``.
        channels: channels of the trunk.
        blocks: number of residual blocks.
        kernel: kernel of the first and the last convolutions.
        residual_scale: scale of a block's output before it is added.
        mean: brightness that is subtracted, in [0, 1].
        colours: 1 (grey) or 3 (RGB).
        factors: factors that it learns; training steps use one after the other.
    """

    def __init__(
        self,
        factor: int,
        channels: int = 64,
        blocks: int = 16,
        kernel: int = 3,
        residual_scale: float = 0.1,
        mean: float = PAGE_MEAN,
        colours: int = 1,
        factors: Sequence[int] = (2, 4, 8),
    ) -> None:
        super().__init__()
        check_not_negative(blocks)
        check_colours(colours)
        log2_factor(factor)
        listed = isinstance(factors, (list, tuple)) and all(type(value) is int for value in factors)
        if not listed or factor not in factors:
            raise ValueError(f"factors must be a list of whole numbers that includes {factor}, not {factors!r}")
        self.mean, self.colours, self._factors = mean, colours, tuple(sorted(set(factors)))
        self._kernel, self._blocks = kernel, blocks
        self.head = conv(colours, channels, kernel)
        self.trunk = _trunk(channels, blocks, residual_scale)
        wide = (ScaledResidual(channels, residual_scale, WIDE_KERNEL) for _ in range(WIDE_BLOCKS * len(self._factors)))
        self.before = nn.ModuleDict({str(each): nn.Sequential(next(wide), next(wide)) for each in self._factors})
        self.tails = nn.ModuleDict({str(each): _tail(each, channels, kernel, colours) for each in self._factors})
        self.at(factor)

    @property
    def factors(self) -> tuple[int, ...]:
        """Return the factors that it was built for."""
        return self._factors

    def at(self, factor: int) -> Self:
        """Choose the factor."""
        super().at(factor)
        self.factor = factor
        wide = 2 * WIDE_BLOCKS * (WIDE_KERNEL // 2)
        self.radius = self._kernel // 2 + wide + 2 * self._blocks + 1 + _tail_radius(factor, self._kernel)
        return self

    def ends(self) -> list[nn.Conv2d]:
        """Return the head, and the last convolution of each factor's tail."""
        written = (tail[-1] for tail in cast(Iterable[nn.Sequential], self.tails.values()))
        return [self.head, *(cast(nn.Conv2d, last) for last in written)]

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge N x C x H x W to N x C x factor*H x factor*W by the current factor."""
        features = self.before[str(self.factor)](self.head(x - self.mean))
        out: Tensor = self.tails[str(self.factor)](features + self.trunk(features)) + self.mean
        return out


def _trunk(channels: int, blocks: int, scale: float) -> nn.Sequential:
    return nn.Sequential(*(ScaledResidual(channels, scale) for _ in range(blocks)), conv(channels, channels))


def _tail(factor: int, channels: int, kernel: int, colours: int) -> nn.Sequential:
    doublings = (Upsample(channels, plain=True) for _ in range(log2_factor(factor)))
    return nn.Sequential(*doublings, conv(channels, colours, kernel))


def _tail_radius(factor: int, kernel: int) -> int:
    """Return a radius in LR px: each doubling sees a pixel at its own size, the last convolution some at HR size."""
    return log2_factor(factor) - (-(kernel // 2) // factor)
