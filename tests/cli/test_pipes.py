"""Inputs that are pipes: what ``<(command)`` is to a program, pipes with a name, and /dev/stdin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest
from PIL import Image

from docsr.cli import pipe
from tests.command import docsr, picture

BICUBIC = ("--factor", "2", "--model", "bicubic")
COMMAND = f"{sys.executable} -m docsr enhance"

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    picture().convert("L").save(tmp_path / "page.jpg", dpi=(75, 75))
    return tmp_path / "page.jpg"


def in_shell(words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    return subprocess.run(
        ["bash", "-c", words],
        cwd=folder,
        env=unmeasured,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=60,
    )


@pytest.mark.slow
def test_what_a_shell_substitutes_is_read_like_a_pipe(tmp_path: Path, page: Path):
    words = f"{COMMAND} <(sleep 0.3; cat page.jpg; sleep 0.3) --out out --report rows.json {' '.join(BICUBIC)}"
    ran = in_shell(words, tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    (made,) = (tmp_path / "out").glob("*.jpg")
    assert made.name.startswith("pipe-")
    (row,) = json.loads((tmp_path / "rows.json").read_text())
    assert row["input"] == f"/dev/fd/{made.stem.removeprefix('pipe-')}"
    assert in_shell(words, tmp_path).stdout.endswith("skipped, up to date\n")
    through = in_shell(f"{COMMAND} <(cat page.jpg) --out - {' '.join(BICUBIC)} > out.jpg", tmp_path)
    assert (through.returncode, through.stderr) == (0, "")
    assert (tmp_path / "out.jpg").read_bytes() == made.read_bytes()


def test_standard_input_by_its_name(tmp_path: Path, page: Path):
    ran = in_shell(f"cat page.jpg | {COMMAND} /dev/stdin --out out {' '.join(BICUBIC)}", tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (tmp_path / "out" / "stdin.jpg").is_file()


def written_to(path: Path, data: bytes) -> Callable[[], None]:
    def write() -> None:
        with path.open("wb") as file:
            file.write(data)

    os.mkfifo(path)
    thread = threading.Thread(target=write)
    thread.start()
    return thread.join


def test_pipes_with_names_keep_them(tmp_path: Path, page: Path, capsys, monkeypatch):
    pipes = [tmp_path / "scan.jpg", tmp_path / "letter"]
    waits = [written_to(path, page.read_bytes()) for path in pipes]
    ran = docsr(capsys, monkeypatch, "enhance", *pipes, page, "--out", tmp_path / "out", *BICUBIC)
    for wait in waits:
        wait()
    assert (ran.code, ran.err) == (0, "")
    assert {path.name for path in (tmp_path / "out").glob("*.jpg")} == {"scan.jpg", "letter.jpg", "page.jpg"}


def test_a_failure_names_the_pipe_as_it_was_given(tmp_path: Path, capsys, monkeypatch):
    wait = written_to(tmp_path / "scan.jpg", b"no image")
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path / "scan.jpg", "--out", tmp_path / "out", *BICUBIC)
    wait()
    assert ran.code == 3
    assert f"{tmp_path / 'scan.jpg'} could not be read: it is not an image of a known format" in ran.err
    assert "docsr-" not in ran.err


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setattr(pipe, "_PATIENCE", 0.2)
    os.mkfifo(tmp_path / "scan.jpg")
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path / "scan.jpg", "--out", tmp_path / "out")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err == f"docsr: error: nothing came through {tmp_path / 'scan.jpg'}: give it an image\n"


def other_page(folder: Path) -> None:
    picture().transpose(Image.Transpose.ROTATE_180).convert("L").save(folder / "other.jpg", dpi=(75, 75))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("{} <(cat {}) --out out", "/dev/fd/"),
        ("cat {1} | {0} /dev/stdin --out out", "/dev/stdin"),
        ("{} /dev/stdin --out out < {}", "/dev/stdin"),
        ("{} /proc/self/fd/3 --out out 3< {}", "/proc/self/fd/3"),
        ("cat {1} > named & {0} named --out out; wait", "named"),
    ],
    ids=["substituted", "standard input", "standard input from a file", "a file by its number", "with a name"],
)
def test_a_number_is_no_input_that_one_could_come_back_to(tmp_path: Path, page: Path, words: str, name: str):
    other_page(tmp_path)
    os.mkfifo(tmp_path / "named")
    words = (
        f"{words} {' '.join(BICUBIC)}" if "wait" not in words else words.replace(";", f" {' '.join(BICUBIC)}; r=$?;")
    )
    words = words.replace("wait", "wait; exit $r")
    first, again, other, forced = (
        in_shell(words.format(f"{COMMAND}{more}", file), tmp_path)
        for file, more in (("page.jpg", ""), ("page.jpg", ""), ("other.jpg", ""), ("other.jpg", " --overwrite"))
    )
    assert (first.returncode, again.returncode, other.returncode, forced.returncode) == (0, 0, 1, 0), other.stderr
    assert again.stdout.endswith("skipped, up to date\n")
    assert f"was made from other bytes that came through {name}" in other.stderr
    assert other.stderr.endswith(": choose another --out folder, or replace it with --overwrite\n")
    assert "docsr-" not in other.stderr


@pytest.mark.slow
def test_a_number_in_a_list_is_none_either(tmp_path: Path, page: Path):
    other_page(tmp_path)
    (tmp_path / "list.txt").write_text("/dev/stdin\n")
    words = f"{COMMAND} @list.txt --out out --time-limit 0 {' '.join(BICUBIC)}"
    assert in_shell(f"{words} < page.jpg", tmp_path).returncode == 0
    ran = in_shell(f"{words} < other.jpg", tmp_path)
    assert ran.returncode == 1
    assert "was made from other bytes that came through /dev/stdin" in ran.stderr


def test_a_file_by_its_number_that_is_empty_is_told_at_once(tmp_path: Path):
    (tmp_path / "empty").touch()
    began = monotonic()
    ran = in_shell(f"{COMMAND} /dev/stdin --out out < empty", tmp_path)
    assert (ran.returncode, ran.stderr) == (3, "docsr: error: nothing came through /dev/stdin: give it an image\n")
    assert monotonic() - began < pipe._PATIENCE
