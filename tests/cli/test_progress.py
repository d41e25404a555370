"""How far a run is, in pages: on a terminal, in lines, and for programs."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from PIL import Image

from docsr.batch.file_progress import Stage
from docsr.batch.results import PageResult, Task
from docsr.cli import bar
from docsr.cli.progress import Course
from docsr.compare import CompareOptions, compare_files, plan_pairs
from tests.command import docsr, picture

BICUBIC = ("--factor", "2", "--model", "bicubic")
PAGES = 45


def scan(folder: Path, suffix: str, pages: int = PAGES) -> Path:
    path = folder / f"scan.{suffix}"
    first, *others = [picture(900, 700) for _ in range(pages)]
    first.save(path, save_all=True, append_images=others, resolution=100)
    return path


def shown(*words: object) -> list[str]:
    """What the command shows on a terminal, a line for each time that it is drawn."""
    import pty

    process, terminal = pty.fork()
    if not process:
        os.execve(sys.executable, [sys.executable, "-m", "docsr", *map(str, words)], {**os.environ, "COLUMNS": "150"})
    seen = b""
    try:
        while some := os.read(terminal, 4096):
            seen += some
    except OSError:  # the other side is closed
        pass
    _, status = os.waitpid(process, 0)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen.decode())
    assert os.waitstatus_to_exitcode(status) == 0, text
    return re.split(r"[\r\n]+", text)


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "way"), [("tif", ["--jobs", 1]), ("pdf", ["--jobs", 1, "--time-limit", 0])])
def test_the_pages_of_one_file_are_counted_on_a_terminal(tmp_path, suffix, way):
    path = scan(tmp_path, suffix)
    lines = shown("enhance", path, "--out", tmp_path / "out", *BICUBIC, *way)
    done = [int(found[1]) for line in lines if (found := re.search(rf"(\d+)/{PAGES} pages, [01]/1 file", line))]
    assert done == sorted(done)
    assert any(0 < one < PAGES for one in done), lines


def test_a_comparison_shows_how_many_pages_there_are(tmp_path):
    path = scan(tmp_path, "tif", 4)
    lines = shown("compare", path, path, "--out", tmp_path / "page.html", "--limit", 3)
    assert any(re.search("[0-3]/3 pages", line) for line in lines), lines


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (20, [(0, 4, True), (1, 4, True), (2, 4, True), (3, 4, True), (3, 5, False), (4, 5, False), (5, 5, False)]),
        (2, [(0, 2, False), (1, 2, False), (2, 2, False)]),
    ],
)
def test_a_comparison_knows_its_pages_before_the_first_is_done(tmp_path, limit, expected):
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        scan(folder, "tif", 3)
        picture().save(folder / "z.tif", save_all=True, append_images=[picture()])
    pairs, _ = plan_pairs(tmp_path / "a", tmp_path / "b")
    heard: list[tuple[int, int, bool]] = []
    compare_files(
        pairs,
        tmp_path / "page.html",
        CompareOptions(limit),
        "all",
        progress=lambda told: heard.append((told.pages, *told.of_all(limit))),
    )
    assert heard == expected


@pytest.mark.slow_except("True-2")
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("dry", [False, True])
def test_programs_hear_of_pages_while_files_are_done(tmp_path, capsys, monkeypatch, jobs, dry):
    monkeypatch.setattr(bar, "SECONDS_BETWEEN_LINES", 0.0)
    scan(tmp_path, "tif", 4)
    picture().save(tmp_path / "b.png")
    more = ["--dry-run"] if dry else []
    wish = ["enhance", tmp_path, "--out", tmp_path / "out", *BICUBIC, "--log-json", "--jobs", jobs, *more]
    ran = docsr(capsys, monkeypatch, *wish)
    assert ran.code == 0, ran.err
    told = [row["progress"] for row in map(json.loads, ran.out.splitlines()) if "progress" in row]
    assert told[-1] == {
        "pages_done": 5, "pages_looked_at": 5, "pages_known": 5, "files_done": 2, "files_begun": 2, "files": 2,
    }  # fmt: skip
    inside = [row for row in told if row["files_done"] < 2 and 0 < row["pages_done"] < row["pages_known"]]
    assert inside
    assert all(row["pages_done"] <= row["pages_looked_at"] <= row["pages_known"] for row in told)


def test_no_file_is_opened_before_its_turn(tmp_path, capsys, monkeypatch):
    counts = []
    for number in range(6):
        picture(10, 10).save(tmp_path / f"{number}.png")
    opened = Image.open

    def counted(*words, **how):
        counts.append(1)
        return opened(*words, **how)

    monkeypatch.setattr(Image, "open", counted)
    at_first = []
    heard = Course.heard

    def first(self, task, stage):
        at_first.append(len(counts))
        heard(self, task, stage)

    monkeypatch.setattr(Course, "heard", first)
    assert docsr(capsys, monkeypatch, "enhance", tmp_path, "--out", tmp_path / "out", *BICUBIC).code == 0
    assert at_first[0] == 1


def row(name: str, page: int = 1, status: str = "done", pages: int | None = 1) -> PageResult:
    return PageResult(name, f"out/{name}", page, status, pages=pages)


def test_pages_of_files_that_are_not_begun_are_expected_as_those_of_the_others():
    course = Course(4)
    assert (course.of_all("/"), course.expected) == ("0/0+ pages", 4)
    course.heard(Task(Path("a.tif"), Path("out/a.tif")), Stage(10, 10, 4))
    assert (course.of_all("/"), course.expected) == ("4/10+ pages", 40)
    for page in range(1, 11):
        course.result(row("a.tif", page, pages=10))
    assert (course.of_all("/"), course.files_done) == ("10/10+ pages", 1)
    course.result(row("b.tif", status="skipped", pages=None))
    assert (course.of_all("/"), course.expected) == ("10/10+ pages", 30)
    course.result(row("c.png"))
    course.result(row("d.png", status="failed", pages=None))
    assert course.of_all("/") == "12/12 pages"
    assert course.sentence().startswith("12 of 12 pages, 4 of 4 files, ")
    assert course.sentence().endswith(" a second, 1 failed, about 0 min left")


def test_what_is_begun_again_starts_anew():
    course = Course(1)
    task = Task(Path("a.tif"), Path("out/a.tif"))
    for stage in (Stage(3, 3, 2), Stage(3, 1, 0)):
        course.heard(task, stage)
    assert course.of_all(" of ") == "0 of 3 pages"
    assert course.pace() == "1 looked at"


def test_a_long_run_does_not_flood(monkeypatch):
    said, now = [], [0.0]
    monkeypatch.setattr(bar, "monotonic", lambda: now[0])
    say = bar.now_and_then(lambda: said.append(now[0]))
    for _ in range(3600):
        now[0] += 1
        say()
    assert said == [float(60 * minute) for minute in range(1, 61)]
