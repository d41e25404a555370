"""What else could take the place of an original, and the output folder as others use it at the same time."""

from __future__ import annotations

import fcntl
import os
import sys
from typing import Any

import pytest

from docsr import pool
from docsr.batch.outputs import Outputs
from docsr.cli.compare import PREVIEW
from tests.command import docsr
from tests.exchanged import ONE, OTHER, Scene, root_to_the_inputs


def test_workers_refuse_a_folder_that_was_exchanged_before_they_started(tmp_path, capsys, monkeypatch):
    scene = Scene(tmp_path, "png")
    start = pool.run_in_processes

    def late(*given: Any, **more: Any) -> Any:
        root_to_the_inputs(scene)
        return start(*given, **more)

    monkeypatch.setattr("docsr.batch.run.run_in_processes", late)
    words = [scene.scans, "--out", scene.out, "--model", "bicubic", "--factor", 2, "--overwrite", "--jobs", 2]
    ran = docsr(capsys, monkeypatch, "enhance", *words)
    assert ran.code == 1
    assert ran.err.count(f"{scene.out} is another folder now than when the run began: run the same command again") == 2
    assert scene.originals() == scene.before
    assert scene.outputs() == set()


def test_a_folder_that_is_the_inputs_when_the_run_begins_takes_none_of_them(tmp_path, capsys, monkeypatch):
    scene = Scene(tmp_path, "png")
    module = sys.modules["docsr.cli.enhance"]
    check = module._check_out

    def late(*given: Any, **more: Any) -> None:
        check(*given, **more)
        root_to_the_inputs(scene)  # planned with another folder

    monkeypatch.setattr(module, "_check_out", late)
    words = [scene.scans, "--out", scene.out, "--model", "bicubic", "--factor", 2, "--overwrite"]
    ran = docsr(capsys, monkeypatch, "enhance", *words)
    assert (ran.code, ran.err.count("is an input and would be overwritten")) == (1, 2)
    assert scene.originals() == scene.before


@pytest.mark.parametrize("again", [False, True], ids=["", "overwrite"])
@pytest.mark.parametrize("name", ["report.json", PREVIEW])
@pytest.mark.parametrize("kind", ["link", "hard link", "folder", "other"])
def test_report_and_preview_take_the_place_of_no_input_either(tmp_path, capsys, monkeypatch, name, kind, again):
    scene = Scene(tmp_path, "png")
    told, note = scene.real / name, Outputs.note

    def swapped(*given: Any) -> None:
        note(*given)
        if told.exists():
            return
        if kind == "folder":
            (scene.scans / name).write_bytes(b"another's")
            root_to_the_inputs(scene)
        elif kind == "other":
            told.write_bytes(b"another's")
        elif kind == "link":
            told.symlink_to(scene.scans / f"{ONE}.png")
        else:
            os.link(scene.scans / f"{ONE}.png", told)

    monkeypatch.setattr(Outputs, "note", swapped)
    more = ["--report", scene.out / name] if name == "report.json" else ["--preview", 1]
    words = [scene.scans, "--out", scene.out, "--model", "bicubic", "--factor", 2, *more]
    ran = docsr(capsys, monkeypatch, "enhance", *words, *(["--overwrite"] if again else []))
    assert scene.originals() == scene.before
    if kind == "folder":
        assert (ran.code, (scene.scans / name).read_bytes()) == (0, b"another's")
        assert told.stat().st_size > 100
    elif kind == "other":
        assert (ran.code != 0, told.read_bytes() == b"another's") == (not again, not again)
        writer = "compare" if name == PREVIEW else "enhance"
        assert again or f"is there already and was not written by docsr {writer}" in ran.err
    else:
        assert ran.code == 1
        refused = "is an input and would be overwritten" if again else "is there already and was not"
        assert f"{scene.out / name} {refused}" in ran.err
        assert told.samefile(scene.scans / f"{ONE}.png")


def test_what_is_compared_is_not_replaced_by_the_comparison(tmp_path, capsys, monkeypatch):
    scene = Scene(tmp_path, "png")
    page = tmp_path / "page.html"
    before, after = (scene.scans / f"{name}.png" for name in (ONE, OTHER))

    monkeypatch.setattr(sys.modules["docsr.cli.compare"], "check_own", lambda *_, **_more: page.symlink_to(before))
    ran = docsr(capsys, monkeypatch, "compare", before, after, "--out", page, "--overwrite")
    assert ran.code == 1
    assert "is an input and would be overwritten" in ran.err
    assert scene.originals() == scene.before


@pytest.mark.parametrize("name", ["folder", "link"])
def test_a_link_below_the_output_folder_is_not_followed(tmp_path, capsys, monkeypatch, name):
    scene = Scene(tmp_path, "png")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if name == "link":
        (scene.real / "sub").symlink_to(elsewhere)
    words = [scene.scans, "--out", scene.out, "--model", "bicubic", "--factor", 2]
    ran = docsr(capsys, monkeypatch, "enhance", *words)
    sentence = f"{scene.out / 'sub'} is a link, and docsr follows no link below the output folder: "
    assert (ran.code, ran.err.count(sentence)) == ((1, 2) if name == "link" else (0, 0))
    assert list(elsewhere.iterdir()) == []


def test_who_locks_the_output_folder_costs_a_moment_and_a_warning(tmp_path, capsys, monkeypatch):
    scene = Scene(tmp_path, "png")
    monkeypatch.setattr("docsr.batch.outputs.PATIENCE", 0.05)
    reader = os.open(scene.real, os.O_RDONLY)
    fcntl.flock(reader, fcntl.LOCK_SH)
    words = [scene.scans, "--out", scene.out, "--model", "bicubic", "--factor", 2]
    ran = docsr(capsys, monkeypatch, "enhance", *words)
    os.close(reader)
    warning = f"another program keeps {scene.out} locked, so docsr goes on without a lock: end that program"
    assert (ran.code, ran.err.count(warning), ran.err.count("\n")) == (0, 1, 1)
    assert scene.outputs() == {ONE, OTHER}


def test_where_folders_cannot_be_held_open_all_is_written_by_paths(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("docsr.io.paths.folders.HANDLES", False)
    scene = Scene(tmp_path, "png")
    words = [scene.scans, "--out", scene.out, "--model", "bicubic", "--factor", 2]
    assert docsr(capsys, monkeypatch, "enhance", *words).code == 0
    assert scene.outputs() == {ONE, OTHER}
    again = docsr(capsys, monkeypatch, "enhance", *words)
    assert (again.code, again.out.splitlines()[-1]) == (0, "2 files skipped, up to date")
    (scene.real / f"{ONE}.png").unlink()
    os.link(scene.scans / f"{OTHER}.png", scene.real / f"{ONE}.png")
    monkeypatch.setattr("docsr.batch.run.refuse_same_file", lambda *_: None)
    assert docsr(capsys, monkeypatch, "enhance", *words, "--overwrite").code == 1
    assert scene.originals() == scene.before
