from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from docsr.errors import CheckpointError, UsageError
from docsr.models.checkpoint import load_checkpoint
from docsr.train_config_file import check_config
from docsr.training.state import CHECKPOINT, STATE, TrainingState, load_fitting

TINY: dict[str, Any] = {
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
    first, second = state(), state()
    with torch.no_grad():
        for parameter in first.generator.parameters():
            parameter.add_(1.0)
    first.step, first.spikes[2].mean, first.spikes[2].seen = 7, 0.25, 40
    first.save(tmp_path, (9.0, 12.5))
    second.load(tmp_path)
    assert (second.step, second.spikes[2].mean, second.spikes[2].seen) == (7, 0.25, 40)
    for name, value in first.generator.state_dict().items():
        assert torch.equal(value, second.generator.state_dict()[name])
    header = load_checkpoint(tmp_path / CHECKPOINT).header
    assert (header.name, header.factor, header.x_height, header.step) == ("srgan", 2, (9.0, 12.5), 7)
    assert header.args == {
        "channels": 4,
        "blocks": 1,
        "kernel": 3,
        "batch_norm": True,
        "tanh": False,
        "colours": 1,
    }  # the default among them


def resumed(folder, patches="", **changes) -> TrainingState:
    again = TrainingState(check_config({**TINY, **changes}), torch.device("cpu"), patches=patches, resumed=True)
    again.load(folder)
    return again


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"data": {"lr_patch": 16}}, "data.lr_patch (8 then, 16 now)"),
        ({"data": {"lr_patch": 8, "batch": 3}}, "data.batch (16 then, 3 now)"),
        ({"seed": 3}, "seed (0 then, 3 now)"),
        ({"factor": 4}, "factor (2 then, 4 now)"),
        ({"loss": {"pixel": "l1"}}, "loss.pixel (charbonnier then, l1 now)"),
        ({"generator": {"name": "compact"}}, "generator.name (srgan then, compact now)"),
        ({"generator": {"name": "srgan", "args": {"channels": 8}}}, "generator.args.channels (4 then, 8 now)"),
        ({"schedule": {**TINY["schedule"], "learning_rate": 0.1}}, "schedule.learning_rate (0.0006 then, 0.1 now)"),
        ({"patches": "others"}, "the patches of --data"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_option_that_changes_what_follows_is_refused(tmp_path, changes, named):
    TrainingState(check_config(TINY), torch.device("cpu"), patches="these").save(tmp_path, None)
    with pytest.raises(UsageError) as caught:
        resumed(tmp_path, **{"patches": "these", **changes})
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_difference_is_named(tmp_path):
    state().save(tmp_path, None)
    with pytest.raises(UsageError, match=r"data\.batch .*, data\.degrade\.blur .*, seed "):
        resumed(tmp_path, seed=1, data={"lr_patch": 8, "batch": 4, "degrade": {"blur": 0}})


@pytest.mark.parametrize(
    "changes",
    [
        {"schedule": {**TINY["schedule"], "steps": 99}},
        {"data": {"lr_patch": 8, "workers": 3, "dir": "moved"}},
        {"output": {"log_every": 1, "validation_pages": 0}},
        {"init": "gone.safetensors"},
    ],
    ids=lambda changes: ", ".join(changes),
)
def test_an_option_that_changes_nothing_may_differ(tmp_path, changes):
    first = state()
    first.step = 4
    first.save(tmp_path, None)
    assert resumed(tmp_path, **changes).step == 4


def test_a_state_of_the_first_version_knows_no_patches(tmp_path):
    state().save(tmp_path, None)
    values = torch.load(tmp_path / STATE, weights_only=True)
    del values["patches"]
    torch.save(values, tmp_path / STATE)
    assert resumed(tmp_path, patches="any").step == 0


@pytest.mark.parametrize("part", ["generator", "ema", "optimiser", "discriminator", "spikes", "random"])
@pytest.mark.parametrize("damage", ["gone", "other"])
def test_a_part_that_does_not_fit_is_a_sentence(tmp_path, part, damage):
    state().save(tmp_path, None)
    values = torch.load(tmp_path / STATE, weights_only=True)
    if damage == "gone":
        del values[part]
    else:
        values[part] = {"odd": torch.ones(2)} if isinstance(values[part], dict) else [1]
    torch.save(values, tmp_path / STATE)
    with pytest.raises(CheckpointError, match=r"state\.pt ") as caught:
        resumed(tmp_path)
    assert "\n" not in str(caught.value)


def test_options_that_this_version_does_not_know(tmp_path):
    state().save(tmp_path, None)
    values = torch.load(tmp_path / STATE, weights_only=True)
    values["config"]["colour"] = True
    torch.save(values, tmp_path / STATE)
    with pytest.raises(CheckpointError, match="written by another docsr"):
        resumed(tmp_path)


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
