from __future__ import annotations

import json
import platform
from dataclasses import replace

import pytest

from docsr.bench.report.markdown import markdown
from docsr.bench.results import SCHEMA, Results, processor, write_results
from docsr.bench.small_digits import SmallDigits
from docsr.bench.summary import rank, summarise
from docsr.metrics.text import FOLDING
from tests.bench.test_summary import rows

# What scripts outside the project count on in every row.
PROMISED = {
    "page",
    "set",
    "lr_dpi",
    "degradation",
    "upscaler",
    "factor",
    "engine",
    "cer",
    "edits",
    "reference_chars",
    "wer",
} | {"word_recall", "word_precision", "digit_cer", "psnr", "ssim", "ink_ratio", "seconds_upscale", "seconds_ocr"}


@pytest.fixture
def results() -> Results:
    found = rows()
    cells = summarise(found, {})
    confused = {"tesseract, net_x4": [("e", "c", 7)]}
    missing, failed = {"fsrcnn_x2": "no weights"}, ["p1, net_x4: broke"]
    engines = {"tesseract": "tesseract 5"}
    arms = {"net_x4": "0a1b2c"}
    return Results("mine", "docsr benchmark x", engines, arms, missing, failed, found, cells, rank(cells), confused)


def test_results_json_has_what_is_promised(results, tmp_path):
    write_results(tmp_path / "results.json", results)
    read = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    top = ["schema", "docsr", "command", "machine", "suite", "folding", "engines", "arms", "not_run", "failed"]
    assert list(read) == [*top, "rows", "summary", "ranking", "confusions", "digits"]
    assert read["schema"] == SCHEMA
    assert read["folding"] == FOLDING
    assert set(read["rows"][0]) >= PROMISED
    assert {"processor", "cores", "system", "python", "libraries"} == set(read["machine"])
    assert read["summary"][0]["gap_closed"].keys() == {"value", "low", "high"}


def test_a_number_that_json_does_not_know_is_refused(results, tmp_path):
    broken = replace(results, rows=[replace(results.rows[0], psnr=float("inf"))])
    with pytest.raises(ValueError, match="JSON"):
        write_results(tmp_path / "results.json", broken)
    assert not list(tmp_path.iterdir())


def test_markdown_names_wins_losses_and_what_was_not_run(results):
    text = markdown(results)
    assert FOLDING in " ".join(text.split())
    (line,) = [line for line in text.splitlines() if line.startswith("| net_x4 |")]
    assert "| better |" in line
    (line,) = [line for line in text.splitlines() if line.startswith("| bicubic_x2 |")]
    assert "| worse |  | 12 |" in line
    assert "fsrcnn_x2: no weights" in text
    assert "p1, net_x4: broke" in text
    assert "`e` read as `c` 7 times" in text


def test_markdown_tells_what_became_of_digits_in_small_text(results):
    assert "Digits in small text" not in markdown(results)
    counts = [SmallDigits("s", dpi, "scan", "tesseract", "net_x4", "bicubic_x4", 3, 1000, 7, 9) for dpi in (50, 75)]
    text = markdown(replace(results, digits=counts))
    assert "| tesseract | net_x4 | 2,000 | 14 | 18 |" in text
    assert "cannot be trusted" in " ".join(text.split())


CPUS = {
    "model name\t: AMD EPYC\nflags\t\t: sse2 avx avx2 avx512f avx512_vnni\n": "AMD EPYC (avx512_vnni)",
    "model name\t: AMD EPYC\nflags\t\t: sse2 avx avx2\n": "AMD EPYC (avx2)",
    "model name\t: old\nflags\t\t: sse2\n": "old",
    "CPU implementer\t: 0x41\nFeatures\t: fp asimd asimddp\n": f"{platform.machine()} (asimddp)",
}


@pytest.mark.parametrize(("told", "name"), [*CPUS.items()], ids=[*CPUS.values()])
def test_a_processor_is_told_with_the_instructions_that_decide_its_speed(told, name, tmp_path):
    (tmp_path / "cpuinfo").write_text(told, encoding="utf-8")
    assert processor(tmp_path / "cpuinfo") == name


def test_a_processor_has_a_name_where_there_is_no_cpuinfo(tmp_path):
    assert processor(tmp_path / "cpuinfo")
