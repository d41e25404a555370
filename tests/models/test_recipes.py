"""What the networks of the recipes promise beyond what every network does."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from docsr.errors import UsageError
from docsr.models import build_discriminator, build_generator
from docsr.models.edsr import MDSR


def size(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


# By hand, 64 channels, kernel 3, factor 4. rrdb: head 640, dense block 239,808 (four convolutions to 32 from
# 64, 96, 128, 160 channels and one from 192 to 64), merge 36,928, doublings 2 x (147,712 + 1), tail 36,928 + 577.
# edsr: head 640, 8 blocks x 73,856, 36,928, doublings 2 x 147,712, tail 577.
# mdsr: head 640, 16 blocks x 73,856, 36,928, for each factor 2 x 2 x 102,464 before and 577 behind, 6 doublings in all.
@pytest.mark.parametrize(
    ("name", "args", "parameters"),
    [
        ("rrdb", {}, 640 + 4 * 3 * 239_808 + 36_928 + 2 * 147_713 + 36_928 + 577),
        ("rrdb", {"dense": 1}, 640 + 4 * 239_808 + 36_928 + 2 * 147_713 + 36_928 + 577),
        ("edsr", {}, 640 + 8 * 73_856 + 36_928 + 2 * 147_712 + 577),
        ("mdsr", {}, 640 + 16 * 73_856 + 36_928 + 3 * (4 * 102_464 + 577) + 6 * 147_712),
    ],
    ids=str,
)
def test_parameters(name: str, args: dict[str, Any], parameters: int) -> None:
    assert size(build_generator(name, 4, args)) == parameters


def test_four_residual_dense_blocks_of_one_are_the_recipe_s_1_34_million() -> None:
    assert size(build_generator("rrdb", 4, {"dense": 1})) == pytest.approx(1.34e6, rel=0.02)


@pytest.mark.parametrize("name", ["rrdb", "edsr", "mdsr", "compact"])
def test_there_is_no_batch_norm(name: str) -> None:
    assert not any(isinstance(module, nn.BatchNorm2d) for module in build_generator(name, 2, {}).modules())


def test_one_mdsr_enlarges_by_each_of_its_factors() -> None:
    torch.manual_seed(0)
    network = build_generator("mdsr", 4, {"channels": 8, "blocks": 1}).eval()
    assert (network.factor, network.factors) == (4, (2, 4, 8))
    x = torch.rand(1, 1, 6, 7)
    with torch.inference_mode():
        before = network(x)
        for factor in network.factors:
            assert network.at(factor)(x).shape == (1, 1, 6 * factor, 7 * factor)
        torch.testing.assert_close(network.at(4)(x), before)


def test_the_trunk_of_mdsr_serves_every_factor() -> None:
    network = build_generator("mdsr", 2, {"channels": 8, "blocks": 1})
    assert isinstance(network, MDSR)
    for factor in network.factors:
        network.zero_grad()
        network.at(factor)(torch.rand(1, 1, 6, 6)).sum().backward()
        assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in network.trunk.parameters())
        for other, tail in network.tails.items():
            assert all((weight.grad is None) == (other != str(factor)) for weight in tail.parameters())
        network.zero_grad(set_to_none=True)


@pytest.mark.parametrize(
    ("factor", "factors", "sentence"),
    [
        (4, [2, 8], "factors must be a list of whole numbers that includes 4"),
        (2, "2", "factors must be a list"),
        (2, 2, "factors must be a list"),
        (2, [2, 3], "power of two"),
    ],
    ids=str,
)
def test_mdsr_refuses_factors_that_do_not_fit(factor: int, factors: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        build_generator("mdsr", factor, {"factors": factors})


def test_another_factor_is_a_usage_error() -> None:
    assert build_generator("compact", 2, {}).at(2).factor == 2
    with pytest.raises(UsageError, match="Compact enlarges 2 times here, not 4"):
        build_generator("compact", 2, {}).at(4)
    with pytest.raises(UsageError, match="MDSR enlarges 2, 4 times here, not 8"):
        build_generator("mdsr", 2, {"factors": [4, 2]}).at(8)


def test_tanh_bounds_the_output_to_the_normalised_range() -> None:
    torch.manual_seed(0)
    network = build_generator("srgan", 2, {"channels": 8, "blocks": 1, "tanh": True}).eval()
    for weight in network.parameters():
        nn.init.normal_(weight, std=3)
    with torch.inference_mode():
        out = network(torch.rand(4, 1, 12, 12))
    low, high = ((side * 2.38 + 0.26) * 0.226 + 0.449 for side in (-1, 1))
    assert out.min() >= low - 1e-5
    assert out.max() <= high + 1e-5
    assert low < 0.0
    assert high > 1.0


def test_colour_in_colour_out() -> None:
    network = build_generator("srgan", 2, {"channels": 8, "blocks": 1, "colours": 3}).eval()
    critic = build_discriminator("deep", 2, 16, {"channels": 4}, colours=3)
    with torch.inference_mode():
        assert network(torch.rand(1, 3, 8, 8)).shape == (1, 3, 16, 16)
        grey = torch.rand(1, 1, 8, 8)
        torch.testing.assert_close(network.on_grey(grey), network(grey.repeat(1, 3, 1, 1)).mean(1, keepdim=True))
        assert critic(torch.rand(2, 3, 16, 16)).shape == (2, 1)
    with pytest.raises(UsageError, match="colours must be 1"):
        build_generator("srgan", 2, {"colours": 4})


@pytest.mark.parametrize("dense", [0, 32])
def test_the_deep_discriminator_has_srgan_s_eight_convolutions(dense: int) -> None:
    network = build_discriminator("deep", 4, 96, {"dense": dense})
    convolutions = [module for module in network.features.modules() if isinstance(module, nn.Conv2d)]  # type: ignore[union-attr]
    assert [module.out_channels for module in convolutions] == [64, 64, 128, 128, 256, 256, 512, 512]
    assert [module.stride[0] for module in convolutions] == [1, 2] * 4
    assert network(torch.rand(2, 1, 96, 96)).shape == (2, 1)


def test_the_dense_head_is_r2_s() -> None:
    network = build_discriminator("deep", 4, 128, {"channels": 32, "dense": 1024})
    first, last = (module for module in network.modules() if isinstance(module, nn.Linear))
    assert (first.in_features, first.out_features, last.out_features) == (16_384, 1024, 1)


@pytest.mark.parametrize("scale", [1, 0.5])
def test_a_whole_number_is_a_number(scale: float) -> None:
    assert build_generator("edsr", 2, {"channels": 8, "blocks": 1, "residual_scale": scale}).factor == 2
