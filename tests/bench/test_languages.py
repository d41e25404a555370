"""The language of a source: Tesseract reads its pages in it, and what is missing is said before any work."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from docsr.bench.arms import plan_arms
from docsr.bench.results import read_results, write_results
from docsr.bench.reuse import EarlierResults
from docsr.bench.suite import Suite, load_suite
from docsr.benchmark import ROWS, Measurements, results_of, run_benchmark, signatures_of
from docsr.errors import UsageError
from docsr.ocr.base import Engine
from docsr.ocr.null import NullEngine
from docsr.ocr.rapid import RapidOcr
from docsr.ocr.tesseract import Tesseract
from tests.bench.pages import folder_suite
from tests.command import ran

pytestmark = pytest.mark.skipif(not Tesseract.available(), reason="Tesseract is not installed")


def suite_of(folder: Path, **languages: str) -> Path:
    """A suite of a set for each language, with one drawn page."""
    sources = []
    for name, language in languages.items():
        folder_suite(folder / name, pages=1)
        sources.append(f"{{set: {name}, images: '{name}/*.png', language: {language}, lower: [{{dpi: [75]}}]}}")
    path = folder / "suite.yaml"
    path.write_text(f"name: s\nsources: [{', '.join(sources)}]", encoding="utf-8")
    return path


def loaded(folder: Path, **languages: str) -> Suite:
    return load_suite(suite_of(folder, **languages), None, None)


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tesseract has English data by the name of German data, too."""
    said = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=True).stdout
    folder = Path(said.split(chr(34))[1])
    for name in ("eng", "deu"):
        (tmp_path / "tessdata").mkdir(exist_ok=True)
        (tmp_path / "tessdata" / f"{name}.traineddata").symlink_to(folder / "eng.traineddata")
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path / "tessdata"))


def measured(suite: Suite, out: Path, earlier: EarlierResults | None = None) -> Measurements:
    """Measure the arm ``none`` alone."""
    arms = [arm for arm in plan_arms(["none"], None)[0] if arm.label == "none"]
    readers: dict[str, Engine] = {"tesseract": Tesseract()}
    found = run_benchmark(suite, arms, readers, out, earlier=earlier)
    told = results_of(found, suite, arms, signatures_of(suite, readers), {}, "docsr benchmark")
    write_results(out / "results.json", told)
    return found


def test_each_source_is_read_in_its_language(tmp_path, german):
    out = tmp_path / "out"
    found = measured(loaded(tmp_path / "in", english="eng", mixed="deu+eng"), out)
    assert {row.engine for row in found.rows} == {"tesseract"}
    assert [row.engine_options.partition(",")[0] for row in found.rows] == ["lang eng", "lang deu+eng"]
    told = read_results(out / "results.json").engines["tesseract"].split("; ")
    assert [signature.partition(", ")[2] for signature in told] == [row.engine_options for row in found.rows[::-1]]


def test_rows_of_another_language_are_measured_again(tmp_path, german):
    first, second = tmp_path / "first", tmp_path / "second"
    measured(loaded(tmp_path / "in", a="eng", b="deu"), first)
    other = loaded(tmp_path / "in", a="eng", b="eng")
    again = measured(other, second, EarlierResults(first / "results.json"))
    assert [text is None for text in again.texts] == [True, False], "that of a is reused"
    assert len((first / ROWS).read_text(encoding="utf-8").splitlines()) == 2
    measured(other, first)
    assert len((first / ROWS).read_text(encoding="utf-8").splitlines()) == 3


def test_data_that_tesseract_lacks_is_named_before_any_work(tmp_path):
    tried = ran("benchmark", suite_of(tmp_path / "in", a="eng", b="xyz+eng"), "--out", tmp_path / "out")
    assert tried.code == 2
    assert "Tesseract has no data for xyz: it has eng" in tried.err
    assert not (tmp_path / "out").exists()


def test_engines_without_languages_ignore_it(tmp_path):
    suite = loaded(tmp_path, a="xyz", b="eng")
    told = signatures_of(suite, {"rapidocr": RapidOcr(), "null": NullEngine()})
    assert told == {"rapidocr": RapidOcr().signature, "null": "null"}
    with pytest.raises(UsageError, match="no data for xyz"):
        signatures_of(suite, {"tesseract": Tesseract()})


@pytest.mark.parametrize("language", ["--psm", "'-l'", "../eng", "'deu+'", "''", "deu eng", "[deu]"])
def test_what_is_no_language_code_is_refused(tmp_path, language):
    with pytest.raises(UsageError, match=r"'sources\.0\.language'"):
        loaded(tmp_path, a=language)
