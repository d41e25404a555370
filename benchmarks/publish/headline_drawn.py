"""Draw the picture of the README (headline_picture.py): strips of one line, and what was read below each."""

from __future__ import annotations

import base64
import html
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from docsr.metrics.text import differences
from docsr.page import Pixels

WIDTH, SCALE, GREYS, COLOURS = 560, 2, 16, 96
"""Of a strip in CSS px, device pixels to one of these, greys of a strip, and colours of the whole picture."""

MISSING = "&hairsp;"
"""Marked where characters are missing."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours, as GitHub has them."""

    name: str
    ground: str
    ink: str
    quiet: str
    wrong: str


THEMES = (
    Theme("light", "#ffffff", "#1f2328", "#59636e", "#ffd6d2"),
    Theme("dark", "#0d1117", "#f0f6fc", "#9198a1", "#8e1519"),
)

STYLE = """
body {{ margin: 0; padding: 12px; background: {ground}; color: {ink}; font: 14px/1.35 "DejaVu Sans", sans-serif; }}
figure {{ margin: 0 0 14px; }}
p {{ margin: 0; }}
b {{ font-weight: 600; font-size: 13px; }}
i {{ font-style: normal; font-size: 13px; color: {quiet}; }}
img {{ display: block; width: {width}px; margin: 3px 0 4px; }}
mark {{ background: {wrong}; color: {ink}; border-radius: 2px; }}
code {{ font: 14px/1.3 "DejaVu Sans Mono", monospace; }}
"""


@dataclass(frozen=True, slots=True)
class Strip:
    """One row of the picture: its name, the line's pixels, what was read, the truth, and characters wrong."""

    name: str
    pixels: Pixels
    read: str
    true: str
    wrong: int


def marked(read: str, true: str) -> str:
    """What was read, as HTML, with what is wrong marked, and the places where something is missing."""
    parts = []
    for same, _, other in differences(true, read):
        parts.append(html.escape(other) if same else f"<mark>{html.escape(other) or MISSING}</mark>")
    return "".join(parts)


def _image(pixels: Pixels) -> str:
    """As a data URL, its pixels repeated: a browser would smooth them."""
    image = Image.fromarray(pixels).quantize(GREYS, dither=Image.Dither.NONE).convert("L")
    factor = max(1, round(WIDTH * SCALE / image.width))
    file = BytesIO()
    image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def _figure(strip: Strip) -> str:
    count = "1 character wrong" if strip.wrong == 1 else f"{strip.wrong or 'no'} characters wrong"
    text = marked(strip.read, strip.true)
    return (
        f"<figure><b>{html.escape(strip.name)}</b> <i>· Tesseract reads, {count} of {len(strip.true)}:</i>"
        f'<img src="{_image(strip.pixels)}" alt=""><code>{text}</code></figure>'
    )


def drawn(strips: Sequence[Strip], theme: Theme, path: Path) -> None:
    """Write the picture in the colours of a theme."""
    style = STYLE.format(ground=theme.ground, ink=theme.ink, quiet=theme.quiet, wrong=theme.wrong, width=WIDTH)
    printed = f"<p><i>printed:</i><br><code>{html.escape(strips[0].true)}</code></p>"
    page = f"<!doctype html><meta charset=utf-8><style>{style}</style>{''.join(map(_figure, strips))}{printed}"
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": WIDTH + 24, "height": 100}, device_scale_factor=SCALE)
        tab.set_content(page)
        taken = Image.open(BytesIO(tab.locator("body").screenshot())).convert("RGB")
        browser.close()
    taken.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
