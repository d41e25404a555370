"""What lies in the output folder already: skipped, made again, or left alone because it is not docsr's to replace."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from docsr.batch.run import EnhanceOptions, enhance_files, plan_files
from docsr.io.paths.manifest import NAME
from docsr.upscale.page import upscale_bands
from tests.command import docsr, picture

WISH = ("--factor", "2", "--model", "bicubic")


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Enhance ``inputs`` into ``out``; returns what was run and the status of each input."""

    def go(inputs: Path, out: Path, *more: object) -> tuple[Any, dict[str, str]]:
        report = tmp_path / "report.json"
        ran = docsr(capsys, monkeypatch, "enhance", inputs, "--out", out, *WISH, "--report", report, *more)
        return ran, {Path(row["input"]).name: row["status"] for row in json.loads(report.read_text())}

    return go


def folder_of(path: Path, *names: str) -> Path:
    path.mkdir()
    for number, name in enumerate(names):
        picture(40 + number, 30).save(path / name)
    return path


@pytest.mark.slow_except("1")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_docsr_did_not_write_is_left_alone(tmp_path, run, jobs):
    scans = folder_of(tmp_path / "scans", "a.jpg", "b.jpg")
    picture(77, 7).save(scans / "a.png")
    original = (scans / "a.png").read_bytes()
    ran, statuses = run(scans / "a.jpg", scans, "--format", "png", "--jobs", jobs)
    assert (ran.code, statuses) == (1, {"a.jpg": "failed"})
    assert ran.err == (
        f"docsr: failed: {scans / 'a.png'} is there already and not as docsr wrote it: "
        "choose another --out folder, or replace it with --overwrite\n"
    )
    assert (scans / "a.png").read_bytes() == original
    out = folder_of(tmp_path / "out", "a.jpg")
    ran, statuses = run(scans, out, "--jobs", jobs)
    assert (ran.code, statuses) == (1, {"a.jpg": "failed", "a.png": "done", "b.jpg": "done"})
    ran, statuses = run(scans, out, "--overwrite", "--jobs", jobs)
    assert (ran.code, set(statuses.values())) == (0, {"done"})
    with Image.open(out / "a.jpg") as image:
        assert image.size == (80, 60)


def test_an_input_that_the_manifest_names_with_signs_that_act_is_shown_in_one_line(tmp_path, run):
    scans, out = folder_of(tmp_path / "scans", "a.png"), tmp_path / "out"
    assert run(scans, out)[0].code == 0
    entry = json.loads((out / NAME).read_text(encoding="utf-8"))
    (out / NAME).write_text(json.dumps(entry | {"input": "new\nline", "sha256": "0" * 64}) + "\n", encoding="utf-8")
    options = EnhanceOptions(factor=2, model="bicubic")
    (row,) = enhance_files(plan_files([scans], out, options), out, options)
    assert row.error is not None
    assert "was made from new\\nline, not from" in row.error


def test_an_output_of_another_input_is_left_alone(tmp_path, run):
    one, two, out = folder_of(tmp_path / "x", "a.png"), folder_of(tmp_path / "y", "b.png", "a.png"), tmp_path / "out"
    assert run(one / "a.png", out)[0].code == 0
    before = (out / "a.png").read_bytes()
    ran, statuses = run(two, out)
    assert (ran.code, statuses) == (1, {"a.png": "failed", "b.png": "done"})
    assert f"was made from {one / 'a.png'}, not from {two / 'a.png'}" in ran.err
    assert (out / "a.png").read_bytes() == before
    assert run(two, out, "--overwrite")[0].code == 0
    assert (out / "a.png").read_bytes() != before
    assert run(one, out)[1] == {"a.png": "failed"}


def test_in_a_folder_that_grows_nothing_is_done_twice(tmp_path, run):
    scans, out = folder_of(tmp_path / "scans", "a.png"), tmp_path / "out"
    assert run(scans, out, "--format", "png")[1] == {"a.png": "done"}
    picture(50, 30).save(scans / "a.jpg")
    ran, statuses = run(scans, out, "--format", "png")
    assert (ran.code, statuses) == (0, {"a.png": "skipped", "a.jpg": "done"})
    assert sorted(path.name for path in out.glob("*.png")) == ["a.jpg.png", "a.png"]
    (scans / "a.png").unlink()
    ran, statuses = run(scans, out, "--format", "png")
    assert (ran.code, statuses) == (0, {"a.jpg": "skipped"})
    (out / "a.jpg.png").unlink()
    ran, statuses = run(scans, out, "--format", "png")
    assert (ran.code, statuses) == (0, {"a.jpg": "done"})
    assert sorted(path.name for path in out.glob("*.png")) == ["a.jpg.png", "a.png"]


def test_inputs_that_moved_are_done_already(tmp_path, run):
    scans, out = folder_of(tmp_path / "scans", "a.png"), tmp_path / "out"
    assert run(scans, out)[1] == {"a.png": "done"}
    scans.rename(tmp_path / "moved")
    assert run(tmp_path / "moved", out)[1] == {"a.png": "skipped"}


def test_an_output_that_was_changed_is_left_alone_and_a_copied_folder_goes_on(tmp_path, run):
    scans, out = folder_of(tmp_path / "scans", "a.png", "b.png"), tmp_path / "out"
    assert run(scans, out)[0].code == 0
    shutil.copytree(out, tmp_path / "copy", copy_function=shutil.copyfile)
    assert set(run(scans, tmp_path / "copy")[1].values()) == {"skipped"}
    with Image.open(out / "a.png") as image:
        edited = image.rotate(90)
    edited.save(out / "a.png")
    before = (out / "a.png").read_bytes()
    for change in (lambda: None, lambda: picture(50, 50).save(scans / "a.png")):
        change()
        ran, statuses = run(scans, out)
        assert (ran.code, statuses) == (1, {"a.png": "failed", "b.png": "skipped"})
        assert (out / "a.png").read_bytes() == before
    (out / "a.png").unlink()
    assert run(scans, out)[1] == {"a.png": "done", "b.png": "skipped"}


def test_a_link_that_leads_nowhere_is_left_alone(tmp_path, run):
    scans, out = folder_of(tmp_path / "scans", "a.png"), tmp_path / "out"
    out.mkdir()
    (out / "a.png").symlink_to("nowhere")
    assert run(scans, out)[1] == {"a.png": "failed"}
    assert (out / "a.png").is_symlink()


@pytest.mark.parametrize(
    ("other", "more", "status"),
    [
        ("scans", (), "skipped"),  # the same input, done by another docsr
        ("others", (), "failed"),  # another input of the same name
        (None, (), "failed"),  # somebody else's file
        ("others", ("--overwrite",), "done"),
    ],
)
def test_what_comes_to_the_output_while_it_is_made_stays_there(tmp_path, run, monkeypatch, other, more, status):
    for name, width in (("scans", 50), ("others", 60)):
        (tmp_path / name).mkdir()
        picture(width, 30).save(tmp_path / name / "a.png")
    out = tmp_path / "out"
    came: list[bytes] = []

    def slow(*given: Any, **options: Any) -> Any:
        monkeypatch.setattr("docsr.batch.worker.upscale_bands", upscale_bands)
        if other is None:
            picture(70, 30).save(out / "a.png")
        else:
            assert run(tmp_path / other, out)[1] == {"a.png": "done"}
        came.append((out / "a.png").read_bytes())
        return upscale_bands(*given, **options)

    monkeypatch.setattr("docsr.batch.worker.upscale_bands", slow)
    assert run(tmp_path / "scans", out, *more)[1] == {"a.png": status}
    assert ((out / "a.png").read_bytes() == came[0]) == (status != "done")
    assert {path.name for path in out.iterdir()} == {"a.png", NAME} - ({NAME} if other is None else set())


class Killed(BaseException):
    """Ends a run as a signal that cannot be caught does: nothing that follows is done."""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("again", [False, True])
def test_a_run_that_is_killed_around_the_replacement_goes_on(tmp_path, run, monkeypatch, after, again):
    scans, out = folder_of(tmp_path / "scans", "a.png", "b.png"), tmp_path / "out"
    if again:  # the output of an earlier input is there
        assert run(scans, out)[0].code == 0
        picture(70, 20).save(scans / "a.png")
    replace = os.replace

    def killed(source: str, target: str, **folders: int) -> None:
        if after:
            replace(source, target, **folders)
        raise Killed

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(Killed):
        run(scans, out)
    monkeypatch.setattr(os, "replace", replace)
    ran, statuses = run(scans, out)
    assert ran.code == 0, ran.err
    assert statuses == {"a.png": "skipped" if after else "done", "b.png": "skipped" if again else "done"}


def test_a_manifest_that_cannot_be_written_is_told_and_nothing_is_written_without_it(tmp_path, run, monkeypatch):
    scans, out = folder_of(tmp_path / "scans", "a.png", "b.png"), tmp_path / "out"

    def full(_descriptor: int, _line: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("docsr.io.paths.journal.os.write", full)
    ran, statuses = run(scans, out)
    assert (ran.code, statuses) == (1, {"a.png": "failed", "b.png": "failed"})
    assert ran.err.count(f"{out / NAME} could not be written: no space left") == 2
    assert [path.name for path in out.iterdir()] == [NAME]


def test_the_manifest_is_read_once_in_a_run(tmp_path, run, monkeypatch):
    scans, out = folder_of(tmp_path / "scans", "a.png", "b.png"), tmp_path / "out"
    assert run(scans, out)[0].code == 0
    opened, os_open = [], os.open

    def counted(path: str, *how: Any, **more: Any) -> int:
        opened.append(path)
        return os_open(path, *how, **more)

    monkeypatch.setattr(os, "open", counted)
    assert set(run(scans, out)[1].values()) == {"skipped"}
    assert opened.count(NAME) == 1


def test_the_outputs_of_an_earlier_run_are_no_inputs_of_the_next(tmp_path, run):
    scans = folder_of(tmp_path / "scans", "a.png")
    assert run(scans, scans / "inner")[1] == {"a.png": "done"}
    ran, statuses = run(scans, tmp_path / "out")
    assert ran.out.splitlines()[-1].startswith("1 page in 1 file: 1 done; ")
    assert statuses == {"a.png": "done"}
    assert not (tmp_path / "out" / "inner").exists()
    assert run(scans / "inner", tmp_path / "again")[1] == {"a.png": "done"}
