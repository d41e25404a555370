from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from docsr.bench.report.markdown import markdown
from docsr.bench.results import SCHEMA, Results, read_results, write_results
from docsr.bench.small_digits import SmallDigits
from docsr.bench.summary import rank, summarise
from docsr.errors import UsageError
from docsr.metrics.text import FOLDING
from tests.bench.test_summary import OPTIONS, rows

COMMITTED = sorted((Path(__file__).parents[2] / "benchmarks").rglob("results.json"))

# What scripts outside the project count on in every row.
PROMISED = {
    "page",
    "set",
    "lr_dpi",
    "degradation",
    "upscaler",
    "factor",
    "engine",
    "engine_options",
    "cer",
    "edits",
    "reference_chars",
    "wer",
} | {"word_recall", "word_precision", "digit_cer", "psnr", "ssim", "ink_ratio", "seconds_upscale", "seconds_ocr"}


UNKNOWN_CELL = dict.fromkeys(("cer_no_space", "word_recall_respaced"))
UNKNOWN_ROW = UNKNOWN_CELL | dict.fromkeys(("edits_no_space", "reference_chars_no_space", "words_found_respaced"))
"""Scores that older results do not have."""


@pytest.fixture
def results() -> Results:
    found = rows()
    cells = summarise(found, {})
    confused = {"tesseract, net_x4": [("e", "c", 7)]}
    missing, failed = {"fsrcnn_x2": "no weights"}, ["p1, net_x4: broke"]
    engines = {"tesseract": "tesseract 5"}
    arms = {"net_x4": "0a1b2c"}
    return Results(
        command="docsr benchmark x",
        suite="mine",
        engines=engines,
        arms=arms,
        not_run=missing,
        failed=failed,
        rows=found,
        summary=cells,
        ranking=rank(cells),
        confusions=confused,
    )


def test_results_json_has_what_is_promised(results, tmp_path):
    write_results(tmp_path / "results.json", results)
    read = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    top = ["schema", "docsr", "command", "machine", "suite", "folding", "engines", "arms", "not_run", "failed", "pages"]
    assert list(read) == [*top, "rows", "summary", "ranking", "confusions", "digits"]
    assert read["schema"] == SCHEMA
    assert read["folding"] == FOLDING
    assert set(read["rows"][0]) >= PROMISED
    assert {"processor", "cores", "system", "python", "libraries"} == set(read["machine"])
    assert read["summary"][0]["gap_closed"].keys() == {"value", "low", "high"}


def test_old_rows_have_no_scores_without_spaces_and_neither_have_their_cells(results, tmp_path):
    write_results(tmp_path / "results.json", results)
    values = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    values["rows"] = [{name: row[name] for name in row if name not in UNKNOWN_ROW} for row in values["rows"]]
    (tmp_path / "results.json").write_text(json.dumps(values), encoding="utf-8")
    old = read_results(tmp_path / "results.json").rows
    assert {getattr(row, name) for row in old for name in UNKNOWN_ROW} == {None}
    cells = summarise([*old[:10], *results.rows[10:]], {})
    assert {(cell.cer_no_space, cell.word_recall_respaced) for cell in cells} == {(None, None)}
    assert None not in {cell.cer_no_space for cell in summarise(results.rows, {})}


DIGITS = SmallDigits("s", 75, "scan", "tesseract", OPTIONS, "net_x4", "bicubic_x4", 3, 1000, 7, 9)


def test_what_is_written_is_read_again(results, tmp_path):
    whole = replace(results, digits=[DIGITS], pages={"s": {"p1": "0a1b"}})
    write_results(tmp_path / "results.json", whole)
    assert read_results(tmp_path / "results.json") == whole


@pytest.mark.slow_but_one_in(3)
@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.parent.name)
def test_committed_results_are_read_and_written_as_they_are(path, tmp_path):
    read = read_results(path)
    write_results(tmp_path / "results.json", read)
    again = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    was = json.loads(path.read_text(encoding="utf-8"))
    rows = [UNKNOWN_ROW | row for row in was["rows"]]
    cells = [UNKNOWN_CELL | cell for cell in was["summary"]]
    assert again == {"pages": {}, "digits": []} | was | {"rows": rows, "summary": cells}


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.parent.name)
def test_every_committed_row_says_how_its_engine_was_run(path):
    results = read_results(path)
    for engine, options in {(row.engine, row.engine_options) for row in results.rows}:
        told = [signature.partition(", ")[2] for signature in results.engines[engine].split("; ")]
        assert options in told
    assert {row.engine_options for row in results.rows if row.engine == "rapidocr"} <= {"max_side_len 2000"}


@pytest.mark.parametrize("told", [{}, {"engine_options": ""}, {"engine_options": None}])
def test_rows_that_do_not_say_how_their_engine_was_run_are_refused_in_a_sentence(results, tmp_path, told):
    write_results(tmp_path / "results.json", results)
    values = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    del values["rows"][3]["engine_options"]
    values["rows"][3] |= told
    (tmp_path / "results.json").write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(UsageError, match=r"does not say how its engines were run \(engine_options\): measure it again"):
        read_results(tmp_path / "results.json")


WRONG = {
    "nothing": ("", "is not the results.json"),
    "a list": ("[]", "is not the results.json"),
    "another schema": ('{"schema": 99}', "schema 1"),
    "nested too deeply": ("[" * 100_000, "nested too deeply"),
    "without a machine": ('{"schema": 1, "suite": "a"}', "its machine"),
    "no number": ('{"schema": 1, "rows": [NaN]}', "JSON compliant"),
    "an infinite number": ('{"schema": 1, "rows": [1e999]}', "JSON compliant"),
    "not UTF-8": ("\udcff", "is not the results.json"),
}


@pytest.mark.parametrize(("text", "sentence"), WRONG.values(), ids=WRONG)
def test_another_file_is_refused_with_a_sentence(tmp_path, text, sentence):
    (tmp_path / "results.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(UsageError, match=sentence):
        read_results(tmp_path / "results.json")


def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(UsageError, match="is not a file"):
        read_results(tmp_path)


def test_a_row_of_the_wrong_type_is_refused_with_its_place(results, tmp_path):
    write_results(tmp_path / "results.json", results)
    values = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    values["rows"][1]["cer"] = "low"
    (tmp_path / "results.json").write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(UsageError, match=r"rows\.1\.cer"):
        read_results(tmp_path / "results.json")


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
    counts = [
        SmallDigits("s", dpi, "scan", "tesseract", OPTIONS, "net_x4", "bicubic_x4", 3, 1000, 7, 9) for dpi in (50, 75)
    ]
    text = markdown(replace(results, digits=counts))
    assert "| tesseract | net_x4 | 2,000 | 14 | 18 |" in text
    assert "cannot be trusted" in " ".join(text.split())


def test_scores_without_spaces_are_shown_where_an_engine_loses_spaces(results):
    assert "CER without spaces" not in markdown(results), "its words are found as they are"
    lost = [replace(cell, word_recall=0.4, word_recall_respaced=0.9, cer_no_space=0.08) for cell in results.summary]
    text = markdown(replace(results, summary=lost))
    (head,) = [line for line in text.splitlines() if line.startswith("| arm | CER")]
    (line,) = [line for line in text.splitlines() if line.startswith("| net_x4 |")]
    assert head.endswith("| s | CER without spaces, % | words found respaced, % |")
    assert line.endswith("| 8.00 | 90.00 |")
    assert head.count("|") == line.count("|")


def test_a_comparison_that_only_stands_alone_is_called_perhaps(results):
    once = [replace(cell, beats_bicubic=0, champion_beats=0) for cell in results.summary]
    text = markdown(replace(results, summary=once))
    (line,) = [line for line in text.splitlines() if line.startswith("| net_x4 |")]
    assert "| perhaps better |" in line
    assert "docsr reads better" not in text, "nothing of docsr was measured"
