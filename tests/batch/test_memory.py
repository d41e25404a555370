"""What networks need of memory: the least that is allowed, the default, and what is said where it is too little."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from docsr.choices import LEAST_MEMORY
from docsr.weights import catalogue
from tests.command import docsr

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems keep no such limit")

ROOT = Path(__file__).parents[2]
SAMPLES, CHECKPOINT = ROOT / "data" / "samples", ROOT / "benchmarks" / "checkpoints" / "small_text_x4.safetensors"
APART = ("--jobs", 1, "--time-limit", 600)


@pytest.mark.slow_except("compact_x2")
@pytest.mark.parametrize("model", sorted(catalogue()))
def test_a_small_page_needs_no_more_than_the_least_that_is_allowed(tmp_path, capsys, monkeypatch, model):
    wish = ("--model", model, "--tile", 64, "--max-memory", LEAST_MEMORY // 10**6, *APART)
    ran = docsr(capsys, monkeypatch, "enhance", SAMPLES / "letter.png", "--out", tmp_path / "out", *wish)
    assert (ran.code, "failed" in ran.err) == (0, False), ran.err


@pytest.mark.slow
def test_torch_has_what_it_needs_and_says_where_it_has_not(tmp_path, capsys, monkeypatch):
    pytest.importorskip("torch")
    wish = ("enhance", SAMPLES / "columns.tif", "--out", tmp_path / "out", "--model", CHECKPOINT, *APART)
    ran = docsr(capsys, monkeypatch, *wish, "--max-memory", 1000)
    assert ran.code == 1
    assert ran.err.startswith(f"docsr: failed: {wish[1]}: the network small_text_x4.safetensors failed on ")
    assert ran.err.endswith("px: it does not fit in memory; allow more --max-memory, or use a smaller --tile\n")
    assert docsr(capsys, monkeypatch, *wish).code == 0
