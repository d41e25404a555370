"""Generators and discriminators: shapes, sizes, and what their docstrings promise."""

from __future__ import annotations

from itertools import pairwise
from math import log2
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from docsr.errors import UsageError
from docsr.models import DISCRIMINATORS, GENERATORS, build_discriminator, build_generator, generator_arguments
from docsr.models.base import Generator
from docsr.models.blocks import BicubicPhases, Upsample

FACTORS = (2, 4, 8)
TINY: dict[str, Any] = {"channels": 8, "blocks": 1}

factors = pytest.mark.parametrize("factor", FACTORS)
generators = pytest.mark.parametrize("name", list(GENERATORS))
discriminators = pytest.mark.parametrize("name", list(DISCRIMINATORS))


def tiny(name: str, factor: int, **args: Any) -> Generator:
    torch.manual_seed(0)
    return build_generator(name, factor, {**TINY, **args}).eval()


def size(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


@factors
@generators
def test_a_generator_multiplies_height_and_width(name: str, factor: int) -> None:
    network = tiny(name, factor)
    with torch.inference_mode():
        assert network(torch.rand(2, 1, 9, 12)).shape == (2, 1, 9 * factor, 12 * factor)
        assert network(torch.rand(1, 1, 1, 1)).shape == (1, 1, factor, factor)
    assert network.factor == factor


# By hand: srgan 64 channels, 16 blocks: head 9x9 5248 + PReLU 1, blocks 16 x (2 x 36928 + 1 + 2 x 128),
# merge 36928 + 128, tail 5185, and 147713 each doubling. compact 32 channels, 8 blocks: head 5x5 832 + 1,
# blocks 8 x (2 x 9248 + 1), merge 9248, tail 289 x factor^2.
@pytest.mark.parametrize(
    ("name", "factor", "parameters"),
    [
        ("srgan", 2, 1_381_011),
        ("srgan", 4, 1_528_724),
        ("srgan", 8, 1_676_437),
        ("compact", 2, 159_213),
        ("compact", 4, 162_681),
        ("compact", 8, 176_553),
    ],
)
def test_the_defaults_have_so_many_parameters(name: str, factor: int, parameters: int) -> None:
    assert size(build_generator(name, factor, {})) == parameters


@factors
def test_srgan_doubles_log2_factor_times(factor: int) -> None:
    blocks = [module for module in tiny("srgan", factor).modules() if isinstance(module, Upsample)]
    assert len(blocks) == log2(factor)


def test_srgan_without_batch_norm_has_none() -> None:
    kinds = (nn.BatchNorm2d,)
    assert any(isinstance(module, kinds) for module in tiny("srgan", 2).modules())
    assert not any(isinstance(module, kinds) for module in tiny("srgan", 2, batch_norm=False).modules())


shrinks = pytest.mark.parametrize("shrink", [1, 2, 4])


@factors
@shrinks
def test_untrained_compact_is_bicubic(factor: int, shrink: int) -> None:
    plane = np.random.default_rng(0).random((13, 18), dtype=np.float32)
    expected = cv2.resize(plane, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    with torch.inference_mode():
        found = tiny("compact", factor, shrink=shrink)(torch.from_numpy(plane)[None, None])[0, 0].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)


@factors
def test_untrained_compact_keeps_white(factor: int) -> None:
    with torch.inference_mode():
        out = tiny("compact", factor)(torch.ones(1, 1, 10, 11))
    torch.testing.assert_close(out, torch.ones_like(out), atol=1e-6, rtol=0)


@factors
@shrinks
def test_compact_without_biases_keeps_white_whatever_it_learned(factor: int, shrink: int) -> None:
    network = tiny("compact", factor, bias=False, shrink=shrink)
    for weight in network.parameters():
        nn.init.normal_(weight, std=0.3)
    with torch.inference_mode():
        out = network(torch.ones(1, 1, 10, 11))
    torch.testing.assert_close(out, torch.ones_like(out), atol=1e-6, rtol=0)


@factors
def test_the_taps_of_every_bicubic_phase_sum_to_one(factor: int) -> None:
    kernel = BicubicPhases(factor).kernel
    torch.testing.assert_close(kernel.sum(dim=(1, 2, 3)), torch.ones(factor * factor))


def test_the_bicubic_kernel_is_no_weight() -> None:
    assert not [key for key in tiny("compact", 2).state_dict() if "bicubic" in key]


def test_dilation_widens_what_compact_sees_and_costs_nothing() -> None:
    plain, wide = tiny("compact", 2, blocks=4), tiny("compact", 2, blocks=4, dilation=4)
    assert size(wide) == size(plain)
    assert (plain.radius, wide.radius) == (2 + 2 * 4 + 2, 2 + 2 * (1 + 2 + 4 + 1) + 2)
    x = torch.rand(1, 1, 9, 12)
    assert wide(x).shape == (1, 1, 18, 24)
    with pytest.raises(UsageError, match="dilation must be a power of two, not 3"):
        tiny("compact", 2, dilation=3)


def test_compact_may_work_on_squares_of_pixels_and_takes_any_size_all_the_same() -> None:
    network = tiny("compact", 2, shrink=4, kernel=3)
    assert network.radius == 4 * (1 + 2 + 2) + 3
    for weight in network.parameters():
        nn.init.normal_(weight, std=0.3)
    x = torch.rand(1, 1, 14, 17)
    padded = nn.functional.pad(x, (0, 3, 0, 2), value=1)
    with torch.inference_mode():
        # What it pads with is paper; bicubic repeats the edge instead, and so differs in the last three pixels.
        torch.testing.assert_close(network(x)[..., :-6, :-6], network(padded)[..., :28, :34][..., :-6, :-6])
    with pytest.raises(UsageError, match="shrink must be a power of two, not 6"):
        tiny("compact", 2, shrink=6)


@pytest.mark.parametrize(
    "args",
    [
        {"blocks": 3, "dilation": 4},
        {"shrink": 2},
        {"shrink": 4, "kernel": 3},
        {"shrink": 2, "kernel": 3, "dense": True, "mixing": 1},
        {"shrink": 2, "kernel": 3, "dense": True, "blocks": 2, "dilation": 2},
    ],
    ids=str,
)
def test_nothing_beyond_the_radius_is_seen_by_wide_compact(args: dict[str, Any]) -> None:
    test_nothing_beyond_the_radius_is_seen("compact", 2, {"bias": False, **args})


@pytest.mark.slow_but_one_in(4)
@pytest.mark.parametrize("args", [{}, {"kernel": 3}, {"blocks": 0, "kernel": 1}, {"blocks": 2}], ids=str)
@factors
@generators
def test_nothing_beyond_the_radius_is_seen(name: str, factor: int, args: dict[str, Any]) -> None:
    network = tiny(name, factor, **args)
    for weight in network.parameters():  # the zeros that compact starts from would hide its trunk
        nn.init.normal_(weight, std=0.3)
    centre = network.radius + 1
    x = torch.rand(1, 1, 2 * centre + 1, 2 * centre + 1, requires_grad=True)
    out = network(x)
    rows = slice(factor * centre, factor * (centre + 1))
    seen = torch.zeros(x.shape[-2:], dtype=torch.bool)
    corners = out[0, 0, rows, rows][:: factor - 1, :: factor - 1]
    for pixel in corners.flatten():  # one by one, so that nothing cancels
        (gradient,) = torch.autograd.grad(pixel, x, retain_graph=True)
        seen |= gradient[0, 0] != 0
    assert seen[centre, centre]
    seen[1:-1, 1:-1] = False
    assert not seen.any()


@pytest.mark.parametrize(
    "args",
    [
        {"chanels": 8},
        {"channels": 0},
        {"channels": -1},
        {"channels": "wide"},
        {"kernel": 4},
        {"kernel": 0},
        {"blocks": -1},
        {"factor": 4},
    ],
    ids=str,
)
@generators
def test_wrong_arguments_are_a_usage_error(name: str, args: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"generator '{name}': "):
        build_generator(name, 2, args)


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (
            {"chanels": 8},
            "unknown argument 'chanels'; did you mean 'channels'? "
            "(choices: bias, blocks, channels, dense, dilation, kernel, mixing, shrink)",
        ),
        (
            {"factor": 4},
            "unknown argument 'factor' (choices: bias, blocks, channels, dense, dilation, kernel, mixing, shrink)",
        ),
        ({"channels": 10**12}, "channels must be 4,096 at most"),
        ({"channels": 0}, "channels must be 1 or more, not 0"),
        ({"channels": "wide"}, "channels must be a whole number, not 'wide'"),
        ({"blocks": True}, "blocks must be a whole number, not True"),
        ({"kernel": 4}, "kernel must be an odd number from 1 on, not 4"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_said_in_the_users_words(args: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        build_generator("compact", 2, args)
    assert str(caught.value) == f"generator 'compact': {sentence}"


def test_a_network_that_no_memory_holds_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="ask for more memory than there is") as caught:
        build_generator("compact", 2, {"channels": 4096, "kernel": 4095})
    assert "\n" not in str(caught.value)


@generators
def test_all_arguments_are_known(name: str) -> None:
    arguments = generator_arguments(name, {"channels": 8})
    assert arguments["channels"] == 8
    assert {"channels", "blocks", "kernel"} <= arguments.keys()
    assert "factor" not in arguments
    assert size(build_generator(name, 2, arguments)) == size(build_generator(name, 2, {"channels": 8}))


@pytest.mark.parametrize("factor", [-2, 0, 1, 3, 6])
def test_the_factor_is_a_power_of_two(factor: int) -> None:
    for name in GENERATORS:
        with pytest.raises(UsageError, match=f"power of two from 2 on, not {factor}"):
            build_generator(name, factor, {})
    for name in DISCRIMINATORS:
        with pytest.raises(UsageError, match=f"power of two from 2 on, not {factor}"):
            build_discriminator(name, factor, 48, {})


def test_an_unknown_network_suggests() -> None:
    with pytest.raises(UsageError, match="unknown generator 'compakt'; did you mean 'compact'"):
        build_generator("compakt", 2, {})
    with pytest.raises(UsageError, match="unknown discriminator 'srgam'; did you mean 'srgan'"):
        build_discriminator("srgam", 2, 48, {})


@factors
@discriminators
def test_a_discriminator_gives_a_logit_a_patch(name: str, factor: int) -> None:
    network = build_discriminator(name, factor, 16, {"channels": 4})
    assert network(torch.rand(3, 1, 16, 16)).shape == (3, 1)


@factors
def test_the_discriminator_halves_log2_factor_times_and_doubles_its_channels(factor: int) -> None:
    network = build_discriminator("srgan", factor, 48, {})
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    halving = [module for module in convolutions if module.stride == (2, 2)]
    assert len(halving) == log2(factor)
    assert [module.out_channels for module in convolutions] == [64 * 2**n for n in range(len(halving) + 1)]
    assert all(after.in_channels == before.out_channels for before, after in pairwise(convolutions))
    (dense,) = (module for module in network.modules() if isinstance(module, nn.Linear))
    assert dense.in_features == 64 * factor * (48 // factor) ** 2


@discriminators
def test_a_discriminators_wrong_arguments_are_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError, match="patch of 50 px is not a multiple of the factor 4"):
        build_discriminator(name, 4, 50, {})
    with pytest.raises(UsageError, match=f"discriminator '{name}': "):
        build_discriminator(name, 2, 48, {"channel": 8})
    with pytest.raises(UsageError, match=f"discriminator '{name}': "):
        build_discriminator(name, 2, 48, {"channels": 0})
