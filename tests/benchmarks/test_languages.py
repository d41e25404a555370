"""benchmarks/data/languages.py: typeset pages in many languages, with their text."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from benchmarks.data.language_texts import SCRIPTS, guide, is_running_text
from benchmarks.data.languages import DPI, FACES, LANGUAGES
from docsr.bench.suite import load_suite
from docsr.metrics.text import fold, score_text
from docsr.ocr.tesseract import Tesseract

ROOT = Path(__file__).parents[2]
SUITE = ROOT / "benchmarks" / "suites" / "languages.yaml"
FACE = Path("/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf")

LONG = "The page has a paragraph of plain words, and number {}; it is read from left to right, as all of them are."
PAGE = """<page xmlns="http://projectmallard.org/1.0/"><title>T</title>{}</page>"""


def write_guide(packages: Path, folder: str, *paragraphs: str) -> None:
    """A package that has a page of a translation."""
    path = packages / "gnome-user-docs" / "usr" / "share" / "help" / folder / "gnome-help" / "a.page"
    path.parent.mkdir(parents=True)
    path.write_text(PAGE.format("".join(f"<p>{text}</p>" for text in paragraphs)), encoding="utf-8")


def test_a_page_is_set_and_read(tmp_path: Path) -> None:
    text = f"{LONG} " * 3
    write_guide(tmp_path / "packages", "C", *(text.format(*range(number, 4 * number)) for number in range(3, 40)))
    shutil.copy(FACE, tmp_path / "packages")
    command = [sys.executable, "-m", "benchmarks.data.languages", "--language", "eng", "--pages", "2"]
    command += ["--packages", str(tmp_path / "packages"), "--out", str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, "the second page has another typeface, which is not there"
    assert "packages has no NotoSerif-Regular.ttf: benchmarks/data/fetch_packages.sh languages" in ran.stderr
    (page,) = load_suite(SUITE, tmp_path, None).pages
    loaded = page.load()
    assert page.set == "languages_eng"
    assert loaded.dpi == pytest.approx((DPI, DPI), abs=0.1)
    assert (loaded.width, loaded.height) == pytest.approx((2480, 3508), abs=2), "A4"
    assert len(page.text) > 1500
    read = fold(Tesseract().read(replace(loaded, pixels=loaded.pixels[: loaded.height // 4])))
    score = score_text(page.text[: len(read)], read)
    assert len(read) > 400
    assert score.edits < 0.2 * len(read), "the last line is cut"


def test_what_is_not_translated_is_left_out(tmp_path: Path) -> None:
    german = "Dieser Absatz ist übersetzt, und er ist lang genug, um auf einer Seite zu stehen."
    menu, link = german.replace("ist", "<guiseq><gui>ist</gui></guiseq>"), german.replace("er", '<link xref="a"/>')
    write_guide(tmp_path, "C", LONG)
    write_guide(tmp_path, "de", LONG, german, menu, link, german.replace("ist", "<em>ist</em>"), "Kurz.")
    assert guide(tmp_path, "de", "Latin") == [german]


@pytest.mark.parametrize(
    ("script", "text", "fits"),
    [
        ("Cyrillic", "Этот абзац достаточно длинный, и в нём есть число 75.", True),
        ("Cyrillic", "Этот абзац достаточно длинный, но в нём есть слово GNOME.", False),
        ("Latin", "Αυτό δεν είναι λατινικό κείμενο, αν και είναι αρκετά μεγάλο.", False),
        ("Hebrew", "הפסקה הזאת ארוכה מספיק, ואין בה סימני ניקוד, ולכן היא נלקחת.", True),
        ("Hebrew", "הפסקה הזאת אֲרֻכָּה מספיק, אבל יש בה סימני ניקוד, ולכן היא נדחית.", False),
        ("Han", "这一段文字足够长，可以放在页面上。", True),
        ("Latin", "words;to;search;by;in;a;list;of;programs;are;no;running;text", False),
    ],
)
def test_running_text(script: str, text: str, fits: bool) -> None:
    assert is_running_text(text, script) == fits


def test_the_suites_have_each_language_in_the_script_it_has() -> None:
    files = SUITE, SUITE.with_name("languages_kor.yaml")
    sources = [source for file in files for source in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]]
    assert [source["language"] for source in sources] == list(LANGUAGES)
    assert set(FACES) == set(SCRIPTS) == {language.script for language in LANGUAGES.values()}
    for source in sources:
        dense = LANGUAGES[source["language"]].script in ("Han", "Kana", "Hangul")
        assert source["lower"][0]["dpi"] == ([100, 75] if dense else [75, 60])
