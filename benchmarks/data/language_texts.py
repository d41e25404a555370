"""Running text in many languages, out of unpacked Debian packages, for :mod:`benchmarks.data.languages`."""

from __future__ import annotations

import gettext
import random
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

GUIDE = "gnome-user-docs"
"""The package whose translated pages are taken (CC BY-SA 3.0)."""

ORIGINAL = "C"
_MALLARD = "{http://projectmallard.org/1.0/}"
_APART = {f"{_MALLARD}{name}" for name in ("guiseq", "keyseq", "code", "cmd", "input", "output", "media")}
"""Parts of a paragraph that are no running text."""

_LIST = re.compile(r";\S")
"""A list of words to search by."""

_KNOWN = re.compile(r"""[.,;:!?()"'«»“”„‘’‐–—…।·،؛؟״׳。、「」『』・ー，：；！？（）《》“”։՝՞՛-]""")
_SHORTEST, _TOGETHER = 50, 400
"""Characters of a message, and of a paragraph of several; in scripts of syllables and ideographs a third."""

_DENSE = ("Han", "Kana", "Hangul")


def guide(packages: Path, folder: str, script: str) -> list[str]:
    """Paragraphs of the guide that are translated, in the order of its pages.

    Args:
        packages: folder of unpacked packages.
        folder: name of the translation, as ``pt_BR``; ``C`` is English.
        script: a name of SCRIPTS.
    """
    known = set() if folder == ORIGINAL else set(_paragraphs(packages, ORIGINAL))
    found = (text for text in _paragraphs(packages, folder) if text not in known)
    return list(dict.fromkeys(text for text in found if is_running_text(text, script)))


def messages(packages: Path, folder: str, script: str) -> list[str]:
    """Sentences of programs' translations, several in a paragraph, in an order of their own.

    Args:
        packages: folder of unpacked packages.
        folder: name of the translation, as ``pt_BR``.
        script: a name of SCRIPTS.
    """
    found: dict[str, None] = {}
    for path in sorted(packages.glob(f"*/usr/share/locale/{folder}/LC_MESSAGES/*.mo")):
        with path.open("rb") as file:
            catalogue = gettext.GNUTranslations(file)
        for key, text in getattr(catalogue, "_catalog").items():  # noqa: B009 (there is no public way to list it)
            if isinstance(key, str) and key and text != key and is_running_text(text, script):
                found.setdefault(" ".join(text.split()))
    order = sorted(found)
    random.Random(folder).shuffle(order)
    return list(_joined(order))


def is_running_text(text: str, script: str) -> bool:
    """Whether a text is long enough, and has letters of one script, usual marks and numbers alone.

    Args:
        text: a paragraph or message.
        script: a name of SCRIPTS.
    """
    if len(text) < _SHORTEST / (3 if script in _DENSE else 1):
        return False
    return not _LIST.search(text) and all(_fits(character, script) for character in text)


def _fits(character: str, script: str) -> bool:
    category = unicodedata.category(character)
    if category == "Mn" and script in UNMARKED:
        return False
    if category[0] in "LM":
        name = unicodedata.name(character, "")
        return name.startswith(SCRIPTS[script]) or category in ("Mn", "Lm")
    return character == " " or category == "Nd" or _KNOWN.fullmatch(character) is not None


SCRIPTS: dict[str, tuple[str, ...]] = {
    "Latin": ("LATIN",),
    "Cyrillic": ("CYRILLIC",),
    "Greek": ("GREEK",),
    "Arabic": ("ARABIC",),
    "Hebrew": ("HEBREW",),
    "Devanagari": ("DEVANAGARI",),
    "Bengali": ("BENGALI",),
    "Tamil": ("TAMIL",),
    "Thai": ("THAI",),
    "Georgian": ("GEORGIAN",),
    "Armenian": ("ARMENIAN",),
    "Han": ("CJK",),
    "Kana": ("CJK", "HIRAGANA", "KATAKANA"),
    "Hangul": ("HANGUL",),
}
"""Script -> how Unicode's names of its letters and vowel signs begin."""

UNMARKED = ("Arabic", "Hebrew")
"""Scripts that are usually printed without marks for vowels, which Tesseract does not read."""


def _paragraphs(packages: Path, folder: str) -> Iterator[str]:
    start = packages / GUIDE / "usr" / "share" / "help" / folder
    for path in sorted(start.rglob("*.page")):
        for part in ElementTree.parse(path).iter(f"{_MALLARD}p"):
            if not any(child.tag in _APART or _is_empty(child) for child in part.iter()):
                yield " ".join("".join(part.itertext()).split())


def _is_empty(part: ElementTree.Element) -> bool:
    """Whether a reader of the guide sees words where its file has none, as in a link."""
    return not "".join(part.itertext()).strip()


def _joined(sentences: list[str]) -> Iterator[str]:
    """Paragraphs of sentences, each sentence with a mark at its end."""
    paragraph = ""
    for sentence in sentences:
        ended = sentence if unicodedata.category(sentence[-1]).startswith("P") else f"{sentence}."
        paragraph = f"{paragraph} {ended}".strip()
        if len(paragraph) >= _TOGETHER:
            yield paragraph
            paragraph = ""
