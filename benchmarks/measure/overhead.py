"""Where the time of `docsr enhance` goes on a batch, and what a second job brings.

    python -m benchmarks.measure.overhead --out benchmarks/results/overhead.json [--pages 100] [--rounds 2]

The A4 page of speed.py, each time turned round by another number of rows, is brought to 75 dpi and written
as PNG. The batch is enlarged once in this process with one core and a profiler: seconds in the network, and in what is
not the network. Then `docsr enhance` itself enlarges it with one and with two jobs, in turn; the ratio is of pages per
minute, by the medians of the rounds. On free cores only. OMP_NUM_THREADS must not be set.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

import docsr
from benchmarks.measure.speed import DEGRADATION, DPI, a4_page
from docsr.batch.run import EnhanceOptions, enhance_files, plan_files
from docsr.bench.degradations import lower
from docsr.bench.results import as_json
from docsr.io.raster.write import write_pages
from docsr.machine import machine
from docsr.page import Page

STAGES = {
    "network": [("upscalers/onnx.py", "_run")],
    "guard": [("upscale/guard.py", name) for name in ("is_one_bit", "bound_of", "_add", "_guarded_band")],
    "text size": [("docsr/decide/text_size.py", "measure")],
    "decoding": [("io/raster/read.py", "_read")],
    "encoding": [("io/raster/png_write.py", "_write_band")],
    "hashing": [("docsr/io/paths/manifest.py", "sha256_of")],
}
"""Name -> the functions, none of which calls another of the table, whose time it is."""


def batch(folder: Path, pages: int) -> Path:
    """Write the pages."""
    whole = a4_page()
    for number in range(pages):
        turned = Page(np.roll(whole.pixels, number * whole.height // pages, axis=0), whole.dpi)
        write_pages(folder / f"{number:03d}.png", [lower(turned, DPI, DEGRADATION, number)], "png")
    return folder


def profiled(given: Path, out: Path) -> dict[str, Any]:
    """Enlarge the batch here with one core; return the seconds of each stage, and of all else."""
    options = EnhanceOptions()
    profile = cProfile.Profile()
    started = perf_counter()
    profile.enable()
    tasks = plan_files([given], out, options)
    statuses = {row.status for row in enhance_files(tasks, out, options, jobs=1)}
    profile.disable()
    total = perf_counter() - started
    if statuses != {"done"}:
        raise SystemExit(f"the pages were to be enlarged, and were {', '.join(statuses)}")
    seconds = {stage: spent(pstats.Stats(profile), functions) for stage, functions in STAGES.items()}
    seconds["all else"] = total - sum(seconds.values())
    return {
        "seconds": round(total, 2),
        "stages": {stage: round(of, 2) for stage, of in seconds.items()},
        "beyond_network_percent": round(100 * (total / seconds["network"] - 1), 1),
    }


def spent(stats: pstats.Stats, functions: list[tuple[str, str]]) -> float:
    """Seconds within functions, given by the end of their file's name and their own."""
    found: dict[tuple[str, int, str], tuple[int, int, float, float, Any]] = stats.stats  # type: ignore[attr-defined]
    times = [
        values[3]
        for (file, _, name), values in found.items()
        if any(file.endswith(f) and name == n for f, n in functions)
    ]
    if not times:
        raise SystemExit(f"the profile knows none of {functions}: the table STAGES is out of date")
    return sum(times)


def timed(given: Path, out: Path, jobs: int) -> float:
    """Seconds of the command over the batch."""
    started = perf_counter()
    command = [sys.executable, "-m", "docsr", "enhance", str(given), "--out", str(out), "--jobs", str(jobs)]
    subprocess.run([*command, "--overwrite"], check=True, capture_output=True)
    return perf_counter() - started


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    if "OMP_NUM_THREADS" in os.environ:
        raise SystemExit("OMP_NUM_THREADS is set: unset it, docsr says itself how many threads there are")
    with tempfile.TemporaryDirectory(prefix="docsr-overhead-") as folder:
        given = Path(folder) / "in"
        given.mkdir()
        batch(given, options.pages)
        profile = profiled(given, Path(folder) / "profiled")
        seconds: dict[int, list[float]] = {1: [], 2: []}
        for _ in range(options.rounds):
            for jobs, times in seconds.items():
                times.append(round(timed(given, Path(folder) / f"jobs{jobs}", jobs), 2))
    told = {
        "docsr": docsr.__version__,
        "command": shlex.join(["python", "-m", "benchmarks.measure.overhead", *sys.argv[1:]]),
        "machine": machine(),
        "pages": options.pages,
        "page": f"A4, {DPI} dpi, {DEGRADATION}",
        "one_core": profile,
        "seconds_by_jobs": {str(jobs): times for jobs, times in seconds.items()},
        "two_jobs_over_one": round(median(seconds[1]) / median(seconds[2]), 2),
    }
    options.out.write_text(as_json(told), encoding="utf-8")
    sys.stdout.write(as_json(told))


if __name__ == "__main__":
    main()
