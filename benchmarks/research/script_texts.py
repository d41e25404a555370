"""Words and lines of many scripts, from unpacked Debian packages, to train the network that tells scripts apart."""

from __future__ import annotations

import gzip
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

Draw = Callable[[np.random.Generator, int], str]
"""Makes a line of about so many letters."""

_ROFF = re.compile(r"\\f.|\\\(..|\\\[[^]]*\]|\\[-&|^e]")

PAGES = {"Cyrl": ("ru", "uk", "sr"), "Grek": ("el",), "Hani": ("zh_CN", "zh_TW"), "Jpan": ("ja",)}
"""Script -> folders of manual pages in languages that it writes."""

LATIN_PAGES = ("de", "fr", "es", "cs", "pl", "hu", "ro", "vi")

WORDS = {
    "Latn": ("hunspell/vi_VN.dic", "hunspell/tr_TR.dic", "hunspell/cs_CZ.dic", "dict/polish", "dict/portuguese"),
    "Cyrl": ("hunspell/bg_BG.dic", "hunspell/kk_KZ.dic", "hunspell/uk_UA.dic"),
    "Grek": ("hunspell/el_GR.dic",),
    "Arab": ("hunspell/ar.dic",),
    "Hebr": ("hunspell/he_IL.dic",),
    "Deva": ("hunspell/hi_IN.dic",),
    "Thai": ("hunspell/th_TH.dic",),
    "Kore": ("hunspell/ko.dic",),
}
"""Script -> word lists below share/."""

LETTERS = {"Geor": ("ა", "ჰ"), "Armn": ("ա", "և")}
"""Script -> its first and last letter, where no list of words is used."""

OTHERS = {
    "Bengali": (0x985, 0x9B9), "Tamil": (0xB85, 0xBB9), "Telugu": (0xC05, 0xC39), "Kannada": (0xC85, 0xCB9),
    "Malayalam": (0xD05, 0xD39), "Gujarati": (0xA85, 0xAB9), "Gurmukhi": (0xA05, 0xA39), "Sinhala": (0xD85, 0xDC6),
    "Myanmar": (0x1000, 0x102A), "Khmer": (0x1780, 0x17B3), "Lao": (0xE81, 0xEB0), "Ethiopic": (0x1200, 0x1248),
    "Tibetan": (0xF40, 0xF6C), "Cherokee": (0x13A0, 0x13F4), "Syriac": (0x710, 0x72F), "Thaana": (0x780, 0x7B1),
    "CanadianAboriginal": (0x1401, 0x1676),
}  # fmt: skip
"""Other scripts, by the name in Noto's files -> range of their letters."""

_NAMES = {
    "Latn": "LATIN", "Cyrl": "CYRILLIC", "Grek": "GREEK", "Hani": "CJK", "Jpan": "CJK HIRAGANA KATAKANA",
}  # fmt: skip


def texts(share: Path) -> dict[str, list[Draw]]:
    """Return, for each script, what draws its lines; each entry is as likely as the others of its script.

    Args:
        share: the folder usr/share of unpacked packages (manpages-*, hunspell-*, wpolish, wportuguese).
    """
    found: dict[str, list[Draw]] = {}
    for language in LATIN_PAGES:
        found.setdefault("Latn", []).append(partial(_prose, _manual(share, language, "Latn")))
    for script, languages in PAGES.items():
        found[script] = [partial(_prose, _manual(share, language, script)) for language in languages]
    for script, lists in WORDS.items():
        for name in lists:
            words, joint = _words(share / name), "" if script == "Thai" else " "
            found.setdefault(script, []).append(partial(_from_words, words, joint))
    for script, (first, last) in LETTERS.items():
        found[script] = [partial(_invented, _letters(ord(first), ord(last)))]
    prose = found["Latn"][:]
    found["Latn"] += [partial(_capitals, prose), partial(_capitals, prose), _figures, _figures, _code, _code]
    return found


def other_texts() -> dict[str, Draw]:
    """Return what draws lines of scripts that have no class of their own, by the name in Noto's files."""
    return {name: partial(_invented, _letters(*span)) for name, span in OTHERS.items()}


def _manual(share: Path, language: str, script: str) -> Sequence[str]:
    """Return lines of manual pages that are mostly written in a script."""
    lines = []
    for path in sorted((share / "man" / language).rglob("*.gz"))[:250]:
        content = gzip.decompress(path.read_bytes()).decode("utf-8", "ignore")
        for line in content.splitlines():
            line = _ROFF.sub("", unicodedata.normalize("NFC", line)).strip()
            if len(line) > 8 and line[0] not in ".'" and _share(line, script) > 0.7:
                lines.append(line)
    return lines


def _share(line: str, script: str) -> float:
    """Return the share of a line's letters that belong to a script."""
    letters = [unicodedata.name(char, "").split(" ")[0].split("-")[0] for char in line if char.isalpha()]
    return sum(name in _NAMES[script].split() for name in letters) / max(len(letters), 1)


def _words(path: Path) -> Sequence[str]:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("iso8859-7" if "el_GR" in path.name else "latin-1")
    words = (unicodedata.normalize("NFC", line.split("/")[0].strip()) for line in text.splitlines()[1:])
    return [word for word in words if word and not word[0].isdigit() and (word.isascii() is False or len(word) > 2)]


def _letters(first: int, last: int) -> Sequence[str]:
    return [chr(code) for code in range(first, last + 1) if unicodedata.category(chr(code)) in {"Lo", "Ll", "Lu"}]


def _prose(lines: Sequence[str], random: np.random.Generator, length: int) -> str:
    text = ""
    while len(text) < length:
        line = lines[int(random.integers(len(lines)))]
        text += ("" if not text else " ") + line
    start = int(random.integers(max(1, len(text) - length)))
    return text[start : start + length]


def _from_words(words: Sequence[str], joint: str, random: np.random.Generator, length: int) -> str:
    text = ""
    while len(text) < length:
        word = words[int(random.integers(len(words)))]
        if random.random() < 0.05:
            word = str(random.integers(1, 3000))
        end = str(random.choice(["", "", "", "", "", "", "", ",", ".", ";"])) if joint else ""
        text += ("" if not text else joint) + word + end
    return text[:length]


def _invented(letters: Sequence[str], random: np.random.Generator, length: int) -> str:
    """Return words of no language; the letters differ in how frequent they are."""
    chance = 1 / (1 + np.argsort(np.random.default_rng(len(letters)).random(len(letters))))
    drawn = random.choice(np.array(letters), length, p=chance / chance.sum())
    text, next_end = "", int(random.integers(2, 9))
    for letter in drawn:
        text += str(letter)
        if len(text) >= next_end:
            text += " "
            next_end = len(text) + int(random.integers(2, 9))
    return text[:length]


def _capitals(prose: Sequence[Draw], random: np.random.Generator, length: int) -> str:
    return prose[int(random.integers(len(prose)))](random, length).upper()[:length]


def _figures(random: np.random.Generator, length: int) -> str:
    """Return columns of prices, dates and codes."""
    kinds: tuple[Callable[[], str], ...] = (
        lambda: f"{random.uniform(0, 5000):,.2f}",
        lambda: f"{random.integers(1, 32):02d}/{random.integers(1, 13):02d}/{random.integers(1950, 2030)}",
        lambda: str(random.integers(0, 10 ** int(random.integers(1, 8)))),
        lambda: f"({random.integers(100, 999)}) {random.integers(100, 999)}-{random.integers(1000, 9999)}",
        lambda: "".join(random.choice(list("ABCDEFGHKLMNPRSTUVXYZ0123456789-"), int(random.integers(2, 9)))),
        lambda: str(random.choice(["TOTAL", "Tel.", "No.", "RM", "Date:", "QTY", "%", "x", "$", "Item", "....", "__"])),
    )
    text = ""
    while len(text) < length:
        text += kinds[int(random.integers(len(kinds)))]() + " " * int(random.choice([1, 1, 1, 2, 4, 8]))
    return text[:length]


def _code(random: np.random.Generator, length: int) -> str:
    """Return something like a program: short words, brackets and signs."""
    text = " " * int(random.choice([0, 2, 4, 8]))
    while len(text) < length:
        word = "".join(random.choice(list("etaoinshrdlcumwfgypbvkjxqz_"), int(random.integers(1, 9))))
        sign = random.choice([" = ", "(", ")", "[i] ", " { ", "};", "->", ", ", "/*", " == ", "#", "::", " ", " ", " "])
        text += word + str(sign)
    return text[:length]
