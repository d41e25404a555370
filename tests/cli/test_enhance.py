"""docsr enhance from the command line: what it refuses, what it says, how it stops."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from docsr.batch.options import EnhanceOptions
from docsr.cli.enhance import enhance
from tests.command import docsr, picture
from tests.upscalers.onnx_files import conv_network

FAST = ("--factor", "2", "--model", "bicubic")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "a.png"
    path.parent.mkdir()
    picture().save(path)
    return path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "gif"], "'gif' is not one of"),
        (["--model", "nonesuch"], "unknown model 'nonesuch'"),
        (["--model", "nonesuch.onnx"], "the network nonesuch.onnx does not exist"),
        (["--model", "notes.txt"], "give a .onnx or .safetensors file"),
        (["--model", "."], "give a .onnx or .safetensors file"),
        (["--model", "state.pt"], "give a .onnx or .safetensors file"),
        (["--factor", "3"], "Invalid value"),
        (["--factor", "2", "--dpi", "300"], "give only one of them"),
        (["--factor", "2", "--model", "none"], "--model none leaves pages as they are"),
        (["--dpi", "nan"], "Invalid value for '--dpi': nan is out of range: give a number from 1 to 4,800"),
        (["--language", "eng", "--language", "cyrillic"], "no language 'cyrillic'; the nearest are script/Cyrillic"),
        (["--tile", "16"], "Invalid value for '--tile'"),
        (["--nonesuch"], "No such option"),
    ],
)
def test_usage_errors_are_exit_2(tmp_path, page, capsys, monkeypatch, arguments, words):
    ran = docsr(capsys, monkeypatch, "enhance", page, "--out", tmp_path / "out", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert not (tmp_path / "out").exists()


def test_a_damaged_network_is_told_without_the_codes_of_the_library(tmp_path, page, capsys, monkeypatch):
    network = tmp_path / "mine.onnx"
    network.write_text("not a network")
    ran = docsr(capsys, monkeypatch, "enhance", page, "--out", tmp_path / "out", "--model", network)
    assert ran.code == 2
    assert "mine.onnx is not a readable ONNX network (" in ran.err
    assert "ONNXRuntimeError" not in ran.err


def test_the_command_has_the_defaults_of_its_options() -> None:
    wished = {field.name: field.default for field in fields(EnhanceOptions)}
    assert wished.pop("sandbox") == "off"  # in Python: what a caller's own modules read is not known
    given = enhance.make_context("enhance", ["in", "--out", "out"]).params
    assert {name: given[name] for name in wished} == wished


def test_cuda_is_checked_before_the_first_page(tmp_path, page, capsys, monkeypatch):
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    ran = docsr(capsys, monkeypatch, "enhance", page, "--out", tmp_path / "out", "--device", "cuda")
    assert (ran.code, ran.out) == (2, "")
    assert "this ONNX Runtime has no cuda: install onnxruntime-gpu" in ran.err


@pytest.mark.parametrize("more", [[], ["--format", "jpg"]])
def test_out_is_not_the_input_folder(page, capsys, monkeypatch, more):
    ran = docsr(capsys, monkeypatch, "enhance", page.parent, "--out", page.parent / ".." / "in", *FAST, *more)
    assert ran.code == 2
    assert "is the input folder itself" in ran.err
    assert [path.name for path in page.parent.iterdir()] == ["a.png"]


def test_out_is_not_named_like_an_image(tmp_path, page, capsys, monkeypatch):
    ran = docsr(capsys, monkeypatch, "enhance", page, "--out", tmp_path / "hi.png", *FAST)
    assert ran.code == 2
    assert "named like a document" in ran.err
    (tmp_path / "hi.png").mkdir()
    assert docsr(capsys, monkeypatch, "enhance", page, "--out", tmp_path / "hi.png", *FAST).code == 0


def test_an_empty_folder_is_exit_3(tmp_path, capsys, monkeypatch):
    ran = docsr(capsys, monkeypatch, "enhance", tmp_path, "--out", tmp_path / "out")
    assert ran.code == 3
    assert ran.err.count("\n") == 1
    assert ran.err.startswith("docsr: error: no images and no PDF files in ")


@pytest.mark.slow_but_one_in(3)
@pytest.mark.parametrize(
    ("report", "words"),
    [
        ("in/a.png", "named like a document"),
        ("in/scan", "is an input or an output"),
        ("link.json", "is an input or an output"),
        ("out/scan.png", "named like a document"),
        ("out/.docsr-manifest.jsonl", "is an input or an output"),
        ("network.onnx", "is an input or an output"),
        ("in", "is a directory"),
        ("in/a.png/report.json", "cannot be written"),
        ("/proc/report.json", "cannot be written"),
        ("-", "--log-json writes rows to standard output"),
    ],
)
def test_a_report_that_would_harm_or_fail_is_refused_at_once(tmp_path, page, capsys, monkeypatch, report, words):
    scan, network = page.with_name("scan"), conv_network(tmp_path / "network.onnx")
    picture().save(scan, "png")
    (tmp_path / "link.json").symlink_to(scan)
    before = {path: path.read_bytes() for path in (page, scan, network)}
    wish = [
        "enhance",
        page,
        scan,
        "--out",
        tmp_path / "out",
        "--model",
        network,
        "--report",
        report if report == "-" else tmp_path / report,
    ]
    ran = docsr(capsys, monkeypatch, *wish)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert before == {path: path.read_bytes() for path in before}
    assert not (tmp_path / "out").exists()


def test_a_report_that_fails_at_the_end_hides_nothing(tmp_path, page, capsys, monkeypatch):
    page.with_name("b.png").write_text("no picture")
    report = tmp_path / "reports" / "report.json"
    replace = os.replace

    def full(source: Any, target: Any, **folders: Any) -> None:
        if target == report.name:
            raise OSError(28, "No space left on device")
        replace(source, target, **folders)

    monkeypatch.setattr(os, "replace", full)
    ran = docsr(
        capsys,
        monkeypatch,
        "enhance",
        page.parent,
        "--out",
        tmp_path / "out",
        *FAST,
        "--report",
        report,
    )
    assert ran.code == 1
    assert ran.out.splitlines()[-1].startswith("1 of 2 files failed, whole or in part; 1 page in 1 file: 1 done; ")
    assert [line.partition(":")[0] for line in ran.err.splitlines()] == ["docsr", "docsr"]
    assert "b.png could not be read" in ran.err
    assert "the report" in ran.err
    page.with_name("b.png").unlink()
    ran = docsr(capsys, monkeypatch, "enhance", page, "--out", tmp_path / "out", *FAST, "--report", report)
    assert ran.code == 1


def test_pages_and_files_are_counted_and_the_first_pages_listed(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(21):
        picture(12, 12).save(folder / f"{number:02}.png")
    picture(12, 12).save(folder / "z.tif", save_all=True, append_images=[picture(12, 12)] * 2)
    wish = ["enhance", folder, "--out", tmp_path / "out", *FAST]
    first = docsr(capsys, monkeypatch, *wish)
    lines = first.out.splitlines()
    assert (first.code, len(lines)) == (0, 22)
    assert all(f"{number:02}.png: 12x12 -> 24x24" in lines[number] for number in range(20))
    assert lines[20] == "... and 4 more (--report FILE lists every page)"
    assert re.fullmatch(r"24 pages in 22 files: 24 done; \d+\.\d kB became \d+\.\d kB", lines[21])
    picture(14, 14).save(folder / "00.png")
    (folder / "01.png").write_text("no picture")
    again = docsr(capsys, monkeypatch, *wish)
    assert again.code == 1
    last = again.out.splitlines()[-1]
    assert last.startswith("1 of 2 files failed, whole or in part; 1 page in 1 file: 1 done; ")
    assert last.endswith("; 20 files skipped, up to date")


def test_a_page_that_is_new_is_listed_though_many_were_done_before(tmp_path, capsys, monkeypatch):
    (tmp_path / "in").mkdir()
    for number in range(25):
        picture(12, 12).save(tmp_path / "in" / f"{number:02}.png")
    wish = ["enhance", tmp_path / "in", "--out", tmp_path / "out", *FAST]
    assert docsr(capsys, monkeypatch, *wish).code == 0
    picture(12, 12).save(tmp_path / "in" / "new.png")
    again = docsr(capsys, monkeypatch, *wish)
    first, last = again.out.splitlines()
    assert first.startswith(f"{tmp_path / 'out' / 'new.png'}: 12x12 -> 24x24")
    assert last.startswith("1 page in 1 file: 1 done; ")
    assert last.endswith("; 25 files skipped, up to date")
    assert docsr(capsys, monkeypatch, *wish).out == "26 files skipped, up to date\n"


def stopped(folder: Path, out: Path, network: Path, jobs: int, number: int) -> tuple[int, str, str]:
    """Run until the first output is there, send a signal, and wait until everything that was started has ended."""
    command = [sys.executable, "-m", "docsr", "enhance", folder, "--out", out, "--jobs", jobs, "--factor", 2]
    process = subprocess.Popen(
        [*map(str, command), "--model", str(network)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not list(out.glob("[!.]*.png")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    printed, err = process.communicate(timeout=60)  # the pipes close when the last worker has ended
    return process.returncode, printed, err


@pytest.mark.slow_except("15-2")
@pytest.mark.parametrize(
    ("number", "jobs"), [(signal.SIGINT, 1), (signal.SIGTERM, 1), (signal.SIGINT, 2), (signal.SIGTERM, 2)]
)
def test_a_stopped_run_leaves_nothing_half_written_and_can_go_on(tmp_path, capsys, monkeypatch, number, jobs):
    folder, out = tmp_path / "many", tmp_path / "out"
    folder.mkdir()
    for index in range(40):
        Image.effect_noise((700, 700), 40).save(folder / f"{index}.png")
    network = conv_network(tmp_path / "network.onnx", metadata={"docsr.overlap": "3"})
    code, printed, err = stopped(folder, out, network, jobs, number)
    assert (code, err.count("\n")) == (130, 1), err
    assert "interrupted" in err
    left = {path.name for path in out.iterdir()} - {".docsr-manifest.jsonl"}
    assert 0 < len(left) < 40
    assert left <= {path.name for path in folder.iterdir()}
    for name in left:
        with Image.open(out / name) as image:
            image.load()
    assert int(printed.splitlines()[-1].split()[0]) == len(left)
    listed = {json.loads(line)["output"] for line in (out / ".docsr-manifest.jsonl").read_text().splitlines()}
    assert left <= listed


@pytest.mark.slow
def test_leftovers_of_a_killed_run_are_removed_by_the_next(tmp_path, page, capsys, monkeypatch):
    out, network = tmp_path / "out", conv_network(tmp_path / "network.onnx")
    code = (
        "import os, signal, sys; sys.argv = ['docsr', *sys.argv[1:]]\n"
        "os.replace = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from docsr.cli import main\n"
        "main()"
    )
    wish = ["enhance", str(page), "--out", str(out), "--factor", "2", "--model", str(network), "--time-limit", "0"]
    assert subprocess.run([sys.executable, "-c", code, *wish], check=False).returncode == -signal.SIGKILL
    assert len(list(out.glob(".docsr-*.png"))) == 1
    other = out / ".docsr-00000000-1-0-00000000.png"
    other.touch()  # of another machine, and young: it may be in use
    mine = out / ".docsr-notes.png"
    mine.touch()
    ran = docsr(capsys, monkeypatch, *wish)
    assert ran.code == 0
    assert {path.name for path in out.iterdir()} == {"a.png", ".docsr-manifest.jsonl", other.name, mine.name}
    os.utime(other, (0, 0))
    docsr(capsys, monkeypatch, *wish)
    assert not other.exists()
    assert mine.exists()
