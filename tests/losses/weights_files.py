"""Images and weights files for the losses' tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from docsr.losses.crnn import PARTS
from docsr.losses.perceptual import build_features

CONVOLUTIONS = f"{PARTS['convolutions']}."


def images(count: int = 2, side: int = 16) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    sr, hr = torch.rand(2, count, 1, side, side, generator=generator)
    return sr.requires_grad_(), hr


def assert_a_sentence(message: str, *parts: str) -> None:
    assert "\n" not in message
    for part in parts:
        assert part in message


def vgg_state(layer: int = 2, prefix: str = "features.", network: str = "vgg19") -> dict[str, Tensor]:
    """Random weights of the first layers of a VGG."""
    torch.manual_seed(0)
    return {prefix + key: value.clone() for key, value in build_features(network, layer).state_dict().items()}


def write(path: Path, state: dict[str, Any]) -> Path:
    if path.suffix == ".npz":
        np.savez(path, **{key: value.numpy() for key, value in state.items()})
    elif path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path


def recogniser_state(prefix: str = "module.") -> dict[str, Tensor]:
    """Random weights by the names of EasyOCR's generation-2 recognisers."""
    torch.manual_seed(0)
    convolutions = {0: (1, 32), 3: (32, 64), 6: (64, 128), 8: (128, 128), 11: (128, 256), 14: (256, 256)}
    state: dict[str, Tensor] = {f"{prefix}Prediction.bias": torch.zeros(97)}
    for number, (inputs, outputs) in convolutions.items():
        name = f"{prefix}{CONVOLUTIONS}{number}"
        state[f"{name}.weight"] = torch.randn(outputs, inputs, 3, 3) / (3 * inputs**0.5)
        if number < 10:
            state[f"{name}.bias"] = torch.zeros(outputs)
            continue
        norm = nn.BatchNorm2d(outputs).state_dict()
        state |= {f"{prefix}{CONVOLUTIONS}{number + 1}.{key}": value for key, value in norm.items()}
    last = nn.Conv2d(256, 256, 2)
    state |= {f"{prefix}{CONVOLUTIONS}18.{key}": value for key, value in last.state_dict().items()}
    for number in range(2):
        layers = {"rnn": nn.LSTM(256, 256, bidirectional=True), "linear": nn.Linear(512, 256)}
        for name, layer in layers.items():
            state |= {f"{prefix}SequenceModeling.{number}.{name}.{k}": v for k, v in layer.state_dict().items()}
    return state
