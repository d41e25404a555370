"""Write ``results.json``, the whole result of a benchmark for machines; docs/benchmark.md explains its fields."""

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
"""Increased when a field changes its meaning or is removed."""

VECTORS = ("amx_int8", "avx512_vnni", "avx_vnni", "avx512f", "avx2", "avx", "asimddp")
"""Vector instructions as Linux names them, the best first; those with VNNI, AMX and the dot products of Arm (asimddp)
are made for 8 bits."""

_BEGINS = {
    "results.json": rb'\A\{\s*"schema":\s*\d+,\s*"docsr":',
    "report.md": rb"\A# docsr benchmark: ",
    "report.html": rb"<title>docsr benchmark: ",
}

FILES = {
    name: OwnFile("docsr benchmark", re.compile(begins), "choose another --out folder", within=400)
    for name, begins in _BEGINS.items()
}
"""Files that a benchmark leaves in its folder; the next one writes them anew."""

LIBRARIES = ("numpy", "opencv-python-headless", "onnxruntime", "openvino", "ncnn", "rapidocr", "rapidfuzz")


@dataclass(frozen=True, slots=True)
class Results:
    """A benchmark's outcome.

    Attributes:
        suite: name of the suite.
        command: command that made it.
        engines: name -> version and options.
        arms: label -> signature: version, or digest of its weights.
        not_run: arm -> why it was not run.
        failed: a sentence for each measurement that failed.
        rows: rows of every page, condition, arm and engine.
        cells: summary of the rows.
        ranking: arms by mean gap closed.
        confused: engine and arm -> the most frequent (true, read, count).
        digits: counts of numbers on pages of small text, if texts were available.
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
        """Return plain values, as ``results.json`` holds them."""
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
            "ranking": [asdict(rank) for rank in self.ranking],
            "confusions": self.confused,
            "digits": [asdict(count) for count in self.digits],
        }


def machine() -> dict[str, Any]:
    """Return what ran the benchmark: processor, cores, system, versions."""
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: installed for name in LIBRARIES if (installed := _version(name)) is not None},
    }


def write_results(path: Path, results: Results) -> None:
    """Write ``results.json``, complete or not at all. PageError if it cannot be written."""
    with atomic_write(path) as file:
        file.write(as_json(results.as_dict()).encode())


def as_json(values: dict[str, Any]) -> str:
    """Return JSON with a line for each field and each item of a list field, so that it can be compared by line."""
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
    """Return the processor's name and its best of VECTORS, which affects the time that a network takes.

    Args:
        info: Linux's description; if there is no such file, Python's platform module gives the name.
    """
    if not os.path.isfile(info):
        return platform.processor() or platform.machine()
    lines = (line.partition(":") for line in info.read_text(encoding="utf-8", errors="replace").splitlines())
    fields = {name.strip(): value.strip() for name, _, value in lines}
    flags = fields.get("flags", fields.get("Features", "")).split()
    best = next((f" ({name})" for name in VECTORS if name in flags), "")
    return fields.get("model name", platform.machine()) + best
