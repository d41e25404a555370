"""Draw HTML pages in Chromium without a network, for pages whose text is known by construction."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image
from playwright.sync_api import Page, sync_playwright

_CUT = """(height) => {
    const all = [...document.querySelectorAll("body > *")];
    all.filter((e) => e.getBoundingClientRect().bottom > height).forEach((e) => e.remove());
    return document.body.innerText;
}"""


@contextmanager
def window(width: int, height: int, scale: float = 1.0) -> Iterator[Page]:
    """An empty window of Chromium, which reaches no network and reads files only.

    Args:
        width: width in CSS px (1/96 inch on paper).
        height: height in CSS px.
        scale: pixels of a picture per CSS px on each side.

    Raises:
        SystemExit: Chromium is not installed.
    """
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        sys.exit("Chromium is missing: make programs")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-lcd-text"])
        context = browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=scale)
        context.set_offline(True)
        yield context.new_page()
        browser.close()


def fitted(page: Page, height: float) -> str:
    """Remove the parts of the body that end below ``height`` (CSS px); the text of the others, in reading order."""
    return str(page.evaluate(_CUT, height))


def picture(page: Page) -> Image.Image:
    """What the window shows, in RGB."""
    return Image.open(BytesIO(page.screenshot())).convert("RGB")
