"""What fuzz.py sees of a batch: results, seconds and memory; and what of the promises does not hold."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import IO, Any, NamedTuple

from benchmarks.torture.sentences import is_unclean
from docsr.batch.run import PageResult

LIMITS = {"seconds": 20.0, "worker_mib": 2048.0, "growth": 0.05, "worker_growth": 0.25}
"""Of a page; of the resident memory of a process that works; by which memory may change within a batch."""


def memory(process: int | str = "self") -> dict[str, float]:
    """Resident memory of a process, now and at most, in MiB."""
    with suppress(OSError):
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        return {name: int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM") if name in fields}
    return {}


def running() -> dict[int, str]:
    """Processes of our group, ourselves and Python's own tracker left out: number -> command line."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            state, _, group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
            command = (folder / "cmdline").read_text().replace("\0", " ")
            tracker = "resource_tracker" in command
            if int(group) == os.getpgrp() and state not in "ZX" and int(folder.name) != os.getpid() and not tracker:
                found[int(folder.name)] = command
    return found


@contextmanager
def listened() -> Iterator[IO[bytes]]:
    """Have what is printed, by whatever process of ours, go to a file."""
    kept = [os.dup(1), os.dup(2)]
    with tempfile.TemporaryFile() as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
        try:
            yield file
        finally:
            for descriptor, before in zip((1, 2), kept, strict=True):
                os.dup2(before, descriptor)
                os.close(before)


class Row(NamedTuple):
    """What is looked at of a result; to keep all of them would be growth of our own."""

    input: str
    output: str
    error: str | None
    warning: str | None


class Watch:
    """A batch as it goes: results, the time of each file, memory after each."""

    def __init__(self, first: str) -> None:
        """Begin with nothing done; the first file is a sound one, and is done while the worker starts."""
        self.first = first
        self.rows: dict[str, list[Row]] = {}
        self.seconds: dict[str, float] = {}
        self.parent: list[float] = []
        self.worker: list[float] = []
        self.worker_peak = 0.0
        self._last = time.perf_counter()

    def take(self, result: PageResult) -> None:
        """Note one result."""
        if result.input not in self.rows and result.input != self.first:
            self.seconds[result.input] = time.perf_counter() - self._last
        row = Row(result.input, result.output, result.error, result.warning)
        rows = self.rows.setdefault(result.input, [])
        if row not in rows[-1:]:  # pages of one file that went alike
            rows.append(row)
        self.parent.append(memory()["VmRSS"])
        sizes = [memory(pid) for pid, command in running().items() if "spawn_main" in command]
        self.worker.append(max((size.get("VmRSS", 0.0) for size in sizes), default=0.0))
        self.worker_peak = max(self.worker_peak, *(size.get("VmHWM", 0.0) for size in sizes), 0.0)
        self._last = time.perf_counter()

    def sentences(self) -> dict[str, list[str]]:
        """What was said of each file: errors and warnings."""
        return {
            name: [said for row in rows for said in (row.error, row.warning) if said is not None]
            for name, rows in self.rows.items()
        }

    def ended(self) -> dict[str, float]:
        """Files that ended their worker or were given up -> their seconds."""
        return {
            name: self.seconds[name]
            for name, said in self.sentences().items()
            if name in self.seconds and any("ended the process" in one for one in said)
        }


def wrong(watch: Watch, given: Path) -> dict[str, list[str]]:
    """What was promised and does not hold -> the files of which it does not."""
    names = sorted(str(path) for path in given.iterdir())
    ended, said = watch.ended(), watch.sentences()
    failed = {name: [row for row in rows if row.error] for name, rows in watch.rows.items()}
    return {
        "sound_but_refused": [watch.first] if failed.get(watch.first, True) else [],
        "not_told_of": [name for name in names if name not in watch.rows],
        "ended_worker": [name for name, seconds in ended.items() if seconds < LIMITS["seconds"]],
        "given_up_for_time": [name for name, seconds in ended.items() if seconds >= LIMITS["seconds"]],
        "unclean": [name for name in names if any(is_unclean(one, given.parent) for one in said.get(name, []))],
        "not_named": [name for name, rows in failed.items() if not all(map(_is_named, rows))],
        "no_output": [name for name in names if not failed.get(name) and not _outputs(watch, name)],
    }


def _is_named(row: Row) -> bool:
    return any(name in (row.error or "") for name in (row.input, row.output))  # the output: it cannot be written


def _outputs(watch: Watch, name: str) -> bool:
    return all(Path(row.output).is_file() for row in watch.rows.get(name, []))


def figures(watch: Watch, seconds: float) -> dict[str, Any]:
    """What became of the files, and how time and memory went."""
    failed = [name for name in watch.seconds if any(row.error for row in watch.rows[name])]
    tenth = max(1, len(watch.parent) // 10)
    at_tenth, quarter = watch.parent[tenth - 1], max(1, len(watch.worker) // 4)
    worker, worker_at_end = median(watch.worker[quarter : 2 * quarter] or watch.worker), median(watch.worker[-quarter:])
    farthest = max(watch.parent[tenth - 1 :], key=lambda size: abs(size - at_tenth))
    return {
        "done": len(watch.seconds) - len(failed),
        "refused": len(failed) - len(watch.ended()),
        "warned": sum(any(row.warning for row in rows) for rows in watch.rows.values()),
        "seconds": round(seconds, 1),
        "slowest_seconds": round(max(watch.seconds.values()), 2),
        "parent_mib": [round(at_tenth, 1), round(watch.parent[-1], 1)],
        "growth": round(farthest / at_tenth - 1, 4),
        "worker_mib": [round(worker, 1), round(worker_at_end, 1)],
        "worker_growth": round(worker_at_end / worker - 1, 4),
        "worker_peak_mib": round(watch.worker_peak, 1),
    }


def kept(folder: Path, watch: Watch, found: dict[str, list[str]]) -> None:
    """Keep what to look at: the files of which something does not hold, the slowest, and all that was said."""
    folder.mkdir(parents=True, exist_ok=True)
    slowest = sorted(watch.seconds, key=lambda name: -watch.seconds[name])[:3]
    for name in {one for files in found.values() for one in files if one in watch.rows}.union(slowest):
        shutil.copyfile(name, folder / Path(name).name)
    said = Counter(one.replace(name, "FILE") for name, all_said in watch.sentences().items() for one in all_said)
    lines = [f"{count} {one}" for one, count in said.most_common()]
    lines += [f"{what}: {' '.join(Path(file).name for file in files)}" for what, files in found.items()]
    lines += [f"slow: {watch.seconds[name]:.2f} s {Path(name).name}" for name in slowest]
    (folder / "said.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
