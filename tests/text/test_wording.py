"""Numbers of things, and that no command says them wrongly."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docsr.batch.file_progress import Stage
from docsr.batch.results import PageResult, Task
from docsr.cli.progress import Course
from docsr.text.wording import counted
from tests.bench.pages import folder_suite
from tests.command import docsr, picture

SAMPLES = Path(__file__).parents[2] / "data" / "samples"

WRONG = re.compile(
    r"(?<![\d,.])1 (more )?(pages|files|rows|documents|patches|training patches|validation patches|words|arms|times|"
    r"settings|measurements|parameters|bytes)\b"
)


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (0, "page", "0 pages"),
        (1, "page", "1 page"),
        (2, "page", "2 pages"),
        (1, "patch", "1 patch"),
        (1234, "patch", "1,234 patches"),
        (3, "box", "3 boxes"),
        (2, "more file", "2 more files"),
    ],
)
def test_a_number_and_its_noun(number, noun, said):
    assert counted(number, noun) == said


def test_every_command_says_one_of_a_thing_rightly(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    with Image.open(SAMPLES / "letter.png") as letter:
        letter.crop((0, 0, 400, 200)).save("in/a.png", dpi=(75, 75))
    Path("pages").mkdir()
    pixels = np.repeat(np.repeat(np.asarray(Image.open("in/a.png").convert("L")), 2, 0), 2, 1)
    Image.fromarray(pixels).save("pages/a.png", dpi=(150, 150))
    wish = ["--factor", 2, "--model", "bicubic"]
    measured = ["--lr-dpi", 75, "--upscaler", "bicubic", "--engine", "null"]
    ran = [
        docsr(capsys, monkeypatch, "enhance", "in", "--out", "out", *wish, "--dry-run"),
        docsr(capsys, monkeypatch, "enhance", "in", "--out", "out", *wish, "--preview", 1),
        docsr(capsys, monkeypatch, "enhance", "in", "--out", "out", *wish),
        docsr(capsys, monkeypatch, "compare", "in", "out", "--out", "page.html"),
        docsr(capsys, monkeypatch, "models", "compact_x2"),
        docsr(capsys, monkeypatch, "prepare", "images", "pages", "--out", "p", "--patch", 64, "--per-page", 1),
        docsr(capsys, monkeypatch, "benchmark", folder_suite(Path("s")), "--out", "b", *measured),
    ]
    said = "\n".join(one.out + one.err for one in ran)
    assert [one.code for one in ran] == [0] * len(ran), said
    assert "1 page in 1 file: 1 done" in said
    assert "1 training and 0 validation patches of 64 px from 1 page of 1 document, 0 skipped" in said
    assert not WRONG.search(said), WRONG.search(said)
    assert not WRONG.search(Path("b/report.md").read_text())


@pytest.mark.parametrize("pages", [1, 2])
def test_how_far_a_run_is_says_it_too(pages):
    course = Course(1)
    task = Task(Path("a.tif"), Path("out/a.tif"))
    course.heard(task, Stage(pages, 1, 0))
    first = course.sentence()
    course.result(PageResult("a.tif", "out/a.tif", 1, "done", pages=pages))
    assert first.startswith(f"0 of {counted(pages, 'page')}, 0 of 1 file")
    assert course.sentence().startswith(f"{pages} of {counted(pages, 'page')}, 1 of 1 file")


def test_pages_are_numbered_from_1_by_every_door(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, bad = picture(), np.full((48, 40), 10**6, np.int32)
    first.save("good.tif", save_all=True, append_images=[first])
    first.save("bad.tif", save_all=True, append_images=[Image.fromarray(bad)])
    wish = ["--factor", 2, "--model", "bicubic", "--out", "out"]
    dry = docsr(capsys, monkeypatch, "enhance", "good.tif", *wish, "--dry-run")
    logged = docsr(capsys, monkeypatch, "enhance", "bad.tif", *wish, "--log-json")
    ran = docsr(capsys, monkeypatch, "enhance", "good.tif", *wish, "--preview")
    for said in (dry.out, ran.out):
        assert "good.tif page 1" in said
        assert "good.tif page 2" in said
    assert '"page": 1, "status": "done"' in logged.out
    assert '"page": 2, "status": "failed"' in logged.out
    assert "bad.tif, page 2" in logged.out
    shown = Path("out/preview.html").read_text()
    assert "page 1" in shown
    assert "page 2" in shown
    for said in (dry.out, logged.out, ran.out, shown):
        assert "page 0" not in said
        assert '"page": 0' not in said
