from __future__ import annotations

import pytest
import torch
from torch import nn

from docsr.config import check_config
from docsr.errors import CheckpointError
from docsr.models.checkpoint import load_checkpoint
from docsr.training.state import CHECKPOINT, TrainingState, load_fitting

TINY = {
    "generator": {"name": "srgan", "args": {"channels": 4, "blocks": 1, "kernel": 3}},
    "discriminator": {"name": "srgan", "args": {"channels": 2}},
    "data": {"lr_patch": 8},
    "schedule": {"steps": 9, "gan_start": 3, "ema": 0.9},
}


def state(**changes) -> TrainingState:
    return TrainingState(check_config({**TINY, **changes}), torch.device("cpu"))


def test_the_seed_decides_the_start():
    first, again, other = state().generator, state().generator, state(seed=1).generator
    for (name, value), (_, same) in zip(first.state_dict().items(), again.state_dict().items(), strict=True):
        assert torch.equal(value, same), name
    assert not torch.equal(first.state_dict()["head.0.weight"], other.state_dict()["head.0.weight"])


def test_there_is_no_discriminator_without_a_gan_phase():
    assert set(state().parts()) == {"generator", "ema", "optimiser", "discriminator", "critic_optimiser"}
    assert set(state(schedule={"steps": 9}).parts()) == {"generator", "ema", "optimiser"}


def test_saved_and_loaded(tmp_path):
    first, second = state(), state(seed=5)
    first.step, first.spikes.mean, first.spikes.seen = 7, 0.25, 40
    first.save(tmp_path, (9.0, 12.5))
    second.load(tmp_path)
    assert (second.step, second.spikes.mean, second.spikes.seen) == (7, 0.25, 40)
    for name, value in first.generator.state_dict().items():
        assert torch.equal(value, second.generator.state_dict()[name])
    header = load_checkpoint(tmp_path / CHECKPOINT).header
    assert (header.name, header.factor, header.x_height, header.step) == ("srgan", 2, (9.0, 12.5), 7)


def test_the_average_follows_quickly_then_slowly():
    trained = state()
    with torch.no_grad():
        for parameter in trained.generator.parameters():
            parameter.fill_(1.0)
    trained.ema.update_parameters(trained.generator)  # the first update copies
    with torch.no_grad():
        for parameter in trained.generator.parameters():
            parameter.fill_(2.0)
    trained.ema.update_parameters(trained.generator)
    values = torch.cat([parameter.flatten() for parameter in trained.ema.module.parameters()])
    assert torch.allclose(values, torch.full_like(values, 1 + 9 / 11))  # decay (1 + 1) / (10 + 1)


def test_the_average_has_the_running_statistics_of_the_generator():
    trained = state()
    trained.generator.train()
    trained.generator(torch.rand(2, 1, 8, 8))
    trained.ema.update_parameters(trained.generator)
    for name, value in trained.generator.named_buffers():
        assert torch.equal(value, dict(trained.ema.module.named_buffers())[name]), name


def test_only_what_fits_is_loaded():
    network = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    given = {"0.weight": torch.ones(3, 2), "1.weight": torch.ones(5, 3), "9.bias": torch.ones(1)}
    assert load_fitting(network, given) == 1
    assert torch.equal(network.state_dict()["0.weight"], torch.ones(3, 2))
    with pytest.raises(CheckpointError, match="no weights that fit"):
        load_fitting(network, {"1.weight": torch.ones(5, 3)})
