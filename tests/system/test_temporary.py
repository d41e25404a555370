"""Temporary folders have one owner, who removes them; what a killed one left goes at the next start."""

from __future__ import annotations

import ast
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

import docsr
from docsr.errors import NoTemporaryFolder, PageError
from docsr.system import temporary
from docsr.system.temporary import live_in, temporary_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="elsewhere a folder cannot be held")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders go, for a process that has not made one before."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(temporary, "_home", temporary._Home())
    return folder


def other(place: Path, words: str) -> subprocess.Popen[str]:
    """Another process that uses the same place, has made a folder of two and says so."""
    code = f"import os, sys\nfrom docsr.system.temporary import *\nwith temporary_folder() as one:\n    {words}"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "TMPDIR": str(place), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


WAITS = "(one / 'page').write_text('a page'); print(one, flush=True); sys.stdin.readline()"


def test_folders_lie_below_one_that_goes_with_the_last(place: Path):
    with temporary_folder() as one, temporary_folder() as two:
        (one / "page").write_text("a page")
        (home,) = place.iterdir()
        assert one != two
        assert one.parent == two.parent == home
        assert f"-{os.getpid()}-" in home.name
    assert not list(place.iterdir())
    with temporary_folder() as again:
        assert not list(again.iterdir())
    assert not list(place.iterdir())


def test_one_is_removed_whatever_ends_its_block(place: Path):
    for error in (OSError, KeyboardInterrupt, SystemExit):
        with pytest.raises(error), temporary_folder() as one:  # noqa: PT012
            (one / "page").write_text("a page")
            raise error
        assert not list(place.iterdir())


def test_what_a_killed_process_left_goes_at_the_next_start_and_a_living_ones_stays(place: Path):
    killed, living = other(place, WAITS), other(place, WAITS)
    assert killed.stdout is not None
    assert living.stdout is not None
    left, kept = (Path(one.stdout.readline().strip()) for one in (killed, living) if one.stdout is not None)
    killed.kill()
    killed.communicate()
    assert left.exists()
    with temporary_folder():
        assert not left.parent.exists()
        assert (kept / "page").exists()
    living.communicate("\n", timeout=20)
    assert living.returncode == 0
    assert not list(place.iterdir())


def test_what_is_not_ours_stays(place: Path, tmp_path: Path):
    (tmp_path / "valuable").mkdir()
    (tmp_path / "valuable" / "page").touch()
    named = f"docsr-{temporary._MACHINE}-1-"
    (place / f"{named}link").symlink_to(tmp_path / "valuable")
    (place / f"{named}file").touch()
    (place / "docsr-00000000-1-elsewhere").mkdir()
    (place / "docsr-mine").mkdir()
    before = sorted(place.iterdir())
    (place / f"{named}gone").mkdir()
    with temporary_folder():
        pass
    assert sorted(place.iterdir()) == before
    assert (tmp_path / "valuable" / "page").exists()


def test_one_that_another_took_for_left_over_while_it_was_made_is_made_again(
    place: Path, monkeypatch: pytest.MonkeyPatch
):
    held, met = temporary._lock_folder, list[Path]()

    def taken_first(path: Path) -> int | None:
        met.append(path)
        if len(met) == 1:
            shutil.rmtree(path)
        if len(met) == 2:
            raise BlockingIOError
        return held(path)

    monkeypatch.setattr(temporary, "_lock_folder", taken_first)
    with temporary_folder() as one:
        assert one.parent == met[2]
        assert one.is_dir()


def test_a_signal_that_asks_to_stop_leaves_nothing(place: Path):
    code = "import signal; signal.signal(signal.SIGTERM, signal.default_int_handler); " + WAITS
    process = other(place, code)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert not list(place.iterdir())


@pytest.mark.parametrize("at", ["mkdir", "flock"])
def test_a_signal_that_comes_while_one_is_made_leaves_nothing(place: Path, at: str):
    code = f"""
import fcntl, os, signal
from docsr.system import temporary
module = {{"mkdir": os, "flock": fcntl}}["{at}"]
real = getattr(module, "{at}")
def stopped(*given, **options):
    real(*given, **options)
    signal.raise_signal(signal.SIGINT)
setattr(module, "{at}", stopped)
with temporary.temporary_folder():
    pass
"""
    environment = {**os.environ, "TMPDIR": str(place), "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=20)
    assert "KeyboardInterrupt" in ran.stderr
    assert not list(place.iterdir())


def test_a_process_that_is_forked_leaves_its_parents_alone(place: Path):
    with temporary_folder() as one:
        code = "\n    ".join(
            (
                "child = os.fork()",
                "if not child:",
                "    with temporary_folder() as two: print(one.parent == two.parent, flush=True)",
                "    sys.exit()",
                "os.waitpid(child, 0); print(one.is_dir())",
            )
        )
        process = other(place, code)
        said, _ = process.communicate(timeout=20)
        assert said.split() == ["False", "True"]
        assert one.is_dir()
    assert not list(place.iterdir())


def test_threads_share_it(place: Path):
    met: list[bool] = []

    def use() -> None:
        for _ in range(50):
            with temporary_folder() as one:
                (one / "page").touch()
                met.append((one / "page").exists())

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == [True] * 200
    assert not list(place.iterdir())


def _living_in(folder: Path, answers: multiprocessing.queues.SimpleQueue[str]) -> None:
    live_in(folder)
    with temporary_folder() as one:
        answers.put(str(one))
    answers.put(tempfile.mkdtemp())
    answers.put(os.environ["TMPDIR"])


def test_a_worker_lives_in_the_folder_of_its_owner(place: Path):
    context = multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()
    worker = context.Process(target=_living_in, args=(place, answers))
    worker.start()
    own, librarys, programs = (answers.get() for _ in range(3))
    worker.join()
    assert Path(own).parent == Path(librarys).parent == Path(programs) == place


@pytest.mark.parametrize("there", ["no place", "not a folder", "gone"])
def test_where_none_can_be_made_one_sentence_says_so(tmp_path: Path, place: Path, monkeypatch, there: str):
    if there == "no place":
        monkeypatch.setattr(tempfile, "tempdir", None)
        monkeypatch.setattr(tempfile, "_candidate_tempdir_list", list)
    elif there == "not a folder":
        (tmp_path / "file").touch()
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    else:
        place.rmdir()
    with pytest.raises(NoTemporaryFolder, match=r"^no temporary folder can be made \(.*\): set TMPDIR"):
        temporary_folder().__enter__()
    assert issubclass(NoTemporaryFolder, PageError)


def test_nothing_else_makes_temporary_files():
    """Beside the one owner: checks.py tries a folder by a file without a name."""
    users = {
        str(path.relative_to(Path(docsr.__file__).parent))
        for path in Path(docsr.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and node.module == "tempfile")
        or (isinstance(node, ast.Import) and "tempfile" in {name.name for name in node.names})
    }
    assert users == {"system/temporary.py", os.path.join("cli", "checks.py")}
