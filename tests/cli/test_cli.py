"""The command line: what it loads, what it says, what it returns."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from docsr.choices import MEASURED_ENGINES
from docsr.decide.decision import auto_range
from docsr.weights import ModelCard, catalogue
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
    assert not loaded & {"torch", "torchvision", "pydantic", "jinja2"}  # which it has no use for


def test_enhance_leaves_nothing_but_its_output(tmp_path: Path) -> None:
    picture(60, 40).save(tmp_path / "a.png")
    folders = {name: str(tmp_path / name) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
    for folder in folders.values():
        Path(folder).mkdir()
    # A continuous integration's machine is known by CI, and ONNX Runtime reports nothing of it.
    environment = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("ORT_")}
    command = [sys.executable, "-m", "docsr", "enhance", str(tmp_path / "a.png"), "--out", str(tmp_path / "out")]
    subprocess.run([*command, "--factor", "2", "--model", "compact_x2"], env=environment | folders, check=True)
    assert [list(Path(folder).rglob("*")) for folder in folders.values()] == [[], [], []]


def told_of(card: ModelCard, span: tuple[float, float]) -> str:
    """A range as `--dry-run` tells x-heights: of a standard fax with square pixels of 204 dpi; its network sees 141."""
    return "-".join(f"{round(px * 204 / (204 * 98) ** 0.5, 1) if card.fax else px:g}" for px in span)


def test_models_lists_what_is_there(capsys, monkeypatch):
    ran = docsr(capsys, monkeypatch, "models")
    assert ran.code == 0
    shipped = catalogue().values()
    assert shipped
    lines = {words[0]: words[1:] for line in ran.out.splitlines() if (words := line.split())}
    for card in shipped:
        assert lines[card.name][:3] == [f"{card.factor}x", f"{card.parameters:,}", f"{card.bytes:,}"]
        for place, engine in enumerate(MEASURED_ENGINES):
            spans = card.x_height_helps[engine], auto_range(card.name, engine)
            told = ["-" if span is None else told_of(card, span) for span in spans]
            assert lines[card.name][4 + 2 * place : 6 + 2 * place] == told
    assert "none, nearest, bicubic, lanczos" in ran.out
    assert max(len(line.rstrip()) for line in ran.out.splitlines()) <= 90


@pytest.mark.parametrize("name", catalogue())
def test_models_tells_what_was_measured_of_one(capsys, monkeypatch, name):
    ran = docsr(capsys, monkeypatch, "models", name)
    assert ran.code == 0
    card = catalogue()[name]
    assert f"{name}: {card.factor}x, {card.parameters:,} parameters, {card.bytes:,} bytes" in ran.out
    assert card.training_data in ran.out
    for engine, helps in card.x_height_helps.items():
        told = "nowhere" if helps is None else f"at {told_of(card, helps)} px;"
        assert f"{engine}: helps {told}" in ran.out
    assert ran.out.count(" dpi, ") + ran.out.count("as it is ") == len(card.results) + 1
    assert all(other not in ran.out for other in catalogue() if other != name)


def test_models_knows_no_network_that_is_not_shipped(capsys, monkeypatch):
    ran = docsr(capsys, monkeypatch, "models", "compact_x6")
    assert ran.code == 2
    assert ran.out == ""
    assert "did you mean 'compact_x8'?" in ran.err
