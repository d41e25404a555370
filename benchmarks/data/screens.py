"""Draw pages of text as a screen shows them, with their text, for the suite `screens`.

    python -m benchmarks.data.screens --out screens/

Chromium draws articles, settings with a table, and programs with their output, at one pixel per CSS px, in six
themes. Each is kept as drawn, as JPEG of two qualities, and at 0.8 of its size. The words are the documentation's and
the sources' own as they once were (screens_prose.txt, screens_code.txt; MIT), numbers are drawn by a fixed seed, and
the text is what Chromium says the page holds.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from benchmarks.data.chromium import fitted, picture, window

WIDTH, HEIGHT, EDGE = 1024, 1280, 40
"""Of a window, and its margin, in px."""

SMALLER = 0.8
QUALITIES = (70, 40)
PROSE, CODE = (Path(__file__).with_name(f"screens_{kind}.txt") for kind in ("prose", "code"))
FUNCTIONS = 4
"""Of a program's page."""


@dataclass(frozen=True, slots=True)
class Theme:
    """How a page looks: colours of paper and ink, typeface, size of the text in px."""

    paper: str
    ink: str
    face: str = "Liberation Sans"
    size: int = 14


THEMES = {
    "light": Theme("#ffffff", "#1a1a1a"),
    "dark": Theme("#1e1e1e", "#d4d4d4", "DejaVu Sans", 13),
    "grey": Theme("#d8d8d8", "#6b6b6b"),
    "blue": Theme("#0b3d91", "#ffffff", "DejaVu Sans", 13),
    "mono": Theme("#fdf6e3", "#333333", "DejaVu Sans Mono", 12),
    "small": Theme("#ffffff", "#333333", "Liberation Sans", 11),
}

STYLE = """
body {{ margin: {edge}px; background: {paper}; color: {ink}; font: {size}px/1.45 "{face}"; }}
h1 {{ font-size: 1.7em; margin: 0 0 0.8em; }} p {{ margin: 0 0 0.9em; }}
label {{ display: block; margin: 0.9em 0 0.25em; font-weight: bold; }}
.field {{ border: 1px solid; border-radius: 3px; padding: 0.3em 0.6em; width: 30em; }}
table {{ border-collapse: collapse; margin: 1.5em 0; }}
td, th {{ border: 1px solid; padding: 0.3em 0.8em; text-align: left; }}
pre {{ font: {size}px/1.4 "DejaVu Sans Mono"; margin: 0 0 1.5em; }}
"""


def sentences(draw: random.Random) -> list[str]:
    """The paragraphs of PROSE, in the order of this page."""
    lines = PROSE.read_text(encoding="utf-8").splitlines()
    return draw.sample(lines, len(lines))


def article(draw: random.Random) -> str:
    """A heading and paragraphs, more than fit."""
    first, *others = sentences(draw)
    return f"<h1>{escape(title(first))}</h1>" + "".join(f"<p>{escape(text)}</p>" for text in others)


def settings(draw: random.Random) -> str:
    """Labels above their fields, and a table of numbers."""
    texts = sentences(draw)
    fields = "".join(
        f'<label>{escape(title(text))}</label><div class="field">{escape(value)}</div>'
        for text, value in zip(texts[:7], values(draw), strict=False)
    )
    rows = "".join(
        f"<tr><td>{escape(title(text, 2))}</td><td>{draw.randrange(10_000, 99_999)}</td>"
        f"<td>{draw.uniform(1, 900):,.2f}</td><td>2024-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}</td></tr>"
        for text in texts[10:22]
    )
    head = "<tr><th>Name</th><th>Number</th><th>Amount</th><th>Date</th></tr>"
    return f"<h1>Settings</h1><p>{escape(texts[30])}</p>{fields}<table>{head}{rows}</table>"


def program(draw: random.Random) -> str:
    """Functions in Python, and a log with numbers."""
    functions = CODE.read_text(encoding="utf-8").split("\n\n")
    log = "\n".join(
        f"12:{draw.randrange(60):02}:{draw.randrange(60):02} page {draw.randrange(1, 400)}: "
        f"{draw.randrange(1_000, 99_999)} characters, {draw.uniform(0.1, 9):.2f} s"
        for _ in range(18)
    )
    code = "\n\n".join(draw.sample(functions, FUNCTIONS))
    return f"<h1>{escape(title(sentences(draw)[0]))}</h1><pre>{escape(code)}</pre><pre>{escape(log)}</pre>"


KINDS: dict[str, Callable[[random.Random], str]] = {"article": article, "settings": settings, "program": program}


def title(text: str, words: int = 4) -> str:
    """The first words of a paragraph, without the marks between them."""
    return " ".join(word.strip(".,:;()*'") for word in text.split()[:words])


def values(draw: random.Random) -> list[str]:
    """What the fields of a form hold."""
    return [
        f"INV-{draw.randrange(10**6):06}",
        f"{draw.uniform(1, 9_999):,.2f} EUR",
        f"user{draw.randrange(100)}@example.org",
        f"+49 30 {draw.randrange(10**7):07}",
        f"DE{draw.randrange(10**10):010}",
        f"{draw.randrange(1, 29)} March 20{draw.randrange(10, 30)}",
        f"192.168.{draw.randrange(256)}.{draw.randrange(256)}",
    ]


def drawn(tab: Page, theme: str, kind: str) -> tuple[Image.Image, str]:
    """One page, RGB, and its text."""
    look = THEMES[theme]
    style = STYLE.format(edge=EDGE, paper=look.paper, ink=look.ink, face=look.face, size=look.size)
    body = KINDS[kind](random.Random(f"{theme} {kind}"))
    tab.set_content(f"<!doctype html><meta charset=utf-8><style>{style}</style><body>{body}")
    text = fitted(tab, HEIGHT - EDGE / 2)
    return picture(tab), text


def keep(image: Image.Image, text: str, out: Path, name: str) -> None:
    """Write the page in each variant, with its text beside it."""
    small = image.resize((round(image.width * SMALLER), round(image.height * SMALLER)), Image.Resampling.BICUBIC)
    variants = {"drawn": image, "scaled": small} | {f"jpeg{quality}": image for quality in QUALITIES}
    for variant, pixels in variants.items():
        folder = out / variant
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.txt").write_text(text + "\n", encoding="utf-8")
        if variant.startswith("jpeg"):
            pixels.save(folder / f"{name}.jpg", quality=int(variant.removeprefix("jpeg")))
        else:
            pixels.save(folder / f"{name}.png")


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the pages of the themes that are asked for."""
    parser = argparse.ArgumentParser(description="Draw the pages of the suite screens.")
    parser.add_argument("--out", type=Path, required=True, help="folder that gets a folder for each variant")
    parser.add_argument("--theme", action="append", choices=THEMES, help="only this theme (may be repeated)")
    chosen = parser.parse_args(arguments)
    with window(WIDTH, HEIGHT) as tab:
        for theme in chosen.theme or THEMES:
            for kind in KINDS:
                keep(*drawn(tab, theme, kind), chosen.out, f"{theme}-{kind}")


if __name__ == "__main__":
    main()
