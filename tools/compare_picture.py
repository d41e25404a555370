"""docs/compare/compare.jpg: the page of ``docsr compare`` as Chromium shows it, of a sample made low-resolution.

python tools/compare_picture.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import sync_playwright

from docsr.bench.degradations import lower
from docsr.io.document import read_document

ROOT = Path(__file__).resolve().parents[1]
SAMPLE, PICTURE = ROOT / "data" / "samples" / "letter.png", ROOT / "docs" / "compare" / "compare.jpg"

DPI, DEGRADATION, SEED = 60, "scan", 1
WINDOWS = ((1200, 760), "light", "bicubic", 8), ((390, 760), "dark", "LR", 30)
"""Those whose pictures stand side by side: width and height, colours, what is on the left, and which difference."""
GAP, QUALITY = 24, 80


def main() -> None:
    """Make the files, the page, and its picture."""
    with TemporaryDirectory() as folder:
        here = Path(folder)
        shutil.copy(SAMPLE, here / "original.png")
        page = next(read_document(SAMPLE))
        low = lower(page, DPI, DEGRADATION, SEED)
        Image.fromarray(low.pixels).save(here / "letter.png", dpi=low.dpi)
        docsr(here, "enhance", "letter.png", "--out", "hi")
        docsr(here, "compare", "letter.png", "hi/letter.png", "--hr", "original.png", "--ocr")
        wide, narrow = shots(here / "compare.html")
    whole = Image.new("RGB", (wide.width + GAP + narrow.width, wide.height), "white")
    whole.paste(wide, (0, 0))
    whole.paste(narrow, (wide.width + GAP, 0))
    PICTURE.parent.mkdir(exist_ok=True)
    whole.save(PICTURE, quality=QUALITY, optimize=True)


def docsr(folder: Path, *arguments: str) -> None:
    """Run the command in ``folder``."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "docsr", *arguments], cwd=folder, env=environment, check=True)


def shots(page: Path) -> list[Image.Image]:
    """The page in all windows."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    taken = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for (width, height), colours, left, difference in WINDOWS:
            tab = browser.new_page(viewport={"width": width, "height": height})
            tab.emulate_media(color_scheme="dark" if colours == "dark" else "light")
            tab.goto(page.as_uri())
            tab.locator("#left").select_option(label=left)
            for _ in range(difference):
                tab.locator("#stage").press("n")
            tab.evaluate("document.activeElement.blur()")
            taken.append(Image.open(BytesIO(tab.screenshot())).convert("RGB"))
        browser.close()
    return taken


if __name__ == "__main__":
    main()
