"""Damaged files by the hundred through `docsr enhance`: clean errors only, no hang, no growth, nothing elsewhere.

    python -m benchmarks.torture.fuzz --out benchmarks/results/fuzz.json [--count N] [--format g4.tif] [--keep DIR]

For each kind of file a small page is written and damaged again and again: bits turned over, bytes changed, cut off,
pieces removed, repeated, moved or emptied, numbers in it made extreme, another file's end in the place of its own; of
PDF and TIFF, half by their structure (objects, tags: damage_pdf.py, damage_tiff.py). All of a kind are one batch,
enlarged (bicubic: it is the reading that is tried) in a worker process with a limit on the time of a page. One kind
more are manifests of output folders (fuzz_manifest.py). With --format, the other kinds stay in the results as they
were found. Linux only: it looks into /proc.

Checked: every file is either done, with an output that is there, or named in one clean sentence; none ends its worker
or passes the limit; nothing is printed, nothing half-written, running or in TMPDIR is left; no file outside the output
folder comes, goes or changes; the worker never holds more than 2 GiB (resident); the memory of this process, which
hands out the work, stays within 5 % from the first tenth of the batch to its end, and that of the worker within 25 %
from the second quarter to the last (medians: decoders keep some of what the largest page took).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shlex
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from PIL import features

from benchmarks.torture import fuzz_manifest
from benchmarks.torture.damage import damaged
from benchmarks.torture.damage_pdf import changed_pdf
from benchmarks.torture.damage_tiff import changed_tiff
from benchmarks.torture.fuzz_place import Place
from benchmarks.torture.fuzz_watch import LIMITS, Watch, figures, kept, listened, running, wrong
from benchmarks.torture.seeds import SEEDS
from docsr import __version__
from docsr.batch.run import EnhanceOptions, enhance_files, plan_files
from docsr.bench.results import as_json
from docsr.machine import machine

OPTIONS = EnhanceOptions(factor=2, model="bicubic")

BY_STRUCTURE = {".pdf": changed_pdf, ".tif": changed_tiff}
"""Suffix -> what changes a file of the kind by its structure."""

KINDS = (*SEEDS, fuzz_manifest.KIND)


def batch(name: str, count: int, seed: int, keep: Path | None) -> dict[str, Any]:
    """Fuzz one kind; what came of it, and whether it holds."""
    with tempfile.TemporaryDirectory() as folder:
        place, first = Place(Path(folder)), fill(Path(folder), name, count, seed)
        given, out = place.given, place.out
        before, started, watch = set(running()), time.perf_counter(), Watch(str(first))
        with place.watched(), listened() as printed:
            tasks = plan_files([given], out, OPTIONS)
            for result in enhance_files(tasks, out, OPTIONS, time_limit=LIMITS["seconds"]):
                watch.take(result)
            printed_bytes = os.fstat(printed.fileno()).st_size
        seconds = time.perf_counter() - started
        found, elsewhere = wrong(watch, given), place.faults()
        if keep is not None:
            kept(keep / name, watch, found | elsewhere)
        told = figures(watch, seconds) | {what: len(files) for what, files in (found | elsewhere).items()}
    told |= {"printed_bytes": printed_bytes, "left_running": len(set(running()) - before)}
    flat = abs(told["growth"]) <= LIMITS["growth"] and told["worker_growth"] <= LIMITS["worker_growth"]
    bad = [*found, *elsewhere, "printed_bytes", "left_running"]
    holds = flat and told["worker_peak_mib"] <= LIMITS["worker_mib"] and not any(told[what] for what in bad)
    return {"format": name, "holds": holds, "files": count, **told}


def fill(folder: Path, name: str, count: int, seed: int) -> Path:
    """Write a sound file and so many damaged ones into the folder of inputs; return the sound one."""
    suffix, drawn = Path(name).suffix, random.Random(f"{seed} {name}")
    content, others = sound(folder / "tmp", name)
    (first := folder / "in" / f"{0:05d}{suffix}").write_bytes(content)
    for number in range(1, count + 1):
        made = content
        if (by_structure := BY_STRUCTURE.get(suffix)) and drawn.random() < 1 / 2:
            made = by_structure(content, drawn)
        if made == content or drawn.random() < 1 / 8:
            made = damaged(made, others, drawn)
        (folder / "in" / f"{number:05d}{suffix}").write_bytes(made)
    return first


def sound(folder: Path, name: str) -> tuple[bytes, list[bytes]]:
    """The bytes of a sound file, and those of the other kinds of its format and of some others."""
    contents = {}
    for other in SEEDS:
        if Path(other).suffix == Path(name).suffix or other in {"grey.png", "baseline.jpg", "lzw.tif"}:
            SEEDS[other](folder / other)
            contents[other] = (folder / other).read_bytes()
            (folder / other).unlink()
    return contents[name], list(contents.values())


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
    parser.add_argument("--format", action="append", choices=KINDS, help="only this (repeat)")
    parser.add_argument("--keep", type=Path, help="a folder for files to look at, and for all that was said")
    options = parser.parse_args()
    found = {}
    if options.format and options.out.exists():
        found = {one["format"]: one for one in json.loads(options.out.read_text(encoding="utf-8"))["formats"]}
    for name in options.format or KINDS:
        one_kind = fuzz_manifest.batch if name == fuzz_manifest.KIND else partial(batch, name)
        found[name] = one_kind(options.count, options.seed, options.keep)
        sys.stderr.write(f"{found[name]}\n")
        options.out.write_text(as_json(told(found, options.seed)), encoding="utf-8")
    if not all(one["holds"] for one in found.values()):
        sys.exit("not all kinds hold: " + ", ".join(name for name, one in found.items() if not one["holds"]))


def told(found: dict[str, Any], seed: int) -> dict[str, Any]:
    """What the .json file holds."""
    return {
        "docsr": __version__,
        "command": shlex.join(["python", "-m", "benchmarks.torture.fuzz", *sys.argv[1:]]),
        "machine": machine(),
        "decoders": versions(),
        "seed": seed,
        "limits": LIMITS,
        "formats": [found[name] for name in KINDS if name in found],
    }


if __name__ == "__main__":
    main()
