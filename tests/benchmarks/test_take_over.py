"""benchmarks/research/take_over.py measures again what has changed, and nothing else."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest

from benchmarks.research import take_over
from docsr.bench.measure import Row
from docsr.bench.small_digits import SmallDigits
from tests.bench.pages import folder_suite
from tests.command import docsr
from tests.upscalers.onnx_files import conv_network

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.parametrize(
    ("upscaler", "x_height", "engine", "model", "new"),
    [
        ("auto", 3.0, "tesseract", "small_x4", True),
        ("auto", 7.0, "tesseract", "small_x4", False),
        ("auto", 3.0, "rapidocr", "small_x4", False),
        ("auto", 3.0, "rapidocr", "small_x2", True),
        ("auto", 6.0, "rapidocr", "small_x2", False),
        ("auto", 4.2, "null", "small_x4", True),
        ("auto", None, "tesseract", "small_x4", False),
        ("small_x4", 3.0, "tesseract", "small_x4", True),
        ("small_x2", 3.0, "tesseract", "small_x4", False),
    ],
)
def test_a_row_is_new_where_it_is_of_what_is_named_or_auto_takes_it(
    monkeypatch, upscaler, x_height, engine, model, new
):
    values: dict[str, Any] = {field.name: None for field in fields(Row)}
    row = Row(**values | {"upscaler": upscaler, "x_height": x_height, "engine": engine})
    assert take_over._is_new(row, {model}) is new


def test_counts_of_digits_stay_where_both_texts_were_taken_over(monkeypatch):

    def counts(lost: int, *arms: str) -> dict[str, Any]:
        each = (SmallDigits("s", 75, "scan", "tesseract", arm, "bicubic_x4", 3, 9, lost, 0) for arm in arms)
        return {"digits": [asdict(one) for one in each]}

    digits = take_over._digits
    known, found = counts(1, "old", "new"), counts(2, "old", "new", "added")
    both = {"tesseract, old", "tesseract, bicubic_x4"}
    assert {one.arm: one.lost for one in digits(known, found, both)} == {"old": 1, "new": 2, "added": 2}
    assert {one.arm: one.lost for one in digits(known, found, both - {"tesseract, old"})} == dict.fromkeys(
        ("old", "new", "added"), 2
    )
    assert digits({}, {"digits": []}, both) == []


MARK = 1234.5
"""Seconds that no page takes."""

SUITE = """
name: one
sources: [{set: one, images: "*.png", lower: [{dpi: [75], degradation: [scan]}]}]
"""


@pytest.fixture
def measured(tmp_path, capsys, monkeypatch):
    """A suite measured with a network of its own and one that ships; its rows are marked by their time."""
    pages, out, network = folder_suite(tmp_path / "in", pages=1), tmp_path / "out", tmp_path / "mine_x2.onnx"
    suite = tmp_path / "one.yaml"
    suite.write_text(SUITE, encoding="utf-8")
    conv_network(network, 2, seed=1)
    arms = ["--upscaler", "none", "--upscaler", network, "--upscaler", "compact_x2"]
    assert docsr(capsys, monkeypatch, "benchmark", suite, "--root", pages, *arms, "--out", out).code == 0
    before = json.loads((out / "results.json").read_text(encoding="utf-8"))
    for row in before["rows"]:
        row["seconds_ocr"] = MARK
    (out / "results.json").write_text(json.dumps(before), encoding="utf-8")
    return out, before, network


def again(monkeypatch, out: Path, *options: str) -> Any:
    monkeypatch.setattr(sys, "argv", ["take_over.py", str(out), *options])
    take_over.main()
    return json.loads((out / "results.json").read_text(encoding="utf-8"))


def check(before: Any, after: Any, arm: str) -> None:
    assert {row["upscaler"] for row in after["rows"] if row["seconds_ocr"] != MARK} == {arm}
    assert len(after["rows"]) == len(before["rows"])
    assert set(after["confusions"]) == set(before["confusions"])
    kept = {reader: pairs for reader, pairs in before["confusions"].items() if not reader.endswith(arm)}
    assert kept
    assert kept.items() <= after["confusions"].items()


def test_of_a_suite_only_the_arm_that_changed_is_measured_again(measured, monkeypatch):
    out, before, network = measured
    (out / "rows.jsonl").unlink()
    conv_network(network, 2, seed=2)
    after = again(monkeypatch, out)
    check(before, after, "mine_x2")
    assert after["arms"]["mine_x2"] != before["arms"]["mine_x2"]


@pytest.mark.parametrize("kept", [False, True], ids=["without rows.jsonl", "with rows.jsonl"])
def test_a_network_can_be_measured_again_that_has_not_changed(measured, monkeypatch, kept):
    out, before, _ = measured
    rows = out / "rows.jsonl"
    marked = [json.loads(line) | {"seconds_ocr": MARK} for line in rows.read_text(encoding="utf-8").splitlines()]
    rows.write_text("".join(json.dumps(row) + "\n" for row in marked if kept), encoding="utf-8")
    after = again(monkeypatch, out, "--anew", "compact_x2")
    check(before, after, "compact_x2")
    assert after["confusions"] == before["confusions"]
