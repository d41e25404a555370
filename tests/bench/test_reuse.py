"""``docsr benchmark --reuse`` takes the rows that still hold from an earlier results.json, and measures the others."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from docsr.bench.results import Results, read_results
from tests.bench.pages import folder_suite
from tests.command import Ran, ran
from tests.upscalers.onnx_files import conv_network

MARK = 1234.5
"""Seconds that no page takes: a row that has it was not measured again."""


class Benchmark:
    """A folder of pages, measured with a network of its own and Tesseract; the rows are marked by their time."""

    def __init__(self, folder: Path) -> None:
        self.pages, self.network = folder / "in", folder / "mine_x2.onnx"
        self.first, self.second = folder / "first", folder / "second"

    def measure(self) -> None:
        folder_suite(self.pages, pages=2)
        conv_network(self.network, 2, seed=1)
        assert self.run("--out", self.first).code == 0
        text = (self.first / "results.json").read_text(encoding="utf-8")
        marked = re.sub(r'"seconds_ocr": [\d.]+}', f'"seconds_ocr": {MARK}}}', text)
        (self.first / "results.json").write_text(marked, encoding="utf-8")

    @property
    def before(self) -> Results:
        return read_results(self.first / "results.json")

    def run(self, *options: object) -> Ran:
        arms = ["--upscaler", "none", "--upscaler", self.network]
        return ran("benchmark", self.pages, "--lr-dpi", "75", *arms, *options)

    def again(self) -> tuple[Results, set[tuple[str, str]]]:
        """Measure again with what is there; return the results and (page, arm) of what was measured anew."""
        before = self.first / "results.json"
        again = self.run("--out", self.second, "--reuse", before)
        assert again.code == 0, again.err
        after = read_results(self.second / "results.json")
        reused = [row for row in after.rows if row.seconds_ocr == MARK]
        assert f"{len(reused)} rows reused, without their texts" in again.err
        return after, {(row.page, row.upscaler) for row in after.rows if row not in reused}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measured")
    Benchmark(folder).measure()
    return folder


@pytest.fixture
def benchmark(measured: Path, tmp_path: Path) -> Benchmark:
    shutil.copytree(measured, tmp_path / "copy")
    return Benchmark(tmp_path / "copy")


def test_all_rows_and_what_their_texts_showed_are_reused_where_nothing_changed(benchmark):
    after, anew = benchmark.again()
    assert anew == set()
    assert after.confusions == benchmark.before.confusions
    assert after.confusions
    assert after.digits == benchmark.before.digits
    assert [row.cer for row in after.rows] == [row.cer for row in benchmark.before.rows]
    report = (benchmark.second / "report.html").read_text(encoding="utf-8")
    assert "<section>" in report
    assert "text read from" not in report, "no text is known"


def test_of_a_network_that_changed_all_rows_are_measured_again(benchmark):
    conv_network(benchmark.network, 2, seed=2)
    after, anew = benchmark.again()
    assert anew == {("page0", "mine_x2"), ("page1", "mine_x2")}
    kept = {name: pairs for name, pairs in benchmark.before.confusions.items() if not name.endswith("mine_x2")}
    assert kept.items() <= after.confusions.items()
    assert after.confusions.keys() == benchmark.before.confusions.keys()


def test_of_a_page_that_changed_all_rows_are_measured_again(benchmark):
    (benchmark.pages / "page1.txt").write_text("another text", encoding="utf-8")
    after, anew = benchmark.again()
    assert {page for page, _ in anew} == {"page1"}
    assert {arm for _, arm in anew} == {row.upscaler for row in after.rows}
    assert not after.confusions, "of page0 no text is known"


@pytest.mark.slow
def test_pages_that_are_new_are_measured(benchmark):
    folder_suite(benchmark.pages, pages=3)
    after, anew = benchmark.again()
    assert {page for page, _ in anew} == {"page2"}
    assert after.pages["in"].keys() == {"page0", "page1", "page2"}


def test_texts_that_are_known_from_the_folder_are_not_lost(benchmark):
    before = benchmark.before
    assert benchmark.run("--out", benchmark.first, "--reuse", benchmark.first / "results.json").code == 0
    assert benchmark.before.confusions == before.confusions
    assert "text read from" in (benchmark.first / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("docsr", "0.0.1", "measured by docsr 0.0.1"),
        ("folding", "none", "folded texts in another way"),
        ("pages", {}, "no digests of its pages"),
        ("engines", None, "engines"),
    ],
)
def test_results_measured_in_another_way_are_refused(benchmark, field, value, sentence):
    path = benchmark.first / "results.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {field: value}), encoding="utf-8")
    refused = benchmark.run("--out", benchmark.second, "--reuse", path)
    assert refused.code == 2
    assert sentence in refused.err
    assert not benchmark.second.exists()


@pytest.mark.slow
def test_an_engine_of_another_version_reads_all_again(benchmark):
    path = benchmark.first / "results.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(values | {"engines": {"tesseract": "tesseract 3"}}), encoding="utf-8")
    (benchmark.pages / "page1.png").unlink()
    after, anew = benchmark.again()
    assert len(anew) == len({(row.page, row.upscaler) for row in after.rows})


def test_rows_that_are_reused_are_kept_in_the_folder(benchmark):
    benchmark.again()
    (benchmark.first / "results.json").unlink()
    assert benchmark.run("--out", benchmark.second).code == 0
    after = read_results(benchmark.second / "results.json")
    assert {row.seconds_ocr for row in after.rows} == {MARK}


def test_another_machine_is_named(benchmark):
    path = benchmark.first / "results.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    values["machine"] |= {"processor": "another processor"}
    path.write_text(json.dumps(values), encoding="utf-8")
    again = benchmark.run("--out", benchmark.second, "--reuse", path)
    assert "the reused rows were measured on another machine or with other versions: another processor" in again.err


def test_an_original_is_reused_for_another_resolution(benchmark):
    words = ("--upscaler", "none", "--lr-dpi", "100", "--reuse", benchmark.first / "results.json")
    assert ran("benchmark", benchmark.pages, *words, "--out", benchmark.second).code == 0
    reused = {row.upscaler for row in read_results(benchmark.second / "results.json").rows if row.seconds_ocr == MARK}
    assert reused == {"hr"}
