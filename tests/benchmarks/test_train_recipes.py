"""What the recipes ask of training: several factors, colour, every term of the loss."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from docsr.errors import UsageError
from docsr.models import build_generator
from docsr.models.checkpoint import load_checkpoint
from docsr.train import train
from docsr.train_config_file import check_config
from docsr.training.state import CHECKPOINT, STATE
from tests.pairs.test_kinds_of_pairs import colour_store
from tests.training_runs import TINY, Heard

pytestmark = pytest.mark.usefixtures("on_the_cpu")


@pytest.mark.slow
def test_several_factors_take_turns_and_one_network_learns_them_all(tmp_path, patches):
    args = {"channels": 8, "blocks": 1, "factors": [2, 4]}
    options = check_config({**TINY, "generator": {"name": "mdsr", "args": args}, "factor": 4})
    heard = Heard()
    train(options, patches, tmp_path / "run", heard)
    checkpoint = load_checkpoint(tmp_path / "run" / CHECKPOINT)
    assert checkpoint.header.factor == 4
    network = checkpoint.build_generator()
    assert network.at(2)(torch.ones(1, 1, 5, 7)).shape == (1, 1, 10, 14)
    torch.manual_seed(options.seed)
    before = build_generator("mdsr", 4, args).state_dict()
    guards = torch.load(tmp_path / "run" / STATE, weights_only=True)["spikes"]
    assert {factor: seen for factor, (_, seen) in guards.items()} == {2: 3, 4: 3}, "losses of each factor by themselves"
    for part in ("trunk.", "tails.2.", "tails.4.", "before.2.", "before.4."):
        names = [name for name in before if name.startswith(part)]
        assert any(not torch.equal(checkpoint.state[name], before[name]) for name in names), part


def test_several_factors_and_a_discriminator_do_not_fit(tmp_path, patches):
    args = {"channels": 8, "blocks": 1}
    schedule = {**TINY["schedule"], "gan_start": 2}
    options = check_config({**TINY, "generator": {"name": "mdsr", "args": args}, "schedule": schedule})
    with pytest.raises(UsageError, match="this generator learns several factors"):
        train(options, patches, tmp_path / "run", Heard())


def test_rgb_trains_with_every_term(tmp_path):
    store = colour_store(tmp_path / "store")
    (store / "train-00000.npy").rename(store / "val-00000.npy")
    pixels = np.load(store / "val-00000.npy")
    np.save(store / "train-00000.npy", pixels)
    header = json.loads((store / "store.json").read_text())
    (store / "store.json").write_text(json.dumps({**header, "val": len(pixels)}))
    loss = {
        "gradient_weight": 1,
        "edge_weight": 1,
        "frequency_weight": 1,
        "real_labels": [0.7, 1],
        "fake_labels": [0, 0.3],
    }
    generator = {"name": "srgan", "args": {"channels": 4, "blocks": 1, "kernel": 3, "colours": 3, "tanh": True}}
    schedule = {**TINY["schedule"], "gan_start": 2}
    options = check_config({**TINY, "generator": generator, "loss": loss, "schedule": schedule})
    heard = Heard()
    train(options, store, tmp_path / "run", heard)
    assert {"gradient", "edge", "frequency", "adversarial", "discriminator"} <= heard.steps[6].keys()
    with Image.open(tmp_path / "run" / "strips" / "step-0000006.png") as strip:
        assert strip.mode == "RGB"
