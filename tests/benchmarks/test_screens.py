"""benchmarks/data/screens.py: pages as a screen shows them, with their text."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.data.screens import HEIGHT, KINDS, SMALLER, WIDTH
from docsr.bench.suite import load_suite
from docsr.metrics.text import score_text
from docsr.ocr.tesseract import Tesseract

ROOT = Path(__file__).parents[2]
SUITE = ROOT / "benchmarks" / "suites" / "screens.yaml"


@pytest.fixture(scope="module")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of one theme, white on blue."""
    out = tmp_path_factory.mktemp("screens")
    command = [sys.executable, "-m", "benchmarks.data.screens", "--out", str(out), "--theme", "blue"]
    subprocess.run(command, cwd=ROOT, check=True)  # apart: two of Chromium's drivers in a process are one too many
    return out


def test_each_variant_is_a_set_of_the_suite(screens: Path) -> None:
    pages = load_suite(SUITE, screens, None).pages
    found = {(page.set, page.path.suffix, (loaded := page.load()).width, loaded.height) for page in pages}
    small = round(WIDTH * SMALLER), round(HEIGHT * SMALLER)
    assert found == {
        ("screens", ".png", WIDTH, HEIGHT),
        ("screens_jpeg70", ".jpg", WIDTH, HEIGHT),
        ("screens_jpeg40", ".jpg", WIDTH, HEIGHT),
        ("screens_scaled", ".png", *small),
    }
    assert len(pages) == 4 * len(KINDS)


def test_the_text_is_what_the_page_shows(screens: Path) -> None:
    page = next(page for page in load_suite(SUITE, screens, None).pages if page.path.stem == "blue-settings")
    pixels = page.load().pixels
    assert pixels[0, 0].tolist() == [0x0B, 0x3D, 0x91], "white on blue"
    assert np.all(pixels == pixels[-1, -1], axis=2).mean() > 0.9
    score = score_text(page.text, Tesseract().read(page.load()))
    assert score.words_found > 0.8 * score.reference_words
    assert score.edits < 0.2 * score.reference_chars, "in the order of the page"


def test_what_does_not_fit_is_in_neither_picture_nor_text(screens: Path) -> None:
    with Image.open(screens / "drawn" / "blue-article.png") as image:
        bottom = np.asarray(image)[-10:]
    assert np.all(bottom == bottom[0, 0]), "no line is cut"
    text = (screens / "drawn" / "blue-article.txt").read_text(encoding="utf-8")
    assert 3000 < len(text) < 9000
