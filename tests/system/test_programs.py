"""Programs that docsr runs end with the process that runs them, and what they say is bounded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from docsr.io.pdf.jbig2 import decoded
from docsr.ocr.tesseract import Tesseract
from docsr.page import Page
from docsr.pool import run_in_processes
from docsr.system.programs import Limits, bounded_pipe, end_running, run

SHELL = "/bin/sh"
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no kernel ends a program with its parent")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="these programs are of a shell")


def shell(words: str, **more: object) -> tuple[int, bytes, bytes]:
    return tuple(run(SHELL, ["-c", words], **more))  # type: ignore[arg-type, return-value]


def test_what_goes_in_and_comes_out():
    given = os.urandom(300_000)
    assert shell("cat; echo said >&2; exit 3", given=given) == (3, given, b"said\n")
    assert shell("echo dropped", written=False) == (0, b"", b"")


def test_what_a_program_says_beyond_a_pipe_is_dropped_and_holds_nothing_up():
    code, out, said = shell("yes 'all is wrong' | head -c 100000000 >&2; echo done", limits=Limits(clock=30))
    assert (code, out) == (0, b"done\n")
    assert 4096 <= len(said) <= 1 << 20
    assert said.startswith(b"all is wrong\n")


def test_a_pipe_that_is_full_takes_no_more():
    with bounded_pipe() as pipe:
        with pytest.raises(BlockingIOError):  # noqa: PT012
            for _ in range(1000):
                os.write(pipe.writing, bytes(4096))
        assert 4096 <= len(pipe.read()) <= 1 << 20
        assert pipe.read() == b""


def test_limits_are_those_of_the_program():
    code, out, _ = shell("ulimit -v; ulimit -t", limits=Limits(memory=1 << 30, processor=7))
    assert (code, out.split()) == (0, [b"1048576", b"7"])
    code, out, _ = shell("ulimit -v")
    assert out.split() == subprocess.run([SHELL, "-c", "ulimit -v"], capture_output=True).stdout.split()
    with pytest.raises(subprocess.TimeoutExpired):
        shell("exec sleep 60", limits=Limits(clock=0.2))


def test_those_of_other_threads_can_be_ended():
    codes: list[int] = []
    reading = threading.Thread(target=lambda: codes.append(shell("exec sleep 60")[0]))
    reading.start()
    started = time.monotonic()
    while reading.is_alive():
        end_running()
        reading.join(0.05)
    assert codes == [-signal.SIGKILL]
    assert time.monotonic() - started < 30


def gone(process: int) -> bool:
    """Whether it has ended, now or in a moment."""
    for _ in range(100):
        status = Path(f"/proc/{process}/stat")
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.1)
    return False


def decode(_: Path) -> bytes:
    return decoded(b"image", b"", 8, 8)


def read(_: Path) -> str:
    import numpy as np

    return Tesseract().read(Page(np.zeros((9, 9), np.uint8)))


def nothing(_: Path) -> str:
    return "nothing"


@pytest.mark.slow_except("killed-jbig2dec-decode")
@LINUX
@pytest.mark.parametrize(("program", "call"), [("jbig2dec", decode), ("tesseract", read)])
@pytest.mark.parametrize("way", ["killed", "hangs"])
def test_a_program_and_its_files_go_with_their_worker(tmp_path: Path, monkeypatch, program: str, call, way: str):
    bin_folder, place, pids = (tmp_path / name for name in ("bin", "tmp", "pids"))
    for folder in (bin_folder, place, pids):
        folder.mkdir()
    stub = bin_folder / program
    stub.write_text(f"#!/bin/sh\ntouch {pids}/$PPID-$$\nexec sleep 120\n")
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("tempfile.tempdir", str(place))
    if way == "killed":
        threading.Thread(target=partial(kill_two, pids), daemon=True).start()
    limit = None if way == "killed" else 1.5
    started = time.monotonic()
    (found,) = run_in_processes(call, [tmp_path], jobs=1, on_crash=nothing, limit=limit)
    assert found == (tmp_path, "nothing")
    assert time.monotonic() - started < 60
    noted = [tuple(map(int, path.name.split("-"))) for path in pids.iterdir()]
    assert len(noted) == 2, "it was tried once more"
    assert all(gone(process) for pair in noted for process in pair)
    assert not list(place.iterdir())


def kill_two(pids: Path) -> None:
    """Kill the worker that runs a program, and the one that tries again."""
    killed: set[str] = set()
    while len(killed) < 2:
        for path in pids.iterdir():
            if path.name not in killed:
                killed.add(path.name)
                os.kill(int(path.name.partition("-")[0]), signal.SIGKILL)
        time.sleep(0.02)
