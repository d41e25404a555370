"""Small suites made on the spot, and an engine that reads without OCR."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from docsr.page import Page
from tests.pairs import text_page


def folder_suite(folder: Path, pages: int = 2, dpi: int = 300) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(pages):
        pixels, text = text_page(40, 900, 420, first=11 * number)
        Image.fromarray(pixels).save(folder / f"page{number}.png", dpi=(dpi, dpi))
        (folder / f"page{number}.txt").write_text(text, encoding="utf-8")
    return folder


class WidthEngine:
    """Reads the width of the page: tells which arm it was given, and how often it was asked."""

    name = "width"
    signature = "width 1"
    options = "none"

    def __init__(self) -> None:
        self.asked = 0

    def in_language(self, language: str) -> WidthEngine:
        return self

    def check(self) -> None:
        """It can always read."""

    def read(self, page: Page) -> str:
        self.asked += 1
        return f"width {page.width} mean {round(float(np.mean(page.pixels)))}"
