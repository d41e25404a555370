"""``docsr train`` as a process among processes: signals to all of them, and a sudden end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from docsr.models.checkpoint import load_checkpoint
from tests.pairs import make_store

OPTIONS = ("generator.args={channels: 8, blocks: 1}", "data.lr_patch=12", "data.batch=2", "data.workers=1",
           "output.validation_pages=0", "output.log_every=1", "output.checkpoint_every=5",
           "schedule.steps=100000")  # fmt: skip


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """A training in a process group of its own, as under timeout, systemd or SLURM."""
    command = [sys.executable, "-m", "docsr", "train", "--out", str(folder / "run"), *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True, text=True)


def signal_at(process: subprocess.Popen[str], step: int, number: signal.Signals) -> tuple[int, str]:
    """Send a signal to all processes once the step is logged; return the exit code and the rest of stderr."""
    assert process.stderr is not None
    told = ""
    while not told.startswith(f"step {step}:"):
        told = process.stderr.readline()
        assert told, f"the run ended before step {step}"
    os.killpg(process.pid, number)
    _, rest = process.communicate(timeout=60)
    return process.returncode, rest


def saved_step(folder: Path) -> int:
    return int(torch.load(folder / "run" / "state.pt", map_location="cpu", weights_only=True)["step"])


@pytest.mark.slow
def test_a_run_survives_sigterm_to_all_processes_and_sigkill(tmp_path):
    make_store(tmp_path / "p", size=64)
    options = [argument for option in OPTIONS for argument in ("--set", option)]
    code, said = signal_at(start(tmp_path, "--data", str(tmp_path / "p"), *options), 7, signal.SIGTERM)
    assert code == 130, said
    assert "--resume goes on from there" in said
    assert "Traceback" not in said
    stopped = saved_step(tmp_path)
    assert stopped >= 7

    code, _ = signal_at(start(tmp_path, "--resume"), stopped + 12, signal.SIGKILL)
    assert code == -signal.SIGKILL
    killed = saved_step(tmp_path)
    assert stopped + 5 <= killed  # a checkpoint at every fifth step
    assert killed % 5 == 0

    last = start(tmp_path, "--resume", "--set", f"schedule.steps={killed + 20}")
    _, said = last.communicate(timeout=60)
    assert last.returncode == 0, said
    assert f"step {killed + 1}:" in said
    assert load_checkpoint(tmp_path / "run" / "checkpoint.safetensors").header.step == killed + 20
