"""`docsr enhance` under kill -9: whatever is killed and whenever, the next run goes on and the outputs are right.

    python -m benchmarks.torture.kills --out benchmarks/results/torture.json [--pages 1000] [--kills 20] [--seed 0]

Small pages of several formats are enlarged by 2 jobs, and killed again and again: all processes at once, or only the
one that hands out the work (its workers must notice), sometimes after one worker alone was killed and the run has gone
on all the same. Each time the same command is started again at once, even if workers of the last run are still there.
Moments are drawn: by how many files are done, or by the time since the start, so that starting up is met too. After the
last kill a run goes to its end, and one more finds nothing to do. Linux only: it looks into /proc.

Checked: every output decodes, has its size, and has the bytes that an undisturbed run gives it; no file is done again
but those in flight (2 a kill), by the manifest, which has a line for each time that an output was made, and by the
outputs themselves, which stay the files that they are; nothing else is left, in the folder or where temporary files go;
nothing is left running; the inputs are as they were.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shlex
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.torture.killing import FACTOR, JOBS, Kill, Run, drawn_kills, see_it_end
from docsr import __version__
from docsr.bench.results import as_json
from docsr.errors import PageError
from docsr.io.document import read_document
from docsr.io.paths.manifest import NAME
from docsr.io.pdf.scans import write_scans
from docsr.machine import machine
from docsr.page import Page

MODES = {"png": ("L", "RGB", "1"), "jpg": ("L", "RGB"), "tif": ("1", "L", "RGB"), "webp": ("RGB",), "pdf": ("L", "RGB")}
"""Suffix -> modes of its pages."""

SECONDS_TO_GO_ON = 300.0
"""A run that has not come to its next kill after so long stands still."""

Sizes = dict[str, list[tuple[int, int]]]


def picture(drawn: random.Random, mode: str) -> Image.Image:
    """A page like no other: lines of figures."""
    image = Image.new("L", (drawn.randint(60, 160), drawn.randint(60, 160)), drawn.randint(220, 255))
    draw = ImageDraw.Draw(image)
    for top in range(4, image.height - 12, 16):
        draw.text((4, top), f"{drawn.getrandbits(80):x}", fill=drawn.randint(0, 60), font_size=drawn.randint(9, 14))
    return image.convert(mode)


def write_inputs(folder: Path, pages: int, seed: int) -> Sizes:
    """Write so many pages, in files of one to three in several folders; tell the sizes that outputs shall have."""
    drawn, sizes, left = random.Random(f"{seed} pages"), Sizes(), pages
    while left:
        suffix = drawn.choice(list(MODES))
        count = min(left, drawn.choice([1, 1, 2, 3])) if suffix in {"tif", "pdf"} else 1
        mode = drawn.choice(MODES[suffix])
        images = [picture(drawn, mode) for _ in range(count)]
        path = folder / f"{len(sizes) % 5}" / f"{len(sizes):04d}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if suffix == "pdf":
            write_scans([Page(np.asarray(image), (75, 75)) for image in images], path)
        else:
            images[0].save(path, append_images=images[1:], save_all=count > 1)
        sizes[str(path.relative_to(folder))] = [(FACTOR * image.width, FACTOR * image.height) for image in images]
        left -= count
    return sizes


class Torture:
    """An output folder, the runs that were killed over it, and what was seen."""

    def __init__(self, given: Path, out: Path) -> None:
        """Begin with nothing done."""
        self.given, self.out = given, out
        self.seen: dict[str, tuple[int, int]] = {}
        self.replaced = Counter[str]()
        self._watching: list[Thread] = []

    def files(self) -> dict[str, Path]:
        """All that is in the output folder."""
        return {str(path.relative_to(self.out)): path for path in self.out.rglob("*") if path.is_file()}

    def notes(self) -> Counter[str]:
        """How many lines the manifest has for each output; some may be of outputs that never took their place."""
        with suppress(FileNotFoundError):
            lines = (self.out / NAME).read_bytes().splitlines()
            return Counter(json.loads(line)["output"] for line in lines if line.endswith(b"}"))
        return Counter()

    def look(self) -> int:
        """Note which outputs are no longer the files that they were; how many temporary files there are."""
        now = {}
        for name, path in self.files().items():
            with suppress(FileNotFoundError):
                status = path.stat()
                now[name] = status.st_ino, status.st_mtime_ns
        outputs = {name: stamp for name, stamp in now.items() if not Path(name).name.startswith(".")}
        self.replaced.update(name for name, stamp in self.seen.items() if outputs.get(name) != stamp)
        self.seen = outputs
        return len(now) - len(outputs) - (NAME in now)

    def _wait_for(self, run: Run, files: int) -> None:
        """Wait until so many files are done. Exits when the run stands still."""
        deadline = time.monotonic() + SECONDS_TO_GO_ON
        while run.process.poll() is None and len(self.notes()) < files:
            if time.monotonic() > deadline:
                os.killpg(run.process.pid, signal.SIGKILL)
                sys.exit(f"a run stood still with {len(self.notes())} files done")
            time.sleep(0.005)

    def endure(self, kill: Kill) -> None:
        """One run, until it is killed. Exits when it was not at work any more."""
        run = Run(self.given, self.out)
        self._wait_for(run, kill.after_files)
        if kill.worker_before:
            workers = run.workers()
            kill.worker_before = bool(workers) or None
            for worker in workers[:1]:
                os.kill(worker, signal.SIGKILL)
            self._wait_for(run, len(self.notes()) + JOBS)
        time.sleep(kill.after_seconds)
        if run.process.poll() is not None:
            sys.exit(f"a run ended with exit code {run.process.returncode} before it was killed: {kill}")
        (os.killpg if kill.whom == "all" else os.kill)(run.process.pid, signal.SIGKILL)
        kill.seconds, killed = round(run.seconds, 2), time.monotonic()
        run.process.wait()
        kill.temporaries, kill.done = self.look(), len(self.seen)
        self._watching.append(Thread(target=see_it_end, args=(run, kill, killed)))
        self._watching[-1].start()

    def last(self) -> tuple[Counter[str], float]:
        """The run that goes to its end: its rows by status, its seconds."""
        run = Run(self.given, self.out)
        statuses, seconds = run.finished(), round(run.seconds, 2)
        self.look()
        for thread in self._watching:
            thread.join()
        return statuses, seconds


def stamps(folder: Path) -> dict[str, tuple[int, int, int]]:
    """What changes with each file."""
    found = {}
    for path in folder.rglob("*"):
        status = path.stat()
        found[str(path.relative_to(folder))] = status.st_ino, status.st_size, status.st_mtime_ns
    return found


def wrong(out: Path, undisturbed: Path, sizes: Sizes) -> list[str]:
    """Outputs that are missing, do not decode, have another size, or other bytes than those of an undisturbed run."""
    found = []
    for name, wanted in sizes.items():
        try:
            right = [(page.width, page.height) for page in read_document(out / name)] == wanted
        except PageError:
            right = False
        if not right or (out / name).read_bytes() != (undisturbed / name).read_bytes():
            found.append(name)
    return found


def tortured(folder: Path, pages: int, kills: int, seed: int) -> dict[str, Any]:
    """Do all of it in a folder; what came of it."""
    given, undisturbed = folder / "in", folder / "undisturbed"
    sizes = write_inputs(given, pages, seed)
    before, calm = stamps(given), Run(given, undisturbed)
    while calm.process.poll() is None and not (undisturbed / NAME).exists():
        time.sleep(0.02)
    starting = calm.seconds
    calm.finished()
    torture, seconds, elsewhere = Torture(given, folder / "out"), calm.seconds, stamps(folder / "tmp")
    planned = drawn_kills(kills, len(sizes), starting, seconds - starting, random.Random(f"{seed} kills"))
    for kill in planned:
        torture.endure(kill)
        sys.stderr.write(f"{kill}\n")
    statuses, last_seconds = torture.last()
    again = Run(given, torture.out).finished()
    notes = torture.notes()
    return {
        "pages": pages,
        "files": len(sizes),
        "seconds_undisturbed": round(seconds, 2),
        "seconds_to_the_first_output": round(starting, 2),
        "kills": [asdict(kill) for kill in planned],
        "last_run": {**statuses, "seconds": last_seconds},
        "one_more_run": dict(again),
        "wrong": wrong(torture.out, undisturbed, sizes),
        "noted_again": sum(notes.values()) - len(notes),
        "replaced": torture.replaced.total(),
        "allowed_again": JOBS * sum(1 + bool(kill.worker_before) for kill in planned),
        "temporaries_met": sum(kill.temporaries for kill in planned),
        "left_over": sorted(set(torture.files()) - set(sizes) - {NAME} | set(stamps(folder / "tmp")) - set(elsewhere)),
        "left_running": sum(kill.seconds_to_end is None for kill in planned),
        "inputs_changed": stamps(given) != before,
    }


def broken(found: dict[str, Any]) -> list[str]:
    """The promises that were broken, a sentence each."""
    again, allowed = max(found["noted_again"], found["replaced"]), found["allowed_again"]
    promises = {
        f"{len(found['wrong'])} outputs are not right: {', '.join(found['wrong'][:5])}": not found["wrong"],
        f"{again} files were done again, and only {allowed} can have been in flight": again <= allowed,
        f"{len(found['left_over'])} files were left: {', '.join(found['left_over'][:5])}": not found["left_over"],
        f"{found['left_running']} runs left processes behind": not found["left_running"],
        "inputs were changed": not found["inputs_changed"],
        "a run over what is done did something": set(found["one_more_run"]) == {"skipped"},
    }
    return [sentence for sentence, kept in promises.items() if not kept]


def main() -> None:
    """Torture it; exit code 1 when a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the .json file")
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = tortured(Path(folder), options.pages, options.kills, options.seed)
    command = shlex.join(["python", "-m", "benchmarks.torture.kills", *sys.argv[1:]])
    told = {"docsr": __version__, "command": command, "machine": machine(), "seed": options.seed, **found}
    told["broken"] = broken(found)
    options.out.write_text(as_json(told), encoding="utf-8")
    if told["broken"]:
        sys.exit("; ".join(told["broken"]))


if __name__ == "__main__":
    main()
