"""What an output folder remembers, whatever happens to it."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from docsr.errors import PageError
from docsr.io.paths.folders import locked
from docsr.io.paths.manifest import NAME, PARTS, Entry, Manifest, as_line, merge_parts, note, sha256_of


def entry(folder: Path, name: str, content: bytes, sha256: str = "s") -> Entry:
    """Write an output and return what the manifest is to say of it."""
    path = folder / name
    path.write_bytes(content)
    status, digest = path.stat(), sha256_of(path)
    assert digest is not None
    return Entry(f"/in/{name}", sha256, "o", name, status.st_size, status.st_mtime_ns, digest)


def test_every_entry_of_an_output_is_known_the_newest_first(tmp_path):
    assert Manifest(tmp_path).entries("a.png") == ()
    first, second, other = (entry(tmp_path, name, content) for name, content in (("a", b"1"), ("a", b"2"), ("b", b"3")))
    for one in (first, other, second):
        note(tmp_path, one)
    manifest = Manifest(tmp_path)
    assert manifest.entries("a") == (second, first)
    assert manifest.entries("b") == (other,)


def test_what_was_last_made_of_each_input_is_known(tmp_path):
    one, other = entry(tmp_path, "a.png", b"x"), entry(tmp_path, "b.png", b"x")
    for made in (one, other, replace(other, output="b.tif"), replace(one, input="/in/c.png")):
        note(tmp_path, made)
    assert Manifest(tmp_path).made() == {"/in/b.png": ["b.png", "b.tif"], "/in/c.png": ["a.png"]}


def test_what_is_added_since_is_read(tmp_path):
    manifest = Manifest(tmp_path)
    for number in range(3):
        note(tmp_path, entry(tmp_path, f"{number}", b"x"))
        manifest.refresh()
        assert manifest.entries(f"{number}")
    manifest.refresh()
    assert len(manifest.entries("1")) == 1


def test_a_new_entry_is_not_glued_to_a_line_that_was_cut_off(tmp_path):
    first, second = entry(tmp_path, "a", b"x"), entry(tmp_path, "b", b"y")
    note(tmp_path, first)
    with (tmp_path / NAME).open("ab") as file:
        file.write(b'{"input": "cut o')
    note(tmp_path, second)
    manifest = Manifest(tmp_path)
    assert (manifest.entries("a"), manifest.entries("b")) == ((first,), (second,))


def test_lines_that_are_not_understood_are_passed_over(tmp_path):
    line = as_line(entry(tmp_path, "b", b"x"))
    odd = line.replace(b'"/in/b"', b'["/in/b"]') + line.replace(b'"output": "b"', b'"output": 5')
    (tmp_path / NAME).write_bytes(b'\xff\xfe\n[]\n7\n{"input": 1}\n\n' + odd)
    assert Manifest(tmp_path).made() == {}
    note(tmp_path, entry(tmp_path, "a", b"x"))
    unhashable = (tmp_path / NAME).read_bytes().replace(b'"output": "a"', b'"output": []')
    with (tmp_path / NAME).open("ab") as file:
        file.write(unhashable)
    assert len(Manifest(tmp_path).entries("a")) == 1


def test_an_entry_knows_its_output_and_copies_of_it_from_other_files(tmp_path):
    known = entry(tmp_path, "a", b"content")
    assert known.describes(tmp_path / "a")
    shutil.copyfile(tmp_path / "a", tmp_path / "copy")
    os.utime(tmp_path / "copy", (1, 1))
    assert known.describes(tmp_path / "copy")
    (tmp_path / "a").write_bytes(b"CONTENT")
    os.utime(tmp_path / "a", (1, 1))
    assert not known.describes(tmp_path / "a")
    (tmp_path / "a").write_bytes(b"longer content")
    assert not known.describes(tmp_path / "a")
    assert not known.describes(tmp_path / "missing")


def test_a_full_disk_is_a_sentence(tmp_path, monkeypatch):
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    known = entry(tmp_path, "a", b"x")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PageError, match=r"manifest\.jsonl could not be written: no space left"):
        note(tmp_path, known)


def test_a_lock_keeps_others_out_until_its_holder_is_killed(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from docsr.io.paths.folders import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    entered = threading.Event()

    def enter() -> None:
        with locked(tmp_path):
            entered.set()

    waiting = threading.Thread(target=enter)
    waiting.start()
    assert not entered.wait(0.3)
    holder.kill()
    assert entered.wait(30)
    waiting.join()
    holder.communicate()
    assert list(tmp_path.iterdir()) == []


def test_where_folders_cannot_be_locked_nobody_is_kept_out(tmp_path, monkeypatch):
    with locked(tmp_path / "missing") as alone:
        assert alone
    monkeypatch.setattr("docsr.io.paths.folders.fcntl", None)
    with locked(tmp_path) as one, locked(tmp_path) as other:
        assert one
        assert other


@pytest.mark.parametrize("how", [fcntl.LOCK_SH, fcntl.LOCK_EX])
def test_who_reads_the_folder_and_locks_it_is_waited_for_a_while(tmp_path, how):
    reader = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(reader, how)
    with locked(tmp_path, 0.02) as alone:
        assert not alone
    os.close(reader)
    with locked(tmp_path, 0.02) as alone:
        assert alone


def test_a_pipe_has_no_digest(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert sha256_of(tmp_path / "pipe") is None


def test_parts_are_read_with_the_manifest_and_become_it(tmp_path):
    one, two, three, other = (entry(tmp_path, name, b"x") for name in ("a", "b", "c", "d"))
    note(tmp_path, one)
    manifest = Manifest(tmp_path)
    for part, new in (("run-1", two), ("run-2", three), ("another-1", other)):
        note(tmp_path, new, part)
    with (tmp_path / PARTS / "run-2.jsonl").open("ab") as file:
        file.write(b'{"input": "cut o')
    manifest.refresh()
    for known in (manifest, Manifest(tmp_path)):
        assert [known.entries(name) for name in "abcd"] == [(one,), (two,), (three,), (other,)]
    merge_parts(tmp_path, "run-")
    assert [path.name for path in (tmp_path / PARTS).iterdir()] == ["another-1.jsonl"]
    merge_parts(tmp_path, "another-")
    assert not (tmp_path / PARTS).exists()
    assert len((tmp_path / NAME).read_bytes().splitlines()) == 4
    assert [Manifest(tmp_path).entries(name) for name in "abcd"] == [(one,), (two,), (three,), (other,)]
