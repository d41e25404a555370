"""A Gaussian over images, and a network that ends with one."""

from __future__ import annotations

from math import ceil, inf

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from docsr.errors import UsageError
from docsr.models.base import Generator
from docsr.models.blocks import PAPER

_REACH = 3
"""Standard deviations at which the Gaussian ends."""


class Gaussian(nn.Module):
    """A Gaussian over each channel of images in [0, 1], and other ink; edges are repeated.

    docsr.upscalers.int8 leaves the convolution in floating point because of the padding before it.

    Attributes:
        reach: how many pixels away it looks.

    Args:
        sigma: standard deviation in pixels, from 0 (no Gaussian) on.
        ink: how many times as dark all but white becomes, above 0.
        square: squares of so many pixels a side, of which images must be whole numbers, are one pixel of as many more
            channels meanwhile: ONNX Runtime takes several times as long for a convolution of one channel. What is
            repeated beyond an edge is then a square.

    Raises:
        UsageError: sigma or ink is out of range.
    """

    kernel: Tensor
    bias: Tensor

    def __init__(self, sigma: float, ink: float = 1.0, square: int = 1) -> None:
        super().__init__()
        if not (0 <= sigma < inf and 0 < ink < inf):
            raise UsageError(f"sigma is a number from 0 on and ink one above 0, not {sigma:g} and {ink:g}")
        self.reach, self.square, self._changes = ceil(_REACH * sigma), square, sigma != 0 or ink != 1
        self._squares = ceil(self.reach / square)
        side = torch.arange(square, dtype=torch.float64)
        squares = torch.arange(-self._squares, self._squares + 1, dtype=torch.float64)
        away = squares * square + side[None, :, None] - side[:, None, None]  # from pixel to pixel of a square nearby
        taps = torch.exp(-0.5 * (away / sigma if sigma else away) ** 2) * (away.abs() <= self.reach)
        taps = taps / taps.sum(dim=(1, 2), keepdim=True)
        kernel = ink * torch.einsum("apy,bqx->abpqyx", taps, taps).flatten(2, 3).flatten(0, 1)
        self.register_buffer("kernel", kernel.float(), persistent=False)
        self.register_buffer("bias", torch.full((square * square,), PAPER - ink * PAPER), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """N x C x H x W to the same shape."""
        if not self._changes:
            return images
        kernel, bias, channels = self.kernel, self.bias, images.shape[1]
        if channels > 1:
            kernel, bias = kernel.repeat(channels, 1, 1, 1), bias.repeat(channels)
        squares = F.pad(F.pixel_unshuffle(images, self.square), [self._squares] * 4, mode="replicate")
        return F.pixel_shuffle(F.conv2d(squares, kernel, bias, groups=channels), self.square)


class Smoothed(nn.Module):
    """A network on grey pages and what an export puts after it, a Gaussian and other ink or nothing.

    Tesseract cuts a page into ink and paper before it looks at shapes; smoothed, ragged strokes and specks that the
    network drew do not get through the cut (docs/decisions.md).

    Attributes:
        factor: the network's.
        radius: how many LR pixels away an input can still change an output.

    Args:
        network: what enlarges.
        sigma: of :class:`Gaussian`, in pixels of the output.
        ink: likewise; a little above 1 gives strokes back what the Gaussian takes.
    """

    def __init__(self, network: Generator, sigma: float, ink: float) -> None:
        super().__init__()
        self.network, self.factor = network, network.factor
        self.gaussian = Gaussian(sigma, ink, square=network.factor)
        self.radius = network.radius + ceil(self.gaussian.reach / network.factor)

    def forward(self, x: Tensor) -> Tensor:
        """N x 1 x H x W in [0, 1] to N x 1 x factor*H x factor*W; exports call the argument by its name."""
        finished: Tensor = self.gaussian(self.network.on_grey(x))
        return finished
