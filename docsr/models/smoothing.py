"""Blur images by a Gaussian, and end a network with one."""

from __future__ import annotations

from math import ceil, inf

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from docsr.errors import UsageError
from docsr.models.base import Generator
from docsr.models.blocks import PAPER

_REACH = 3
"""Number of standard deviations at which the Gaussian is cut off."""


class Gaussian(nn.Module):
    """Blur each channel of images in [0, 1] by a Gaussian, and scale their ink; edges are repeated.

    docsr.upscalers.int8 leaves the convolution in floating point because of the padding before it.

    Attributes:
        reach: largest distance in pixels at which an input changes an output.

    Args:
        sigma: standard deviation in pixels, 0 or more; 0 is no Gaussian.
        ink: how many times as dark all but white becomes, above 0.
        square: side in pixels of squares that become one pixel of as many more channels during the convolution, because
            ONNX Runtime takes several times as long for one channel. Image sides must be multiples of it. Beyond an
            edge, whole squares are repeated then.

    Raises:
        UsageError: sigma or ink is out of range.
    """

    kernel: Tensor
    bias: Tensor

    def __init__(self, sigma: float, ink: float = 1.0, square: int = 1) -> None:
        super().__init__()
        if not (0 <= sigma < inf and 0 < ink < inf):
            raise UsageError(f"sigma must be 0 or more and ink above 0, not {sigma:g} and {ink:g}")
        self.reach, self.square, self._changes = ceil(_REACH * sigma), square, sigma != 0 or ink != 1
        self._squares = ceil(self.reach / square)
        side = torch.arange(square, dtype=torch.float64)
        squares = torch.arange(-self._squares, self._squares + 1, dtype=torch.float64)
        away = squares * square + side[None, :, None] - side[:, None, None]  # pixel distances between nearby squares
        taps = torch.exp(-0.5 * (away / sigma if sigma else away) ** 2) * (away.abs() <= self.reach)
        taps = taps / taps.sum(dim=(1, 2), keepdim=True)
        kernel = ink * torch.einsum("apy,bqx->abpqyx", taps, taps).flatten(2, 3).flatten(0, 1)
        self.register_buffer("kernel", kernel.float(), persistent=False)
        self.register_buffer("bias", torch.full((square * square,), PAPER - ink * PAPER), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return images of the same shape, N x C x H x W."""
        if not self._changes:
            return images
        kernel, bias, channels = self.kernel, self.bias, images.shape[1]
        if channels > 1:
            kernel, bias = kernel.repeat(channels, 1, 1, 1), bias.repeat(channels)
        squares = F.pad(F.pixel_unshuffle(images, self.square), [self._squares] * 4, mode="replicate")
        return F.pixel_shuffle(F.conv2d(squares, kernel, bias, groups=channels), self.square)


class Smoothed(nn.Module):
    """A network on grey pages, with the Gaussian and the ink that an export puts after it, if any.

    Tesseract separates ink from paper before it looks at shapes. Smoothed, ragged strokes and specks that the
    network drew do not survive that separation (docs/decisions.md).

    Attributes:
        factor: the network's factor.
        radius: distance in LR pixels at which an input can still change an output.

    Args:
        network: the network that enlarges.
        sigma: sigma of :class:`Gaussian`, in pixels of the output.
        ink: ink of :class:`Gaussian`; a little above 1 restores the strokes that the Gaussian weakens.
    """

    def __init__(self, network: Generator, sigma: float, ink: float) -> None:
        super().__init__()
        self.network, self.factor = network, network.factor
        self.gaussian = Gaussian(sigma, ink, square=network.factor)
        self.radius = network.radius + ceil(self.gaussian.reach / network.factor)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge N x 1 x H x W in [0, 1] to N x 1 x factor*H x factor*W; exports use the name of the argument."""
        finished: Tensor = self.gaussian(self.network.on_grey(x))
        return finished
