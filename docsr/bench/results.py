"""``results.json``: everything a benchmark found, for machines; docs/benchmark.md explains its fields."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from docsr import __version__
from docsr.bench.measure import Row
from docsr.bench.small_digits import SmallDigits
from docsr.bench.summary import Cell, Rank
from docsr.io.paths.atomic import atomic_write
from docsr.io.paths.own_files import OwnFile
from docsr.metrics.text import FOLDING
from docsr.text.shown import in_json

SCHEMA = 1
"""Raised when a field changes its meaning or goes."""

VECTORS = ("amx_int8", "avx512_vnni", "avx_vnni", "avx512f", "avx2", "avx", "asimddp")
"""Instructions for many numbers at once, the best first, as Linux names them; those with VNNI, AMX and the dot products
of Arm (asimddp) are made for 8 bits."""

_BEGINS = {
    "results.json": rb'\A\{\s*"schema":\s*\d+,\s*"docsr":',
    "report.md": rb"\A# docsr benchmark: ",
    "report.html": rb"<title>docsr benchmark: ",
}

FILES = {
    name: OwnFile("docsr benchmark", re.compile(begins), "choose another --out folder", within=400)
    for name, begins in _BEGINS.items()
}
"""What a benchmark leaves in its folder, each written anew by the next one."""

LIBRARIES = ("numpy", "opencv-python-headless", "onnxruntime", "openvino", "ncnn", "rapidocr", "rapidfuzz")


@dataclass(frozen=True, slots=True)
class Results:
    """A benchmark's outcome.

    Attributes:
        suite: its name.
        command: that made it.
        engines: name -> version and options.
        arms: label -> what it was: version, digest of its weights.
        not_run: arm -> why it was not run.
        failed: single measurements that failed, a sentence each.
        rows: of every page, condition, arm and engine.
        cells: their summary.
        ranking: arms by mean gap closed.
        confused: engine and arm -> the most frequent (true, read, count).
        digits: numbers on pages of small text, where texts were at hand.
    """

    suite: str
    command: str
    engines: dict[str, str]
    arms: dict[str, str]
    not_run: dict[str, str]
    failed: list[str]
    rows: Sequence[Row]
    cells: Sequence[Cell]
    ranking: Sequence[Rank]
    confused: dict[str, list[tuple[str, str, int]]]
    digits: Sequence[SmallDigits] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as ``results.json`` holds them."""
        return {
            "schema": SCHEMA,
            "docsr": __version__,
            "command": self.command,
            "machine": machine(),
            "suite": self.suite,
            "folding": FOLDING,
            "engines": self.engines,
            "arms": self.arms,
            "not_run": self.not_run,
            "failed": self.failed,
            "rows": [asdict(row) for row in self.rows],
            "summary": [cell.as_dict() for cell in self.cells],
            "ranking": [asdict(one) for one in self.ranking],
            "confusions": self.confused,
            "digits": [asdict(one) for one in self.digits],
        }


def machine() -> dict[str, Any]:
    """What ran it: processor, cores, system, versions."""
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: found for name in LIBRARIES if (found := _version(name)) is not None},
    }


def write_results(path: Path, results: Results) -> None:
    """Write ``results.json``, complete or not at all. PageError when it cannot be written."""
    with atomic_write(path) as file:
        file.write(as_json(results.as_dict()).encode())


def as_json(values: dict[str, Any]) -> str:
    """JSON with a line for each field, and for each item of a field that is a list: to be read and compared by line."""
    return "{\n" + ",\n".join(f"{_dumped(name)}: {_lines(value)}" for name, value in values.items()) + "\n}\n"


def _lines(value: Any) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(map(_dumped, value)) + "\n]"
    return _dumped(value)


def _dumped(value: Any) -> str:
    return in_json(json.dumps(value, ensure_ascii=False, allow_nan=False))


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def processor(info: Path = Path("/proc/cpuinfo")) -> str:
    """Its name, and the best that it has of VECTORS, since the time that a network takes depends on that.

    Args:
        info: where Linux tells; where there is no such file, Python's platform module is asked for the name.
    """
    if not os.path.isfile(info):
        return platform.processor() or platform.machine()
    lines = (line.partition(":") for line in info.read_text(encoding="utf-8", errors="replace").splitlines())
    told = {name.strip(): value.strip() for name, _, value in lines}
    has = told.get("flags", told.get("Features", "")).split()
    best = next((f" ({name})" for name in VECTORS if name in has), "")
    return told.get("model name", platform.machine()) + best
