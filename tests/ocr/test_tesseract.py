"""Tesseract reads what is drawn. Skipped where the program is not installed."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from docsr.errors import DocsrError, UsageError
from docsr.ocr.tesseract import Tesseract
from docsr.page import Page
from docsr.system.programs import Ended

SENTENCE = "The invoice of March is due"

needs_tesseract = pytest.mark.skipif(not Tesseract.available(), reason="Tesseract is not installed")


@pytest.fixture
def page() -> Page:
    """One drawn line of text, about as large as 300 dpi."""
    pixels = np.full((120, 900), 255, dtype=np.uint8)
    cv2.putText(pixels, SENTENCE, (30, 75), cv2.FONT_HERSHEY_DUPLEX, 1.5, 0, 2, cv2.LINE_AA)
    return Page(pixels, dpi=(300.0, 300.0), source=Path("drawn.png"))


@needs_tesseract
@pytest.mark.parametrize("dpi", [(300.0, 300.0), None])
def test_a_drawn_sentence_is_read(page: Page, dpi: tuple[float, float] | None) -> None:
    text = Tesseract(psm=7).read(Page(page.pixels, dpi=dpi))
    assert text.split() == SENTENCE.split()


@needs_tesseract
def test_words_are_those_of_the_text_and_stand_on_the_ink(page: Page) -> None:
    reader, two = Tesseract(psm=6), Page(np.vstack([page.pixels] * 2), page.dpi)
    words = reader.words(two)
    assert [word.text for word in words] == reader.read(two).split() == 2 * SENTENCE.split()
    assert [word.text for word in words if word.ends_line] == ["due", "due"]
    for word in words:
        there = two.pixels[word.top : word.top + word.height, word.left : word.left + word.width]
        assert there.min() == 0
    ink = np.flatnonzero(two.pixels[:120].min(axis=0) < 128)
    assert abs(words[0].left - ink[0]) <= 3
    assert abs(words[5].left + words[5].width - 1 - ink[-1]) <= 3


@needs_tesseract
def test_an_empty_page_has_no_words() -> None:
    assert Tesseract().words(Page(np.full((60, 60), 255, np.uint8))) == []


@needs_tesseract
def test_a_language_is_checked_before_work() -> None:
    Tesseract("eng").check()
    with pytest.raises(UsageError, match="no data for absent: it has"):
        Tesseract("eng+absent").check()


@needs_tesseract
def test_options_change_what_is_read_and_are_in_the_signature(page: Page) -> None:
    shaded = page.pixels * np.linspace(0.15, 1, page.width)[None]  # one threshold for all makes the dark part black
    dark = Page(shaded.astype(np.uint8), page.dpi)
    plain, local = Tesseract(psm=6), Tesseract(psm=6, thresholding_method=2)
    local.check()
    assert plain.signature.endswith(", lang eng, psm 6, thresholding_method 0, dpi as tagged")
    assert local.signature.endswith(", lang eng, psm 6, thresholding_method 2, dpi as tagged")
    assert "invoice of March is due" not in plain.read(dark)
    assert "invoice of March is due" in local.read(dark)
    assert local.in_language("deu").options == "lang deu, psm 6, thresholding_method 2, dpi as tagged"


def test_a_tesseract_without_the_option_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"--list-langs": b"eng", "--print-parameters": b"Tesseract parameters:\npsm\t3"}
    monkeypatch.setattr("docsr.ocr.tesseract._run_program", lambda word: Ended(0, said[word], b""))
    Tesseract().check()
    with pytest.raises(UsageError, match="has no thresholding_method: version 5"):
        Tesseract(thresholding_method=1).check()


@needs_tesseract
def test_colour_is_read(page: Page) -> None:
    pixels = np.dstack([page.pixels] * 3)
    pixels[..., 0] = np.maximum(pixels[..., 0], 90)
    assert "invoice" in Tesseract(psm=7).read(Page(pixels))


@needs_tesseract
def test_a_language_that_is_not_there_is_a_docsr_error(page: Page) -> None:
    with pytest.raises(DocsrError, match=r"Tesseract failed on drawn\.png"):
        Tesseract(language="absent").read(page)


def test_without_the_program_it_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert not Tesseract.available()


@needs_tesseract
def test_the_table_of_words_is_not_a_file_of_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    head = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
    rows = '5\t1\t1\t1\t1\t1\t1\t2\t3\t4\t96.5\t"a\n5\t1\t1\t1\t1\t2\t5\t2\t3\t4\t96.5\t5\'"\n'
    empty = "5\t1\t1\t1\t1\t3\t9\t2\t3\t4\t96.5\t \n4\t1\t1\t1\t2\t0\t1\t9\t3\t4\t-1\n"
    monkeypatch.setattr("docsr.ocr.tesseract.run", lambda *_: Ended(0, (head + rows + empty).encode(), b""))
    words = Tesseract().words(Page(np.zeros((9, 9), np.uint8)))
    assert [(word.text, word.left, word.ends_line) for word in words] == [('"a', 1, False), ("5'\"", 5, True)]


@needs_tesseract
def test_it_leaves_no_file(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "there is none"))
    assert "invoice" in Tesseract(psm=7).read(page)


@pytest.mark.parametrize("call", ["read", "check", "signature"])
def test_a_program_that_is_gone_or_cannot_be_run_is_a_docsr_error(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def tried() -> None:
        reader = Tesseract()
        if call == "check":
            reader.check()
        else:
            print(reader.signature if call == "signature" else reader.read(page))

    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DocsrError, match="install Tesseract"):
        tried()
    (tmp_path / "tesseract").write_text("no program")
    (tmp_path / "tesseract").chmod(0o755)
    with pytest.raises(DocsrError, match=r"cannot be run|Tesseract failed"):
        tried()
