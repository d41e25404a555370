"""benchmarks/torture/fuzz.py: some kinds of files, a few damaged ones of each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import unmeasured

ROOT = Path(__file__).parents[2]
SCRIPT = ("-m", "benchmarks.torture.fuzz")
KINDS = ("g4.tif", "docsr.pdf")
COUNT = 6


@pytest.mark.slow
def test_damaged_files_are_clean_errors(tmp_path):
    words = ["--out", tmp_path / "fuzz.json", "--count", COUNT, "--keep", tmp_path / "kept"]
    for kind in KINDS:
        words += ["--format", kind]
    command = [sys.executable, *SCRIPT, *map(str, words)]  # in a group of its own, whose processes it counts
    ran = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, start_new_session=True, check=False, env=unmeasured()
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads((tmp_path / "fuzz.json").read_text())
    assert {one["format"] for one in found["formats"]} == set(KINDS)
    assert all(one["done"] + one["refused"] == COUNT for one in found["formats"])
    assert (tmp_path / "kept" / "g4.tif" / "said.txt").is_file()
