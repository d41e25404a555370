"""Run ``docsr`` in this process, as the console script does."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO

import pytest
from PIL import Image, ImageDraw

from docsr.cli import main


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


def docsr(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object) -> Ran:
    """Run it; `enhance` without a process apart, which is slow and cannot be tampered with, unless a test asks."""
    code = _run(monkeypatch, arguments)
    captured = capsys.readouterr()
    return Ran(code, captured.out, captured.err)


def ran(*arguments: object) -> Ran:
    """Run it likewise where a fixture serves many tests and cannot have theirs."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as monkeypatch, redirect_stdout(out), redirect_stderr(err):
        code = _run(monkeypatch, arguments)
    return Ran(code, out.getvalue(), err.getvalue())


def _run(monkeypatch: pytest.MonkeyPatch, arguments: tuple[object, ...]) -> int:
    words = ["docsr", *map(str, arguments)]
    if "enhance" in words[:2] and not {"--time-limit", "--jobs"} & set(words):
        words += ["--time-limit", "0", "--jobs", "1"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as exited:
        main()
    return int(exited.value.code or 0)


def unmeasured() -> dict[str, str]:
    """The environment for a process that coverage shall leave alone: it writes files of its own where it runs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


def picture(width: int = 120, height: int = 80, mode: str = "L") -> Image.Image:
    image = Image.new(mode, (width, height), "white")
    ImageDraw.Draw(image).rectangle((10, 10, max(10, width // 2), max(10, height // 2)), fill="black")
    return image
