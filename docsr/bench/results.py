"""Write and read ``results.json``, the whole result of a benchmark; docs/benchmark.md explains its fields."""

from __future__ import annotations

import json
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
        summary: cells of the rows.
        ranking: arms by mean gap closed.
        confusions: engine and arm -> the most frequent (true, read, count).
        digits: counts of numbers on pages of small text, if texts were available.
        pages: set -> page -> digest of its file and reference text.
        docsr: version that measured.
        machine: what ran the benchmark, from :func:`docsr.machine.machine`.
        folding: how texts were folded before they were compared.
    """

    suite: str
    command: str
    engines: dict[str, str]
    arms: dict[str, str]
    not_run: dict[str, str]
    failed: list[str]
    rows: Sequence[Row]
    summary: Sequence[Cell]
    ranking: Sequence[Rank]
    confusions: dict[str, list[tuple[str, str, int]]]
    digits: Sequence[SmallDigits] = ()
    pages: dict[str, dict[str, str]] = field(default_factory=dict)
    docsr: str = __version__
    machine: dict[str, Any] = field(default_factory=machine)
    folding: str = FOLDING


_HEAD = ("docsr", "command", "machine", "suite", "folding", "engines", "arms", "not_run", "failed", "pages")
"""Fields that stand first in the file; the long ones follow in the order of the class."""


def write_results(path: Path, results: Results) -> None:
    """Write ``results.json``, complete or not at all. PageError if it cannot be written."""
    values = asdict(results)
    ordered = {"schema": SCHEMA} | {name: values[name] for name in _HEAD} | values
    with atomic_write(path) as file:
        file.write(as_json(ordered).encode())


def read_results(path: Path) -> Results:
    """Return what :func:`write_results` wrote to ``path``; files without ``pages`` have none.

    Raises:
        UsageError: the file cannot be read, or is no ``results.json`` of this schema.
    """
    try:
        values = read_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}") from error
    except ValueError as error:
        raise UsageError(f"{path} is not the results.json of a benchmark: {error}") from error
    if not isinstance(values, dict) or values.get("schema") != SCHEMA:
        raise UsageError(f"{path} is not the results.json of a benchmark (schema {SCHEMA})")
    del values["schema"]
    try:
        return TypeAdapter(Results).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path} is not the results.json of a benchmark: {where}: {first['msg']}") from error


def as_json(values: dict[str, Any]) -> str:
    """Return JSON with a line for each field and each item of a list field, so that it can be compared by line."""
    return "{\n" + ",\n".join(f"{_dumped(name)}: {_lines(value)}" for name, value in values.items()) + "\n}\n"


def _lines(value: Any) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(map(_dumped, value)) + "\n]"
    return _dumped(value)


def _dumped(value: Any) -> str:
    return in_json(json.dumps(value, ensure_ascii=False, allow_nan=False))
