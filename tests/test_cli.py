"""The command line: what it loads, what it says, what it returns."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import docsr, picture

HEAVY = {"torch", "cv2", "onnxruntime", "numpy", "albumentations"}


def loaded_by(*arguments: str) -> set[str]:
    code = (
        "import sys; sys.argv = ['docsr', *sys.argv[1:]]\n"
        "from docsr.cli import main\n"
        "try:\n    main()\nexcept SystemExit as exit:\n    code = exit.code\n"
        "print('LOADED', code, *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    ran = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    words = ran.stdout.splitlines()[-1].split()
    assert words[:2] == ["LOADED", "0"]
    return set(words[2:])


@pytest.mark.parametrize("arguments", [("--help",), ("enhance", "--help"), ("--version",), ("models", "--help")])
def test_help_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert not loaded_by(*arguments) & HEAVY


def test_enhance_never_loads_torch(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    loaded = loaded_by("enhance", str(tmp_path / "a.png"), "--out", str(tmp_path / "out"), "--factor", "2")
    assert "cv2" in loaded
    assert not loaded & {"torch", "torchvision"}


def test_models_lists_what_is_there(capsys, monkeypatch):
    ran = docsr(capsys, monkeypatch, "models")
    assert ran.code == 0
    assert "bicubic" in ran.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "pdf"], "pdf is not supported"),
        (["--model", "nonesuch"], "unknown model 'nonesuch'"),
        (["--model", "nonesuch.onnx"], "cannot read the network"),
        (["--factor", "3"], "Invalid value"),
        (["--nonesuch"], "No such option"),
    ],
)
def test_usage_errors_are_exit_2(tmp_path, capsys, monkeypatch, arguments, words):
    picture().save(tmp_path / "a.png")
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path / "a.png", "--out", tmp_path / "out", *arguments)
    assert ran.code == 2
    assert words in ran.err
    assert not (tmp_path / "out").exists()


def test_an_empty_folder_is_exit_3(tmp_path, capsys, monkeypatch):
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path, "--out", tmp_path / "out")
    assert ran.code == 3
    assert ran.err.count("\n") == 1
    assert ran.err.startswith("docsr: error: no images in ")


def test_many_pages_are_summed_up(tmp_path, capsys, monkeypatch):
    for number in range(23):
        picture(12, 12).save(tmp_path / f"{number}.png")
    ran = docsr(
        capsys, monkeypatch, "enhance", tmp_path, "--out", tmp_path / "out", "--factor", "2", "--model", "bicubic"
    )
    assert (ran.code, ran.out) == (0, "23 pages: 23 done\n")
