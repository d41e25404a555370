"""Paths that are not there, that may not be read, and that no file can have: each command says so in a sentence."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import click
import pytest

from docsr.cli import cli
from tests.command import docsr, picture

FAST = ("--factor", "2", "--model", "bicubic")
NEEDED = {
    "enhance": ["a.png", "--out", "o", *FAST],
    "compare": ["a.png", "b.png", "--out", "c.html"],
    "prepare": ["images", "in", "--out", "p"],
    "train": ["--set", "schedule.steps=1", "--data", "nosuch"],
    "export": ["a.png", "--out", "n.onnx"],
    "benchmark": ["in", "--out", "b", "--upscaler", "bicubic", "--engine", "null"],
}
"""What a command wants, in a folder with a.png, b.png and in/a.png."""

PATHS = [
    pytest.param(name, parameter, id=f"{name} {parameter.opts[0]}")
    for name, command in cli.commands.items()
    for parameter in command.params
    if isinstance(parameter.type, click.Path)
]
NAMES = {
    "300 letters": "x" * 300,
    "a deep one": "/".join(["x" * 200] * 30),
    "not there": "nosuch/a",
    "below a file": "a.png/a",
    "no UTF-8": "\udcff",
    "what acts": "\x1b[2J\ndocsr: failed: all",
    "a list": "@" + "x" * 300,
    "a pattern": "[" + "*" * 200,
    "a device": "/dev/null",
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.png", "in/a.png"):
        picture().save(tmp_path / name)
    (tmp_path / "in" / "a.txt").write_text("text")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def with_path(name: str, parameter: click.Parameter, path: str) -> list[str]:
    """The arguments of a command with a path in the place of a parameter."""
    words = list(NEEDED[name])
    if isinstance(parameter, click.Option):
        given = parameter.opts[0]
        if given in words:
            words[words.index(given) + 1] = path
            return words
        return [*words, given, path]
    places: list[click.Parameter] = [one for one in cli.commands[name].params if isinstance(one, click.Argument)]
    words[places.index(parameter)] = path
    return words


@pytest.mark.parametrize(("name", "parameter"), PATHS)
@pytest.mark.parametrize("path", NAMES.values(), ids=NAMES)
def test_whatever_path_is_given_a_command_ends_with_a_sentence(place, capsys, monkeypatch, name, parameter, path):
    pytest.importorskip("torch") if name in {"train", "export", "prepare"} else None
    ran = docsr(capsys, monkeypatch, name, *with_path(name, parameter, path))
    assert ran.code in {0, 1, 2, 3}, ran.err
    assert not set(ran.out + ran.err) & {"\x1b", "\udcff"}
    assert not any(line.startswith("docsr: failed: all") for line in (ran.out + ran.err).splitlines())
    if ran.code:
        assert "docsr: " in ran.err
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_what_is_not_there_is_no_page(place, capsys, monkeypatch):
    ran = docsr(capsys, monkeypatch, "enhance", "nosuch", "--out", "o", *FAST)
    assert (ran.code, ran.out) == (3, "1 file could not be read at all\n")
    assert ran.err == "docsr: failed: nosuch could not be read: it does not exist\n"
    ran = docsr(capsys, monkeypatch, "enhance", "nosuch", "in", "--out", "o", *FAST)
    assert ran.code == 1
    assert ran.out.splitlines()[-1].startswith("1 of 2 files failed, whole or in part; 1 page in 1 file: 1 done; ")
    assert "; 1 file could not be read at all; passed over: 1 file" in ran.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nosuch", "in"], "nosuch does not exist: give two files, or two folders"),
        (["in", "nosuch"], "nosuch does not exist: give two files, or two folders"),
        (["nosuch.png", "a.png"], "nosuch.png does not exist: give two files, or two folders"),
        (["a.png", "a.png/x"], "a.png/x does not exist: give two files, or two folders"),
        (["a.png", "b.png", "--hr", "nosuch"], "nosuch does not exist: give two files, or two folders"),
    ],
)
def test_compare_names_what_is_not_there(place, capsys, monkeypatch, words, sentence):
    ran = docsr(capsys, monkeypatch, "compare", *words)
    assert (ran.code, ran.out, ran.err) == (3, "", f"docsr: error: {sentence}\n")
    assert not (place / "compare.html").exists()


def test_an_input_that_may_not_be_read_costs_itself(place, capsys, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # what click asks, where somebody else's file is given
    assert docsr(capsys, monkeypatch, "enhance", "a.png", "--out", "o", *FAST).code == 0
    assert docsr(capsys, monkeypatch, "compare", "a.png", "o/a.png").code == 0


def test_names_in_a_list_cost_themselves(place, capsys, monkeypatch):
    lines = [b"a.png", b"a\0b.png", b"x" * 300 + b".png", b".docsr-x.png", b"\xff.png", b"b.png"]
    (place / "list.txt").write_bytes(b"\n".join(lines))
    ran = docsr(capsys, monkeypatch, "enhance", "@list.txt", "--out", "o", *FAST, "--report", "r.json")
    assert ran.code == 1
    assert sorted(path.name for path in (place / "o").glob("*.png")) == ["a.png", "b.png"]
    assert len([line for line in ran.err.splitlines() if line.startswith("docsr: failed: ")]) == 4
    assert "a\\x00b.png cannot be the name of a file: it holds a zero byte" in ran.err
    assert ran.out.endswith("; 4 files could not be read at all\n")
    again = docsr(capsys, monkeypatch, "enhance", "@list.txt", "--out", "o", *FAST)
    assert "2 files skipped, up to date" in again.out


@pytest.mark.parametrize(
    "words",
    [
        ("enhance", "a.png", "--out", "o", *FAST, "--report", "pipe.html"),
        ("compare", "a.png", "b.png", "--overwrite", "--out", "pipe.html"),
    ],
)
def test_what_is_written_replaces_no_pipe_and_no_device(place, capsys, monkeypatch, words):
    os.mkfifo("pipe.html")
    ran = docsr(capsys, monkeypatch, *words)
    assert (ran.code, ran.err.splitlines()[-1]) == (
        2,
        f"docsr: error: {words[-2]} pipe.html is a device, a pipe or the like: give the name of a file",
    )
    assert stat.S_ISFIFO(os.stat("pipe.html").st_mode)
