"""Memory of `docsr enhance` on a document of many pages, beside one of a few.

    python -m benchmarks.measure.many_pages --out benchmarks/results/many_pages.json [--few N] [--many N] [--dpi N]

The A4 page of speed.py is made small, and turned round by another number of rows for each page of the small document.
The large document repeats these pages, so that only their number differs. Both are written as PDF and as TIFF, and
`docsr enhance` enlarges them. Linux tells the most memory that its processes had resident (VmHWM): the one that plans,
and the largest of those below it.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure.speed import DEGRADATION, a4_page
from docsr import __version__
from docsr.bench.degradations import lower
from docsr.bench.results import as_json
from docsr.io.document import write_document
from docsr.machine import machine
from docsr.page import Page

FORMS = {"pdf": "pdf", "tif": "tiff"}
"""Suffix -> format."""
ARGUMENTS = "--factor 2 --model bicubic --jobs 1"
"""Of docsr enhance: with a network the same takes hours."""
WAIT_SECONDS = 0.05


def pages_of(count: int, others: int, dpi: float) -> Iterator[Page]:
    """So many pages, of which each is repeated after so many others."""
    page = lower(a4_page(), dpi, DEGRADATION, seed=0)
    for number in range(count):
        yield Page(np.roll(page.pixels, number % others * 7 % page.height, axis=0), page.dpi)


def _below(process: int) -> Iterator[int]:
    """The processes that a process started, and those that they did."""
    with suppress(OSError):
        for tasks in Path(f"/proc/{process}/task").glob("*/children"):
            for child in map(int, tasks.read_text().split()):
                yield child
                yield from _below(child)


def _most_of(process: int) -> float:
    """Return the most memory that a process had resident, in MiB; 0 when it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def peaks(command: list[str]) -> tuple[float, float]:
    """Run a command; return the most memory in MiB that it had, and that one of the processes below it had."""
    parent = worker = 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as run:
        while run.poll() is None:
            parent = max(parent, _most_of(run.pid))
            worker = max(worker, *map(_most_of, _below(run.pid)), 0.0)
            time.sleep(WAIT_SECONDS)
    if run.returncode:
        raise SystemExit(f"{shlex.join(command)} ended with {run.returncode}")
    return round(parent, 1), round(worker, 1)


def row_of(suffix: str, counts: tuple[int, int], dpi: float) -> dict[str, Any]:
    """Measure one format, with few pages and with many."""
    row: dict[str, Any] = {"format": suffix, "pages": counts}
    found = []
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            document = Path(folder) / f"pages.{suffix}"
            write_document(document, pages_of(count, min(counts), dpi), FORMS[suffix], quality=75)
            enhance = [sys.executable, "-m", "docsr", "enhance", str(document), "--out", f"{folder}/out"]
            found.append(peaks([*enhance, *shlex.split(ARGUMENTS)]))
    for name, (few, many) in zip(("parent", "worker"), zip(*found, strict=True), strict=True):
        row |= {f"{name}_mib": [few, many], f"{name}_growth": round(many / few - 1, 3)}
    sys.stderr.write(f"{row}\n")
    return row


def main() -> None:
    """Measure all cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--few", type=int, default=100)
    parser.add_argument("--many", type=int, default=5000)
    parser.add_argument("--format", action="append", choices=FORMS, help="only this (repeat)")
    parser.add_argument("--dpi", type=float, default=60.0)
    options = parser.parse_args()
    rows = [row_of(suffix, (options.few, options.many), options.dpi) for suffix in options.format or FORMS]
    command = shlex.join(["python", "-m", "benchmarks.measure.many_pages", *sys.argv[1:]])
    told: dict[str, Any] = {"docsr": __version__, "command": command, "machine": machine(), "dpi": options.dpi}
    told["arguments"] = ARGUMENTS
    options.out.write_text(as_json(told | {"cases": rows}), encoding="utf-8")


if __name__ == "__main__":
    main()
