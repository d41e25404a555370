"""Compute the VGG perceptual loss: the L1 or squared distance between ImageNet features of SR and HR.

Grey is repeated to three channels and normalised as the weights need it. Weights come from torchvision (which downloads
them) or from a local file. Without weights the loss fails; it never uses random features silently.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from docsr.errors import CheckpointError, MissingExtraError, UsageError
from docsr.losses.weights import read_weights
from docsr.registry import Registry

LAYOUTS = Registry(
    "perceptual network",
    {
        "vgg16": (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0),
        "vgg19": (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512, 512, 512, 512, 0),
    },
)
"""Channels of the convolutions; 0 is a pooling."""

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CAFFE_BGR_MEAN = (103.939, 116.779, 123.68)


class PerceptualLoss(nn.Module):
    """Compute the distance between ``features[:layer]`` of SR and HR (VGG layer numbers as in torchvision).

    Args:
        network: 'vgg19' or 'vgg16'.
        weights: 'torchvision', or a file with the keys of torchvision's state dict: .pth, .safetensors or .npz.
        layer: how many layers of ``features`` to use.
        distance: distance between the features.
        caffe_bgr: whether the weights need BGR in 0..255 minus the ImageNet means, as the first VGGs did; otherwise
            they need normalised RGB in [0, 1], as torchvision's do.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        network: str,
        weights: str,
        layer: int,
        distance: Callable[[Tensor, Tensor], Tensor] = F.l1_loss,
        *,
        caffe_bgr: bool = False,
    ) -> None:
        super().__init__()
        self.distance = distance
        with torch.device("meta"):  # no time for random weights that are replaced at once
            self.features = build_features(network, layer)
        state = _fitting(_read_weights(network, weights), self.features, network, weights)
        self.features.load_state_dict(state, assign=True)
        self.requires_grad_(False)
        self.bgr = caffe_bgr
        self.scale = 1 / (255 * IMAGENET_STD[1]) if caffe_bgr else 1.0  # undoes the larger scale of such inputs
        mean = [value / 255 for value in CAFFE_BGR_MEAN] if caffe_bgr else list(IMAGENET_MEAN)
        std = [1 / 255] * 3 if caffe_bgr else list(IMAGENET_STD)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Return the scalar loss of N x C x H x W images in [0, 1], grey (C = 1) or RGB (C = 3)."""
        with torch.no_grad():
            target = self.extract(hr)
        return self.distance(self.extract(sr), target)

    def extract(self, image: Tensor) -> Tensor:
        """Return the features, in the scale of torchvision's."""
        features: Tensor = self.scale * self.features(self.normalise(image))
        return features

    def normalise(self, image: Tensor) -> Tensor:
        """Convert N x C x H x W in [0, 1] to N x 3 x H x W as the weights need it; grey is repeated."""
        image = image.flip(1) if self.bgr else image
        return (image.expand(-1, 3, -1, -1) - self.mean) / self.std


def build_features(network: str, layer: int) -> nn.Sequential:
    """Return the first ``layer`` layers of a VGG's convolutional part."""
    layout = LAYOUTS.find(network)
    whole = sum(2 if width else 1 for width in layout)
    if layer > whole:
        raise UsageError(f"perceptual_layer {layer} is beyond the {whole} layers of {network}")
    layers: list[nn.Module] = []
    channels = 3
    for width in layout:
        if len(layers) >= layer:
            break
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()] if width else [nn.MaxPool2d(2)]
        channels = width or channels
    return nn.Sequential(*layers[:layer])


def _read_weights(network: str, weights: str) -> dict[str, Tensor]:
    """Return a state dict with keys 'N.weight', 'N.bias'."""
    if weights == "torchvision":
        return _from_torchvision(network)
    path = Path(weights)
    if not os.path.isfile(path):
        raise UsageError(f"the {network} weights {weights} do not exist: the perceptual loss needs a local file")
    state = read_weights(path, f"the {network} weights")
    return {key.removeprefix("features."): value for key, value in state.items()}


def _from_torchvision(network: str) -> dict[str, Tensor]:
    try:
        from torchvision import models
    except (ImportError, RuntimeError) as error:
        raise MissingExtraError("the perceptual loss with torchvision's weights", "train") from error
    try:
        model = getattr(models, network)(weights="IMAGENET1K_V1")
    except OSError as error:
        raise UsageError(
            f"torchvision could not download the {network} weights ({error}): "
            "give a local file as loss.perceptual_weights"
        ) from error
    state: dict[str, Tensor] = model.features.state_dict()
    return state


def _fitting(state: dict[str, Tensor], features: nn.Module, network: str, source: str) -> dict[str, Tensor]:
    wanted = features.state_dict()
    missing = [key for key, value in wanted.items() if getattr(state.get(key), "shape", None) != value.shape]
    if missing:
        raise CheckpointError(
            f"{source} does not hold {network}'s features (missing: {missing[0]}): fix loss.perceptual_network"
        )
    return {key: state[key].to(value.dtype) for key, value in wanted.items()}
