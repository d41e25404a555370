"""Documents of many pages are saved in a process of their own; the bytes are those of this process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from docsr.errors import PageError
from docsr.io.pdf import saving
from docsr.io.pdf.scans import open_scans, write_scans
from docsr.page import Page
from docsr.pool import why_none
from docsr.system import programs
from tests.command import unmeasured
from tests.io.pdf.files import GREY, doubled
from tests.io.pdf.test_pages import many


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Documents of more than three pages are many; the list has the exit codes of the processes that saved them."""
    codes: list[int] = []

    def noted(*given: Any, ran: Any = programs.run, **options: Any) -> programs.Ended:
        ended: programs.Ended = ran(*given, **options)
        codes.append(ended.code)
        return ended

    monkeypatch.setattr(saving, "FEW", 3)
    monkeypatch.setattr(programs, "run", noted)
    return codes


def replaced(path: Path, out: BinaryIO | None, target: Path) -> None:
    with open_scans(path) as scans:
        for leaf in scans.leaves:
            leaf.replace(doubled(leaf.read()))
        scans.save(target, out)


def made(_path: Path, out: BinaryIO | None, target: Path) -> None:
    write_scans([Page(GREY + number, (100.0, 100.0)) for number in range(5)], target, file=out)


@pytest.mark.parametrize("way", [replaced, made])
def test_the_bytes_are_the_same(tmp_path: Path, few: list[int], way: Any):
    path, here, apart = many(tmp_path / "a.pdf"), tmp_path / "here.pdf", tmp_path / "apart.pdf"
    way(path, None, here)
    assert few == []
    with apart.open("w+b") as file:
        way(path, file, apart)
        assert few == [0]
        assert os.path.getsize(apart) == os.path.getsize(here)
    assert apart.read_bytes() == here.read_bytes()


def test_pages_can_be_read_after_the_document_was_saved(tmp_path: Path, few: list[int]):
    with open_scans(many(tmp_path / "a.pdf")) as scans, (tmp_path / "b.pdf").open("w+b") as file:
        scans.leaves[0].replace(doubled(scans.leaves[0].read()))
        scans.save(tmp_path / "b.pdf", file)
        assert [leaf.read().width for leaf in scans.leaves] == [GREY.shape[1]] * len(scans.leaves)


def test_what_went_wrong_there_is_told_here(tmp_path: Path, few: list[int]):
    path = many(tmp_path / "a.pdf")
    with open_scans(path) as scans, (tmp_path / "b.pdf").open("w+b") as file:
        scans.leaves[0].replace(doubled(scans.leaves[0].read()))
        many(path, 5)
        with pytest.raises(PageError, match=r"^\S+a\.pdf could not be read: it changed meanwhile$"):
            scans.save(tmp_path / "b.pdf", file)
    assert few == [3]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_is_told(tmp_path: Path, few: list[int]):
    with Path("/dev/full").open("r+b") as full, pytest.raises(PageError, match=r"b\.pdf could not be written: "):
        made(tmp_path, full, tmp_path / "b.pdf")
    assert few == [3]


def kill_itself(out: BinaryIO) -> None:
    out.write(b"half")
    out.flush()
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("broken", ["_CALL", "get_executable"])
def test_where_no_process_can_do_it_this_one_does(
    tmp_path: Path, few: list[int], monkeypatch: pytest.MonkeyPatch, broken: str
):  # fmt: skip
    kill = "import os; os.write(1, b'half'); os.kill(os.getpid(), 9)"
    monkeypatch.setattr(programs, broken, {"_CALL": kill, "get_executable": lambda: None}[broken])
    made(tmp_path, None, tmp_path / "here.pdf")
    with (tmp_path / "apart.pdf").open("w+b") as file:
        made(tmp_path, file, tmp_path / "apart.pdf")
    assert few == ([-9] if broken == "_CALL" else [])
    assert (tmp_path / "apart.pdf").read_bytes() == (tmp_path / "here.pdf").read_bytes()


def test_a_document_without_a_temporary_folder_is_saved_here(
    tmp_path: Path, few: list[int], monkeypatch: pytest.MonkeyPatch
):  # fmt: skip
    monkeypatch.setattr("docsr.io.pdf.spool.Spool.folder", None)
    with (tmp_path / "b.pdf").open("w+b") as file:
        made(tmp_path, file, tmp_path / "b.pdf")
    assert few == []
    with open_scans(tmp_path / "b.pdf") as scans:
        assert len(scans.leaves) == 5


@pytest.mark.slow
def test_it_is_so_in_the_sandbox_too(tmp_path: Path):
    source = many(tmp_path / "a.pdf", saving.FEW + 1)
    wish = ["enhance", source, "--factor", "2", "--model", "bicubic", "--jobs", "1"]
    for sandbox in ("auto", "off"):
        command = [sys.executable, "-m", "docsr", *wish, "--out", tmp_path / sandbox, "--sandbox", sandbox]
        ran = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, env=unmeasured())
        assert ran.returncode == 0, ran.stderr
        assert sandbox == "off" or why_none() is not None or ran.stderr == ""
    assert (tmp_path / "auto" / "a.pdf").read_bytes() == (tmp_path / "off" / "a.pdf").read_bytes()


def test_a_process_that_is_killed_is_told(tmp_path: Path) -> None:
    with (tmp_path / "a").open("w+b") as file, pytest.raises(OSError, match="ended with -9"):
        programs.call_apart(kill_itself, file)
