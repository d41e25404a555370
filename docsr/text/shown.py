"""Escape text from outside for display: file names, decoders' messages, metadata and configuration values.

Such text may hold characters that control a terminal, Markdown or HTML. For each of these, one function here makes them
visible and harmless. Letters of every script stay as they are.
"""

from __future__ import annotations

import html
import re

_CONTROL_CHARACTERS = (
    "\x00-\x1f\x7f-\x9f"  # control characters, including the terminal's escape
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # characters that change the direction of nearby text
    "\u2028\u2029"  # separators of lines and paragraphs
    "\ud800-\udfff"  # surrogates, which stand for bytes of a name that are not UTF-8
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # invisible characters
)

_CONTROLS = re.compile(f"[{_CONTROL_CHARACTERS}]")
_CONTROLS_IN_JSON = re.compile(f"[{_CONTROL_CHARACTERS.removeprefix(chr(0) + '-' + chr(0x1F))}]")
"""As _CONTROLS, without 0x00-0x1f: line ends stand between JSON's values, and its writer escapes them within values."""

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BYTE = range(0xDC80, 0xDD00)
"""The code points that Python uses for bytes that are not UTF-8."""

_MARKUP = re.compile(r"""([\\`*\[\]<>|~#&$]|(?<![^\W_])_|_(?![^\W_]))""")
_AT_THE_START = re.compile(r"^(\d*)([-+=.)])")
_TICKS = re.compile("`+")


def visible(text: str, encoding: str | None = None) -> str:
    r"""Return a text on one line, without control characters, for a terminal, a log or any other plain text.

    Args:
        text: any text.
        encoding: the display's encoding, to escape characters that it lacks, or None if it has all.

    Returns:
        The text, with a line end as ``\n``, an escape as ``\x1b``, and a byte that is not UTF-8 as ``\xff``.
    """
    shown = _CONTROLS.sub(_escaped, text)
    return shown if encoding is None else shown.encode(encoding, "backslashreplace").decode(encoding)


def in_markdown(text: str) -> str:
    """Return a text as one line of Markdown that shows it literally, also in a table cell."""
    return _AT_THE_START.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", visible(text)).strip())


def in_markdown_code(text: str) -> str:
    """Return a text as inline code for Markdown."""
    shown = visible(text)
    ticks = "`" * (1 + max(map(len, _TICKS.findall(shown)), default=0))
    apart = " " if not shown.isspace() and {shown[:1], shown[-1:]} & {"`", " "} else ""
    return f"{ticks}{apart}{shown}{apart}{ticks}" if shown else "` `"


def in_html(text: str) -> str:
    """Return a text as HTML that shows it literally, in an element or in a quoted attribute."""
    return html.escape(visible(text))


def in_json(dumped: str) -> str:
    """Return the output of ``json.dumps`` with escapes for characters that control a display or cannot be encoded."""
    return _CONTROLS_IN_JSON.sub(_in_json, dumped)


def _escaped(match: re.Match[str]) -> str:
    sign, number = match[0], ord(match[0])
    if sign in _SHORT:
        return _SHORT[sign]
    if number in _BYTE:
        number -= 0xDC00
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _in_json(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
