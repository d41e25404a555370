"""What a command that is ended leaves: no program that runs on, and no file in the temporary folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pikepdf import Name

from tests.io.pdf.files import image_of, made
from tests.io.pdf.test_jbig2 import stream

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no kernel ends a program with its parent")

PLACE = "tmp"
BICUBIC = ("--model", "bicubic", "--factor", "2")


@pytest.fixture
def fax(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PDF whose image is decoded for ever, and a temporary folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("bin", PLACE):
        Path(name).mkdir()
    Path("bin/jbig2dec").write_text(f"#!/bin/sh\ntouch {tmp_path}/decoding-$$\nexec sleep 120\n")
    Path("bin/jbig2dec").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path / PLACE))
    monkeypatch.setenv("DOCSR_SANDBOX", "off")  # in it no shell runs, which plays jbig2dec here
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    return made(tmp_path / "fax.pdf", lambda pdf: image_of(pdf, stream(), bits=1, filter=Name.JBIG2Decode))


def started(*words: object, given: int | None = None) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "docsr", "enhance", *map(str, words), *BICUBIC]
    return subprocess.Popen(
        command, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def wait_until(fulfilled: object) -> None:
    deadline = time.monotonic() + 60
    while not fulfilled():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def decoding() -> list[int]:
    return [int(path.name.partition("-")[2]) for path in Path().glob("decoding-*")]


def is_gone(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


def left() -> list[Path]:
    return list(Path(PLACE).iterdir())


@pytest.mark.slow_except("2-the command")
@pytest.mark.parametrize("whom", ["the command", "all of it"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_pipe_that_is_stopped_leaves_nothing(fax: Path, number: int, whom: str):
    with fax.open("rb") as file:
        process = started("-", "--out", "-", given=file.fileno())
        wait_until(decoding)
        (os.kill if whom == "the command" else os.killpg)(process.pid, number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b""), err
    assert err.decode().splitlines()[-1].startswith("docsr: error: interrupted")
    assert not left()
    wait_until(lambda: all(map(is_gone, decoding())))


def test_a_pipe_that_is_stopped_while_it_is_read_leaves_nothing(fax: Path):
    process = started("-", "--out", "-", given=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(fax.read_bytes())
    process.stdin.flush()
    wait_until(left)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 130
    process.communicate()
    assert not left()


@pytest.mark.slow
def test_what_a_killed_command_left_goes_at_the_next_start_and_what_another_uses_stays(fax: Path):
    killed = started(fax, "--out", "killed")
    wait_until(lambda: len(decoding()) == 1)
    living = started(fax, "--out", "living")
    wait_until(lambda: len(decoding()) == 2)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=60)
    wait_until(lambda: sum(map(is_gone, decoding())) == 1)
    assert len(left()) == 2
    again = started(fax, "--out", "again")
    wait_until(lambda: len(decoding()) == 3)
    assert {path.name.split("-")[2] for path in left()} == {str(living.pid), str(again.pid)}
    for process in (living, again):
        process.terminate()
        process.communicate(timeout=60)
    assert not left()
    wait_until(lambda: all(map(is_gone, decoding())))
