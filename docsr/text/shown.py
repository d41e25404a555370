"""Text that is not ours, as it may be shown: names of files, messages of decoders, metadata, values of a configuration.

Such a text may hold what a terminal, Markdown or HTML acts on. Each of them has one function here that leaves nothing
but signs to look at; letters of every script stay as they are.
"""

from __future__ import annotations

import html
import re

_UNSEEN = (
    "\x00-\x1f\x7f-\x9f"  # control signs, the escape of terminals among them
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns the direction of what is beside it
    "\u2028\u2029"  # separators of lines and paragraphs
    "\ud800-\udfff"  # halves of a sign: bytes of a name that are no UTF-8
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # signs that are not to be seen
)

_ACTS = re.compile(f"[{_UNSEEN}]")
_ACTS_IN_JSON = re.compile(f"[{_UNSEEN.removeprefix(chr(0) + '-' + chr(0x1F))}]")
"""JSON's own line ends are between its values; within them its writer escapes control signs."""

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BYTE = range(0xDC80, 0xDD00)
"""What Python makes of a byte that is no UTF-8."""

_MARKUP = re.compile(r"""([\\`*\[\]<>|~#&$]|(?<![^\W_])_|_(?![^\W_]))""")
_AT_THE_START = re.compile(r"^(\d*)([-+=.)])")
_TICKS = re.compile("`+")


def visible(text: str, encoding: str | None = None) -> str:
    r"""Return a text in one line without a sign that acts: for a terminal, a log, and whatever shows plain text.

    Args:
        text: any text.
        encoding: of what shows it; signs that it lacks are escaped too. None: it has all.

    Returns:
        The text, in which a line's end is ``\n``, an escape ``\x1b``, a byte that is no UTF-8 ``\xff``.
    """
    seen = _ACTS.sub(_escaped, text)
    return seen if encoding is None else seen.encode(encoding, "backslashreplace").decode(encoding)


def in_markdown(text: str) -> str:
    """Return a text as Markdown that shows it, on one line, also in a cell of a table."""
    return _AT_THE_START.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", visible(text)).strip())


def in_markdown_code(text: str) -> str:
    """Return a text as code in a line of Markdown."""
    seen = visible(text)
    ticks = "`" * (1 + max(map(len, _TICKS.findall(seen)), default=0))
    apart = " " if not seen.isspace() and {seen[:1], seen[-1:]} & {"`", " "} else ""
    return f"{ticks}{apart}{seen}{apart}{ticks}" if seen else "` `"


def in_html(text: str) -> str:
    """Return a text as HTML that shows it, in an element or in an attribute with quotes."""
    return html.escape(visible(text))


def in_json(dumped: str) -> str:
    """Return JSON, as ``json.dumps`` wrote it, with escapes in place of what acts or cannot be encoded."""
    return _ACTS_IN_JSON.sub(_in_json, dumped)


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
