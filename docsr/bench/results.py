"""Write and read ``results.json``, the whole result of a benchmark; docs/benchmark.md explains its fields."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from docsr import __version__
from docsr.bench.measure import Row
from docsr.bench.small_digits import SmallDigits
from docsr.bench.summary import Cell, Rank
from docsr.errors import UsageError, reason_of
from docsr.io.paths.atomic import atomic_write
from docsr.io.paths.own_files import OwnFile
from docsr.machine import machine
from docsr.metrics.text import FOLDING
from docsr.text.parsing import read_json
from docsr.text.shown import in_json

SCHEMA = 1
"""Increased when a field changes its meaning or is removed."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A benchmark's outcome, in the order of the file.

    Attributes:
        docsr: version that measured.
        command: command that made it.
        machine: what ran the benchmark, from :func:`docsr.machine.machine`.
        suite: name of the suite.
        folding: how texts were folded before they were compared.
        engines: name, or name and options asked for -> version and options.
        arms: label -> signature: version, or digest of its weights.
        not_run: arm -> why it was not run.
        failed: a sentence for each measurement that failed.
        pages: set -> page -> digest of its file and reference text.
        rows: rows of every page, condition, arm and engine.
        summary: cells of the rows.
        ranking: arms by mean gap closed.
        confusions: engine and arm -> the most frequent (true, read, count).
        digits: counts of numbers on pages of small text, if texts were available.
    """

    docsr: str = __version__
    command: str
    machine: dict[str, Any] = field(default_factory=machine)
    suite: str
    folding: str = FOLDING
    engines: dict[str, str]
    arms: dict[str, str]
    not_run: dict[str, str]
    failed: list[str]
    pages: dict[str, dict[str, str]] = field(default_factory=dict)
    rows: Sequence[Row]
    summary: Sequence[Cell]
    ranking: Sequence[Rank]
    confusions: dict[str, list[tuple[str, str, int]]]
    digits: Sequence[SmallDigits] = ()


def write_results(path: Path, results: Results) -> None:
    """Write ``results.json``, complete or not at all. PageError if it cannot be written."""
    with atomic_write(path) as file:
        file.write(as_json({"schema": SCHEMA} | asdict(results)).encode())


def read_results(path: Path) -> Results:
    """Return what :func:`write_results` wrote to ``path``; files without ``pages`` have none.

    Raises:
        UsageError: the file cannot be read, or is no ``results.json`` of this schema.
    """
    if not os.path.isfile(path):  # reading a device may never end
        raise UsageError(f"{path} is not a file")
    try:
        values = read_json(path.read_bytes())
        as_json({"values": values})  # no number may be infinite or none
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not the results.json of a benchmark: {error}") from error
    if not isinstance(values, dict) or values.get("schema") != SCHEMA:
        raise UsageError(f"{path} is not the results.json of a benchmark (schema {SCHEMA})")
    del values["schema"]
    told = values.get("machine")
    if not isinstance(told, dict) or told.keys() != machine().keys() or not isinstance(told["libraries"], dict):
        raise UsageError(f"{path} is not the results.json of a benchmark: its machine is not described")
    if any(isinstance(row, dict) and not row.get("engine_options") for row in _rows_of(values)):
        raise UsageError(f"{path} does not say how its engines were run (engine_options): measure it again")
    try:
        return TypeAdapter(Results).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path} is not the results.json of a benchmark: {where}: {first['msg']}") from error


def _rows_of(values: dict[str, Any]) -> list[Any]:
    rows = values.get("rows")
    return rows if isinstance(rows, list) else []


def as_json(values: dict[str, Any]) -> str:
    """Return JSON with a line for each field and each item of a list field, so that it can be compared by line."""
    return "{\n" + ",\n".join(f"{_dumped(name)}: {_lines(value)}" for name, value in values.items()) + "\n}\n"


def _lines(value: Any) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(map(_dumped, value)) + "\n]"
    return _dumped(value)


def _dumped(value: Any) -> str:
    return in_json(json.dumps(value, ensure_ascii=False, allow_nan=False))
