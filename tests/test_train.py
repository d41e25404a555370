from __future__ import annotations

import os
import shutil
import signal
from itertools import islice

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from docsr.errors import CheckpointError, Interrupted, TrainingError, UsageError
from docsr.losses import ContentLoss
from docsr.losses.perceptual import build_features
from docsr.models.checkpoint import load_checkpoint
from docsr.pairs.dataset import stream
from docsr.pairs.store import StoreHeader
from docsr.pairs.store_writer import StoreWriter
from docsr.train import CONFIG, train
from docsr.train_config_file import check_config, load_config
from docsr.training.schedule import Skips
from docsr.training.state import CHECKPOINT, STATE
from tests.pairs import make_store
from tests.training_runs import TINY, Heard, config, interrupt


def saved(out):
    return torch.load(out / STATE, map_location="cpu", weights_only=True)


pytestmark = pytest.mark.usefixtures("on_the_cpu")


def test_what_a_run_leaves_behind(tmp_path, patches):
    heard, out = Heard(), tmp_path / "run"
    assert train(config(), patches, out, heard) == out / CHECKPOINT
    assert sorted(heard.steps) == [1, 2, 3, 4, 5, 6]
    assert {"loss", "learning_rate", "seconds", "waiting"} <= heard.steps[6].keys()
    assert all(0 <= scalars["waiting"] <= 1 for scalars in heard.steps.values())
    assert {"mse", "psnr", "ssim", "mse_bicubic", "psnr_bicubic", "ssim_bicubic"} == heard.validations[6].keys()
    checkpoint = load_checkpoint(out / CHECKPOINT)
    assert checkpoint.header.step == 6
    assert checkpoint.header.x_height == (10.2, 12.0)
    assert checkpoint.build_generator()(torch.ones(1, 1, 5, 7)).shape == (1, 1, 10, 14)
    assert load_config(out / CONFIG, {}) == config()
    assert yaml.safe_load((out / CONFIG).read_text())["schedule"]["steps"] == 6
    assert list((out / "tensorboard").glob("events.*"))
    with Image.open(out / "strips" / "step-0000006.png") as strip:
        assert strip.size == (4 * 16, 2 * 16)  # LR, bicubic, SR, HR; two pairs
    with Image.open(out / "curves.png") as curves:  # loss and PSNR; no page, so no CER
        assert curves.width > 2 * curves.height
        assert len(curves.convert("RGB").getcolors(2**24) or []) > 20
    assert saved(out)["step"] == 6


@pytest.mark.slow_except("2-adam-True")
@pytest.mark.parametrize(
    ("gan_start", "optimiser", "bf16"),
    [(None, "adam", False), (None, "adam", True), (2, "adam", False), (2, "adam", True), (None, "muon", True)],
)
def test_resume_is_exact(tmp_path, patches, gan_start, optimiser, bf16):
    noisy = {"real_labels": [0.7, 1.0], "fake_labels": [0.0, 0.3]}
    schedule = {**TINY["schedule"], "gan_start": gan_start, "optimiser": optimiser, "bf16": bf16}
    options = check_config({**TINY, "loss": noisy, "schedule": schedule})
    train(options, patches, tmp_path / "straight", Heard())
    with pytest.raises(Interrupted, match="stopped at step 3 of 6; --resume goes on from there") as stop:
        train(options, patches, tmp_path / "halves", Heard(3, interrupt))
    assert stop.value.exit_code == 130
    half = saved(tmp_path / "halves")
    assert half["step"] == 3
    heard = Heard()
    train(options, patches, tmp_path / "halves", heard, resume=True)
    assert sorted(heard.steps) == [4, 5, 6]
    one, two = saved(tmp_path / "straight"), saved(tmp_path / "halves")
    for part in ("generator", "ema", "discriminator"):
        assert (part in one) == (part in two) == (part != "discriminator" or gan_start is not None)
        for name, value in one.get(part, {}).items():
            assert torch.equal(value, two[part][name]), f"{part}.{name}"
    assert any(not torch.equal(value, one["generator"][name]) for name, value in half["generator"].items())
    assert (tmp_path / "straight" / CHECKPOINT).read_bytes() == (tmp_path / "halves" / CHECKPOINT).read_bytes()


@pytest.mark.slow_except("3-2")
@pytest.mark.parametrize(("step", "number"), [(3, signal.SIGINT), (3, signal.SIGTERM), (6, signal.SIGTERM)])
def test_a_signal_ends_a_validation_at_once_and_the_run_can_go_on(tmp_path, patches, step, number):
    class Impatient(Heard):
        def on_validating(self, done, total):
            super().on_validating(done, total)
            if done == 1 and max(self.steps) == step:
                os.kill(os.getpid(), number)

    options = check_config({**TINY, "output": {**TINY["output"], "validate_every": 3}})
    heard = Impatient()
    with pytest.raises(Interrupted, match=f"stopped at step {step} of 6; --resume goes on from there"):
        train(options, patches, tmp_path, heard)
    assert heard.validating[-2:] == [(0, 2), (1, 2)]
    assert step not in heard.validations
    assert saved(tmp_path)["step"] == step
    assert (tmp_path / CHECKPOINT).is_file()
    assert not list(tmp_path.rglob(".docsr-*"))
    again = Heard()
    assert train(options, patches, tmp_path, again, resume=True) == tmp_path / CHECKPOINT
    assert sorted(again.steps) == list(range(step + 1, 7))


def test_the_signal_handlers_are_put_back(tmp_path, patches):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted):
        train(config(), patches, tmp_path, Heard(1, interrupt))
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_the_gan_phase_starts_when_told(tmp_path, patches):
    heard = Heard()
    train(config(gan_start=4), patches, tmp_path, heard)
    with_critic = {step for step, scalars in heard.steps.items() if "discriminator" in scalars}
    assert with_critic == {step for step, scalars in heard.steps.items() if "adversarial" in scalars} == {5, 6}


@pytest.mark.slow
def test_the_features_join_with_the_gan_phase(tmp_path, patches):
    torch.save(build_features("vgg19", 2).state_dict(), tmp_path / "vgg.pth")
    features = {"perceptual_weight": 0.1, "perceptual_weights": str(tmp_path / "vgg.pth"), "perceptual_layer": 2}
    phases = {}
    for gan_start in (None, 4):
        heard = Heard()
        options = check_config({**TINY, "loss": features, "schedule": {**TINY["schedule"], "gan_start": gan_start}})
        train(options, patches, tmp_path / str(gan_start), heard)
        phases[gan_start] = [step for step, scalars in heard.steps.items() if "perceptual" in scalars]
        assert all("pixel" in scalars for scalars in heard.steps.values())
    assert phases == {None: [1, 2, 3, 4, 5, 6], 4: [5, 6]}
    assert saved(tmp_path / "4")["spikes"][2][1] == 2  # the mean loss is that of the phase
    assert saved(tmp_path / "None")["spikes"][2][1] == 6


@pytest.mark.parametrize("gan_start", [None, 4])
@pytest.mark.parametrize("loss", [{"adversarial": "bse"}, {"pixel": "l3"}], ids=str)
def test_a_misspelt_loss_is_refused_before_anything_is_written(tmp_path, patches, gan_start, loss):
    options = check_config({**TINY, "loss": loss, "schedule": {**TINY["schedule"], "gan_start": gan_start}})
    with pytest.raises(UsageError, match=r"unknown (adversarial|pixel) loss '(bse|l3)'"):
        train(options, patches, tmp_path / "run", Heard())
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("signalled", [False, True])
def test_a_dead_worker_loses_no_step_and_is_no_error_while_stopping(tmp_path, patches, monkeypatch, signalled):
    def dying(dataset, share, workers, start):
        yield from islice(stream(dataset, share, workers, start), 2)
        if signalled:
            os.kill(os.getpid(), signal.SIGTERM)
        raise TrainingError("a process that prepares batches died")

    monkeypatch.setattr("docsr.train.stream", dying)
    expected = (Interrupted, "stopped at step 2 of 6") if signalled else (TrainingError, "batches died")
    with pytest.raises(expected[0], match=expected[1]):
        train(config(), patches, tmp_path, Heard())
    assert saved(tmp_path)["step"] == 2


def test_a_folder_that_holds_a_run_is_refused(tmp_path, patches):
    train(config(steps=1), patches, tmp_path, Heard())
    with pytest.raises(UsageError, match="holds a run already"):
        train(config(steps=2), patches, tmp_path, Heard())
    assert saved(tmp_path)["step"] == 1


def test_there_must_be_something_to_resume(tmp_path, patches):
    with pytest.raises(UsageError, match="holds no run to resume"):
        train(config(), patches, tmp_path, Heard(), resume=True)


def test_another_network_is_not_resumed(tmp_path, patches):
    train(config(steps=1), patches, tmp_path, Heard())
    other = check_config({**TINY, "generator": {"name": "compact", "args": {"channels": 4, "blocks": 1}}})
    with pytest.raises(UsageError, match=r"generator\.args\.channels \(8 then, 4 now\)"):
        train(other, patches, tmp_path, Heard(), resume=True)


def test_other_patches_are_not_resumed_and_moved_ones_are(tmp_path, patches):
    train(config(steps=1), patches, tmp_path / "run", Heard())
    other = make_store(tmp_path / "other", train=11, x_height=24.0)
    before = (tmp_path / "run" / CONFIG).read_bytes()
    with pytest.raises(UsageError, match="the patches of --data"):
        train(config(steps=2), other, tmp_path / "run", Heard(), resume=True)
    assert (tmp_path / "run" / CONFIG).read_bytes() == before
    moved = shutil.copytree(patches, tmp_path / "moved")
    train(config(steps=2), moved, tmp_path / "run", Heard(), resume=True)
    assert saved(tmp_path / "run")["step"] == 2


@pytest.mark.slow_but_one_in(4)
@pytest.mark.parametrize("damage", ["empty", "half", "noise", "other"])
def test_a_damaged_state_is_refused(tmp_path, patches, damage):
    train(config(steps=1), patches, tmp_path, Heard())
    path = tmp_path / STATE
    data = path.read_bytes()
    if damage == "other":
        torch.save({"weights": torch.ones(2)}, path)
    else:
        path.write_bytes({"empty": b"", "half": data[: len(data) // 2], "noise": b"\x93NUMPY" * 50}[damage])
    with pytest.raises(CheckpointError, match=r"state\.pt is"):
        train(config(), patches, tmp_path, Heard(), resume=True)


def test_a_loss_that_is_not_a_number_ends_the_run(tmp_path, patches, monkeypatch):
    heard = Heard()
    options = config(steps=50)
    content, calls = ContentLoss.forward, []

    def overflowing(self, sr, hr, phase):
        calls.append(1)
        terms = content(self, sr, hr, phase)
        return {name: term * (float("inf") if len(calls) > 3 else 1) for name, term in terms.items()}

    monkeypatch.setattr(ContentLoss, "forward", overflowing)
    with pytest.raises(TrainingError, match=r"not a number at step \d+: lower schedule\.learning_rate"):
        train(options, patches, tmp_path, heard)
    assert all(np.isfinite(scalars["loss"]) for scalars in heard.steps.values())


def test_a_gradient_that_is_never_finite_ends_the_run(tmp_path, patches, monkeypatch):
    content, heard = ContentLoss.forward, Heard()

    def without_slope(self, sr, hr, phase):
        return content(self, sr, hr, phase) | {"odd": (sr - sr).abs().sum().sqrt()}  # 0, and its gradient NaN

    monkeypatch.setattr(ContentLoss, "forward", without_slope)
    monkeypatch.setattr(Skips, "MOST_IN_A_ROW", 5)
    with pytest.raises(TrainingError, match="the last 5 updates of the generator were skipped") as caught:
        train(config(steps=50), patches, tmp_path, heard)
    assert "\n" not in str(caught.value)
    assert [scalars["skipped"] for scalars in heard.steps.values()] == [1, 2, 3, 4]
    assert all(torch.isfinite(value).all() for value in saved(tmp_path)["generator"].values())


def test_no_training_patches(tmp_path):
    writer = StoreWriter(tmp_path / "store", 64)
    writer.close(StoreHeader("images", 64, None))
    with pytest.raises(TrainingError, match="holds no training patches"):
        train(config(), tmp_path / "store", tmp_path / "run", Heard())
    assert not (tmp_path / "run").exists()


def test_the_start_may_be_another_factors_network(tmp_path, patches):
    first = train(config(), patches, tmp_path / "x2", Heard())
    options = check_config({**TINY, "factor": 4, "init": str(first), "schedule": {"steps": 1, "learning_rate": 1e-30}})
    second = train(options, patches, tmp_path / "x4", Heard())
    two, four = load_checkpoint(first).state, load_checkpoint(second).state
    same = {name for name, value in four.items() if value.shape == two[name].shape}
    assert set(four) - same == {"tail.weight", "tail.bias"}
    assert all(torch.equal(two[name], four[name]) for name in same)


def test_a_start_that_does_not_exist_is_refused(tmp_path, patches):
    missing = check_config({**TINY, "init": str(tmp_path / "none.safetensors")})
    with pytest.raises(CheckpointError, match="does not exist"):
        train(missing, patches, tmp_path / "run", Heard())
