"""benchmarks/torture/kills.py: kill -9 at random moments, with few pages and few kills."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ("-m", "benchmarks.torture.kills")


@pytest.mark.slow
def test_runs_that_are_killed_are_gone_on_with_and_nothing_is_left(tmp_path):
    words = ["--out", tmp_path / "torture.json", "--pages", 24, "--kills", 3]
    ran = subprocess.run(
        [sys.executable, *SCRIPT, *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads((tmp_path / "torture.json").read_text())
    assert (found["pages"], len(found["kills"]), found["broken"]) == (24, 3, [])
    assert found["last_run"]["done"] > 0
