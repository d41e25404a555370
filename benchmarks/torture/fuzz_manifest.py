"""The manifests of benchmarks/torture/fuzz.py: for each, an output folder that holds it is worked on again."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.torture.damage_manifest import changed_manifest, put
from benchmarks.torture.fuzz_place import Place
from benchmarks.torture.fuzz_watch import LIMITS, listened, memory, running
from benchmarks.torture.seeds import SEEDS
from benchmarks.torture.sentences import is_unclean
from docsr.batch.run import EnhanceOptions, enhance_files, plan_files
from docsr.errors import DocsrError
from docsr.io.paths.manifest import NAME, PARTS
from docsr.pool import run_in_processes

KIND = "manifest.jsonl"
INPUTS = ("grey.png", "1-bit.png", "pages.tif")
FOREIGN, FOREIGN_NAME = b"a file that docsr did not write", "1-bit.png"

_OPTIONS = EnhanceOptions(factor=2, model="bicubic")
_LIES = ("unclean", "raised", "foreign_replaced", "no_output", "half_written")


class Work:
    """Number -> what came of the output folder whose manifest was changed so."""

    def __init__(self, place: Place, first: Path, seed: int) -> None:
        """Take where it works, an output folder that is done, and what decides."""
        self._place, self._first, self._seed = place, first, seed

    def put(self, number: int) -> bytes:
        """Make the output folder: a file of it is somebody else's, and its manifest is changed. Return the manifest."""
        place, drawn = self._place, random.Random(f"{self._seed} {KIND} {number}")
        shutil.rmtree(place.out, ignore_errors=True)
        shutil.copytree(self._first, place.out)
        (place.out / FOREIGN_NAME).write_bytes(FOREIGN)
        content = changed_manifest((self._first / NAME).read_bytes(), drawn)
        if drawn.random() < 1 / 4:
            (place.out / PARTS).mkdir()
            (place.out / PARTS / "other.jsonl").write_bytes(changed_manifest(content[:100_000], drawn))
        put(place.out / NAME, content, place.root / "out-of-reach" / NAME, drawn)
        return content

    def __call__(self, number: int) -> dict[str, Any]:
        """Do the inputs again."""
        self.put(number)
        started, place, said, raised, rows = time.perf_counter(), self._place, [], [], []
        try:
            rows = list(enhance_files(plan_files([place.given], place.out, _OPTIONS), place.out, _OPTIONS))
        except DocsrError as error:
            said.append(str(error))
        except Exception as error:  # what the promise is about
            raised.append(f"{type(error).__name__}: {error}"[:300])
        foreign = place.out / FOREIGN_NAME
        refused = bool(said) or any(row.error for row in rows if Path(row.output) != foreign)
        said += [one for row in rows for one in (row.error, row.warning) if one is not None]
        done = [row.output for row in rows if row.error is None]
        return {
            "seconds": time.perf_counter() - started,
            "peak": memory().get("VmHWM", 0.0),
            "refused": refused,
            "unclean": [one for one in said if is_unclean(one, place.root)],
            "raised": raised,
            "foreign_replaced": [] if foreign.is_file() and foreign.read_bytes() == FOREIGN else [str(foreign)],
            "no_output": [name for name in done if not Path(name).is_file()],
            **place.faults(),
        }


def _lost(number: int) -> dict[str, Any]:
    return {"ended_worker": [str(number)]}


def batch(count: int, seed: int, keep: Path | None) -> dict[str, Any]:
    """Work with so many changed manifests; what came of them, and whether it holds."""
    found: dict[int, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        place, first = Place(Path(folder)), Path(folder) / "first"
        for name in INPUTS:
            SEEDS[name](place.given / name)
        for _ in enhance_files(plan_files([place.given], place.out, _OPTIONS), place.out, _OPTIONS):
            pass
        shutil.copytree(place.out, first)
        before, started, work = set(running()), time.perf_counter(), Work(place, first, seed)
        with place.watched(), listened() as printed:
            done = run_in_processes(work, range(1, count + 1), jobs=1, on_crash=_lost, limit=LIMITS["seconds"])
            for number, one in done:
                found[number] = one
            printed_bytes = os.fstat(printed.fileno()).st_size
        seconds, left = time.perf_counter() - started, place.faults()["left_in_tmp"]
        if keep is not None:
            _keep(keep / KIND, work, found)
    told = {what: len(numbers) for what, numbers in _faults(found).items()}
    told |= {"left_in_tmp": len(left), "printed_bytes": printed_bytes, "left_running": len(set(running()) - before)}
    peak = max(one.get("peak", 0.0) for one in found.values())
    return {
        "format": KIND,
        "holds": not any(told.values()) and peak <= LIMITS["worker_mib"],
        "files": count,
        "done": sum(not one.get("refused", True) for one in found.values()),
        "refused": sum(one.get("refused", False) for one in found.values()),
        "seconds": round(seconds, 1),
        "slowest_seconds": round(max(one.get("seconds", 0.0) for one in found.values()), 2),
        "worker_peak_mib": round(peak, 1),
        **told,
    }


def _faults(found: dict[int, dict[str, Any]]) -> dict[str, list[int]]:
    """What does not hold -> the numbers of the manifests of which it does not."""
    kinds = (*_LIES, "outside", "ended_worker")
    return {what: [number for number, one in found.items() if one.get(what)] for what in kinds}


def _keep(folder: Path, work: Work, found: dict[int, dict[str, Any]]) -> None:
    """Keep the manifests of which something does not hold, and what was said of them."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = sorted({number for bad in _faults(found).values() for number in bad})
    for number in numbers:
        (folder / f"{number}.jsonl").write_bytes(work.put(number))
    lines = [f"{number}: { ({what: said for what, said in found[number].items() if said}) }" for number in numbers]
    (folder / "said.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
