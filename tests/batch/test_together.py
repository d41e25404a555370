"""Several docsr at work in one output folder at the same time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from docsr.io.paths.manifest import NAME

FILES = 4

HERE = ("--time-limit", "0")
"""Without a process apart, which takes its time to start."""


def noise(folder: Path, size: int = 400, count: int = FILES, suffix: str = ".png") -> Path:
    folder.mkdir()
    for number in range(count):
        Image.effect_noise((size + number, size), 40).save(folder / f"{number:02d}{suffix}")
    return folder


def start(given: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "docsr", "enhance", str(given), "--out", str(out), "--factor", "2", "--log-json"]
    command += ["--model", "bicubic", *more]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def ended(run: subprocess.Popen[str]) -> tuple[int, list[dict[str, Any]]]:
    """Wait; its exit code and its rows."""
    told, _ = run.communicate(timeout=120)
    rows = [json.loads(line) for line in told.splitlines()]
    return run.returncode, [row for row in rows if "status" in row]


def outputs(out: Path) -> dict[str, bytes]:
    """All that is in the folder but the manifest."""
    return {path.name: path.read_bytes() for path in out.iterdir() if path.name != NAME}


@pytest.mark.slow
def test_two_runs_over_the_same_files_make_what_one_makes_and_a_third_has_nothing_to_do(tmp_path):
    given, out = noise(tmp_path / "in"), tmp_path / "out"
    runs = [start(given, out, "--jobs", "2") for _ in range(2)]
    for run in runs:
        code, rows = ended(run)
        assert code == 0
        assert {row["status"] for row in rows} <= {"done", "skipped"}
    entries = [json.loads(line) for line in (out / NAME).read_bytes().splitlines()]
    assert {entry["output"] for entry in entries} == {path.name for path in given.iterdir()}
    assert ended(start(given, tmp_path / "alone", *HERE))[0] == 0
    assert outputs(out) == outputs(tmp_path / "alone")
    code, rows = ended(start(given, out, *HERE))
    assert (code, [row["status"] for row in rows]) == (0, ["skipped"] * FILES)


def test_two_runs_over_other_files_of_the_same_names_do_not_replace_each_others(tmp_path):
    folders, out = [noise(tmp_path / "a", 400), noise(tmp_path / "b", 410)], tmp_path / "out"
    runs = [start(folder, out, *HERE) for folder in folders]
    rows = [row for run in runs for row in ended(run)[1]]
    done = {Path(row["output"]).name: row["input"] for row in rows if row["status"] == "done"}
    assert Counter(row["status"] for row in rows) == {"done": FILES, "failed": FILES}
    assert all("was made from" in row["error"] for row in rows if row["status"] == "failed")
    for name, source in done.items():
        with Image.open(source) as before, Image.open(out / name) as after:
            assert after.size == (2 * before.width, 2 * before.height)
    assert set(outputs(out)) == set(done)
    assert len(done) == FILES


@pytest.mark.slow
def test_what_another_run_is_writing_is_no_leftover(tmp_path):
    out = tmp_path / "out"
    slow = start(noise(tmp_path / "slow", 1600, 1), out)
    while not list(out.glob(".docsr-*.png")):
        assert slow.poll() is None
        time.sleep(0.002)
    os.killpg(slow.pid, signal.SIGSTOP)
    (temporary,) = out.glob(".docsr-*.png")
    code, _ = ended(start(noise(tmp_path / "quick", 40, 3, ".jpg"), out, *HERE))
    assert code == 0
    assert temporary.exists()
    os.killpg(slow.pid, signal.SIGCONT)
    assert ended(slow)[0] == 0
    assert set(outputs(out)) == {"00.png", "00.jpg", "01.jpg", "02.jpg"}
