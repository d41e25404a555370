"""Each promise of SECURITY.md names the tests that hold it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROMISES = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in (ROOT / "SECURITY.md").read_text(encoding="utf-8").partition("| promise |")[2].splitlines()
    if line.startswith("| ") and not line.startswith("| ---")
]


def test_there_are_promises():
    assert len(PROMISES) > 15


@pytest.mark.parametrize("row", PROMISES, ids=lambda row: row[0][:40])
def test_a_promise_is_held_by_tests_that_are_there(row: list[str]):
    promise, how, held = row
    assert promise.endswith((".", ")."))
    assert how.endswith((".", ".)"))
    named = re.findall(r"`(tests/[\w/.]+\.py)`", held)
    assert named
    assert held == ", ".join(f"`{name}`" for name in named)
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_what_is_said_of_damaged_files_was_measured():
    found = json.loads((ROOT / "benchmarks" / "results" / "fuzz.json").read_text(encoding="utf-8"))["formats"]
    said = " ".join((ROOT / "SECURITY.md").read_text(encoding="utf-8").split())
    files, done, refused = (sum(one[count] for one in found) for count in ("files", "done", "refused"))
    slowest, most = max(one["slowest_seconds"] for one in found), max(one["worker_peak_mib"] for one in found)
    assert all(one["holds"] for one in found)
    assert f"Of {files:,} files of {len(found)} kinds, {done:,} were done and {refused:,} refused" in said
    assert f"the slowest took {slowest:.0f} s, and a process that read held {most:.0f} MiB at most" in said


def test_what_is_said_of_documents_of_many_pages_was_measured():
    found = json.loads((ROOT / "benchmarks" / "results" / "many_pages.json").read_text(encoding="utf-8"))["cases"]
    said = " ".join((ROOT / "docs" / "decisions.md").read_text(encoding="utf-8").split())
    pdf, tif = found
    few, many = pdf["pages"]
    (pdf_few, pdf_many), (tif_few, tif_many) = pdf["worker_mib"], tif["worker_mib"]
    assert f"held {pdf_few:.0f} MiB with {few} pages of a PDF and {pdf_many:.0f} MiB with {many:,}" in said
    assert f"of a TIFF {tif_few:.0f} and {tif_many:.0f} MiB" in said
    assert "the process that plans held {:.0f} and {:.0f} MiB".format(*pdf["parent_mib"]) in said
