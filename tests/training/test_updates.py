"""What a step does beside the loop around it."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch

from docsr.errors import UsageError
from docsr.losses import ContentLoss
from docsr.models.checkpoint import load_checkpoint
from docsr.train import KEPT, train
from docsr.train_config_file import check_config
from docsr.training.processes import Processes
from docsr.training.state import CHECKPOINT, TrainingState
from docsr.training.updates import Updates, has_bf16
from tests.losses.weights_files import vgg_state
from tests.pairs import make_store
from tests.training_runs import TINY, Heard

pytestmark = pytest.mark.usefixtures("on_the_cpu")
CPU = torch.device("cpu")


@pytest.fixture
def patches(tmp_path):
    return make_store(tmp_path / "patches", x_height=24.0)


def updates(processes: Processes, **changes: Any) -> Updates:
    args = {"channels": 4, "blocks": 1, "kernel": 3}
    options = check_config(
        {**TINY, "generator": {"name": "srgan", "args": args}, "schedule": {"gan_start": 1}, **changes}
    )
    return Updates(options, TrainingState(options, CPU), ContentLoss(options.loss), processes)


MISFITS: dict[str, dict[str, Any]] = {
    "discriminator 'srgan': unknown argument 'colours'": {"discriminator": {"args": {"colours": 3}}},
    "unknown discriminator 'srgam'": {"discriminator": {"name": "srgam"}, "schedule": TINY["schedule"]},
    "do not fit each other or this machine: Expected more than 1 value per channel": {
        "discriminator": {"name": "deep", "args": {"channels": 2}},
        "data": {**TINY["data"], "batch": 1},
    },
    "do not fit each other or this machine: .*Output size is too small": {
        "loss": {"perceptual_weight": 1, "perceptual_layer": 37}
    },
}


@pytest.mark.parametrize("sentence", MISFITS)
def test_options_that_do_not_fit_are_refused_before_anything_is_written(tmp_path, patches, sentence):
    """Though only the GAN phase would trip over them."""
    options: dict[str, Any] = {**TINY, "schedule": {**TINY["schedule"], "gan_start": 4}, **MISFITS[sentence]}
    if "loss" in options:
        torch.save(vgg_state(37), tmp_path / "vgg.pth")
        options["loss"] = {**options["loss"], "perceptual_weights": str(tmp_path / "vgg.pth")}
    with pytest.raises(UsageError, match=sentence) as caught:
        train(check_config(options), patches, tmp_path / "run", Heard())
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_trying_the_options_out_leaves_no_trace():
    run = updates(Processes(0, 1, CPU))
    state = run.state
    assert state.discriminator is not None
    networks = (state.generator, state.discriminator)
    before = [{name: value.clone() for name, value in network.state_dict().items()} for network in networks]
    assert any("running_mean" in name for name in before[0])
    random = torch.get_rng_state()
    run.try_out()
    for network, values in zip(networks, before, strict=True):
        assert all(torch.equal(value, values[name]) for name, value in network.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)


@pytest.mark.slow
def test_a_run_goes_on_from_a_kept_step(tmp_path, patches):
    output = {**TINY["output"], "keep_every": 2}
    long, short = (
        check_config({**TINY, "output": output, "schedule": {**TINY["schedule"], "steps": n}}) for n in (6, 4)
    )
    train(long, patches, tmp_path / "run", Heard())
    assert sorted(path.name for path in (tmp_path / "run" / KEPT).iterdir()) == ["0000002", "0000004", "0000006"]
    whole = (tmp_path / "run" / CHECKPOINT).read_bytes()
    assert load_checkpoint(tmp_path / "run" / KEPT / "0000002" / CHECKPOINT).header.step == 2
    with pytest.raises(UsageError, match=r"step 3 was not kept in .*: it has 2, 4, 6"):
        train(long, patches, tmp_path / "run", Heard(), resume_at=3)
    heard = Heard()
    train(long, patches, tmp_path / "run", heard, resume_at=2)
    assert list(heard.steps) == [3, 4, 5, 6]
    (tmp_path / "run" / KEPT / "notes").mkdir()
    assert (tmp_path / "run" / CHECKPOINT).read_bytes() == whole
    train(short, patches, tmp_path / "run", Heard(), resume_at=4)
    assert load_checkpoint(tmp_path / "run" / CHECKPOINT).header.step == 4, "the run is at that step now"
    assert not (tmp_path / "run" / KEPT / "0000006").exists(), "of another past"


def test_a_sample_has_its_labels_however_many_processes_share_the_step(monkeypatch):
    loss = {"real_labels": [0.7, 1.0], "fake_labels": [0.0, 0.3]}
    pairs = [(torch.zeros(2, 1, 8, 8), torch.zeros(2, 1, 16, 16))] * 4
    alone = updates(Processes(0, 1, CPU), loss=loss).labels(pairs)
    monkeypatch.setattr(Processes, "share", lambda self, network, **_: network)
    monkeypatch.setattr(Processes, "share_norms", lambda self, network: None)
    shared = [
        label for rank in (0, 1) for label in updates(Processes(rank, 2, CPU), loss=loss).labels(pairs[2 * rank :][:2])
    ]
    for (real, fake), (other_real, other_fake) in zip(alone, shared, strict=True):
        assert torch.equal(real, other_real)
        assert torch.equal(fake, other_fake)
        assert 0.7 <= float(real.min()) <= float(real.max()) <= 1.0
        assert 0.0 <= float(fake.min()) <= float(fake.max()) <= 0.3
    assert len({float(one) for real, _ in alone for one in real}) == 8, "each sample has its own"


@pytest.mark.parametrize(("asked", "has"), [*product((False, True), repeat=2)])
def test_mixed_precision_is_used_where_it_is_asked_for_and_the_device_has_it(asked, has, monkeypatch):
    monkeypatch.setattr("docsr.training.updates.has_bf16", lambda device: has and device == CPU)
    with updates(Processes(0, 1, CPU), schedule={"bf16": asked}).autocast():
        assert torch.is_autocast_enabled("cpu") == (asked and has)


@pytest.mark.parametrize("quick", [False, True])
def test_bfloat16_is_quick_where_torch_says_so(quick, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *, including_emulation: quick or including_emulation)
    assert has_bf16(torch.device("cuda")) == quick
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: quick, raising=False)
    assert has_bf16(CPU) == quick
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not has_bf16(CPU)
