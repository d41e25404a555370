"""tools/audit.py: what the audit of an installation tells, and when it is a failure."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).resolve().parents[1] / "tools" / "audit.py"
PIP_AUDIT = """
import json, os, sys
told = json.loads(os.environ["TOLD"])
if told is None:
    sys.exit("no service\\nit does not answer")
assert ("--local" in sys.argv) != ("--path" in sys.argv), sys.argv
with open(sys.argv[sys.argv.index("--output") + 1], "w") as file:
    json.dump({"dependencies": told}, file)
"""
SOUND = [{"name": "numpy", "version": "2", "vulns": []}, {"name": "docsr", "skip_reason": "not on PyPI"}]
BAD = [{"name": "pillow", "version": "1", "vulns": [{"id": "CVE-1"}]}, *SOUND]
PASSED_OVER = [*SOUND, {"name": "torch", "skip_reason": "not found"}]


@pytest.mark.parametrize(
    ("told", "words", "code", "said"),
    [
        (SOUND, [], 0, "1 of 2 packages audited, 0 known"),
        (SOUND, ["--strict"], 0, "1 of 2 packages audited, 0 known"),
        (BAD, [], 1, "pillow: CVE-1"),
        (BAD, ["--strict", "--python", "/usr/bin/env python3"], 1, "pillow: CVE-1"),
        (PASSED_OVER, [], 0, "1 of 3 packages audited"),
        (PASSED_OVER, ["--strict"], 1, "not audited: torch"),
        (None, [], 0, "were not audited: it does not answer"),
        (None, ["--strict"], 1, "were not audited: it does not answer"),
    ],
)
def test_what_is_a_failure(tmp_path: Path, told: object, words: list[str], code: int, said: str) -> None:
    (tmp_path / "pip_audit.py").write_text(PIP_AUDIT, encoding="utf-8")
    other = tmp_path / "python"
    other.symlink_to(sys.executable)
    words = [str(other) if word.startswith("/") else word for word in words]
    env = {"PYTHONPATH": str(tmp_path), "TOLD": json.dumps(told)}
    ran = subprocess.run([sys.executable, str(AUDIT), *words], env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == code, ran.stderr
    assert said in ran.stderr
