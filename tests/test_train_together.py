"""Several processes under torchrun train as one with the larger batch; losing one is told, and resuming works."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from docsr.training.state import CHECKPOINT, STATE
from tests.command import ran as in_this_process
from tests.pairs import make_store

STEPS = "6"

OPTIONS = {
    "generator.args": "{channels: 8, blocks: 1}",
    "loss.pixel": "mse",
    "data.lr_patch": "8",
    "data.workers": "0",
    "schedule.bf16": "false",
    "schedule.warmup": "2",
    "schedule.learning_rate": "0.01",
    "output.log_every": "1",
    "output.checkpoint_every": "2",
    "output.validate_every": "100000",
    "output.validation_patches": "2",
    "output.validation_pages": "0",
}


def command(store: Path, out: Path, processes: int, *more: str, **options: str) -> list[str]:
    """``docsr train`` in this environment, under torchrun where there are several processes."""
    together = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"] if processes > 1 else []
    values = {**OPTIONS, **{name.replace("__", "."): value for name, value in options.items()}}
    sets = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
    return [sys.executable, *together, "-m", "docsr", "train", "--data", str(store), "--out", str(out), *sets, *more]


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    return subprocess.run(words, capture_output=True, text=True, timeout=120, env=environment, check=False)


def losses(out: Path, name: str = "loss") -> dict[int, float]:
    events = EventAccumulator(str(out / "tensorboard"))
    events.Reload()
    return {point.step: point.value for point in events.Scalars(f"train/{name}")}


def weights(out: Path) -> dict[str, torch.Tensor]:
    values: dict[str, torch.Tensor] = torch.load(out / STATE, weights_only=True)["generator"]
    return values


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("patches") / "store", train=24, x_height=24.0)


@pytest.fixture(scope="module")
def alone(store, tmp_path_factory):
    """One process with the larger batch."""
    out = tmp_path_factory.mktemp("runs") / "alone"
    _, _, _, *words = command(store, out, 1, data__batch="6", schedule__steps=STEPS)
    alone = in_this_process(*words)
    assert alone.code == 0, alone.err
    return out


@pytest.mark.slow_except("two processes")
@pytest.mark.parametrize(
    ("processes", "options"),
    [(2, {"data__batch": "3"}), (1, {"data__batch": "2", "schedule__accumulate": "3"})],
    ids=["two processes", "accumulated"],
)
def test_shared_steps_are_those_of_the_larger_batch(tmp_path, store, alone, processes, options):
    shared_run = run(command(store, tmp_path / "shared", processes, schedule__steps=STEPS, **options))
    assert shared_run.returncode == 0, shared_run.stderr
    expected, shared = losses(alone), losses(tmp_path / "shared")
    assert list(expected) == list(shared) == list(range(1, int(STEPS) + 1))
    assert shared == pytest.approx(expected, rel=1e-4)
    one, other = weights(alone), weights(tmp_path / "shared")
    assert one["tail.weight"].abs().max() > 0.01, "it was 0: steps were taken, so equal curves say something"
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, rtol=1e-3, atol=1e-4)
    assert shared_run.stderr.count(f"step {STEPS}: ") == 1, "one process tells"


@pytest.mark.slow
def test_muon_sees_the_gradients_of_all_processes(tmp_path, store):
    """Its updates are computed in bfloat16, so that rounding of the gradients shows."""
    options = {"schedule__optimiser": "muon", "schedule__steps": "12"}
    for name, processes, batch in (("alone", 1, "6"), ("shared", 2, "3")):
        ran = run(command(store, tmp_path / name, processes, data__batch=batch, **options))
        assert ran.returncode == 0, ran.stderr
    assert losses(tmp_path / "shared") == pytest.approx(losses(tmp_path / "alone"), rel=5e-3)
    one, other = weights(tmp_path / "alone"), weights(tmp_path / "shared")
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, rtol=2e-2, atol=2e-3)


@pytest.mark.slow
def test_batch_norm_and_label_noise_are_those_of_the_larger_batch(tmp_path, store):
    options = {
        "generator__name": "srgan",
        "discriminator__args": "{channels: 4}",
        "loss__real_labels": "[0.7, 1.0]",
        "schedule__gan_start": "2",
        "schedule__learning_rate": "0.001",
        "schedule__steps": "6",
    }
    ran = [
        run(command(store, tmp_path / name, processes, data__batch=batch, **options))
        for name, processes, batch in (("alone", 1, "6"), ("shared", 2, "3"))
    ]
    assert [one.returncode for one in ran] == [0, 0], ran[1].stderr
    for name in ("loss", "discriminator"):
        assert losses(tmp_path / "shared", name) == pytest.approx(losses(tmp_path / "alone", name), rel=1e-3)
    one, other = weights(tmp_path / "alone"), weights(tmp_path / "shared")
    name = next(name for name in one if name.endswith("running_var"))
    torch.testing.assert_close(other[name], one[name], rtol=1e-3, atol=1e-5)
    assert "Warning" not in ran[1].stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"generator__name": "mdsr", "generator__args": "{channels: 8, blocks: 1, factors: [2, 4]}"},
        {"schedule__compile": "true"},
        {
            "generator__name": "mdsr",
            "generator__args": "{channels: 8, blocks: 1, factors: [2, 4]}",
            "schedule__optimiser": "muon",
        },
    ],
    ids=["several factors", "compiled", "several factors by muon"],
)
def test_what_else_trains_together(tmp_path, store, options):
    ran = run(command(store, tmp_path / "shared", 2, data__batch="2", schedule__steps="6", **options))
    assert ran.returncode == 0, ran.stderr
    assert list(losses(tmp_path / "shared")) == list(range(1, 7))


@pytest.mark.slow
@pytest.mark.parametrize(("rank", "network"), [(1, "srgan"), (0, "compact"), (1, "compact")])
def test_a_process_that_is_killed_ends_the_others_with_a_sentence_and_one_goes_on(tmp_path, store, rank, network):
    out = tmp_path / "run"
    words = command(store, out, 2, data__batch="3", schedule__steps="100000", generator__name=network)
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    with (tmp_path / "stderr").open("w") as stderr:
        main = subprocess.Popen(words, stderr=stderr, stdout=subprocess.DEVNULL, env=environment)
        until(lambda: (out / STATE).is_file() and torch.load(out / STATE, weights_only=True)["step"] >= 4)
        os.kill(worker(main.pid, rank), signal.SIGKILL)
        assert main.wait(60) != 0
    told = (tmp_path / "stderr").read_text()
    # Which of the two it is depends on who is first: the closed connection, or torchrun's SIGTERM.
    assert "another process of this run ended" in told or re.search(r"docsr: error: stopped at step \d+", told)
    saved = torch.load(out / STATE, weights_only=True)
    assert saved["samples"] == 6 * saved["step"]
    assert "/docsr/training/" not in told, "a traceback"
    more = {"data__batch": "3", "schedule__steps": str(saved["step"] + 4), "generator__name": network}
    resumed = run(command(store, out, 1, "--resume", **more))
    assert resumed.returncode == 0, resumed.stderr
    after = torch.load(out / STATE, weights_only=True)
    assert after["step"] == saved["step"] + 4
    assert after["samples"] == saved["samples"] + 4 * 3
    assert (out / CHECKPOINT).is_file()


def until(true, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.1)


def worker(launcher: int, rank: int) -> int:
    """The process of a rank, by its environment."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(folder.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            if parent == launcher and f"RANK={rank}" in folder.joinpath("environ").read_text().split("\0"):
                return int(folder.name)
        except (OSError, ValueError):
            continue
    raise AssertionError("there is no such process")
