"""Tables in Markdown, and documents that hold some between markers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table; floats with two places, None as nothing."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(text_of, line)) + " |" for line in lines)


def text_of(value: Any) -> str:
    """A cell of a table."""
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def filled(text: str, name: str, body: str) -> str:
    """The text with ``body`` between ``<!-- NAME: made by `make tables` -->`` and ``<!-- end of NAME -->``.

    Raises:
        SystemExit: the text has not one such place.
    """
    start, end = _markers(name)
    place = re.compile(f"{re.escape(start)}.*{re.escape(end)}", flags=re.DOTALL)
    if len(place.findall(text)) != 1:
        raise SystemExit(f"no one place for the table '{name}': it wants {start} and {end}")
    return place.sub(lambda match: f"{start}\n\n{body}\n\n{end}", text)


def has_place(text: str, name: str) -> bool:
    """Whether a table of this name belongs into the text."""
    return _markers(name)[0] in text


def _markers(name: str) -> tuple[str, str]:
    return f"<!-- {name}: made by `make tables` -->", f"<!-- end of {name} -->"
