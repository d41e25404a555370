"""``docsr compare`` and ``docsr enhance --preview`` as commands: what they write, refuse and say."""

from __future__ import annotations

import gc
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from docsr.cli.compare import compare
from docsr.compare import CompareOptions, compare_files, plan_pairs
from docsr.viewer.sheet import Sheet, make_sheet
from tests.command import docsr, picture

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "samples"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folders(tmp_path):
    """in/ with a, b, x/c, hi/ with what became of them, and in each something that is alone."""
    for name, scale in (("in", 1), ("hi", 4)):
        (tmp_path / name / "x").mkdir(parents=True)
        for place in ("a.png", "b.png", "x/c.png"):
            picture(60 * scale, 40 * scale).save(tmp_path / name / place)
        picture(20, 20).save(tmp_path / name / f"only_{name}.png")
    return tmp_path


def shown(path: str | Path = "compare.html") -> list[dict[str, Any]]:
    html = Path(path).read_text(encoding="utf-8")
    return [json.loads(one) for one in re.findall(r'class="sheet">(.*?)</script>', html)]


def test_two_files(capsys, monkeypatch):
    picture(60, 40).save("a.png", dpi=(75, 75))
    picture(240, 160).save("b.tif", dpi=(300, 300))
    ran = docsr(capsys, monkeypatch, "compare", "a.png", "b.tif")
    assert (ran.code, ran.err) == (0, "")
    assert re.fullmatch(r"compare\.html: 1 page, 0\.\d MB\n", ran.out)
    (sheet,) = shown()
    abouts = [(one["name"], one["about"]) for one in sheet["variants"]]
    assert abouts[0] == ("LR", "a.png, 60 x 40 px, 75 dpi")
    assert abouts[1][0] == "bicubic"
    assert abouts[2] == ("after", "b.tif, 240 x 160 px, 300 dpi")
    html = Path("compare.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=(?![\"']?data:)", html)
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "")


def test_folders_are_paired_and_what_is_alone_is_named(folders, capsys, monkeypatch):
    (folders / "hr").mkdir()
    picture(480, 320).save(folders / "hr" / "a.jpg")
    ran = docsr(capsys, monkeypatch, "compare", "in", "hi", "--hr", "hr")
    assert ran.code == 0
    assert [sheet["title"] for sheet in shown()] == ["a.png", "b.png", "x/c.png"]
    assert [len(sheet["variants"]) for sheet in shown()] == [4, 3, 3]
    alone, without = ran.err.splitlines()
    assert alone.endswith("file of that name: in/only_in.png, hi/only_hi.png")
    assert without == "docsr: There is no HR for: in/b.png, in/x/c.png"
    assert "in/only_in.png, hi/only_hi.png" in Path("compare.html").read_text(encoding="utf-8")


def test_a_file_finds_its_partner_in_a_folder(folders, capsys, monkeypatch):
    ran = docsr(capsys, monkeypatch, "compare", "in/b.png", "hi")
    assert (ran.code, ran.err) == (0, "")
    assert shown()[0]["variants"][2]["about"].startswith("hi/b.png")


def test_a_limit_says_what_is_left_out(folders, capsys, monkeypatch):
    ran = docsr(capsys, monkeypatch, "compare", "in", "hi", "--limit", "2")
    assert ran.code == 0
    assert len(shown()) == 2
    assert "docsr: 1 more file not shown: --limit sets how many pages are" in ran.err.splitlines()


def test_a_damaged_file_does_not_stop_the_others(folders, capsys, monkeypatch):
    (folders / "hi" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    ran = docsr(capsys, monkeypatch, "compare", "in", "hi")
    assert ran.code == 1
    assert "docsr: failed: hi/a.png" in ran.err
    assert [sheet["title"] for sheet in shown()] == ["b.png", "x/c.png"]
    assert "Failed: hi/a.png" in Path("compare.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("given", [("in/a.png", "absent.png"), ("in/only_in.png", "hi"), ("empty", "hi")])
def test_nothing_to_compare_writes_nothing(given, folders, capsys, monkeypatch):
    (folders / "empty").mkdir()
    ran = docsr(capsys, monkeypatch, "compare", *given)
    assert ran.code == 3
    assert "Traceback" not in ran.err
    assert not Path("compare.html").exists()


def test_a_folder_is_not_compared_with_itself(folders, capsys, monkeypatch):
    ran = docsr(capsys, monkeypatch, "compare", "in", "hi/../in")
    assert ran.code == 2
    assert "in and hi/../in are the same folder" in ran.err


def test_the_command_has_the_defaults_of_what_it_calls():
    given = compare.make_context("compare", ["in", "hi"]).params
    assert (given["limit"], given["max_pixels"]) == (CompareOptions().limit, CompareOptions().max_pixels)


@pytest.mark.slow
def test_one_sheet_is_in_memory_at_a_time(folders):
    alive: list[int] = []

    def counted(*args, **options):
        gc.collect()
        alive.append(sum(type(one) is Sheet for one in gc.get_objects()))
        return make_sheet(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("docsr.compare.make_sheet", counted)
        compare_files(plan_pairs(Path("in"), Path("hi"))[0], Path("compare.html"), CompareOptions(), "in and hi")
    assert alive == [0, 0, 0]


def test_pages_are_paired_by_number(capsys, monkeypatch):
    small, large = picture(60, 40), picture(120, 80)
    small.save("a.tif", save_all=True, append_images=[small, small])
    large.save("b.pdf", save_all=True, append_images=[large], resolution=144)
    ran = docsr(capsys, monkeypatch, "compare", "a.tif", "b.pdf")
    assert ran.code == 0
    assert [sheet["title"] for sheet in shown()] == ["a.tif, page 1", "a.tif, page 2"]
    assert "a.tif has 3 pages, b.pdf has 2 pages" in ran.err


def test_another_shape_is_warned_of(capsys, monkeypatch):
    picture(60, 40).save("a.png")
    picture(120, 120).save("b.png")
    ran = docsr(capsys, monkeypatch, "compare", "a.png", "b.png")
    assert ran.code == 0
    assert "the shapes differ by 50 %" in ran.err
    assert "the shapes differ by 50 %" in shown()[0]["notes"][0]


def test_only_a_page_of_ours_is_replaced(folders, capsys, monkeypatch):
    command = "compare", "in", "hi", "--out", "mine.html"
    Path("mine.html").write_text("<p>a letter")
    ran = docsr(capsys, monkeypatch, *command)
    assert ran.code == 2
    assert "not written by docsr compare" in ran.err
    assert Path("mine.html").read_text() == "<p>a letter"
    assert docsr(capsys, monkeypatch, *command, "--overwrite").code == 0
    assert docsr(capsys, monkeypatch, *command).code == 0
    assert len(shown("mine.html")) == 3


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--out", "in/a.png"), "give the name of a .html file"),
        (("--out", "in/a.png/x.html"), "cannot be written"),
        (("--hr", "hi/a.png"), "give a folder"),
        (("--lang", "deu"), "give --ocr too"),
        (("--ocr", "--lang", "xyz"), "Tesseract has no data for xyz"),
    ],
)
def test_what_cannot_be_is_refused_before_work(more, said, folders, capsys, monkeypatch):
    ran = docsr(capsys, monkeypatch, "compare", "in", "hi", *more)
    assert ran.code == 2
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1
    with Image.open("in/a.png") as untouched:
        assert untouched.size == (60, 40)


@pytest.mark.parametrize(
    ("module", "command", "extra"),
    [
        ("jinja2", ("compare", "in", "hi"), "compare"),
        ("jinja2", ("enhance", "in", "--out", "new", "--preview"), "compare"),
        ("rapidfuzz.distance", ("compare", "in", "hi", "--ocr"), "ocr"),
    ],
)
def test_a_missing_package_is_told_before_work(module, command, extra, folders, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    ran = docsr(capsys, monkeypatch, *command)
    assert ran.code == 2
    assert f"pip install 'docsr[{extra}]'" in ran.err
    assert not Path("new").exists()
    assert not Path("compare.html").exists()


def test_words_are_compared(capsys, monkeypatch):
    """The same words on both sides but one; each stands where it is drawn."""
    font = ImageFont.truetype("LiberationSans-Regular.ttf", 40)
    for name, last in (("a.png", "Monday"), ("b.png", "Sunday")):
        page = Image.new("L", (700, 120), "white")
        ImageDraw.Draw(page).text((30, 30), f"The bridge opens on {last}", font=font, fill="black")
        page.save(name, dpi=(300, 300))
    assert docsr(capsys, monkeypatch, "compare", "a.png", "b.png", "--ocr").code == 0
    (sheet,) = shown()
    assert [word[0] for word in sheet["variants"][0]["words"]] == ["The", "bridge", "opens", "on", "Monday"]
    assert sheet["differences"] == {"0-1": [[4, 4]]}
    _, left, top, right, bottom, ends = sheet["variants"][1]["words"][4]
    expected = ImageDraw.Draw(Image.new("L", (1, 1))).textlength("The bridge opens on ", font=font)
    assert left == pytest.approx((30 + expected) / 700, abs=0.01)
    assert 0.2 < top < bottom < 0.7
    assert 0.1 < right - left < 0.25
    assert ends == 1


def test_a_preview_shows_the_first_pages(folders, capsys, monkeypatch):
    (folders / "in" / "a.png").write_bytes(b"broken")
    ran = docsr(
        capsys, monkeypatch, "enhance", "--preview", "in", "--out", "new", "--factor", "2", "--model", "bicubic"
    )
    assert ran.code == 1
    assert "new/preview.html: 3 pages" in ran.out
    sheets = shown("new/preview.html")
    assert [sheet["title"] for sheet in sheets] == ["b.png", "only_in.png", "x/c.png"]
    assert [one["name"] for one in sheets[0]["variants"]] == ["LR", "bicubic", "docsr"]
    again = docsr(
        capsys, monkeypatch, "enhance", "in/x", "--out", "alone", "--factor", "2", "--preview", "1", "--log-json"
    )
    assert "alone/preview.html: 1 page" in again.err
    assert all(json.loads(line) for line in again.out.splitlines())


def test_a_preview_takes_what_is_done_already(folders, capsys, monkeypatch):
    command = "enhance", "in", "--out", "new", "--factor", "2", "--model", "bicubic"
    assert docsr(capsys, monkeypatch, *command).code == 0
    ran = docsr(capsys, monkeypatch, *command, "--preview", "2")
    assert "4 files skipped" in ran.out
    assert [sheet["title"] for sheet in shown("new/preview.html")] == ["a.png", "b.png"]
    compared = docsr(capsys, monkeypatch, "compare", "in/a.png", "new/a.png")
    assert compared.code == 0
    assert [one["name"] for one in shown()[0]["variants"]] == [
        "LR",
        "bicubic",
        "docsr",
    ]  # the manifest says whose it is


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--preview", "--dry-run"), "nothing to preview"),
        (("--preview", "0"), "range"),
        (("--preview", "--report", "new/preview.html"), "an input or an output"),
        (("--preview",), "not written by docsr compare"),
    ],
)
def test_a_preview_that_cannot_be_is_refused_before_work(more, said, folders, capsys, monkeypatch):
    (folders / "new").mkdir()
    if more == ("--preview",):
        (folders / "new" / "preview.html").write_text("mine")
    ran = docsr(capsys, monkeypatch, "enhance", "in", "--out", "new", *more)
    assert ran.code == 2
    assert said in ran.err
    assert not list((folders / "new").glob("*.png"))


@pytest.mark.slow
def test_the_samples_with_their_words(tmp_path, capsys, monkeypatch):
    assert docsr(capsys, monkeypatch, "enhance", SAMPLES, "--out", "hi", "--preview", "8").code == 0
    ran = docsr(capsys, monkeypatch, "compare", SAMPLES, "hi", "--ocr")
    assert ran.code == 0
    sheets = shown()
    assert len(sheets) == len(shown("hi/preview.html")) == 8
    assert Path("compare.html").stat().st_size < 8 * 3e6
    for sheet in sheets:
        assert all(len(one["words"]) > 10 for one in sheet["variants"])
