"""Whatever a command raises is one sentence and an exit code, also where nobody can hear it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from docsr.cli import cli, top
from docsr.cli.echo import NobodyReads, say
from docsr.cli.top import UNEXPECTED, run
from docsr.errors import DocsrError, NoInputError, UsageError
from docsr.integrations import ray
from tests.command import picture


def failing(error: BaseException) -> click.Command:
    def fail() -> None:
        raise error

    return click.Command("fails", callback=fail)


def code_of(command: click.Command, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["docsr", *arguments])
    with pytest.raises(SystemExit) as left:
        run(command)
    return int(left.value.code or 0)


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (UsageError("a is wrong"), 2, "docsr: error: a is wrong"),
        (NoInputError("nothing"), 3, "docsr: error: nothing"),
        (DocsrError("a\n\x1b[2Jb"), 1, "docsr: error: a\\n\\x1b[2Jb"),
        (KeyboardInterrupt(), 130, "docsr: error: interrupted"),
        (EOFError(), 130, "docsr: error: interrupted"),
        (MemoryError(), 1, "docsr: error: the memory is full: use fewer --jobs"),
        (OSError(errno.ENOSPC, "No space left on device", "/t/x"), 1, "docsr: error: /t/x could not be written: the"),
        (click.UsageError("no such thing"), 2, "docsr: error: no such thing"),
        (click.FileError("x", "is gone"), 1, "docsr: error: Could not open file 'x': is gone"),
        (ValueError("embedded null byte"), 70, "docsr: error: docsr did not expect this: ValueError: embedded null"),
        (KeyError("x"), 70, "docsr: error: docsr did not expect this: KeyError: 'x'"),
        (RecursionError(), 70, "docsr: error: docsr did not expect this: RecursionError; please report"),
        (PermissionError(13, "Permission denied", "/x"), 70, "docsr: error: docsr did not expect this: Permission"),
        (ExceptionGroup("two", [ValueError(), KeyError()]), 70, "docsr: error: docsr did not expect this: Exception"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_whatever_is_raised_is_one_sentence(capsys, monkeypatch, error, code, sentence):
    assert code_of(failing(error), monkeypatch) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.strip().splitlines()[-1].startswith(sentence)
    assert "Traceback" not in told.err
    assert len(told.err.splitlines()) <= 3


def test_what_was_not_expected_is_reported_where_the_package_says(capsys, monkeypatch):
    monkeypatch.setattr(top, "metadata", lambda name: Urls("Issues, https://x.test/issues"))
    assert code_of(failing(ValueError("a")), monkeypatch) == UNEXPECTED
    assert "please report it at https://x.test/issues, with the output of the option --debug" in capsys.readouterr().err


class Urls:
    def __init__(self, *urls: str) -> None:
        self._urls = urls

    def get_all(self, name: str) -> list[str]:
        assert name == "Project-URL"
        return list(self._urls)


@pytest.mark.parametrize("error", [ValueError("what\x1b"), UsageError("so")])
def test_debug_tells_how_it_came_to_it(capsys, monkeypatch, error):
    code = code_of(failing(error), monkeypatch, "--debug")
    told = capsys.readouterr().err
    assert code == (70 if isinstance(error, ValueError) else 2)
    assert told.startswith("Traceback (most recent call last):\n")
    assert "in fail" in told
    assert told.splitlines()[-1].startswith("docsr: error: ")
    assert "\x1b" not in told


@pytest.mark.parametrize("command", [cli, ray._command()], ids=["docsr", "ray"])
def test_every_door_knows_debug(capsys, monkeypatch, command):
    assert code_of(command, monkeypatch, "--help") == 0
    assert "--debug" in capsys.readouterr().out
    assert not any("--debug" in parameter.opts for parameter in command.params)


def test_a_name_of_the_command_line_forges_no_line(capsys, monkeypatch):
    assert code_of(cli, monkeypatch, "enhance", "--x\ndocsr: failed: all\x1b[2J") == 2
    told = capsys.readouterr().err
    assert "\x1b" not in told
    assert not any(line.startswith("docsr: failed") for line in told.splitlines())


@pytest.mark.parametrize("group", [cli, click.Group("inner", commands={"fails": failing(ValueError())})])
def test_a_group_without_arguments_prints_its_help_line_by_line(capsys, monkeypatch, group):
    assert code_of(group, monkeypatch, "--help") == 0
    help_text = capsys.readouterr().out
    assert code_of(group, monkeypatch) in {0, 2}  # click before 8.2 prints it, and finds nothing wrong
    told = capsys.readouterr()
    assert told.out + told.err == help_text
    assert len(help_text.splitlines()) > 5


def test_a_choice_that_is_missing_is_one_line(capsys, monkeypatch):
    command = click.Command("c", params=[click.Option(["--kind"], type=click.Choice(["a", "b"]), required=True)])
    assert code_of(command, monkeypatch) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "docsr: error: Missing option '--kind'. Choose from: a, b"


@pytest.mark.parametrize(
    "words",
    [
        *([name] for name in ("enhance", "compare", "prepare", "export", "benchmark")),
        ["nosuch"],
        ["--nosuch"],
        ["--debug"],
        ["models", "--nosuch"],
        ["enhance", "a.png", "--out"],
        ["enhance", "a.png", "--out", "o", "--factor", "3"],
        ["enhance", "a.png", "--out", "o", "--dpi", "x"],
        ["benchmark", "nosuch.yaml", "--out", "o"],
        ["compare", "a", "b", "c"],
        ["train", "--factor"],
    ],
    ids=" ".join,
)
def test_what_click_finds_wrong_is_one_readable_line(capsys, monkeypatch, words):
    assert code_of(cli, monkeypatch, *words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "\\" not in told.err
    assert told.err.splitlines()[-1].startswith("docsr: error: ")


def test_who_stops_reading_is_told_nothing(capsys, monkeypatch):
    assert code_of(failing(NobodyReads("gone")), monkeypatch) == 141
    assert capsys.readouterr().err == ""


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    line = line.replace("docsr ", f"{sys.executable} -m docsr ")
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


FULL = "docsr: error: standard output could not be written: no space left on device\n"
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")


@pytest.mark.slow_but_one_in(3)
@needs_full
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("what", ["models", "--help", "enhance - --out - --model bicubic --factor 2 < a.png"])
def test_standard_output_that_is_full_is_one_sentence(tmp_path, monkeypatch, what, unbuffered):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    picture().save(tmp_path / "a.png")
    ran = shell(f"docsr {what} > /dev/full", tmp_path)
    assert (ran.returncode, ran.stderr) == (1, FULL)


@needs_full
def test_work_is_done_and_reported_though_standard_output_is_full(tmp_path):
    picture().save(tmp_path / "a.png")
    ran = shell("docsr enhance a.png --out o --model bicubic --factor 2 --report r.json > /dev/full", tmp_path)
    assert (ran.returncode, ran.stderr) == (1, FULL)
    assert '"status": "done"' in (tmp_path / "r.json").read_text()
    assert (tmp_path / "o" / "a.png").is_file()


@pytest.mark.slow
@needs_full
def test_standard_error_that_is_full_stops_nothing(tmp_path):
    picture().save(tmp_path / "a.png")
    ran = shell("docsr enhance a.png nosuch.png --out o --model bicubic --factor 2 2> /dev/full", tmp_path)
    assert ran.returncode == 1
    assert ran.stdout.splitlines()[0].startswith("o/a.png: 120x80 -> 240x160")


@pytest.mark.slow_but_one_in(3)
@pytest.mark.parametrize("what", ["models", "--help", "enhance a.png --out o --dry-run"])
def test_a_reader_that_has_gone_ends_it_quietly(tmp_path, what):
    picture().save(tmp_path / "a.png")
    ran = shell(f"(docsr {what}; echo $? >&2) | true", tmp_path)
    assert ran.stderr == "141\n"


@pytest.mark.slow
@pytest.mark.parametrize(("what", "code"), [("models", 0), ("enhance - --out - < a.png", 1)])
def test_streams_that_are_closed(tmp_path, what, code):
    picture().save(tmp_path / "a.png")
    ran = shell(f"docsr {what} >&-", tmp_path)
    assert ran.returncode == code
    assert "Traceback" not in ran.stderr
    assert shell("docsr enhance - --out - <&-", tmp_path).stderr == (
        "docsr: error: standard input is closed: give a file, or open it\n"
    )


def test_say_is_one_line(capsys):
    say("a\nb")
    say("c\rd", err=True)
    assert capsys.readouterr() == ("a\\nb\n", "c\\rd\n")
