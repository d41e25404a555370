"""English prose out of PDF files and text files, a page in a line, for `docsr prepare fonts --prose`.

    python -m benchmarks.data.prose FOLDER [...] > prose.txt

Pages where too few words are the commonest of English are left out, and words with anything but letters of ASCII and
marks: formulae, code, other languages.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pypdfium2

COMMON = re.compile("the|of|and|to|in|a|is|that|it|for|as|with|was|be|by|on|not|are", re.IGNORECASE)
COMMON_SHARE = 0.25
FEWEST = 60
"""Words of a page."""

WORD = re.compile(r"[(\"']?[A-Za-z]+(?:['-][A-Za-z]+)*[)\"']?[.,;:!?]?[\"')]?")


def pages(path: Path) -> Iterator[str]:
    """The text of each page of a PDF file, or a text file whole."""
    if path.suffix == ".txt":
        yield path.read_text(encoding="utf-8", errors="replace")
        return
    try:
        with pypdfium2.PdfDocument(path) as document:
            for page in document:
                yield page.get_textpage().get_text_bounded()
    except pypdfium2.PdfiumError as error:
        sys.stderr.write(f"{path}: {error}\n")


def prose(text: str) -> list[str]:
    """The words of a page of English prose; of another page none."""
    text = re.sub(r"(?<=[a-z])[-\u00ad\ufffe]\s*\n\s*(?=[a-z])", "", text.replace("\u2019", "'"))
    words = [word for word in text.split() if WORD.fullmatch(word)]
    common = sum(COMMON.fullmatch(word.strip("()\"'.,;:!?")) is not None for word in words)
    return words if len(words) >= FEWEST and common >= COMMON_SHARE * len(words) else []


def main() -> None:
    """Write a page in a line."""
    for folder in map(Path, sys.argv[1:]):
        for path in sorted([*folder.rglob("*.pdf"), *folder.rglob("*.txt")]):
            for text in pages(path):
                if words := prose(text):
                    sys.stdout.write(" ".join(words) + "\n")


if __name__ == "__main__":
    main()
