"""Build the parts of the networks. Tensors are N x C x H x W, and images have one grey channel in [0, 1]."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PAPER = 1.0


def conv(
    inputs: int, outputs: int, kernel: int = 3, *, stride: int = 1, bias: bool = True, dilation: int = 1
) -> nn.Conv2d:
    """Return a convolution that keeps (stride 1) or halves (stride 2) the size. ValueError for an even kernel."""
    if min(inputs, outputs) < 1:
        raise ValueError(f"channels must be 1 or more, not {min(inputs, outputs)}")
    if kernel < 1 or kernel % 2 == 0:
        raise ValueError(f"kernel must be an odd number from 1 on, not {kernel}")
    return nn.Conv2d(inputs, outputs, kernel, stride, dilation * (kernel // 2), dilation, bias=bias)


def check_colours(colours: int) -> None:
    """Raise a ValueError if ``colours`` is neither grey nor RGB."""
    if colours not in {1, 3}:
        raise ValueError(f"colours must be 1 (grey) or 3 (RGB), not {colours}")


def log2_factor(factor: int) -> int:
    """Return log2(factor) for a power of two from 2 on; raise a ValueError otherwise."""
    if factor < 2 or factor & (factor - 1):
        raise ValueError(f"the factor must be a power of two from 2 on, not {factor}")
    return factor.bit_length() - 1


def check_not_negative(blocks: int) -> None:
    """Raise a ValueError for a negative number of blocks, which would make the radius too small."""
    if blocks < 0:
        raise ValueError(f"blocks must be 0 or more, not {blocks}")


class Residual(nn.Module):
    """x + conv(PReLU(conv(x))), with batch norm after each convolution if asked for (SRGAN, arXiv 1609.04802)."""

    def __init__(self, channels: int, *, batch_norm: bool, bias: bool = True, dilation: int = 1) -> None:
        super().__init__()
        first, second = (conv(channels, channels, bias=bias, dilation=dilation) for _ in range(2))
        layers: list[nn.Module] = [first, nn.PReLU(), second]
        if batch_norm:
            layers.insert(1, nn.BatchNorm2d(channels))
            layers.append(nn.BatchNorm2d(channels))
        self.body = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Return a tensor of the shape of ``x``, N x C x H x W."""
        out: Tensor = x + self.body(x)
        return out


class ScaledResidual(nn.Module):
    """x + scale * conv(ReLU(conv(x))), no batch norm (EDSR, arXiv 1707.02921)."""

    def __init__(self, channels: int, scale: float, kernel: int = 3) -> None:
        super().__init__()
        self.scale = scale
        self.body = nn.Sequential(conv(channels, channels, kernel), nn.ReLU(), conv(channels, channels, kernel))

    def forward(self, x: Tensor) -> Tensor:
        """Return a tensor of the shape of ``x``, N x C x H x W."""
        out: Tensor = x + self.scale * self.body(x)
        return out


class Upsample(nn.Sequential):
    """Double the size: convolution to 4x channels, PixelShuffle(2), and PReLU unless ``plain``."""

    def __init__(self, channels: int, *, plain: bool = False) -> None:
        super().__init__(conv(channels, 4 * channels), nn.PixelShuffle(2), *([] if plain else [nn.PReLU()]))


class BicubicPhases(nn.Module):
    """Return the factor x factor phases of a bicubic enlargement, N x 1 x H x W to N x factor^2 x H x W.

    After PixelShuffle(factor) this equals ``cv2.resize(..., INTER_CUBIC)`` (a = -0.75, half-pixel centres, edges
    repeated). It is one small convolution, so it costs next to nothing and needs no special operator in an export.
    """

    kernel: Tensor

    def __init__(self, factor: int) -> None:
        super().__init__()
        rows = torch.stack([_phase(k, factor) for k in range(factor)])
        kernel = torch.einsum("ai,bj->abij", rows, rows).reshape(factor * factor, 1, 5, 5)
        self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge N x 1 x H x W to N x factor^2 x H x W."""
        return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="replicate"), self.kernel.to(x.dtype))


def _phase(index: int, factor: int) -> Tensor:
    """Return the five taps of output pixel ``index`` within its input pixel (Keys' cubic, a = -0.75)."""
    centre = (index + 0.5) / factor - 0.5
    # On "cpu", since this would take a second on "meta".
    distance = (torch.arange(-2, 3, dtype=torch.float64, device="cpu") - centre).abs()
    a = -0.75
    near = (a + 2) * distance**3 - (a + 3) * distance**2 + 1
    far = a * distance**3 - 5 * a * distance**2 + 8 * a * distance - 4 * a
    taps = torch.where(distance <= 1, near, torch.where(distance < 2, far, torch.zeros_like(distance)))
    return taps.float()
