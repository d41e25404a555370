"""Which optimiser learns which weights, and what an update of Muon is."""

from __future__ import annotations

import math

import pytest
import torch

from docsr.models import GENERATORS, build_generator
from docsr.train_config import ScheduleConfig
from docsr.training.optimisers import ConvolutionMuon, ScheduledOptimiser, hidden_weights, optimisers_of

RATE = 0.01


@pytest.mark.parametrize("optimiser", ["adam", "muon"])
@pytest.mark.parametrize("name", sorted(GENERATORS))
def test_each_weight_is_learned_once(name, optimiser):
    network = build_generator(name, 2, {"channels": 8, "blocks": 1})
    before = {key: weight.detach().clone() for key, weight in network.named_parameters()}
    for weight in network.parameters():
        weight.grad = torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
    found = optimisers_of(network, ScheduleConfig(optimiser=optimiser))
    changed = dict.fromkeys(before, 0)
    for scheduled in found.values():
        scheduled.step(1.0)
        for key, weight in network.named_parameters():
            changed[key] += not torch.equal(weight, before[key])
            before[key] = weight.detach().clone()
    assert set(changed.values()) == {1}
    assert set(found) == ({"optimiser", "muon"} if optimiser == "muon" else {"optimiser"})


@pytest.mark.parametrize("name", sorted(GENERATORS))
def test_muon_leaves_the_convolutions_that_read_or_write_the_image(name):
    """Those that run first and last, for each factor that the network has."""
    network = build_generator(name, 2, {"channels": 8, "blocks": 1})
    ran, ends = list[torch.nn.Module](), set[torch.nn.Module]()
    convolutions = [module for module in network.modules() if isinstance(module, torch.nn.Conv2d)]
    for convolution in convolutions:
        convolution.register_forward_hook(lambda module, *_: ran.append(module))
    for factor in network.factors:
        ran.clear()
        network.at(factor)(torch.ones(1, 1, 8, 8))
        ends |= {ran[0], ran[-1]}
    assert set(network.ends()) == ends
    hidden = {id(weight) for weight in hidden_weights(network)}
    assert hidden == {id(convolution.weight) for convolution in convolutions if convolution not in ends}
    assert hidden


def test_an_update_of_muon_has_equal_singular_values_and_the_size_of_adams():
    draws = torch.Generator().manual_seed(2)
    weight = torch.nn.Parameter(torch.randn(16, 16, 3, 3, generator=draws))
    before = weight.detach().clone()
    scales = torch.logspace(-2, 0, 16).view(16, 1, 1, 1)  # what is rare in the gradient counts as much
    weight.grad = scales * torch.randn(weight.shape, generator=draws)
    ConvolutionMuon([weight], RATE).step()
    update = (before - weight.detach()).flatten(1)
    values = torch.linalg.svdvals(update) / (RATE * 0.2 * math.sqrt(16 * 9))
    assert values.min() > 0.5
    assert values.max() < 1.5
    assert torch.linalg.cond(weight.grad.flatten(1)) > 50
    assert float(update.square().mean().sqrt()) == pytest.approx(0.2 * RATE, rel=0.2)


def test_the_share_of_the_rate_scales_an_update():
    steps = []
    for share in (1.0, 0.25):
        weight = torch.nn.Parameter(torch.ones(4, 4, 3, 3))
        weight.grad = torch.randn(weight.shape, generator=torch.Generator().manual_seed(3))
        ScheduledOptimiser(ConvolutionMuon([weight], RATE), RATE).step(share)
        steps.append(1 - weight.detach())
    torch.testing.assert_close(steps[1], 0.25 * steps[0], rtol=1e-3, atol=1e-6)


def test_a_weight_without_a_gradient_stays_though_it_had_one():
    one, other = (torch.nn.Parameter(torch.ones(2, 2, 3, 3)) for _ in range(2))
    muon = ConvolutionMuon([one, other], RATE)
    one.grad, other.grad = torch.ones_like(one), torch.ones_like(other)
    muon.step()
    before, other.grad = [weight.detach().clone() for weight in (one, other)], None
    muon.step()
    assert not torch.equal(one, before[0])
    assert torch.equal(other, before[1])
