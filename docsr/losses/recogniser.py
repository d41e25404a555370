"""Compute the recogniser loss: relative L1 between features of a text recogniser's convolutional part.

OCR needs other things than a pixel loss rewards. The features of a network that reads text pull towards legible
letters, and cost nothing at run time.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from docsr.losses.crnn import Crnn, relative_l1


class RecogniserLoss(nn.Module):
    """Average over two layers, the fourth and the sixth convolution, mean|f(SR) - f(HR)| / mean|f(HR)|.

    Args:
        weights: EasyOCR recogniser file (``english_g2.pth``).
        patches: number of patches of a batch that are compared, to bound the time.
        enlarge: compare only the middle of each patch, this many times larger, in the time of the whole. The recogniser
            knows text of some 28 px x-height.
    """

    def __init__(self, weights: Path, patches: int, enlarge: int = 1) -> None:
        super().__init__()
        self.patches, self.enlarge = patches, enlarge
        self.crnn = Crnn(weights, whole=False)

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Return the scalar loss of the grey of N x C x H x W images in [0, 1]."""
        sr, hr = (_middle(side[: self.patches].mean(dim=1, keepdim=True) * 2 - 1, self.enlarge) for side in (sr, hr))
        losses = []
        for stage in (self.crnn.convolutions[:10], self.crnn.convolutions[10:]):
            sr = stage(sr)
            with torch.no_grad():
                hr = stage(hr)
            losses.append(relative_l1(sr, hr))
        return torch.stack(losses).mean()


def _middle(images: Tensor, enlarge: int) -> Tensor:
    """Return the middle of N x C x H x W images, one part in ``enlarge`` of each side, enlarged that many times."""
    if enlarge == 1:
        return images
    height, width = (side // enlarge for side in images.shape[2:])
    top, left = (images.shape[2] - height) // 2, (images.shape[3] - width) // 2
    middle = images[..., top : top + height, left : left + width]
    return F.interpolate(middle, scale_factor=float(enlarge), mode="bicubic", align_corners=False)
