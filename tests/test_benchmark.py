"""The verb: what is measured once is kept, whatever happens in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from docsr.bench.arms import HR, Arm, plan_arms
from docsr.bench.degradations import DEGRADATIONS
from docsr.bench.results import read_results
from docsr.bench.suite import load_suite
from docsr.bench.suite_file import LowerConfig
from docsr.benchmark import ROWS, run_benchmark
from docsr.cli.benchmark import DEGRADATION_NAMES
from docsr.cli.benchmark import benchmark as command
from docsr.ocr.base import Engine
from docsr.ocr.engines import ENGINES, engine_of
from docsr.page import Page
from tests.bench.pages import WidthEngine, folder_suite
from tests.command import docsr

LOWER = LowerConfig(dpi=(75,), degradation=("clean", "scan"))
ARMS = ["none", "bicubic"]


def run(folder: Path, out: Path, engine: Engine, names: list[str] = ARMS, jobs: int = 1):
    suite = load_suite(folder, None, LOWER)
    arms, _ = plan_arms(names, None)
    return run_benchmark(suite, arms, {"width": engine}, out, jobs=jobs)


def test_every_page_condition_and_arm_is_a_row(tmp_path):
    found = run(folder_suite(tmp_path / "in"), tmp_path / "out", WidthEngine())
    assert not found.failed
    assert len(found.rows) == len(found.texts) == 2 * 2 * 4
    by_arm = {(row.upscaler, row.factor): text for row, text in zip(found.rows, found.texts, strict=True)}
    assert {arm: text.split()[1] for arm, text in by_arm.items()} == {
        ("none", 1): "225",
        ("bicubic", 2): "450",
        ("bicubic", 4): "900",
        (HR, 1): "900",
    }
    for row in found.rows:
        assert (row.psnr is None) == (row.upscaler == HR)
        assert row.ink_ratio is None or 0.5 < row.ink_ratio < 1.2


def test_a_second_run_measures_only_what_is_new(tmp_path):
    folder, out = folder_suite(tmp_path / "in"), tmp_path / "out"
    first, again, more = WidthEngine(), WidthEngine(), WidthEngine()
    before = run(folder, out, first)
    assert first.asked == 2 * 2 * 3 + 2, "the ceiling is the same for all conditions of a page"
    assert run(folder, out, again) == before
    assert again.asked == 0
    run(folder, out, more, [*ARMS, "lanczos"])
    assert more.asked == 2 * 2 * 2


@pytest.mark.slow
def test_a_cut_off_line_is_measured_again(tmp_path):
    folder, out = folder_suite(tmp_path / "in"), tmp_path / "out"
    before = run(folder, out, WidthEngine())
    lines = (out / ROWS).read_text().splitlines(keepends=True)
    (out / ROWS).write_text("".join(lines[:-1]) + lines[-1][:40])
    engine = WidthEngine()
    after = run(folder, out, engine)
    assert engine.asked == 1
    assert [row.cer for row in after.rows] == [row.cer for row in before.rows]
    assert run(folder, out, WidthEngine()).rows == after.rows


class LineSeparatorEngine(WidthEngine):
    """Reads a character at which Python, but not JSON lines, begins a new line."""

    def read(self, page: Page) -> str:
        return super().read(page).replace(" ", "\u2028")


def test_a_text_with_line_separators_is_measured_once(tmp_path):
    folder, out = folder_suite(tmp_path / "in"), tmp_path / "out"
    before, engine = run(folder, out, LineSeparatorEngine()), LineSeparatorEngine()
    assert run(folder, out, engine) == before
    assert engine.asked == 0


@pytest.mark.slow
def test_processes_find_what_one_process_finds(tmp_path):
    folder = folder_suite(tmp_path / "in")
    one = run(folder, tmp_path / "one", WidthEngine())
    two = run(folder, tmp_path / "two", WidthEngine(), jobs=2)
    assert one.texts == two.texts


def test_an_arm_that_fails_is_named_and_the_others_go_on(tmp_path):
    suite = load_suite(folder_suite(tmp_path / "in"), None, LOWER)
    broken = Arm("broken", 2, str(tmp_path / "gone.onnx"), False, "broken")
    found = run_benchmark(suite, [broken, *plan_arms(ARMS, None)[0]], {"width": WidthEngine()}, tmp_path / "out")
    assert [sentence.split(": ")[0] for sentence in found.failed] == ["page0 (broken_x2)", "page1 (broken_x2)"]
    assert len(found.rows) == 16


def test_a_folder_in_one_command(tmp_path, capsys, monkeypatch):
    folder, out = folder_suite(tmp_path / "in", pages=1), tmp_path / "out"
    wish = ["benchmark", folder, "--out", out, "--lr-dpi", 75, "--upscaler", "lanczos"]
    ran = docsr(capsys, monkeypatch, *wish)
    assert ran.code == 0, ran.err
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert {row["upscaler"] for row in results["rows"]} == {"lanczos", "bicubic", "hr"}
    assert results["engines"]["tesseract"].startswith("tesseract ")
    reads = {cell["arm"]: cell["error"]["value"] for cell in results["summary"]}
    assert reads["hr"] < 0.02
    assert reads["bicubic_x4"] < 0.1
    report = (out / "report.md").read_text(encoding="utf-8")
    assert "lanczos_x4" in report
    assert "<html" in (out / "report.html").read_text(encoding="utf-8")
    assert "no longer in the report" not in ran.err
    more = docsr(capsys, monkeypatch, *wish, "--engine", "null", "--engine", "tesseract")
    assert "no longer in the report" not in more.err, "all that was there is still there"
    other = docsr(capsys, monkeypatch, *wish, "--engine", "null")
    assert other.code == 0
    assert "docsr: 5 measurements of an earlier command" in other.err


@pytest.mark.parametrize(
    ("wish", "code", "sentence"),
    [
        (["--upscaler", "bicubik"], 2, "did you mean 'bicubic'"),
        (["--engine", "tesserakt"], 2, "unknown engine 'tesserakt'; did you mean 'tesseract'?"),
        (["--engine", "tesseract:psn=6"], 2, "unknown option 'psn' of the engine tesseract; did you mean 'psm'?"),
        (["--engine", "rapidocr:max_side_len=9"], 2, "cannot be '9': it is a whole number from 320 to 30000"),
        (["--degradation", "scan"], 2, "--degradation and --hr-dpi need --lr-dpi"),
    ],
)
def test_a_wrong_wish_is_one_sentence(tmp_path, capsys, monkeypatch, wish, code, sentence):
    ran = docsr(capsys, monkeypatch, "benchmark", folder_suite(tmp_path / "in"), "--out", tmp_path / "out", *wish)
    assert ran.code == code
    assert sentence in ran.err
    assert "Traceback" not in ran.err


def test_the_pages_and_the_results_are_kept_apart(tmp_path, capsys, monkeypatch):
    folder = folder_suite(tmp_path / "in", pages=1)
    before = sorted(folder.iterdir())
    ran = docsr(capsys, monkeypatch, "benchmark", folder, "--out", folder)
    assert ran.code == 2
    assert "is the folder of the pages: name another one" in ran.err
    assert sorted(folder.iterdir()) == before


def test_texts_and_pages_that_cannot_be_scored_are_named_and_the_others_go_on(tmp_path, capsys, monkeypatch):
    folder = folder_suite(tmp_path / "in", pages=5)
    (folder / "page1.txt").write_text(" \n")
    (folder / "page2.txt").write_bytes("Größe".encode("latin-1"))
    first, second = (Image.open(folder / f"page{number}.png") for number in (0, 1))
    first.save(folder / "page3.tif", save_all=True, append_images=[second], dpi=(300, 300))
    (folder / "page3.png").unlink()
    (folder / "page4.txt").unlink()
    ran = docsr(
        capsys, monkeypatch, "benchmark", folder, "--out", tmp_path / "out", "--engine", "null", "--upscaler", "none"
    )
    assert ran.code == 1
    for sentence in (
        f"not measured because they have no text: {folder / 'page4.png'}\n",
        f"failed: {folder / 'page1.txt'} is empty",
        f"failed: {folder / 'page2.txt'} is not UTF-8",
        f"failed: page3 (3 arms): {folder / 'page3.tif'} and its text differ in the number of pages",
    ):
        assert sentence in ran.err
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert {row["page"] for row in results["rows"]} == {"page0"}
    assert len(results["failed"]) == 3


def test_pages_that_do_not_say_their_resolution(tmp_path, capsys, monkeypatch):
    folder = folder_suite(tmp_path / "in", pages=1)
    with Image.open(folder / "page0.png") as page:
        page.save(folder / "page0.png", dpi=None)
    command = ["benchmark", folder, "--upscaler", "none", "--engine", "null", "--lr-dpi", 75]
    ran = docsr(capsys, monkeypatch, *command, "--out", tmp_path / "unknown")
    assert ran.code == 1
    assert "page0 (3 arms): it does not say its resolution: give --hr-dpi" in ran.err
    assert docsr(capsys, monkeypatch, *command, "--out", tmp_path / "told", "--hr-dpi", 300).code == 0


def test_an_empty_folder_is_no_suite(tmp_path, capsys, monkeypatch):
    (tmp_path / "in").mkdir()
    ran = docsr(capsys, monkeypatch, "benchmark", tmp_path / "in", "--out", tmp_path / "out")
    assert ran.code == 3
    assert "no page with text" in ran.err


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on(tmp_path):
    folder, out = folder_suite(tmp_path / "in", pages=2), tmp_path / "out"
    command = [sys.executable, "-m", "docsr", "benchmark", str(folder), "--out", str(out), "--lr-dpi", "75"]
    running = subprocess.Popen([*command, "--upscaler", "none"], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not ((out / ROWS).exists() and (out / ROWS).stat().st_size):
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    kept = (out / ROWS).read_text(encoding="utf-8").splitlines()
    assert 1 <= len(kept) < 8
    subprocess.run([*command, "--upscaler", "none"], check=True, capture_output=True)
    lines = (out / ROWS).read_text(encoding="utf-8").splitlines()
    assert lines[: len(kept) - 1] == kept[:-1]
    assert len({json.loads(line)["key"] for line in lines if line.endswith("}")}) == 8


def test_the_command_offers_what_is_registered():
    (told,) = [option.help or "" for option in command.params if option.name == "engines"]
    for name, kind in ENGINES.items():
        assert name in told
        assert all(f"{option}=" in told for option in kind.choices)
    assert tuple(DEGRADATIONS) == DEGRADATION_NAMES


def test_rows_of_each_setting_of_an_engine_have_its_spec(tmp_path):
    suite = load_suite(folder_suite(tmp_path / "in", pages=1), None, LowerConfig(dpi=(50,)))
    arms = [arm for arm in plan_arms(["none"], None)[0] if arm.label == "none"]
    specs = ["tesseract", "tesseract:psm=7", "tesseract:psm=3"]
    for _ in range(2):
        found = run_benchmark(suite, arms, {spec: engine_of(spec) for spec in specs}, tmp_path / "out")
        assert [row.engine for row in found.rows] == specs, "the second time they come from the folder"
        assert ["psm 7" in row.engine_options for row in found.rows] == [False, True, False]
    assert len((tmp_path / "out" / ROWS).read_text(encoding="utf-8").splitlines()) == 2, "equal options are read once"


@pytest.mark.slow
def test_two_settings_of_one_engine_are_compared_in_one_run(tmp_path, capsys, monkeypatch):
    folder, out = folder_suite(tmp_path / "in", pages=1, dpi=300), tmp_path / "out"
    engines = ("tesseract", "tesseract:thresholding_method=2,psm=6", "tesseract:psm=6,thresholding_method=2")
    asked = [word for engine in engines for word in ("--engine", engine)]
    ran = docsr(capsys, monkeypatch, "benchmark", folder, "--out", out, "--upscaler", "none", "--lr-dpi", 50, *asked)
    assert ran.code == 0, ran.err
    results = read_results(out / "results.json")
    spec = "tesseract:psm=6,thresholding_method=2"
    told = {(row.engine, row.engine_options) for row in results.rows}
    assert told == {
        ("tesseract", "lang eng, psm 3, thresholding_method 0, dpi as tagged"),
        (spec, "lang eng, psm 6, thresholding_method 2, dpi as tagged"),
    }
    assert {(cell.engine, cell.engine_options) for cell in results.summary} == told
    assert list(results.engines) == ["tesseract", spec]
    assert f"## in, 50 dpi, clean, {spec}" in (out / "report.md").read_text(encoding="utf-8").replace("\\", "")
