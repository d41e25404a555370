from __future__ import annotations

import importlib.metadata
import pickle
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from docsr.errors import DocsrError, MissingExtraError
from docsr.ocr import rapid
from docsr.ocr.rapid import MAX_SIDE_LEN, RapidOcr
from docsr.page import Page

SENTENCE = "The invoice of March is due"


@pytest.fixture(scope="module")
def engine() -> RapidOcr:
    """Loading takes seconds."""
    return RapidOcr()


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 3])
def test_it_reads_grey_and_colour(engine, channels):
    pixels = np.full((160, 900), 255, dtype=np.uint8)
    cv2.putText(pixels, SENTENCE, (30, 90), cv2.FONT_HERSHEY_DUPLEX, 1.5, 0, 2, cv2.LINE_AA)
    page = Page(pixels if channels == 1 else np.repeat(pixels[..., None], channels, axis=2), (300, 300))
    read = engine.read(page)
    assert read.replace(" ", "") == SENTENCE.replace(" ", "")


def test_a_blank_page_has_no_text(engine):
    assert engine.read(Page(np.full((200, 300), 255, np.uint8), None)) == ""


def test_its_failure_is_a_sentence(monkeypatch):
    def fail(image: object) -> None:
        raise RuntimeError("out of memory")

    broken = RapidOcr()
    monkeypatch.setitem(broken.__dict__, "_engine", fail)
    with pytest.raises(DocsrError, match=r"RapidOCR failed on scan\.png: out of memory"):
        broken.read(Page(np.zeros((9, 9), np.uint8), None, source=Path("scan.png")))


def test_without_its_package_the_extra_is_named(monkeypatch):
    def unknown(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(rapid, "version", unknown)
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(MissingExtraError, match=r"docsr\[peers\]"):
        _ = RapidOcr().signature
    with pytest.raises(MissingExtraError, match=r"docsr\[peers\]"):
        RapidOcr().read(Page(np.zeros((9, 9), np.uint8), None))


def test_a_process_gets_it_without_what_is_loaded(engine):
    assert pickle.loads(pickle.dumps(engine)).__dict__ == {"max_side_len": 2000}


def test_the_largest_side_is_the_package_s_own_unless_another_is_asked_for(monkeypatch):
    told = []
    monkeypatch.setattr("rapidocr.RapidOCR", lambda params: told.append(params["Global.max_side_len"]))
    config = importlib.metadata.distribution("rapidocr").locate_file("rapidocr/config.yaml")
    own = yaml.safe_load(Path(str(config)).read_text(encoding="utf-8"))["Global"]["max_side_len"]
    assert own == MAX_SIDE_LEN
    for engine in (RapidOcr(), RapidOcr(8000)):
        _ = engine._engine
    assert told == [own, 8000]
    assert RapidOcr(8000).signature.endswith(", max_side_len 8000")


@pytest.mark.slow
def test_a_page_beyond_the_largest_side_is_shrunk_and_loses_its_small_text():
    pixels = np.full((800, 4000), 255, dtype=np.uint8)
    cv2.putText(pixels, SENTENCE, (300, 400), cv2.FONT_HERSHEY_DUPLEX, 1.0, 0, 1, cv2.LINE_AA)
    read = {side: RapidOcr(side).read(Page(pixels)) for side in (1000, 4000)}
    assert SENTENCE.replace(" ", "") in read[4000].replace(" ", "")
    assert SENTENCE.replace(" ", "") not in read[1000].replace(" ", "")
