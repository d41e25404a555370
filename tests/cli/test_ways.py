"""docsr enhance: pipes, dry runs, and what it says to people and to programs."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from docsr.cli import bar
from tests.command import docsr, picture

SAMPLE = next((Path(__file__).parents[2] / "data" / "samples").glob("*.jpg"))
BICUBIC = ("--factor", "2", "--model", "bicubic")


def piped(*words: object, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "docsr", "enhance", *map(str, words)]
    return subprocess.run(command, input=given, capture_output=True, check=False)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "a.jpg"
    path.parent.mkdir()
    picture().convert("L").save(path, dpi=(75, 75))
    return path


def test_an_image_goes_through_a_pipe_as_a_file_would(tmp_path, page, capsys, monkeypatch):
    assert docsr(capsys, monkeypatch, "enhance", page, "--out", tmp_path / "out", *BICUBIC).code == 0
    for given in ("-", page):
        ran = piped(given, "--out", "-", *BICUBIC, given=page.read_bytes())
        assert (ran.returncode, ran.stderr) == (0, b"")
        assert ran.stdout == (tmp_path / "out" / "a.jpg").read_bytes()
    with Image.open(io.BytesIO(ran.stdout)) as image:
        assert image.info["dpi"] == (150, 150)


@pytest.mark.slow_but_one_in(3)
@pytest.mark.parametrize(
    ("words", "given", "code", "sentence"),
    [
        (["-", "--out", "-"], b"", 3, "nothing came through standard input"),
        (["-", "--out", "-"], b"no image", 3, "standard input"),
        (["-", "--out", "hi"], b"", 2, "has no name for an output"),
        (["a", "b", "--out", "-"], b"", 2, "2 inputs are given"),
        ([".", "--out", "-"], b"", 2, ". is a folder"),
        (["-", "--out", "-", "--dry-run"], b"", 2, "standard output holds the image"),
    ],
)
def test_a_pipe_that_cannot_be_is_one_sentence(words, given, code, sentence):
    ran = piped(*words, given=given)
    assert (ran.returncode, ran.stdout) == (code, b"")
    assert sentence in ran.stderr.decode()
    assert ran.stderr.count(b"\n") == 1
    assert b"/docsr-" not in ran.stderr


def test_standard_output_that_is_full_is_one_sentence():
    command = [sys.executable, "-m", "docsr", "enhance", str(SAMPLE), "--out", "-", *BICUBIC]
    with open("/dev/full", "wb") as full:
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert ran.returncode == 1
    assert ran.stderr == b"docsr: error: standard output could not be written: no space left on device\n"


def test_a_dry_run_tells_what_would_happen_and_writes_nothing(tmp_path, page, capsys, monkeypatch):
    shutil.copy(SAMPLE, page)
    Image.new("L", (80, 60), 255).save(page.with_name("blank.png"))
    page.with_name("bad.png").write_bytes(b"nothing")
    ran = docsr(capsys, monkeypatch, "enhance", page.parent, "--out", tmp_path / "out", "--dry-run")
    assert ran.code == 1
    assert "bad.png" in ran.err
    assert not (tmp_path / "out").exists()
    header, *rows, summary = ran.out.splitlines()
    assert header.split() == ["model", "factor", "size", "becomes", "x-height", "bytes", "page"]
    blank = f"{page.with_name('blank.png')} -> {tmp_path / 'out' / 'blank.png'}: no text was found: nothing to gain"
    assert any(blank in row and row.startswith("none") for row in rows)
    assert any(f"a.jpg -> {tmp_path / 'out' / 'a.jpg'}: its text is" in row for row in rows)
    assert any(row.endswith("help tesseract") for row in rows)
    assert "2 planned" in summary
    wish = "--dry-run", "--engine", "rapidocr"
    asked = docsr(capsys, monkeypatch, "enhance", SAMPLE, "--out", tmp_path / "out", *wish)
    assert "help rapidocr" in asked.out


def test_a_page_of_enough_dpi_is_said_to_be_so(tmp_path, page, capsys, monkeypatch):
    with Image.open(SAMPLE) as image:
        image.save(page, dpi=(75, 75))
        width, height = image.size
    wish = (page, "--out", tmp_path / "out", "--dpi", "50")
    report = tmp_path / "rows.json"
    dry = docsr(capsys, monkeypatch, "enhance", *wish, "--dry-run", "--report", report)
    assert "its 75 dpi are enough for 50" in dry.out
    assert f" {width}x{height} {round(width / 1.5)}x{round(height / 1.5)} " in " ".join(dry.out.split())
    assert json.loads(report.read_text())[0]["size_out"] == [round(width / 1.5), round(height / 1.5)]
    ran = docsr(capsys, monkeypatch, "enhance", *wish, "--report", report)
    (row,) = json.loads(report.read_text())
    assert row["size_out"] == [round(width / 1.5), round(height / 1.5)]
    assert ", reduced by interpolation\n" in ran.out
    assert (row["model"], row["why"]) == (
        "none",
        "its 75 dpi are enough for 50; it is reduced to 50 dpi by interpolation",
    )


@pytest.mark.parametrize(
    ("wish", "size", "model", "said", "why"),
    [
        (["--dpi", "600"], [4000, 2748], "bicubic", "x-height 15.0 px -> 60.0 px, bicubic", "enlarged to 600 dpi"),
        (["--dpi", "100"], [667, 458], "none", "reduced by interpolation", "reduced to 100 dpi"),
        (["--dpi", "600", "--model", "none"], [4000, 2748], "none", "enlarged by interpolation", "enlarged to 600 dpi"),
        (["--dpi", "150"], [1000, 687], "none", "square by interpolation, not enlarged", "enough for 150; its pixels"),
        ([], [1000, 687], "none", "square by interpolation, not enlarged", "its pixels are made square"),
    ],
)
def test_what_became_of_pixels_is_said_where_no_upscaler_made_them(
    tmp_path, capsys, monkeypatch, wish, size, model, said, why
):
    fax, report = tmp_path / "fax.tif", tmp_path / "rows.json"
    with Image.open(SAMPLE.with_name("fax.tif")) as image:
        image.save(fax, dpi=image.info["dpi"], compression="group4")
    words = ["enhance", fax, "--out", tmp_path / "out", *wish, "--report", report]
    for more in (["--dry-run"], []):
        ran = docsr(capsys, monkeypatch, *words, *more)
        (row,) = json.loads(report.read_text())
        assert (row["size_out"], row["model"], row["factor"]) == (size, model, 1)
        assert why in row["why"]
    assert said in ran.out


def test_a_dry_run_says_what_is_done_already(tmp_path, page, capsys, monkeypatch):
    docsr(capsys, monkeypatch, "enhance", page, "--out", tmp_path / "out", *BICUBIC)
    ran = docsr(capsys, monkeypatch, "enhance", page, "--out", tmp_path / "out", *BICUBIC, "--dry-run")
    assert ran.code == 0
    assert "skipped" in ran.out
    assert "up to date" in ran.out


def test_programs_read_a_line_for_each_page(tmp_path, page, capsys, monkeypatch):
    page.with_name("bad.png").write_bytes(b"nothing")
    ran = docsr(capsys, monkeypatch, "enhance", page.parent, "--out", tmp_path / "out", *BICUBIC, "--log-json")
    assert (ran.code, ran.err) == (1, "")
    *rows, end = map(json.loads, ran.out.splitlines())
    found = {Path(row["input"]).name: row for row in rows}
    assert found["a.jpg"]["status"] == "done"
    assert found["a.jpg"]["why"] == "as asked"
    assert "bad.png" in found["bad.png"]["error"]
    sizes = {"bytes_in": page.stat().st_size, "bytes_out": (tmp_path / "out" / "a.jpg").stat().st_size}
    assert end == {
        "end": {"files": 2, "failed": 1, "unread": 1, "skipped": 0, **sizes, "pages": {"done": 1, "failed": 1}}
    }


def test_the_last_line_says_how_many_files_were_taken_and_how_many_are_bad(tmp_path, capsys, monkeypatch):
    (tmp_path / "in").mkdir()
    for number in range(6):
        picture().save(tmp_path / "in" / f"good{number}.png")
    for number in range(3):  # of one page, which is known; it is cut off
        data = io.BytesIO()
        picture(400, 400).save(data, "JPEG")
        (tmp_path / "in" / f"cut{number}.jpg").write_bytes(data.getvalue()[:-900])
    for number in range(4):
        (tmp_path / "in" / f"bad{number}.png").write_bytes(b"nothing")
    wish = ["enhance", tmp_path / "in", "--out", tmp_path / "out", *BICUBIC, "--overwrite"]
    ran = docsr(capsys, monkeypatch, *wish)
    assert (ran.code, ran.err.count("docsr: failed: ")) == (1, 7)
    last = ran.out.splitlines()[-1]
    assert last.startswith("7 of 13 files failed, whole or in part; 9 pages in 9 files: 6 done, 3 failed; ")
    assert last.endswith("; 4 files could not be read at all")
    end = json.loads(docsr(capsys, monkeypatch, *wish, "--log-json").out.splitlines()[-1])["end"]
    assert (end["files"], end["failed"], end["unread"]) == (13, 7, 4)
    assert end["pages"] == {"done": 6, "failed": 7}  # a row for each, as there is one for what could not be read


@pytest.mark.parametrize(
    ("names", "last"),
    [
        (["a.jpg"], "1 page in 1 file: 1 done; "),
        (["bad.png"], "1 file could not be read at all"),
        (["bad.png", "worse.png"], "2 files could not be read at all"),
        (["a.jpg", "bad.png"], "1 of 2 files failed, whole or in part; 1 page in 1 file: 1 done; "),
    ],
)
def test_the_last_line_says_no_more_than_there_is(tmp_path, page, capsys, monkeypatch, names, last):
    for name in ("bad.png", "worse.png"):
        page.with_name(name).write_bytes(b"nothing")
    given = [page.with_name(name) for name in names]
    ran = docsr(capsys, monkeypatch, "enhance", *given, "--out", tmp_path / "out", *BICUBIC)
    assert ran.out.splitlines()[-1].startswith(last)


def test_a_long_run_without_a_terminal_says_now_and_then_how_far_it_is(tmp_path, page, capsys, monkeypatch):
    monkeypatch.setattr(bar, "SECONDS_BETWEEN_LINES", 0.0)
    page.with_name("bad.png").write_bytes(b"nothing")
    ran = docsr(capsys, monkeypatch, "enhance", page.parent, "--out", tmp_path / "out", *BICUBIC)
    lines = [line for line in ran.err.splitlines() if " of 2 files, " in line]
    assert lines
    assert "1 failed" in lines[-1]
    assert "min left" in lines[-1]
