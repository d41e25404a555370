"""Losses: zero where there is nothing to lose, gradients where there is."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from docsr.errors import UsageError
from docsr.losses import ADVERSARIAL, PIXEL, STRUCTURE, ContentLoss, Phase
from docsr.losses.perceptual import build_features
from docsr.losses.pixel import CHARBONNIER_EPSILON
from docsr.train_config import LossConfig
from docsr.train_config_file import check_config
from tests.losses.weights_files import images, vgg_state, write

pixels = pytest.mark.parametrize("name", [*PIXEL, *STRUCTURE])
IMAGE_LOSSES = {**PIXEL, **STRUCTURE}
adversarials = pytest.mark.parametrize("name", list(ADVERSARIAL))


def labels(like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.ones_like(like), torch.zeros_like(like)


# Pixel and adversarial


@pixels
def test_equal_images_cost_nothing(name: str) -> None:
    _, hr = images()
    assert float(IMAGE_LOSSES[name](hr, hr.clone())) == pytest.approx(0, abs=CHARBONNIER_EPSILON * 1.001)


@pixels
def test_a_pixel_loss_is_a_scalar_with_a_gradient(name: str) -> None:
    sr, hr = images()
    loss = IMAGE_LOSSES[name](sr, hr)
    loss.backward()
    assert loss.shape == ()
    assert loss > 0
    assert sr.grad is not None
    assert float((sr.grad != 0).float().mean()) > 0.5


@pytest.mark.parametrize(
    ("name", "expected"), [("l1", 0.25), ("mse", 0.125), ("charbonnier", (math.hypot(0.5, 1e-3) + 1e-3) / 2)]
)
def test_pixel_losses_by_hand(name: str, expected: float) -> None:
    sr, hr = torch.tensor([[[[0.5, 1.0]]]]), torch.tensor([[[[1.0, 1.0]]]])
    assert float(PIXEL[name](sr, hr)) == pytest.approx(expected)


@pytest.mark.parametrize(("name", "expected"), [("gradient", 0.25), ("edge", 1 / 12), ("frequency", 0.125)])
def test_structure_losses_by_hand(name: str, expected: float) -> None:
    """Black beside white, and grey in place of the white.

    gradient: across 0.5 on one step of each row, down none; the mean of both. edge: both pixels left of the step weigh
    5 and are right, the others weigh 1: (0.5 + 0.5) / 12. frequency: the orthonormal spectrum of the difference.
    """
    hr = torch.tensor([[[[0.0, 1.0], [0.0, 1.0]]]])
    sr = torch.tensor([[[[0.0, 0.5], [0.0, 0.5]]]])
    assert float(STRUCTURE[name](sr, hr)) == pytest.approx(expected)


def test_edges_weigh_more_than_paper() -> None:
    hr = torch.ones(1, 1, 9, 9)
    hr[..., :4] = 0
    at_edge, on_paper = hr.clone(), hr.clone()
    at_edge[..., 3] += 0.2
    on_paper[..., 7] -= 0.2
    assert float(STRUCTURE["edge"](at_edge, hr)) > 3 * float(STRUCTURE["edge"](on_paper, hr))


def test_images_are_compared_smoothed_where_that_is_asked_for() -> None:
    sr, hr = torch.rand(2, 3, 16, 20), torch.rand(2, 3, 16, 20)
    sharp, smooth = (ContentLoss(LossConfig(pixel="mse", gradient_weight=0.5, smooth=one)) for one in (0, 1.3))
    with torch.autocast("cpu", torch.bfloat16):
        found, expected = smooth(sr, hr), sharp(blurred(sr), blurred(hr))
    assert found.keys() == expected.keys() == {"pixel", "gradient"}
    for name, term in found.items():
        assert float(term) == pytest.approx(float(expected[name]), rel=1e-4)
    assert float(found["pixel"]) < 0.5 * float(sharp(sr, hr)["pixel"])


def blurred(images: torch.Tensor) -> torch.Tensor:
    """By OpenCV, sigma 1.3."""
    planes = images.flatten(0, 1).numpy()
    done = [cv2.GaussianBlur(plane, (9, 9), 1.3, borderType=cv2.BORDER_REPLICATE) for plane in planes]
    return torch.from_numpy(np.stack(done)).reshape(images.shape)


def test_structure_terms_are_weighed_and_join_after_the_pixel_phase() -> None:
    sr, hr = images()
    weights = {f"{name}_weight": 2.0 + number for number, name in enumerate(STRUCTURE)}
    content = ContentLoss(LossConfig.model_validate(weights))
    terms = content(sr, hr)
    assert terms.keys() == {"pixel", *STRUCTURE}
    for name, loss in STRUCTURE.items():
        torch.testing.assert_close(terms[name], weights[f"{name}_weight"] * loss(sr, hr))
    assert content(sr, hr, Phase.PIXEL).keys() == {"pixel"}


@adversarials
def test_a_generator_is_rewarded_for_passing_as_hr(name: str) -> None:
    fake = torch.zeros(4, 1, requires_grad=True)
    ADVERSARIAL[name].generator(fake).backward()
    assert fake.grad is not None
    assert bool((fake.grad < 0).all())


@adversarials
def test_a_discriminator_is_rewarded_for_telling_them_apart(name: str) -> None:
    real, fake = torch.full((4, 1), 0.5, requires_grad=True), torch.full((4, 1), 0.5, requires_grad=True)
    ADVERSARIAL[name].discriminator(real, fake, *labels(real)).backward()
    assert real.grad is not None
    assert fake.grad is not None
    assert bool((real.grad < 0).all())
    assert bool((fake.grad > 0).all())


def test_adversarial_losses_by_hand() -> None:
    zero, two = torch.zeros(3, 1), torch.full((3, 1), 2.0)
    assert float(ADVERSARIAL["bce"].generator(zero)) == pytest.approx(math.log(2))
    assert float(ADVERSARIAL["bce"].discriminator(zero, zero, *labels(zero))) == pytest.approx(2 * math.log(2))
    assert float(ADVERSARIAL["lsgan"].generator(two)) == pytest.approx(1)
    assert float(ADVERSARIAL["lsgan"].discriminator(zero, two, *labels(zero))) == pytest.approx(5)


@adversarials
def test_sure_logits_stay_finite(name: str) -> None:
    sure = torch.tensor([[1e4], [-1e4]])
    assert math.isfinite(float(ADVERSARIAL[name].generator(sure)))
    assert math.isfinite(float(ADVERSARIAL[name].discriminator(sure, sure, *labels(sure))))


# The total


@pytest.mark.slow_except("l1")
@pytest.mark.parametrize("name", list(PIXEL))
def test_the_total_weighs_its_terms(tmp_path: Path, recogniser: Path, name: str) -> None:
    vgg = write(tmp_path / "vgg.npz", vgg_state())
    options: dict[str, Any] = {
        "pixel": name,
        "perceptual_weights": str(vgg),
        "perceptual_layer": 2,
        "recogniser_weights": recogniser,
        "recogniser_patches": 1,
    }
    sr, hr = images(side=64)
    hr[:, :, :16] = hr[:, :, 40:] = 1  # what remains is taken for a line
    ones = ContentLoss(LossConfig(**options, perceptual_weight=1, recogniser_weight=1, reading_weight=1))(sr, hr)
    assert set(ones) == {"pixel", "perceptual", "recogniser", "reading"}
    assert all(value > 0 for value in ones.values())
    weights = {"pixel": 0.5, "perceptual": 0.25, "recogniser": 3.0, "reading": 2.0}
    weighed = LossConfig(**options, **{f"{term}_weight": weight for term, weight in weights.items()})
    for term, value in ContentLoss(weighed)(sr, hr).items():
        assert float(value.detach()) == pytest.approx(weights[term] * float(ones[term].detach()), rel=1e-5)


def test_a_weight_of_zero_leaves_the_term_out(recogniser: Path) -> None:
    sr, hr = images()
    assert set(ContentLoss(LossConfig())(sr, hr)) == {"pixel"}
    for term in ("recogniser", "reading"):
        config = LossConfig(pixel_weight=0, recogniser_weights=recogniser, **{f"{term}_weight": 1})
        assert set(ContentLoss(config)(sr, hr)) == {term}


def test_the_pixel_phase_knows_the_pixel_term_alone(tmp_path: Path, recogniser: Path) -> None:
    vgg = str(write(tmp_path / "vgg.npz", vgg_state()))
    config = LossConfig(
        perceptual_weight=1,
        perceptual_weights=vgg,
        perceptual_layer=2,
        recogniser_weight=1,
        recogniser_weights=recogniser,
    )
    sr, hr = images()
    assert set(ContentLoss(config)(sr, hr, Phase.PIXEL)) == {"pixel"}


def test_an_unknown_loss_suggests() -> None:
    with pytest.raises(UsageError, match="unknown pixel loss 'carbonier'; did you mean 'charbonnier'"):
        ContentLoss(LossConfig(pixel="carbonier"))
    with pytest.raises(UsageError, match="unknown perceptual network 'vgg91'; did you mean 'vgg19'"):
        build_features("vgg91", 3)


def test_a_registered_loss_needs_no_other_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PIXEL._entries, "new", PIXEL["l1"])
    sr, hr = images()
    assert set(ContentLoss(check_config({"loss": {"pixel": "new"}}).loss)(sr, hr)) == {"pixel"}
