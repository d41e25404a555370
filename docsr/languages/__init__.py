"""Tesseract's languages, and the scripts in which they are written."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from docsr.errors import UsageError

LATIN = "Latn"

_COMMON = "Zyyy"
"""The script of data of Tesseract's that are for no language, such as ``osd``."""


def scripts_of(languages: Iterable[str]) -> tuple[str, ...]:
    """Return the scripts of some languages as codes of ISO 15924, each once, in their order.

    Args:
        languages: Tesseract's codes (``eng``, ``chi_sim``, ``deu+eng``), and its scripts (``script/Latin``, ``Latin``).

    Returns:
        The scripts; empty if none of the languages has one (``osd``).

    Raises:
        UsageError: Tesseract knows no such language.
    """
    return tuple(dict.fromkeys(script for code in codes_of(languages) if (script := _table()[code]) != _COMMON))


def codes_of(languages: Iterable[str]) -> tuple[str, ...]:
    """Return the codes that languages name, each once; arguments and errors are those of :func:`scripts_of`."""
    codes = [code.strip() for given in languages for code in given.split("+")]
    return tuple(dict.fromkeys(_known(code) for code in codes))


def known_among(languages: Iterable[str]) -> tuple[str, ...]:
    """Return the languages of a list whose script is known, such as a program's that has data of its own."""
    return tuple(code for code in languages if code in _table() or f"script/{code}" in _table())


def script_name(script: str) -> str:
    """Return the English name of a script, such as Cyrillic for Cyrl; an unknown code is returned as it is."""
    return _names().get(script, script)


def _known(code: str) -> str:
    """Return the code as it stands in the table. UsageError if it does not."""
    for known in (code, f"script/{code}"):
        if known in _table():
            return known
    near = _nearest(code)
    hint = f"; the nearest are {', '.join(near)}" if near else ""
    raise UsageError(f"Tesseract has no language {code!r}{hint} (its codes have three letters, such as eng or rus)")


def _nearest(code: str) -> Sequence[str]:
    """Return up to three codes that are spelled much as ``code`` is, in any case."""
    lower = {known.lower(): known for known in _table()}
    short = {known.removeprefix("script/").lower(): known for known in _table()}
    by_case = short.get(code.lower())
    found = difflib.get_close_matches(code.lower(), list(short | lower), n=3, cutoff=0.5)
    return list(dict.fromkeys([*([by_case] if by_case else []), *((short | lower)[one] for one in found)]))[:3]


@cache
def _content() -> dict[str, dict[str, str]]:
    content: dict[str, dict[str, str]] = json.loads(
        files(__package__).joinpath("tesseract.json").read_text(encoding="utf-8")
    )
    return content


def _table() -> Mapping[str, str]:
    return MappingProxyType(_content()["languages"])


def _names() -> Mapping[str, str]:
    return MappingProxyType(_content()["names"])
