"""Damaged files by the hundred through `docsr enhance`: clean errors only, no hang, no growth.

    python benchmarks/fuzz.py --out benchmarks/results/fuzz.json [--count 500] [--seed 0] [--format g4.tif] [--keep DIR]

For each kind of file a small page is written and damaged again and again: bits turned over, bytes changed, cut off,
pieces removed, repeated, moved or emptied, numbers in it made extreme, another file's end in the place of its own. All
of a kind are one batch, enlarged (bicubic: it is the reading that is tried) in a worker process with a limit on the
time of a page. With --format, the other kinds stay in the results as they were found. Linux only: it looks into /proc.

Checked: every file is either done, with an output that is there, or named in one clean sentence; none ends its worker
or passes the limit; nothing is printed, nothing half-written or running is left; the memory of this process, which
hands out the work, stays within 5 % from the first tenth of the batch to its end, and that of the worker within 25 %
(decoders keep some of what the largest page took).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from damage import damaged
from PIL import features
from seeds import SEEDS

from docsr import __version__
from docsr.enhance import EnhanceOptions, PageResult, enhance_files, plan_files
from docsr.report.results import as_json, machine

TIME_LIMIT, GROWTH, WORKER_GROWTH = 20.0, 0.05, 0.25

OPTIONS = EnhanceOptions(factor=2, model="bicubic")

_UNCLEAN = re.compile(
    r"Traceback|object has no attribute|not subscriptable|<\w|0x[0-9a-f]{6}|\w\wError\b|[^ -~]|b'|\\x"
)
"""What an error is before it is a sentence."""

LONGEST_SENTENCE = 400


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


class Watch:
    """A batch as it goes: results, the time of each file, memory after each."""

    def __init__(self, first: str) -> None:
        """Begin with nothing done; the first file is a sound one, and is done while the worker starts."""
        self.first = first
        self.rows: dict[str, list[PageResult]] = {}
        self.seconds: dict[str, float] = {}
        self.parent: list[float] = []
        self.worker: list[float] = []
        self.worker_peak = 0.0
        self._last = time.perf_counter()

    def take(self, result: PageResult) -> None:
        """Note one result."""
        if result.input not in self.rows and result.input != self.first:
            self.seconds[result.input] = time.perf_counter() - self._last
        self.rows.setdefault(result.input, []).append(result)
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


def is_unclean(sentence: str, folder: Path) -> bool:
    """Tell whether something is not a sentence for people."""
    return len(sentence) > LONGEST_SENTENCE or _UNCLEAN.search(sentence.replace(str(folder), "")) is not None


def wrong(watch: Watch, given: Path) -> dict[str, list[str]]:
    """What was promised and does not hold -> the files of which it does not."""
    names = sorted(str(path) for path in given.iterdir())
    ended, said = watch.ended(), watch.sentences()
    failed = {name: [row for row in rows if row.error] for name, rows in watch.rows.items()}
    return {
        "sound_but_refused": [watch.first] if failed.get(watch.first, True) else [],
        "not_told_of": [name for name in names if name not in watch.rows],
        "ended_worker": [name for name, seconds in ended.items() if seconds < TIME_LIMIT],
        "given_up_for_time": [name for name, seconds in ended.items() if seconds >= TIME_LIMIT],
        "unclean": [name for name in names if any(is_unclean(one, given.parent) for one in said.get(name, []))],
        "not_named": [name for name, rows in failed.items() if not all(map(_is_named, rows))],
        "no_output": [name for name in names if not failed.get(name) and not _outputs(watch, name)],
    }


def _is_named(row: PageResult) -> bool:
    return any(name in (row.error or "") for name in (row.input, row.output))  # the output: it cannot be written


def _outputs(watch: Watch, name: str) -> bool:
    return all(Path(row.output).is_file() for row in watch.rows.get(name, []))


def batch(name: str, count: int, seed: int, keep: Path | None) -> dict[str, Any]:
    """Fuzz one kind; what came of it, and whether it holds."""
    suffix = Path(name).suffix
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder) / "in", Path(folder) / "out"
        given.mkdir()
        drawn, content, others = random.Random(f"{seed} {name}"), *sound(Path(folder), name)
        (first := given / f"{0:05d}{suffix}").write_bytes(content)
        for number in range(1, count + 1):
            (given / f"{number:05d}{suffix}").write_bytes(damaged(content, others, drawn))
        before, started, watch = set(running()), time.perf_counter(), Watch(str(first))
        with listened() as printed:
            for result in enhance_files(plan_files([given], out, OPTIONS), out, OPTIONS, time_limit=TIME_LIMIT):
                watch.take(result)
            printed_bytes = os.fstat(printed.fileno()).st_size
        seconds = time.perf_counter() - started
        found, half = wrong(watch, given), [path for path in out.rglob(".docsr-*") if path.suffix != ".jsonl"]
        if keep is not None:
            kept(keep / name, watch, found)
        told = figures(watch, seconds) | {what: len(files) for what, files in found.items()}
    told |= {"printed_bytes": printed_bytes, "half_written": len(half), "left_running": len(set(running()) - before)}
    flat = abs(told["growth"]) <= GROWTH and told["worker_growth"] <= WORKER_GROWTH
    bad = [*found, "printed_bytes", "half_written", "left_running"]
    return {"format": name, "holds": flat and not any(told[what] for what in bad), "files": count, **told}


def sound(folder: Path, name: str) -> tuple[bytes, list[bytes]]:
    """The bytes of a sound file, and those of the other kinds of its format and of some others."""
    contents = {}
    for other in SEEDS:
        if Path(other).suffix == Path(name).suffix or other in {"grey.png", "baseline.jpg", "lzw.tif"}:
            SEEDS[other](folder / other)
            contents[other] = (folder / other).read_bytes()
    return contents[name], list(contents.values())


def figures(watch: Watch, seconds: float) -> dict[str, Any]:
    """What became of the files, and how time and memory went."""
    failed = [name for name in watch.seconds if any(row.error for row in watch.rows[name])]
    tenth = max(1, len(watch.parent) // 10)
    at_tenth, worker_at_tenth = watch.parent[tenth - 1], max(watch.worker[:tenth])
    farthest = max(watch.parent[tenth - 1 :], key=lambda size: abs(size - at_tenth))
    return {
        "done": len(watch.seconds) - len(failed),
        "refused": len(failed) - len(watch.ended()),
        "warned": sum(any(row.warning for row in rows) for rows in watch.rows.values()),
        "seconds": round(seconds, 1),
        "slowest_seconds": round(max(watch.seconds.values()), 2),
        "parent_mib": [round(at_tenth, 1), round(watch.parent[-1], 1)],
        "growth": round(farthest / at_tenth - 1, 4),
        "worker_mib": [round(worker_at_tenth, 1), round(watch.worker[-1], 1)],
        "worker_growth": round(watch.worker[-1] / worker_at_tenth - 1, 4),
        "worker_peak_mib": round(watch.worker_peak, 1),
    }


def kept(folder: Path, watch: Watch, found: dict[str, list[str]]) -> None:
    """Keep what to look at: the files of which something does not hold, the slowest, and all that was said."""
    folder.mkdir(parents=True, exist_ok=True)
    slowest = sorted(watch.seconds, key=lambda name: -watch.seconds[name])[:3]
    for name in {one for files in found.values() for one in files}.union(slowest):
        shutil.copyfile(name, folder / Path(name).name)
    said = Counter(one.replace(name, "FILE") for name, all_said in watch.sentences().items() for one in all_said)
    lines = [f"{count} {one}" for one, count in said.most_common()]
    lines += [f"{what}: {' '.join(Path(file).name for file in files)}" for what, files in found.items()]
    lines += [f"slow: {watch.seconds[name]:.2f} s {Path(name).name}" for name in slowest]
    (folder / "said.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def versions() -> dict[str, str]:
    """Of what decodes."""
    found = {name: version(name) for name in ("pillow", "pillow-heif", "tifffile", "pikepdf")}
    named = ("libjpeg_turbo", "libtiff", "webp", "jpg_2000", "zlib", "avif")
    found |= {name: said for name in named if (said := features.version(name)) is not None}
    with suppress(OSError):
        found["jbig2dec"] = subprocess.run(["jbig2dec", "--version"], capture_output=True, text=True).stdout.split()[-1]
    return found


def main() -> None:
    """All kinds; exit code 1 when one does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the .json file")
    parser.add_argument("--count", type=int, default=500, help="mutants of a kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", action="append", choices=list(SEEDS), help="only this (repeat)")
    parser.add_argument("--keep", type=Path, help="a folder for files to look at, and for all that was said")
    options = parser.parse_args()
    found = {}
    if options.format and options.out.exists():
        found = {one["format"]: one for one in json.loads(options.out.read_text(encoding="utf-8"))["formats"]}
    for name in options.format or SEEDS:
        found[name] = batch(name, options.count, options.seed, options.keep)
        sys.stderr.write(f"{found[name]}\n")
        options.out.write_text(as_json(told(found, options.seed)), encoding="utf-8")
    if not all(one["holds"] for one in found.values()):
        sys.exit("not all kinds hold: " + ", ".join(name for name, one in found.items() if not one["holds"]))


def told(found: dict[str, Any], seed: int) -> dict[str, Any]:
    """What the .json file holds."""
    return {
        "docsr": __version__,
        "command": shlex.join(["python", *sys.argv]),
        "machine": machine(),
        "decoders": versions(),
        "seed": seed,
        "limits": {"seconds": TIME_LIMIT, "growth": GROWTH, "worker_growth": WORKER_GROWTH},
        "formats": [found[name] for name in SEEDS if name in found],
    }


if __name__ == "__main__":
    main()
