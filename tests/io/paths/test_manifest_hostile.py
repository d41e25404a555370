"""A manifest that others have written to: nothing is waited for, followed or believed, and memory is bounded."""

from __future__ import annotations

import json
import os
import socket
import stat
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from docsr.compare import plan_pairs
from docsr.errors import FolderError, PageError
from docsr.io.paths.journal import MOST_OF_A_LINE
from docsr.io.paths.manifest import MOST_OF_ONE, NAME, PARTS, Entry, Manifest, as_line, merge_parts, note, sha256_of
from tests.command import docsr, picture

ENTRY = Entry("/in/a.png", "s" * 64, "o" * 64, "a.png", 1, 2, "w" * 64)
PRECIOUS = b"precious\n"


def a_pipe(place: Path) -> None:
    os.mkfifo(place)


def a_link_without_end(place: Path) -> None:
    place.symlink_to("/dev/zero")


def a_link_to_a_file(place: Path) -> None:
    place.symlink_to(place.parent.parent / "victim")


def a_link_to_nothing(place: Path) -> None:
    place.symlink_to("nothing")


def a_folder(place: Path) -> None:
    place.mkdir()


def a_socket(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        here = os.open(place.parent, os.O_RDONLY)
        bound.bind(f"/proc/self/fd/{here}/{place.name}")  # whole paths may be too long for a socket
        os.close(here)


KINDS = [a_pipe, a_link_without_end, a_link_to_a_file, a_link_to_nothing, a_folder, a_socket]
"""What is not a regular file: how it is put somewhere."""


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (tmp_path / "victim").write_bytes(PRECIOUS)
    yield folder
    assert (tmp_path / "victim").read_bytes() == PRECIOUS


def refused(place: Path, use: Callable[[], Any]) -> None:
    with pytest.raises(FolderError, match=rf"{place.name} is a \w+, not a file that docsr wrote: remove it"):
        use()


@pytest.mark.parametrize("put", KINDS)
def test_what_is_no_file_is_neither_read_nor_written(out, put):
    put(out / NAME)
    refused(out / NAME, lambda: Manifest(out))
    refused(out / NAME, lambda: note(out, ENTRY))


@pytest.mark.parametrize("put", KINDS)
def test_a_part_that_is_no_file_is_neither_read_nor_written_nor_merged(out, put):
    place = out / PARTS / "run-1.jsonl"
    place.parent.mkdir()
    (out / "victim").write_bytes(PRECIOUS)
    put(place)
    refused(place, lambda: Manifest(out))
    refused(place, lambda: note(out, ENTRY, "run-1"))
    refused(place, lambda: merge_parts(out, "run-"))
    assert (out / "victim").read_bytes() == PRECIOUS
    assert not (out / NAME).exists()


def test_a_folder_of_parts_that_is_a_link_or_a_file_is_not_entered(out, tmp_path):
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "run-1.jsonl").write_bytes(as_line(ENTRY))
    (out / PARTS).symlink_to(tmp_path / "foreign")
    for use in (lambda: Manifest(out), lambda: note(out, ENTRY, "run-2"), lambda: merge_parts(out, "run-")):
        with pytest.raises(FolderError, match="is a link, and docsr follows no link below the output folder"):
            use()
    assert [path.name for path in (tmp_path / "foreign").iterdir()] == ["run-1.jsonl"]
    (out / PARTS).unlink()
    (out / PARTS).touch()
    with pytest.raises(FolderError, match="is not a folder: remove it"):
        Manifest(out)


@pytest.mark.parametrize("more", [(), ("--dry-run",), ("--overwrite",)])
@pytest.mark.parametrize("put", KINDS)
def test_a_run_there_is_refused_in_one_sentence(out, tmp_path, capsys, monkeypatch, put, more):
    picture().save(tmp_path / "a.png")
    put(out / NAME)
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path / "a.png", "--out", out, "--model", "bicubic", *more)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith(f"docsr: error: {out / NAME} is a ")
    assert [path.name for path in out.iterdir()] == [NAME]


def test_files_are_compared_all_the_same(out, tmp_path):
    (tmp_path / "in").mkdir()
    for folder in (tmp_path / "in", out):
        picture().save(folder / "a.png")
    a_pipe(out / NAME)
    pairs, notes = plan_pairs(tmp_path / "in", out)
    assert [pair.name for pair in pairs] == ["a.png"]
    assert [one.partition(":")[0] for one in notes] == ["Files are paired only by their names"]


def test_a_manifest_that_comes_in_the_midst_of_a_run_costs_files_and_nothing_else(out, tmp_path, capsys, monkeypatch):
    picture().save(tmp_path / "a.png")

    def swap(*_: object) -> None:
        a_link_to_a_file(out / NAME)

    monkeypatch.setattr("docsr.batch.outputs.Outputs._lock", swap)
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path / "a.png", "--out", out, "--factor", 2, "--model", "bicubic")
    assert ran.code == 1
    assert f"{out / NAME} is a link, not a file that docsr wrote" in ran.err
    assert [path.name for path in out.iterdir()] == [NAME]


def test_a_file_with_another_name_is_read_and_not_added_to(out, tmp_path):
    victim = tmp_path / "lines"
    victim.write_bytes(as_line(ENTRY))
    os.link(victim, out / NAME)
    assert Manifest(out).entries("a.png") == (ENTRY,)
    with pytest.raises(PageError, match=r"has other names \(hard links\), which would change too"):
        note(out, ENTRY)
    assert victim.read_bytes() == as_line(ENTRY)


def owned_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all files but folders belong to somebody else."""
    fstat = os.fstat

    def seen(descriptor: int) -> os.stat_result:
        status = fstat(descriptor)
        fields = list(status)
        fields[4] += 0 if stat.S_ISDIR(status.st_mode) else 4242
        return os.stat_result(fields, {"st_mtime_ns": status.st_mtime_ns})

    monkeypatch.setattr("docsr.io.paths.journal.os.fstat", seen)


def test_in_a_folder_like_tmp_what_others_put_there_is_not_believed(out, monkeypatch):
    note(out, ENTRY)
    note(out, replace(ENTRY, output="b.png"), "run")
    out.chmod(0o1777)
    assert len(Manifest(out).made()["/in/a.png"]) == 2  # it is one's own
    owned_by_another(monkeypatch)
    for use in (lambda: Manifest(out), lambda: note(out, ENTRY)):
        with pytest.raises(FolderError, match="belongs to another user, in a folder that all may write in"):
            use()
    out.chmod(0o777)  # where others can exchange the outputs themselves, as people do who share a folder
    assert len(Manifest(out).made()["/in/a.png"]) == 2
    note(out, ENTRY)


DEEP = b'{"input": ' + 30_000 * b"[" + 30_000 * b"]" + b"}"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(DEEP, id="deep"),
        pytest.param(30_000 * b"[", id="deep and cut off"),
        b"null",
        b'"text"',
        b"[1, 2]",
        b"\xff\xfe",
        *(
            json.dumps({**asdict(ENTRY), name: value}).encode()
            for name in asdict(ENTRY)
            for value in (
                None,
                True,
                1.5,
                [],
                {},
                [[ENTRY.output]],
                *([7] if name not in {"size", "modified"} else ["7"]),
            )
        ),
        json.dumps({**asdict(ENTRY), "size": -1}).encode(),
        as_line(ENTRY).replace(b'"size": 1', b'"size": ' + 5000 * b"1").strip(),
        as_line(ENTRY).replace(b'"size": 1', b'"size": NaN').strip(),
        as_line(ENTRY).replace(b'"size": 1', b'"size": 1e999').strip(),
        as_line(ENTRY).replace(b"}", b', "more": 1}').strip(),
        as_line(replace(ENTRY, input="i" * MOST_OF_A_LINE)).strip(),
        as_line(replace(ENTRY, input="i" * (5 << 20))).strip(),
        *(
            as_line(replace(ENTRY, output=output)).strip()
            for output in ("../a", "/etc/a", "a/../../b", "a/..", "..", ".", "", "./a", "a//b", "a/", "a\0b")
        ),
    ],
)
def test_a_line_that_says_nothing_to_be_believed_is_passed_over(out, line):
    (out / NAME).write_bytes(line + b"\n" + as_line(replace(ENTRY, output="after.png")))
    assert Manifest(out).made() == {"/in/a.png": ["after.png"]}


def test_lines_are_read_on_where_pieces_of_the_file_meet(out, monkeypatch):
    monkeypatch.setattr("docsr.io.paths.journal._PIECE", 1000)
    entries = [replace(ENTRY, output=f"{number}.png", input="i" * number) for number in range(100)]
    manifest = Manifest(out)
    with (out / NAME).open("wb", buffering=0) as file:
        for entry in entries:
            file.write(as_line(entry)[:-50])
            manifest.refresh()
            assert manifest.entries(entry.output) == ()
            file.write(as_line(entry)[-50:])
            if entry.size % 3:
                manifest.refresh()
                assert manifest.entries(entry.output) == (entry,)
    assert Manifest(out).made() == manifest.made()


def test_a_manifest_that_was_exchanged_is_read_from_its_start(out):
    note(out, ENTRY)
    manifest = Manifest(out)
    (out / "new").write_bytes(as_line(replace(ENTRY, output="b.png")) * 3)
    (out / "new").replace(out / NAME)
    manifest.refresh()
    assert manifest.entries("b.png")


@pytest.mark.parametrize("count", [3_000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_the_history_of_one_output_is_read_in_bounded_memory_and_linear_time(out, count):
    lines = [as_line(replace(ENTRY, modified=number, output_sha256=f"{number:064}")) for number in range(count)]
    (out / NAME).write_bytes(b"".join(lines))
    tracemalloc.start()
    manifest = Manifest(out)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [entry.modified for entry in manifest.entries("a.png")] == list(
        range(count - 1, count - 1 - MOST_OF_ONE, -1)
    )
    assert peak < 12 << 20  # a piece, its lines, and the few that are kept


def test_what_many_killed_runs_noted_does_not_hide_what_is_there(out):
    (out / "a.png").write_bytes(b"as it is")
    digest = sha256_of(out / "a.png")
    assert digest is not None
    there = replace(ENTRY, size=8, modified=0, output_sha256=digest)
    note(out, there)
    for number in range(MOST_OF_ONE - 1):
        note(out, replace(ENTRY, modified=number, output_sha256=f"{number:064}"))
    for number in range(200):  # the same bytes again and again
        note(out, replace(ENTRY, modified=number, output_sha256=f"{1:064}"))
    assert [entry for entry in Manifest(out).entries("a.png") if entry.describes(out / "a.png")] == [there]


@pytest.mark.parametrize(
    ("bound", "most", "sentence"),
    [
        ("docsr.io.paths.manifest.MOST_OUTPUTS", 2, "lists more than 2 outputs"),
        ("docsr.io.paths.manifest.MOST_BYTES", 900, "is too large to be read"),
        ("docsr.io.paths.manifest.MOST_PARTS", 1, "holds more than 1 files"),
    ],
)
def test_what_is_larger_than_any_manifest_is_refused(out, monkeypatch, bound, most, sentence):
    for number in range(3):
        note(out, replace(ENTRY, output=f"{number}.png"), f"run-{number}")
    assert len(Manifest(out).made()["/in/a.png"]) == 3
    monkeypatch.setattr(bound, most)
    with pytest.raises(FolderError, match=sentence):
        Manifest(out)


def test_a_file_of_nothing_that_claims_to_be_large_is_not_read(out):
    with (out / NAME).open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(FolderError, match=r"is too large to be read \(4,294,967,296 bytes"):
        Manifest(out)
