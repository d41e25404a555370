"""Every command stops at SIGTERM as at Ctrl-C: within seconds, by exit code 130, with nothing half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from docsr.pairs.store import UNFINISHED
from docsr.upscalers.onnx import OnnxUpscaler
from tests.bench.pages import folder_suite
from tests.command import docsr, picture
from tests.test_export import checkpoint

BOUND = 10.0
"""Seconds from the signal to the end."""

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


def stub(folder: Path) -> dict[str, str]:
    """An environment in which Tesseract reads a page for ever, and notes its process."""
    program = folder / "bin" / "tesseract"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\n"
        "import os, pathlib, sys, time\n"
        "if '--version' in sys.argv: sys.exit(print('tesseract 5.3.0'))\n"
        "if '--list-langs' in sys.argv: sys.exit(print('List of available languages (1):\\neng'))\n"
        f"pathlib.Path({str(folder)!r}, f'reading-{{os.getpid()}}').touch()\n"
        "time.sleep(120)\n"
    )
    program.chmod(0o755)
    temporary = folder / "tmp"
    temporary.mkdir()
    return {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}", "TMPDIR": str(temporary)}


def stopped(words: list[object], number: int, environment: dict[str, str], begun: Callable[[], bool]) -> float:
    """Send the signal to the command once it is at it; the seconds that it takes to end, by 130 and one line."""
    command = [sys.executable, "-m", "docsr", *map(str, words)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True)
    deadline = time.monotonic() + 60
    while not begun() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    started = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err.splitlines()[-1].startswith("docsr: error: interrupted")) == (130, True), err
    return time.monotonic() - started


@pytest.mark.slow_except("compare-15")
@pytest.mark.parametrize(("verb", "number"), [("compare", signal.SIGTERM), ("benchmark", signal.SIGINT)])
def test_what_reads_pages_stops_and_ends_its_readings(tmp_path, verb, number):
    if verb == "compare":
        picture().save(tmp_path / "a.png")
        words = ["compare", tmp_path / "a.png", tmp_path / "a.png", "--ocr", "--out", tmp_path / "out" / "page.html"]
    else:
        folder = folder_suite(tmp_path / "in")
        words = ["benchmark", folder, "--lr-dpi", 75, "--upscaler", "bicubic", "--out", tmp_path / "out"]
    environment = stub(tmp_path)
    took = stopped(words, number, environment, lambda: any(tmp_path.glob("reading-*")))
    assert took < BOUND
    assert {path.name for path in (tmp_path / "out").iterdir()} <= {"rows.jsonl"}
    assert not list((tmp_path / "tmp").iterdir()), "files of readings that nobody waits for"
    for note in tmp_path.glob("reading-*"):
        assert gone(int(note.name.partition("-")[2]))


def gone(process: int) -> bool:
    """Whether it has ended, now or in a moment."""
    for _ in range(50):
        status = Path(f"/proc/{process}/stat")
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.1)
    return False


@pytest.mark.slow_except("1")
@pytest.mark.parametrize("jobs", [1, 2])
def test_preparing_stops_and_can_be_done_again(tmp_path, capsys, monkeypatch, jobs):
    scans, out = tmp_path / "in", tmp_path / "out"
    scans.mkdir()
    for index in range(300):
        picture(400, 400).save(scans / f"{index}.png")
    words = ["prepare", "images", scans, "--as-is", "--patch", 16, "--out", out, "--jobs", jobs]
    assert stopped(words, signal.SIGTERM, dict(os.environ), (out / UNFINISHED).exists) < BOUND
    assert not (out / "store.json").exists()
    assert not list(out.glob(".docsr-*.npy"))
    for path in sorted(scans.iterdir())[5:]:
        path.unlink()
    assert docsr(capsys, monkeypatch, *words).code == 0


@pytest.mark.slow
@SIGNALS
def test_an_export_that_is_stopped_at_its_proof_writes_nothing(tmp_path, capsys, monkeypatch, number):
    def signalled(*_: object) -> None:
        os.kill(os.getpid(), number)

    network = checkpoint(tmp_path / "network.safetensors", "compact", 2)
    monkeypatch.setattr(OnnxUpscaler, "__call__", signalled)
    ran = docsr(capsys, monkeypatch, "export", network, "--out", tmp_path / "out" / "mine.onnx")
    assert (ran.code, ran.err.splitlines()[-1]) == (130, "docsr: error: interrupted")
    assert [path.name for path in tmp_path.rglob("*")] == [network.name]


@SIGNALS
@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("batch.run.plan_files", ["enhance", ".", "--out", "out"]),
        ("compare.plan_pairs", ["compare", "a.png", "a.png", "--out", "out.html"]),
        ("prepare.prepare", ["prepare", "images", ".", "--out", "out"]),
        ("train.train", ["train", "--data", "."]),
        ("export.export", ["export", "a", "--out", "a.onnx"]),
        ("bench.suite.load_suite", ["benchmark", ".", "--out", "out"]),
        ("weights.catalogue", ["models"]),
    ],
)
def test_every_command_ends_by_a_signal_as_documented(tmp_path, capsys, monkeypatch, verb, words, number):
    def signalled(*_: object, **__: object) -> None:
        os.kill(os.getpid(), number)
        time.sleep(BOUND)

    monkeypatch.chdir(tmp_path)
    picture().save("a.png")
    module, _, name = verb.rpartition(".")
    __import__(f"docsr.{module}")
    monkeypatch.setattr(sys.modules[f"docsr.{module}"], name, signalled)
    before = signal.getsignal(signal.SIGTERM)
    ran = docsr(capsys, monkeypatch, *words)
    assert (ran.code, ran.err.splitlines()[-1]) == (130, "docsr: error: interrupted")
    assert signal.getsignal(signal.SIGTERM) == before
