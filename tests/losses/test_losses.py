"""Losses: zero where there is nothing to lose, gradients where there is."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from docsr.config import LossConfig, check_config
from docsr.errors import UsageError
from docsr.losses import ADVERSARIAL, PIXEL, ContentLoss
from docsr.losses.perceptual import build_features
from docsr.losses.pixel import CHARBONNIER_EPSILON
from tests.losses.weights_files import images, vgg_state, write

pixels = pytest.mark.parametrize("name", list(PIXEL))
adversarials = pytest.mark.parametrize("name", list(ADVERSARIAL))


# Pixel and adversarial


@pixels
def test_equal_images_cost_nothing(name: str) -> None:
    _, hr = images()
    assert float(PIXEL[name](hr, hr.clone())) == pytest.approx(0, abs=CHARBONNIER_EPSILON * 1.001)


@pixels
def test_a_pixel_loss_is_a_scalar_with_a_gradient(name: str) -> None:
    sr, hr = images()
    loss = PIXEL[name](sr, hr)
    loss.backward()
    assert loss.shape == ()
    assert loss > 0
    assert sr.grad is not None
    assert bool((sr.grad != 0).all())


@pytest.mark.parametrize(
    ("name", "expected"), [("l1", 0.25), ("mse", 0.125), ("charbonnier", (math.hypot(0.5, 1e-3) + 1e-3) / 2)]
)
def test_pixel_losses_by_hand(name: str, expected: float) -> None:
    sr, hr = torch.tensor([[[[0.5, 1.0]]]]), torch.tensor([[[[1.0, 1.0]]]])
    assert float(PIXEL[name](sr, hr)) == pytest.approx(expected)


@adversarials
def test_a_generator_is_rewarded_for_passing_as_hr(name: str) -> None:
    fake = torch.zeros(4, 1, requires_grad=True)
    ADVERSARIAL[name].generator(fake).backward()
    assert fake.grad is not None
    assert bool((fake.grad < 0).all())


@adversarials
def test_a_discriminator_is_rewarded_for_telling_them_apart(name: str) -> None:
    real, fake = torch.full((4, 1), 0.5, requires_grad=True), torch.full((4, 1), 0.5, requires_grad=True)
    ADVERSARIAL[name].discriminator(real, fake).backward()
    assert real.grad is not None
    assert fake.grad is not None
    assert bool((real.grad < 0).all())
    assert bool((fake.grad > 0).all())


def test_adversarial_losses_by_hand() -> None:
    zero, two = torch.zeros(3, 1), torch.full((3, 1), 2.0)
    assert float(ADVERSARIAL["bce"].generator(zero)) == pytest.approx(math.log(2))
    assert float(ADVERSARIAL["bce"].discriminator(zero, zero)) == pytest.approx(2 * math.log(2))
    assert float(ADVERSARIAL["lsgan"].generator(two)) == pytest.approx(1)
    assert float(ADVERSARIAL["lsgan"].discriminator(zero, two)) == pytest.approx(5)


@adversarials
def test_sure_logits_stay_finite(name: str) -> None:
    sure = torch.tensor([[1e4], [-1e4]])
    assert math.isfinite(float(ADVERSARIAL[name].generator(sure)))
    assert math.isfinite(float(ADVERSARIAL[name].discriminator(sure, sure)))


# The total


@pixels
def test_the_total_weighs_its_terms(tmp_path: Path, recogniser: Path, name: str) -> None:
    vgg = write(tmp_path / "vgg.npz", vgg_state())
    options: dict[str, Any] = {
        "pixel": name,
        "perceptual_weights": str(vgg),
        "perceptual_layer": 2,
        "recogniser_weights": recogniser,
        "recogniser_patches": 1,
    }
    sr, hr = images()
    ones = ContentLoss(LossConfig(**options, perceptual_weight=1, recogniser_weight=1))(sr, hr)
    assert set(ones) == {"pixel", "perceptual", "recogniser"}
    weights = {"pixel": 0.5, "perceptual": 0.25, "recogniser": 3.0}
    weighed = LossConfig(**options, **{f"{term}_weight": weight for term, weight in weights.items()})
    for term, value in ContentLoss(weighed)(sr, hr).items():
        assert float(value.detach()) == pytest.approx(weights[term] * float(ones[term].detach()), rel=1e-5)


def test_a_weight_of_zero_leaves_the_term_out(recogniser: Path) -> None:
    sr, hr = images()
    assert set(ContentLoss(LossConfig())(sr, hr)) == {"pixel"}
    config = LossConfig(pixel_weight=0, recogniser_weight=1, recogniser_weights=recogniser)
    assert set(ContentLoss(config)(sr, hr)) == {"recogniser"}


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
    assert set(ContentLoss(config)(sr, hr, pixel_only=True)) == {"pixel"}


def test_an_unknown_loss_suggests() -> None:
    with pytest.raises(UsageError, match="unknown pixel loss 'carbonier'; did you mean 'charbonnier'"):
        ContentLoss(LossConfig(pixel="carbonier"))
    with pytest.raises(UsageError, match="unknown perceptual network 'vgg91'; did you mean 'vgg19'"):
        build_features("vgg91", 3)


def test_a_registered_loss_needs_no_other_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PIXEL._entries, "new", PIXEL["l1"])
    sr, hr = images()
    assert set(ContentLoss(check_config({"loss": {"pixel": "new"}}).loss)(sr, hr)) == {"pixel"}
