"""Worker processes: what they lose when one dies, and how they stop."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from docsr.pool import SingleWorker, reset_timeout, run_here, run_in_processes, send

DEADLY, BESIDE = 5, 6


def work(item: int) -> str:
    if item == DEADLY:
        time.sleep(0.3)
        os._exit(9)
    time.sleep(1 if item == BESIDE else 0.02 * (item % 3))  # one is under way when the other dies, some are queued
    return f"did {item}"


def broken(item: int) -> str:
    return f"lost {item}"


def test_ordered_results_come_in_the_order_of_the_items():
    items = [0, 2, 1, 4, 3]
    found = list(run_in_processes(work, items, jobs=2, on_crash=broken, ordered=True))
    assert found == [(item, f"did {item}") for item in items]


def telling(item: int) -> str:
    for part in range(item):
        send((part, item))
        time.sleep(0.01)
    return f"did {item}"


@pytest.mark.parametrize("jobs", [0, 1, 2])
def test_what_items_tell_is_heard_before_their_results(jobs):
    found: list[object] = []
    items = [3, 0, 4]

    def heard(item: int, value: tuple[int, int]) -> None:
        found.append((item, value))

    if jobs:
        run = run_in_processes(telling, items, jobs=jobs, on_crash=broken, on_progress=heard)
    else:
        run = run_here(telling, items, heard)
    for item, result in run:
        assert result == f"did {item}"
        found.append(item)
    for item in items:
        mine = [one for one in found if one == item or (isinstance(one, tuple) and one[0] == item)]
        assert mine == [*((item, (part, item)) for part in range(item)), item]
    send("nobody listens")


def shouting(item: int) -> str:
    for part in range(20_000):
        send(part)
    return f"did {item}"


@pytest.mark.slow
def test_what_comes_faster_than_it_is_taken_holds_nothing_up():
    heard: list[int] = []

    def slow(item: int, value: int) -> None:
        heard.append(value)
        time.sleep(0.0005)

    run = run_in_processes(shouting, [1], jobs=1, on_crash=broken, on_progress=slow)
    assert list(run) == [(1, "did 1")]
    assert 0 < len(heard) < 20_000
    assert heard == sorted(heard)


@pytest.mark.slow_except("True")
@pytest.mark.parametrize("ordered", [False, True])
def test_the_death_of_a_worker_costs_only_the_item_that_killed_it(ordered):
    found = list(run_in_processes(work, range(12), jobs=2, on_crash=broken, ordered=ordered))
    assert sorted(found) == sorted((item, f"lost {item}" if item == DEADLY else f"did {item}") for item in range(12))
    if ordered:
        assert [item for item, _ in found] == list(range(12))


def process_of(item: int) -> int:
    if item == DEADLY:
        os._exit(9)
    return os.getpid()


def test_a_worker_is_kept_for_items_that_come_one_by_one_and_replaced_when_it_dies():
    apart = SingleWorker(process_of, broken)
    before = {apart(item) for item in (0, 1)}
    assert apart(DEADLY) == "lost 5"
    after = {apart(item) for item in (2, 3)}
    apart.close()
    assert (len(before), len(after)) == (1, 1)
    assert len(before | after | {os.getpid()}) == 3


def killed_once(path: Path) -> str:
    if not path.exists():
        path.touch()
        os._exit(9)
    return "did it"


def test_an_item_whose_worker_died_is_tried_once_more(tmp_path: Path):
    apart = SingleWorker(killed_once, broken)
    assert apart(tmp_path / "seen") == "did it"
    apart.close()


@pytest.mark.slow
def test_an_item_met_by_a_broken_pool_is_not_lost():
    items = [0, DEADLY, *range(10, 18)]
    results = run_in_processes(work, items, jobs=2, on_crash=broken)
    found = [next(results)]
    time.sleep(2.5)  # a slow consumer: the pool breaks while nobody looks
    found += results
    assert sorted(item for item, _ in found) == sorted(items)
    assert [item for item, result in found if result.startswith("lost")] == [DEADLY]


def mark(item: int, folder: Path) -> int:
    """Note in ``folder`` that the item began, and how it ended."""
    try:
        (folder / f"{item} began").touch()
        time.sleep(60 if item < 2 else 0)
        (folder / f"{item} done").touch()
    except KeyboardInterrupt:
        (folder / f"{item} cleaned up").touch()
        raise
    return item


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def wait_for(folder: Path, *wanted: str) -> None:
    deadline = time.monotonic() + 30
    while not set(wanted) <= names(folder):
        assert time.monotonic() < deadline, names(folder)
        time.sleep(0.02)


def interrupt_when(folder: Path, *wanted: str) -> None:
    wait_for(folder, *wanted)
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_stops_workers_and_nothing_queued_begins(tmp_path):
    items = [0, 1, 0, 1]
    watcher = threading.Thread(target=interrupt_when, args=(tmp_path, "0 began", "1 began"))
    watcher.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        list(run_in_processes(partial(mark, folder=tmp_path), items, jobs=2, on_crash=broken))
    watcher.join()
    assert time.monotonic() - started < 30
    assert names(tmp_path) == {"0 began", "1 began", "0 cleaned up", "1 cleaned up"}


def test_queued_items_do_not_begin_after_the_run_is_closed(tmp_path):
    results = run_in_processes(partial(mark, folder=tmp_path), [2, 0, 1, 3, 4], jobs=2, on_crash=broken)
    assert next(results) == (2, 2)
    wait_for(tmp_path, "0 began", "1 began")
    results.close()
    assert names(tmp_path) == {"2 began", "2 done", "0 began", "1 began", "0 cleaned up", "1 cleaned up"}


def test_what_had_finished_is_yielded_before_the_interrupt(tmp_path):
    watcher = threading.Thread(target=interrupt_when, args=(tmp_path, "0 began", "2 done", "3 done", "4 done"))
    watcher.start()
    found = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        for item, _ in run_in_processes(
            partial(mark, folder=tmp_path), [0, 2, 3, 4], jobs=2, on_crash=broken, ordered=True
        ):
            found.append(item)
    watcher.join()
    assert found == [2, 3, 4]


@pytest.mark.slow_except("9")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_clean_up_and_end_when_their_parent_is_gone(tmp_path, number):
    code = (
        "import sys; from functools import partial; from pathlib import Path; from tests.pool.test_pool import *\n"
        "if __name__ == '__main__':\n"
        "    list(run_in_processes(partial(mark, folder=Path(sys.argv[1])), [0, 1, 2, 3], jobs=2, on_crash=broken))"
    )
    (tmp_path / "main.py").write_text(code)
    marks = tmp_path / "marks"
    marks.mkdir()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(tmp_path / "main.py"), str(marks)]
    parent = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    wait_for(marks, "0 began", "1 began")
    parent.send_signal(number)
    parent.communicate(timeout=30)  # stderr closes when the last worker, which inherited it, has ended
    assert names(marks) == {"0 began", "1 began", "0 cleaned up", "1 cleaned up"}


@pytest.mark.slow_except("15")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_worker_starts_stops_the_run_without_a_word_of_the_worker(tmp_path, number):
    code = (
        "import os, signal, sys\n"
        "from multiprocessing import util\n"
        "from tests.pool.test_pool import broken, run_in_processes, work\n"
        "def spawn(*args, made=util.spawnv_passfds):\n"
        "    child = made(*args)\n"
        "    if b'--multiprocessing-fork' in args[1] or '--multiprocessing-fork' in args[1]:\n"
        f"        os.kill(os.getpid(), {int(number)})\n"
        "    return child\n"
        "if __name__ == '__main__':\n"
        "    util.spawnv_passfds = spawn\n"
        "    signal.signal(signal.SIGTERM, signal.default_int_handler)\n"
        "    try:\n"
        "        list(run_in_processes(work, [0, 1, 2], jobs=2, on_crash=broken))\n"
        "    except KeyboardInterrupt:\n"
        "        sys.exit(7)"
    )
    (tmp_path / "main.py").write_text(code)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, tmp_path / "main.py"], env=environment, capture_output=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (7, b"")


def test_a_worker_that_is_told_to_end_cleans_up_first(tmp_path):
    results = run_in_processes(partial(mark_and_tell, folder=tmp_path), [0], jobs=1, on_crash=broken)
    ending = threading.Thread(target=terminate_first, args=(tmp_path,))
    ending.start()
    assert list(results) == [(0, "lost 0")]
    ending.join()
    assert "0 cleaned up" in names(tmp_path)


def mark_and_tell(item: int, folder: Path) -> int:
    (folder / f"pid {os.getpid()}").touch()
    return mark(item, folder)


def terminate_first(folder: Path) -> None:
    """End every worker that shows up: the first, and the one that tries the item again."""
    ended: set[int] = set()
    while len(ended) < 2:
        for name in names(folder):
            if name.startswith("pid ") and (pid := int(name[4:])) not in ended:
                time.sleep(0.1)
                os.kill(pid, signal.SIGTERM)
                ended.add(pid)
        time.sleep(0.02)


HANGING, SLOW = 3, 4


def hang(item: int) -> str:
    if item == HANGING:
        re.match(r"(a+)+$", "a" * 60 + "b")  # hours within C, the interpreter's lock held: as a decoder can
    for _ in range(4 if item == SLOW else 1):
        time.sleep(0.5)
        reset_timeout()
    return f"did {item}"


@pytest.mark.slow
def test_a_worker_that_hangs_is_ended_and_only_its_item_is_lost():
    started = time.monotonic()
    found = list(run_in_processes(hang, range(6), jobs=2, on_crash=broken, limit=1.5))
    assert sorted(found) == [(item, f"lost {item}" if item == HANGING else f"did {item}") for item in range(6)]
    assert time.monotonic() - started < 60


@pytest.mark.slow
def test_a_part_that_is_done_begins_the_limit_anew_and_without_a_limit_nothing_is_ended():
    for limit in (1.5, None):
        assert list(run_in_processes(hang, [SLOW], jobs=1, on_crash=broken, limit=limit)) == [(SLOW, f"did {SLOW}")]
