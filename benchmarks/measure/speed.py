"""How long each arm takes, and how much memory: ratios within one run, since seconds belong to one machine.

    python -m benchmarks.measure.speed --peers DIR --out benchmarks/results/speed

An A4 page of text (the pages of data/training, two by two) is brought to 75 dpi (or `--dpi`), scanned, and enlarged by
every arm in turn, round after round, so that whatever else the machine does falls on all of them; in the same rounds
Tesseract (one thread) reads each arm's result. This is done with one thread and with as many as there are cores. The
table gives medians over the rounds with the smallest and the largest, and their ratios to FSRCNN x4 and to Tesseract's
time on the arm's own result. Peak memory is that of a process which does nothing else, with one thread: Python, the
libraries, the network and the page (Linux). OMP_NUM_THREADS must not be set.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import cv2
import numpy as np

import docsr
from docsr.bench.arms import AUTO, HR, Arm, plan_arms
from docsr.bench.degradations import lower
from docsr.io.raster.read import read_pages
from docsr.machine import machine
from docsr.ocr.tesseract import Tesseract
from docsr.page import Page, luminance
from docsr.upscale.page import upscale_page
from docsr.upscalers.base import Upscaler

TEXTS = Path(__file__).resolve().parents[2] / "data" / "training"
REFERENCE = "fsrcnn_x4"
HR_DPI, DPI, DEGRADATION = 300, 75, "scan"
A4 = (3508, 2480)
"""Height and width in px at HR_DPI."""


@dataclass(frozen=True, slots=True)
class Speed:
    """One arm with one number of threads; seconds a page, ``of_*`` are ratios to other medians of the run.

    Attributes:
        arm: its label.
        threads: of one call.
        rounds: how often it was timed.
        seconds: median.
        seconds_low: the smallest.
        seconds_high: the largest.
        seconds_megapixel: median seconds for a million pixels of the page before it is enlarged.
        of_fsrcnn_x4: the median over FSRCNN x4's.
        of_tesseract: the median over that of Tesseract on the arm's result.
        tesseract_seconds: the latter.
        peak_mib: peak resident memory of a process that does only this.
    """

    arm: str
    threads: int
    rounds: int
    seconds: float
    seconds_low: float
    seconds_high: float
    seconds_megapixel: float
    of_fsrcnn_x4: float | None
    of_tesseract: float
    tesseract_seconds: float
    peak_mib: float


def a4_page() -> Page:
    """The page in 300 dpi; where the four pages end, it is white."""
    squares = [luminance(page.pixels) for path in sorted(TEXTS.glob("*.png")) for page in read_pages(path)]
    rows = [np.concatenate(squares[start : start + 2], axis=1) for start in (0, 2)]
    sheet = np.concatenate(rows)[: A4[0], : A4[1]]
    return Page(np.pad(sheet, ((0, A4[0] - len(sheet)), (0, 0)), constant_values=255), (HR_DPI, HR_DPI))


def time_rounds(
    page: Page, loaded: dict[str, Upscaler], rounds: int, limit: float
) -> dict[str, tuple[list[float], list[float]]]:
    """Seconds of enlarging and of reading, for each arm and round; an arm slower than ``limit`` has one round."""
    engine = Tesseract()
    found: dict[str, tuple[list[float], list[float]]] = {arm: ([], []) for arm in loaded}
    for turn in range(rounds):
        for arm, upscaler in loaded.items():
            enlarging, reading = found[arm]
            if turn and enlarging[0] > limit:
                continue
            started = perf_counter()
            result = upscale_page(page, upscaler)
            enlarged = perf_counter()
            engine.read(result)
            enlarging.append(enlarged - started)
            reading.append(perf_counter() - enlarged)
    return found


def peak_memory(arm: Arm, peers: Path | None, page: Page) -> float:
    """MiB at the peak of a fresh process that enlarges the page once."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_enlarge_once, arm, peers, page).result()


def _enlarge_once(arm: Arm, peers: Path | None, page: Page) -> float:
    upscale_page(page, arm.load(peers, 1))
    status = Path("/proc/self/status").read_text(encoding="ascii")  # ru_maxrss would be the parent's at the least
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def measure(
    page: Page, arms: list[Arm], peaks: dict[str, float], peers: Path | None, threads: int, rounds: int, limit: float
) -> list[Speed]:
    """All arms with one number of threads."""
    cv2.setNumThreads(threads)
    loaded = {arm.label: arm.load(peers, threads) for arm in arms}
    times = time_rounds(page, loaded, rounds, limit)
    reference = median(times[REFERENCE][0]) if REFERENCE in times else None
    speeds = []
    for arm in arms:
        enlarging, reading = times[arm.label]
        seconds = median(enlarging)
        speeds.append(
            Speed(
                arm=arm.label,
                threads=threads,
                rounds=len(enlarging),
                seconds=round(seconds, 4),
                seconds_low=round(min(enlarging), 4),
                seconds_high=round(max(enlarging), 4),
                seconds_megapixel=round(seconds / (page.width * page.height / 1e6), 4),
                of_fsrcnn_x4=None if reference is None else round(seconds / reference, 3),
                of_tesseract=round(seconds / median(reading), 3),
                tesseract_seconds=round(median(reading), 4),
                peak_mib=round(peaks[arm.label], 1),
            )
        )
    return speeds


def markdown(result: dict[str, Any]) -> str:
    """The table for people."""
    runs, page = result["machine"], result["page"]
    lines = [
        "# Speed",
        "",
        f"    {result['command']}",
        "",
        f"docsr {result['docsr']}; {runs['processor']}, {runs['cores']} cores; {result['engine']}. One page of "
        f"{page['width']} x {page['height']} px ({page['dpi']} dpi).",
        "Medians of the rounds (smallest-largest), interleaved; an arm that takes long is timed once.",
        "",
        "| threads | arm | seconds a page | rounds | seconds a megapixel | of FSRCNN x4 | of Tesseract | peak MiB |",
        "|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in sorted(result["rows"], key=lambda row: (row["threads"], row["seconds"])):
        spread = f"{row['seconds']:.3f} ({row['seconds_low']:.3f}-{row['seconds_high']:.3f})"
        ratio = "" if row["of_fsrcnn_x4"] is None else f"{row['of_fsrcnn_x4']:.2f}"
        lines.append(
            f"| {row['threads']} | {row['arm']} | {spread} | {row['rounds']} | {row['seconds_megapixel']:.2f} | "
            f"{ratio} | {row['of_tesseract']:.2f} | {row['peak_mib']:.0f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write OUT.json and OUT.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, help="folder of the peers' weights")
    parser.add_argument("--arm", action="append", default=[], help="repeat; none: all")
    parser.add_argument("--dpi", type=int, default=DPI, help=f"of the page ({DPI})")
    parser.add_argument("--rounds", type=int, default=5, help="how often an arm is timed (5)")
    parser.add_argument("--limit", type=float, default=20, help="arms that take more seconds are timed once (20)")
    parser.add_argument("--out", type=Path, required=True, help="without suffix")
    options = parser.parse_args()
    planned, missing = plan_arms(options.arm, options.peers)
    arms = [arm for arm in planned if arm.name not in {HR, AUTO, "none"}]
    page = lower(a4_page(), options.dpi, DEGRADATION, seed=0)
    cores = len(os.sched_getaffinity(0))
    peaks = {arm.label: peak_memory(arm, options.peers, page) for arm in arms}
    rows = [
        asdict(speed)
        for threads in dict.fromkeys((1, cores))
        for speed in measure(page, arms, peaks, options.peers, threads, options.rounds, options.limit)
    ]
    result = {
        "docsr": docsr.__version__,
        "command": shlex.join(["python", "-m", "benchmarks.measure.speed", *sys.argv[1:]]),
        "machine": machine(),
        "engine": Tesseract().signature,
        "page": {"width": page.width, "height": page.height, "dpi": options.dpi},
        "not_run": missing,
        "rows": rows,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    options.out.with_suffix(".md").write_text(markdown(result), encoding="utf-8")


if __name__ == "__main__":
    main()
