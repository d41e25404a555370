"""Run ``docsr`` in this process, as the console script does."""

from __future__ import annotations

import sys
from dataclasses import dataclass

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
    words = ["docsr", *map(str, arguments)]
    if "enhance" in words[:2] and not {"--time-limit", "--jobs"} & set(words):
        words += ["--time-limit", "0"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as exited:
        main()
    captured = capsys.readouterr()
    return Ran(int(exited.value.code or 0), captured.out, captured.err)


def picture(width: int = 120, height: int = 80, mode: str = "L") -> Image.Image:
    image = Image.new(mode, (width, height), "white")
    ImageDraw.Draw(image).rectangle((10, 10, max(10, width // 2), max(10, height // 2)), fill="black")
    return image
