"""Text scores: folding, edit distance, CER. Reference and hypothesis are folded the same way."""

from __future__ import annotations

import re
import unicodedata

from docsr.errors import MissingExtraError

QUOTES = str.maketrans({"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "`": "'"})
DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))
SOFT_HYPHEN = "\u00ad"


def fold(text: str) -> str:
    """NFKC, quotes and dashes unified, soft and line-end hyphens joined, white space collapsed."""
    text = unicodedata.normalize("NFKC", text).translate(QUOTES).translate(DASHES)
    text = text.replace(SOFT_HYPHEN, "").replace("\ufffe", "")
    text = re.sub(r"(?<=[^\W\d_])-\s*\n\s*(?=[a-z])", "", text)
    return " ".join(text.split())


def edits(reference: str, hypothesis: str) -> tuple[int, int]:
    """(Levenshtein edits, reference characters), both texts folded."""
    try:
        from rapidfuzz.distance import Levenshtein
    except ImportError as error:
        raise MissingExtraError("scoring text", "ocr") from error
    folded = fold(reference)
    return Levenshtein.distance(folded, fold(hypothesis)), len(folded)
