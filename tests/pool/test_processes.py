"""Where processes cannot be made, everything is done in one, and that is told once; none is left behind."""

from __future__ import annotations

import multiprocessing.synchronize
import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from docsr.pool import SingleWorker, processes, run_in_processes, why_alone

KINDS = ["no such function", "not permitted", "no such folder", "no semaphores in Python", "no more processes"]


@pytest.fixture(params=KINDS)
def alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A system that lets nobody make worker processes, in one of the ways there are."""

    def refused(*_: object, **__: object) -> None:
        raise {
            "no such function": OSError(38, "Function not implemented"),  # AWS Lambda
            "not permitted": PermissionError(13, "Permission denied"),
            "no such folder": FileNotFoundError(2, "No such file or directory"),
            "no more processes": BlockingIOError(11, "Resource temporarily unavailable"),
        }[request.param]

    if request.param == "no semaphores in Python":
        monkeypatch.delitem(sys.modules, "multiprocessing.synchronize", raising=False)
        monkeypatch.delattr("_multiprocessing.SemLock")
        monkeypatch.setattr("concurrent.futures.process._system_limits_checked", False)
        monkeypatch.setattr("concurrent.futures.process._system_limited", None)
    elif request.param == "no more processes":
        monkeypatch.setattr("multiprocessing.util.spawnv_passfds", refused)
    else:
        monkeypatch.setattr("_multiprocessing.SemLock", refused)
    monkeypatch.setattr(processes, "_told", set())
    return str(request.param)


def where(item: int) -> int:
    return os.getpid()


def lost(item: int) -> int:
    return -1


@pytest.mark.parametrize("limit", [None, 5.0])
def test_all_is_done_in_this_process_and_told_once(alone: str, limit: float | None, caplog: pytest.LogCaptureFixture):
    for _ in range(2):
        found = list(run_in_processes(where, range(5), jobs=2, on_crash=lost, limit=limit))
        assert found == [(item, os.getpid()) for item in range(5)]
    apart = SingleWorker(where, lost, limit)
    assert [apart(0), apart(1)] == [os.getpid()] * 2
    apart.close()
    (told,) = caplog.messages
    assert told.startswith("everything runs in one process because no other can be started (")
    assert told.endswith("a page that hangs is not given up") == (limit is not None)
    assert len(told.splitlines()) == 1


def test_why_is_known_before(alone: str):
    assert (why_alone() is None) == (alone == "no more processes")


def test_here_it_is_none():
    assert why_alone() is None


def test_without_a_handler_it_is_one_line_on_standard_error():
    code = (
        "import _multiprocessing, multiprocessing.synchronize, os\n"
        "from tests.pool.test_processes import *\n"
        "def refused(*_): raise OSError(38, 'Function not implemented')\n"
        "_multiprocessing.SemLock = refused\n"
        "assert len(list(run_in_processes(where, range(3), jobs=2, on_crash=lost))) == 3"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout) == (0, "")
    assert ran.stderr == (
        "everything runs in one process because no other can be started ([Errno 38] Function not implemented)\n"
    )


def test_without_a_temporary_folder_workers_do_without(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", list)
    found = list(run_in_processes(where, range(3), jobs=2, on_crash=lost))
    assert [item for item, _ in sorted(found)] == [0, 1, 2]
    assert os.getpid() not in {process for _, process in found}


def test_only_some_processes_can_be_made(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    made, spawned = multiprocessing.util.spawnv_passfds, list[int]()

    def twice(*given: object) -> int:
        if len(spawned) == 2:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        spawned.append(made(*given))  # type: ignore[arg-type]
        return spawned[-1]

    monkeypatch.setattr(processes, "_told", set())
    monkeypatch.setattr("multiprocessing.util.spawnv_passfds", twice)
    found = list(run_in_processes(where, range(5), jobs=3, on_crash=lost))
    assert found == [(item, os.getpid()) for item in range(5)]
    assert len(caplog.messages) == 1
    assert not multiprocessing.active_children()


def test_one_that_kills_its_process_is_not_tried_in_this_one(monkeypatch: pytest.MonkeyPatch):
    """No processes can be made any more when it is its turn."""
    made = multiprocessing.util.spawnv_passfds
    left = [1]

    def once(*given: object) -> int:
        if not left:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        left.pop()
        return made(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("multiprocessing.util.spawnv_passfds", once)
    assert list(run_in_processes(deadly, [os.getpid()], jobs=1, on_crash=lost)) == [(os.getpid(), -1)]


def deadly(parent: int) -> int:
    assert os.getpid() != parent
    os._exit(9)


def test_workers_that_an_interrupted_start_left_are_ended(monkeypatch: pytest.MonkeyPatch):
    """A second Ctrl-C, between the start of a process and of the thread that would end it."""

    def interrupted(_: ProcessPoolExecutor) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ProcessPoolExecutor, "_start_executor_manager_thread", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(run_in_processes(where, range(3), jobs=2, on_crash=lost))
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_a_second_signal_ends_a_run_whose_worker_does_not_listen(tmp_path: Path):
    code = (
        "import os, signal, threading\n"
        "from tests.pool.test_processes import *\n"
        "if __name__ == '__main__':\n"
        "    processes._SECONDS_TO_CLEAN_UP = 0.2\n"
        "    def stop():\n"
        "        for _ in range(2):\n"
        "            while not os.path.exists('begun'): pass\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "            threading.Event().wait(0.5)\n"
        "    threading.Thread(target=stop).start()\n"
        "    list(run_in_processes(deaf, [0], jobs=1, on_crash=lost))"
    )
    (tmp_path / "main.py").write_text(code)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(
        [sys.executable, "main.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode in (1, -signal.SIGINT)
    assert ran.stderr.rstrip().endswith("KeyboardInterrupt")


def deaf(item: int) -> int:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    Path("begun").touch()
    signal.sigwait({signal.SIGUSR1})
    return item
