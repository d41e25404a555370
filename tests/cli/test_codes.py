"""What a command ends with is what its help tells."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docsr.cli import cli
from tests.command import docsr, picture

STOPPED = "130 stopped by Ctrl-C or SIGTERM"
QUICK = ("--engine", "null", "--upscaler", "bicubic", "--lr-dpi", "50", "--hr-dpi", "100")


def told(name: str) -> dict[int, str]:
    """The codes that the help of a command tells, and what each means."""
    said = " ".join((cli.commands[name].help or "").split()).partition("Exit code: ")[2].removesuffix(".")
    return {int(code): means for code, means in re.findall(r"(?:^|, )(\d+) (.*?)(?=, \d+ |$)", said)}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in: a page with its text, one that is damaged, and files that are none."""
    monkeypatch.chdir(tmp_path)
    for name in ("good", "bad", "empty"):
        (tmp_path / name).mkdir()
    picture(400, 400).save(tmp_path / "good" / "a.png")
    for name in ("good", "bad"):
        (tmp_path / name / "a.txt").write_text("a")
    (tmp_path / "bad" / "a.png").write_bytes(b"nothing")
    (tmp_path / "file").write_bytes(b"nothing")
    (tmp_path / "bad.yaml").write_text("x: [")
    return tmp_path


@pytest.mark.parametrize("name", cli.commands)
def test_every_help_tells_its_codes(name: str):
    codes = told(name)
    assert {0, 2} <= set(codes)
    assert name == "models" or codes[130] == STOPPED.removeprefix("130 ")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, ["models"]),
        (2, ["models", "nosuch"]),
        (0, ["prepare", "images", "good", "--out", "o", "--as-is", "--patch", "64"]),
        (1, ["prepare", "images", "good", "--out", "file/o", "--as-is", "--patch", "64"]),
        (2, ["prepare", "nosuch", "good", "--out", "o"]),
        (2, ["prepare", "div2k", "good", "--out", "o"]),
        (3, ["prepare", "images", "nosuch", "--out", "o"]),
        (3, ["prepare", "images", "empty", "--out", "o"]),
        (3, ["prepare", "images", "bad", "--out", "o"]),
        (2, ["export", "nosuch.safetensors", "--out", "o.onnx"]),
        (2, ["export", "file", "--out", "o.onnx"]),
        (0, ["benchmark", "good", "--out", "o", *QUICK]),
        (1, ["benchmark", "bad", "--out", "o", *QUICK]),
        (1, ["benchmark", "good", "--out", "file/o", *QUICK]),
        (2, ["benchmark", "bad.yaml", "--out", "o"]),
        (2, ["benchmark", "good", "--out", "o", "--engine", "null", "--upscaler", "nosuch"]),
        (3, ["benchmark", "empty", "--out", "o"]),
        (3, ["compare", "bad/a.png", "good/a.png", "--out", "o.html"]),
        (3, ["compare", "nosuch", "good"]),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else str(one),
)
def test_a_command_ends_with_a_code_that_its_help_tells(place, capsys, monkeypatch, code, words):
    if words[0] in {"prepare", "export"}:
        pytest.importorskip("torch")
    ran = docsr(capsys, monkeypatch, *words)
    assert ran.code == code, ran.err
    assert code in told(words[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "out", "page"), [(0, "o.onnx", "good/a.png"), (1, "file/o.onnx", "good/a.png"), (3, "o.onnx", "bad/a.png")]
)
def test_export_too(place, capsys, monkeypatch, code, out, page):
    pytest.importorskip("torch")
    from docsr.models import build_generator
    from docsr.models.checkpoint import Header, save_checkpoint

    arguments = {"channels": 8, "blocks": 1}
    network = build_generator("compact", 2, arguments)
    save_checkpoint(place / "c.safetensors", Header("compact", 2, arguments, None, 7), network.state_dict())
    ran = docsr(capsys, monkeypatch, "export", "c.safetensors", "--out", out, "--page", page)
    assert ran.code == code, ran.err
    assert code in told("export")
