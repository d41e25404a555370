"""Whether what is said of a file is a sentence for people, for benchmarks/torture/fuzz.py and what learns beside it."""

from __future__ import annotations

import re
from pathlib import Path

_UNCLEAN = re.compile(
    r"Traceback|object has no attribute|not subscriptable|<\w|0x[0-9a-f]{6}|\w\wError\b|[^ -~]|b'|\\x"
)
"""What an error is before it is a sentence."""

LONGEST_SENTENCE = 400


def is_unclean(sentence: str, folder: Path) -> bool:
    """Tell whether something is not a sentence for people."""
    return len(sentence) > LONGEST_SENTENCE or _UNCLEAN.search(sentence.replace(str(folder), "")) is not None
