"""Typeset pages of 300 dpi in 28 languages and 14 scripts, with their text: suites `languages` and `languages_kor`.

    benchmarks/data/fetch_packages.sh languages packages/
    python -m benchmarks.data.languages --packages packages/ --out languages/

Chromium sets translated documentation, or messages of programs, on A4 paper, in the typefaces of packages that need
not be installed. The text is what Chromium says the page holds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page

from benchmarks.data.chromium import fitted, picture, window
from benchmarks.data.language_texts import guide, messages

DPI, PX_PER_INCH = 300, 96
WIDTH, HEIGHT, EDGE = 794, 1123, 76
"""Of A4 paper, and its margin, in CSS px."""

SIZES = (10.5, 9, 12)
"""Of the text of successive pages, in points."""

NOTO = ("NotoSerif-Regular.ttf", "NotoSans-Regular.ttf")
EUROPEAN = ("DejaVuSerif.ttf", *NOTO)
FACES = {
    "Latin": EUROPEAN,
    "Cyrillic": EUROPEAN,
    "Greek": EUROPEAN,
    "Arabic": ("NotoNaskhArabic-Regular.ttf", "NotoSansArabic-Regular.ttf", "KacstOne.ttf"),
    "Hebrew": ("NotoSerifHebrew-Regular.ttf", "NotoSansHebrew-Regular.ttf", "FrankRuehlCLM-Medium.ttf"),
    "Devanagari": ("NotoSerifDevanagari-Regular.ttf", "NotoSansDevanagari-Regular.ttf", "Lohit-Devanagari.ttf"),
    "Bengali": ("NotoSerifBengali-Regular.ttf", "NotoSansBengali-Regular.ttf", "Lohit-Bengali.ttf"),
    "Tamil": ("NotoSerifTamil-Regular.ttf", "NotoSansTamil-Regular.ttf", "Lohit-Tamil.ttf"),
    "Thai": ("NotoSerifThai-Regular.ttf", "NotoSansThai-Regular.ttf", "Norasi.ttf"),
    "Georgian": ("NotoSerifGeorgian-Regular.ttf", "NotoSansGeorgian-Regular.ttf", "DejaVuSerif.ttf"),
    "Armenian": ("NotoSerifArmenian-Regular.ttf", "NotoSansArmenian-Regular.ttf", "DejaVuSerif.ttf"),
    "Han": ("NotoSerifCJK-Regular.ttc", "NotoSansCJK-Regular.ttc", "gbsn00lp.ttf"),
    "Kana": ("NotoSerifCJK-Regular.ttc", "NotoSansCJK-Regular.ttc", "ipam.ttf"),
    "Hangul": ("NotoSerifCJK-Regular.ttc", "NotoSansCJK-Regular.ttc", "NanumMyeongjo.ttf"),
}
"""Script -> typefaces of successive pages."""


@dataclass(frozen=True, slots=True)
class Language:
    """The translation that a language's text is from, its script, and whether the text is programs' messages."""

    folder: str
    script: str = "Latin"
    messages: bool = False


LANGUAGES = {
    "eng": Language("C"),
    "ces": Language("cs"),
    "deu": Language("de"),
    "fin": Language("fi"),
    "fra": Language("fr"),
    "hun": Language("hu"),
    "lav": Language("lv"),
    "pol": Language("pl"),
    "spa": Language("es"),
    "swe": Language("sv"),
    "tur": Language("tr", messages=True),
    "vie": Language("vi"),
    "rus": Language("ru", "Cyrillic"),
    "srp": Language("sr", "Cyrillic"),
    "ukr": Language("uk", "Cyrillic"),
    "ell": Language("el", "Greek"),
    "ara": Language("ar", "Arabic", messages=True),
    "heb": Language("he", "Hebrew", messages=True),
    "hin": Language("hi", "Devanagari", messages=True),
    "mar": Language("mr", "Devanagari"),
    "ben": Language("bn", "Bengali", messages=True),
    "tam": Language("ta", "Tamil"),
    "tha": Language("th", "Thai", messages=True),
    "kat": Language("ka", "Georgian", messages=True),
    "hye": Language("hy", "Armenian", messages=True),
    "chi_sim": Language("zh_CN", "Han"),
    "jpn": Language("ja", "Kana"),
    "kor": Language("ko", "Hangul"),
}
"""Tesseract's code -> where the text is from."""

RIGHT_TO_LEFT = ("Arabic", "Hebrew")

STYLE = """
{faces}
body {{ margin: {edge}px; background: white; color: black; font: {size}pt/1.5 {names}; }}
p {{ margin: 0 0 0.7em; }}
"""


def style_of(packages: Path, script: str, turn: int) -> str:
    """CSS of the page ``turn`` (from 0): its typeface, one for what that lacks of Latin marks and digits, its size."""
    faces = FACES[script]
    names = [faces[turn % len(faces)], *([] if faces is EUROPEAN else [NOTO[turn % len(NOTO)]])]
    listed = ", ".join(f'"{name}"' for name in names)
    size = SIZES[turn % len(SIZES)]
    return STYLE.format(faces="\n".join(face(packages, name) for name in names), edge=EDGE, size=size, names=listed)


def face(packages: Path, name: str) -> str:
    """CSS that makes a file of the packages known by its name. SystemExit if there is none."""
    path = next(iter(sorted(packages.rglob(name))), None)
    if path is None:
        sys.exit(f"{packages} has no {name}: benchmarks/data/fetch_packages.sh languages {packages}")
    return f'@font-face {{ font-family: "{name}"; src: url("{path.resolve().as_uri()}"); }}'


def written(paragraphs: Sequence[str], language: Language, style: str) -> str:
    """A document of the paragraphs."""
    direction = "rtl" if language.script in RIGHT_TO_LEFT else "ltr"
    body = "".join(f"<p>{escape(text)}</p>" for text in paragraphs)
    tag = "en" if language.folder == "C" else language.folder.replace("_", "-")
    return f'<!doctype html><html lang="{tag}" dir="{direction}"><meta charset=utf-8><style>{style}</style><body>{body}'


def pages(tab: Page, packages: Path, language: Language, number: int) -> Iterator[tuple[Image.Image, str]]:
    """The first pages of a language, grey, with their texts. SystemExit if there is too little text."""
    source = messages if language.messages else guide
    paragraphs = source(packages, language.folder, language.script)
    with TemporaryDirectory() as folder:
        document = Path(folder) / "page.html"
        for turn in range(number):
            style = style_of(packages, language.script, turn)
            document.write_text(written(paragraphs, language, style), encoding="utf-8")
            tab.goto(document.as_uri())
            tab.evaluate("document.fonts.ready")
            text = fitted(tab, HEIGHT - EDGE)
            taken = len(text.split("\n\n"))
            if taken == len(paragraphs):
                sys.exit(f"{packages} has too little text in '{language.folder}': fetch all its packages")
            paragraphs = paragraphs[taken:]
            yield picture(tab).convert("L"), text


def main(arguments: Sequence[str] | None = None) -> None:
    """Set the pages of the languages that are asked for."""
    parser = argparse.ArgumentParser(description="Set the pages of the suite languages.")
    parser.add_argument("--packages", type=Path, required=True, help="folder of fetch_packages.sh languages")
    parser.add_argument("--out", type=Path, required=True, help="folder that gets a folder for each language")
    parser.add_argument("--language", action="append", choices=LANGUAGES, help="only this one (may be repeated)")
    parser.add_argument("--pages", type=int, default=3, help="of each language (3)")
    chosen = parser.parse_args(arguments)
    with window(WIDTH, HEIGHT, DPI / PX_PER_INCH) as tab:
        for code in chosen.language or LANGUAGES:
            folder = chosen.out / code
            folder.mkdir(parents=True, exist_ok=True)
            for turn, (image, text) in enumerate(pages(tab, chosen.packages, LANGUAGES[code], chosen.pages), start=1):
                image.save(folder / f"{turn}.png", dpi=(DPI, DPI))
                (folder / f"{turn}.txt").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
