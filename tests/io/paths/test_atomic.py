"""Finding inputs, naming outputs, and writing that is complete or absent."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from docsr.errors import PageError, UsageError
from docsr.io.paths.atomic import _machine, atomic_write, refuse_same_file, remove_leftovers, staged


def made(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def test_an_input_is_never_an_output(tmp_path: Path):
    made(tmp_path, "a.png", "b.png")
    (tmp_path / "link.png").symlink_to("a.png")
    refuse_same_file([tmp_path / "new.png", tmp_path / "b.png"], [tmp_path / "a.png"])
    for output in (tmp_path / "a.png", tmp_path / "link.png", tmp_path / "x" / ".." / "a.png"):
        with pytest.raises(UsageError, match="is an input and would be overwritten"):
            refuse_same_file([output], [tmp_path / "a.png"])


def test_what_is_written_appears_whole(tmp_path: Path):
    target = tmp_path / "new" / "a.bin"
    with atomic_write(target) as file:
        file.write(b"whole")
        assert not target.exists()
        (temporary,) = target.parent.iterdir()
        assert temporary.name.startswith(".docsr-")
        assert temporary.suffix == ".bin"
    assert target.read_bytes() == b"whole"
    assert [path.name for path in target.parent.iterdir()] == ["a.bin"]


def test_the_usual_permissions_are_given(tmp_path: Path):
    before = os.umask(0o027)
    try:
        with atomic_write(tmp_path / "a") as file:
            file.write(b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_the_whole_file_is_shown_just_before_it_takes_its_place(tmp_path: Path):
    with staged(tmp_path / "a") as output:
        output.file.write(b"whole")
        output.flush()
        (temporary,) = tmp_path.iterdir()
        output.file.seek(0)
        assert output.file.read() == temporary.read_bytes() == b"whole"
        written = temporary.stat().st_mtime_ns
        output.commit()
        assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").stat().st_mtime_ns == written


def test_what_is_not_committed_leaves_nothing(tmp_path: Path):
    target = made(tmp_path, "a.bin") / "a.bin"
    with staged(target) as output:
        output.file.write(b"half")
        output.flush()
    assert target.read_bytes() == b"x"
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_only_what_nobody_writes_any_more_is_removed(tmp_path: Path):
    gone, unasked = (subprocess.Popen([sys.executable, "-c", ""]) for _ in range(2))
    gone.wait()
    os.waitid(os.P_PID, unasked.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and its number is still taken
    with atomic_write(tmp_path / "a.png"):
        (mine,) = (path.name for path in tmp_path.iterdir())
        left, dead = (mine.replace(f"-{os.getpid()}-", f"-{one.pid}-") for one in (gone, unasked))
        _, machine, process, began, drawn = mine.split("-")
        renumbered = f".docsr-{machine}-{process}-{int(began) + 1}-{drawn}"  # of an earlier process of this number
        other = ".docsr-00000000-1-0-00000000.png"
        named_alike = f".docsr-{gone.pid}.png"
        made(tmp_path, left, dead, other, named_alike, renumbered, "deep/" + left)
        remove_leftovers([tmp_path, tmp_path / "missing"])
        names = {path.name for path in tmp_path.iterdir()}
        assert names == {mine, other, named_alike, "deep"}
        os.utime(tmp_path / other, (0, 0))
        os.utime(tmp_path / mine, (0, 0))  # a page may take its time
        remove_leftovers([tmp_path])
        assert not (tmp_path / other).exists()
        assert (tmp_path / mine).exists()
    assert (tmp_path / "deep" / left).exists()
    unasked.wait()


def test_processes_that_are_numbered_apart_take_each_other_for_other_machines(monkeypatch: pytest.MonkeyPatch):
    here = _machine()
    assert here == _machine()
    monkeypatch.setattr(os, "readlink", lambda _: "pid:[another container's]")
    assert _machine() != here


@pytest.mark.parametrize("error", [ValueError("bad"), KeyboardInterrupt(), PageError("said already")])
def test_an_error_leaves_what_was_there(tmp_path: Path, error: BaseException):
    target = made(tmp_path, "a.bin") / "a.bin"
    with pytest.raises(type(error)), atomic_write(target) as file:  # noqa: PT012
        file.write(b"half")
        raise error
    assert target.read_bytes() == b"x"
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("function", ["replace", "fsync"])
def test_a_full_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, function, full)
    with pytest.raises(PageError, match=r"a\.bin could not be written: no space left on device$"):  # noqa: SIM117
        with atomic_write(tmp_path / "a.bin") as file:
            file.write(b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way_is_a_sentence(tmp_path: Path):
    (tmp_path / "a").mkdir()
    made(tmp_path, "file")
    for target in (tmp_path / "a", tmp_path / "file" / "b"):
        with pytest.raises(PageError, match="could not be written"), atomic_write(target) as file:
            file.write(b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "file"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
@pytest.mark.parametrize("through_a_link", [False, True])
def test_what_is_no_file_is_not_replaced(tmp_path, through_a_link):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    target = tmp_path / "link" if through_a_link else pipe
    if through_a_link:
        target.symlink_to(pipe)
    told = "is a device or a pipe, which docsr does not replace"
    with pytest.raises(PageError, match=told), atomic_write(target) as file:
        file.write(b"new")
    assert pipe.is_fifo()
    assert target.is_symlink() == through_a_link
    assert {path.name for path in tmp_path.iterdir()} == {"pipe", target.name}
