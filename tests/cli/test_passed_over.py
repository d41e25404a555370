"""A folder's files that are no inputs for their names are told by their number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.command import docsr, picture

FAST = ("--out", "o", "--factor", "2", "--model", "bicubic")
TOLD = "passed over: 2 files not named like an image or a PDF, 1 hidden file"


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for name in ("x.png", "scan0001", "y.dat", ".h.png"):
        picture().save(Path("in", name), "png")
    return lambda *words: docsr(capsys, monkeypatch, "enhance", *words)


def test_what_is_passed_over_is_said_in_the_summary(run: Any):
    ran = run("in", *FAST)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1].endswith(f"; {TOLD}")
    assert run("in", *FAST).out == f"1 file skipped, up to date; {TOLD}\n"
    assert run("in", *FAST, "--dry-run", "--overwrite").out.endswith(f"; {TOLD}\n")


def test_nothing_is_said_where_nothing_was(run: Any):
    assert "passed over" not in run("in/x.png", "in/y.dat", *FAST).out
    *_, end = run("in/x.png", "in/y.dat", *FAST, "--log-json").out.splitlines()
    assert "passed_over" not in end


def test_programs_get_the_counts(run: Any):
    *_, end = run("in", *FAST, "--log-json").out.splitlines()
    assert json.loads(end)["end"]["passed_over"] == {"other_names": 2, "hidden_files": 1}


def test_a_folder_where_everything_is_passed_over_says_so(run: Any):
    Path("in", "x.png").unlink()
    ran = run("in", *FAST)
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith(f"docsr: error: no images and no PDF files in in ({TOLD}): give files")
