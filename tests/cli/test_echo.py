"""All that docsr says passes one door; a name of a file or a message in it acts on nothing."""

from __future__ import annotations

import ast
import io
import json
import os
import sys
from pathlib import Path

import pytest
from PIL import Image

from docsr.cli import main
from docsr.cli.echo import guarded, say, say_json
from docsr.text.shown import visible
from tests.command import docsr, picture

CLI = Path(__file__).resolve().parents[2] / "docsr"
DOOR = CLI / "cli" / "echo.py"
SPEAKERS = {"echo", "secho", "print", "pprint", "print_exc", "print_exception", "Console", "print_json"}
STREAMS = {"sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"}

FAST = ("--factor", "2", "--model", "bicubic")

HOSTILE = ["\x1b]0;owned\x07", "a\ndocsr: failed: everything", "\x1b[2J", "\u202egnp", "\x9b31m", "\r\x1b[A"]


def speaks(source: str) -> set[str]:
    """Calls and streams in a source by which something could be said."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            console = called.startswith("console.")  # rich's, which the door made
            if called.rpartition(".")[2] in SPEAKERS and not console:
                found.add(called)
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in STREAMS:
            found.add(ast.unparse(node))
    return found


def test_nothing_else_speaks():
    found = {
        path.relative_to(CLI).as_posix(): said
        for path in CLI.rglob("*.py")
        if path != DOOR and (said := speaks(path.read_text(encoding="utf-8")))
    }
    others = {"cli/top.py": {"sys.stdout"}, "io/decoder_messages.py": {"sys.__stderr__"}}
    assert found == others, "say it with docsr.cli.echo (top.py flushes, complaints.py asks whether there is one)"


@pytest.mark.parametrize("line", ["click.echo(x)", "print(x)", "Console().out(x)", "sys.stderr.write(x)"])
def test_that_test_hears(line: str):
    assert speaks(line)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder with good files and bad ones whose names act on a terminal."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number, name in enumerate(HOSTILE):
        picture().save(tmp_path / "x.png")
        (tmp_path / "x.png").rename(folder / f"{number}{name}.png")
        (folder / f"bad{name}.png").write_text("no picture")
    return folder


def assert_harmless(text: str) -> None:
    assert not set(text) & set("\x1b\x07\r\u202e\x9b")
    assert not any(line.startswith("docsr: failed: everything") for line in text.splitlines())


@pytest.mark.parametrize("how", [(), ("--dry-run",), ("--log-json",), ("--report",), ("--preview",)], ids=str)
def test_names_that_act_on_a_terminal_are_told_and_do_not(tmp_path, hostile, capsys, monkeypatch, how):
    more = (*how, tmp_path / "r.json") if how == ("--report",) else how
    ran = docsr(capsys, monkeypatch, "enhance", hostile, "--out", tmp_path / "o", *FAST, *more)
    assert ran.code == 1
    assert_harmless(ran.out)
    assert_harmless(ran.err)
    told = ran.out + ran.err
    for name in HOSTILE if how != ("--log-json",) else ():
        assert repr(name)[1:-1].replace("\\x9b", "\\x9b") in told
    if how == ("--log-json",):
        rows = [json.loads(line) for line in ran.out.splitlines()]
        assert {Path(row["input"]).name for row in rows if "input" in row} == {one.name for one in hostile.iterdir()}
    if how == ("--preview",):
        assert_harmless((tmp_path / "o" / "preview.html").read_text().replace("\r", ""))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="names of files are Unicode here")
def test_names_that_an_output_cannot_encode_are_told(tmp_path, monkeypatch, encoding):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in (b"\xff", "漢".encode(), b"\xc3\xa4"):
        Image.new("L", (99, 99), 255).save(tmp_path / "x.png")
        os.rename(tmp_path / "x.png", os.fsencode(folder) + b"/" + name + b".png")
    written = {name: io.BytesIO() for name in ("stdout", "stderr")}
    for stream, raw in written.items():
        monkeypatch.setattr(sys, stream, io.TextIOWrapper(raw, encoding, "strict", write_through=True))
    wish = ["--report", str(tmp_path / "r.json"), "--time-limit", "0", "--jobs", "1"]
    monkeypatch.setattr(sys, "argv", ["docsr", "enhance", str(folder), "--out", str(tmp_path / "o"), *wish])
    with pytest.raises(SystemExit) as left:
        main()
    assert not left.value.code
    said = written["stdout"].getvalue().decode(encoding)
    shown = ["\\xff", *(visible(one, encoding) for one in "漢ä")]
    assert [one in said for one in shown] == [True] * 3
    assert len(json.loads((tmp_path / "r.json").read_text())) == 3


def test_lone_surrogates_break_no_json(capsys):
    say_json({"a": "\udcff\u2028\u202e"})
    assert json.loads(capsys.readouterr().out) == {"a": "\udcff\u2028\u202e"}


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


def test_a_failure_of_standard_output_is_raised_again_and_of_standard_error_never(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Broken())
    monkeypatch.setattr(sys, "stderr", Broken())
    with guarded():
        for _ in range(2):
            with pytest.raises(Exception, match="standard output could not be written: input/output error"):
                say("a")
            say("a", err=True)
