"""benchmarks/torture.py: kill -9 at random moments, with few pages and few kills."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "torture.py"


@pytest.mark.slow
def test_runs_that_are_killed_are_gone_on_with_and_nothing_is_left(tmp_path):
    words = ["--out", tmp_path / "torture.json", "--pages", 24, "--kills", 3]
    ran = subprocess.run([sys.executable, SCRIPT, *map(str, words)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found = json.loads((tmp_path / "torture.json").read_text())
    assert (found["pages"], len(found["kills"]), found["broken"]) == (24, 3, [])
    assert found["last_run"]["done"] > 0
