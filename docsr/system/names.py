"""Names from outside (of a store, a list, a manifest, a folder) as places below a folder of ours.

This is the one place where such a name becomes a part of a path; a test looks for others.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TypeAlias

from docsr.errors import PageError
from docsr.text.shown import visible

RelativePath: TypeAlias = Path
"""A relative path that :func:`place_of` made, or what follows of one: below whatever folder it is joined to."""

OWN = ".docsr-"
"""So begin the names of docsr's own files beside the outputs."""

MOST_BYTES, MOST_BYTES_WHOLE = 255, 4_096
"""Of one part of a name, and of all: file systems take no more."""

WINDOWS = os.name == "nt"

_NOT_ON_WINDOWS = re.compile(r'[\x00-\x1f<>:"|?*\\]')
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])", re.I)

_DESCRIPTOR = re.compile(r"/dev/(stdin|fd/[0-9]+)|/proc/(self|thread-self|[0-9]+)(/task/[0-9]+)?/fd/[0-9]+")

_SHOWN = 60
"""Letters of a name that are told of one that is too long."""


class RefusedName(PageError):
    """A name from outside that cannot be a place below a folder."""


def place_of(name: str, *, own: bool = False, windows: bool = WINDOWS) -> RelativePath:
    """Return where a name from outside lies below a folder, whichever that is.

    Parts are divided by slashes (on Windows also by backslashes, which elsewhere are letters); empty ones and ``.`` are
    left out, so that ``/a//b`` is ``a/b``. What is left is kept to the letter.

    Args:
        name: any text.
        own: whether it may begin as docsr's own files do.
        windows: whether the rules of Windows hold: drives, devices, signs that no name has, dots and spaces at the end.

    Raises:
        RefusedName: it leads upwards, names nothing, is docsr's own, or cannot be the name of a file.
    """
    parts = (name.replace("\\", "/") if windows else name).split("/")
    parts = [part for part in parts if part not in {"", "."}]
    if not parts:
        raise RefusedName(f"the name '{_shown(name)}' names no file")
    for part in parts:
        _refuse(name, _upwards(part) or _unusable(part) or (_odd_on_windows(part) if windows else ""))
        _refuse(name, "" if own else _of_ours(part))
    _refuse(name, _too_long("/".join(parts), MOST_BYTES_WHOLE))
    return Path(*parts)


def refuse_path(path: Path) -> None:
    """Raise a RefusedName for a path from outside that no file can have; where it leads is left to whoever gave it."""
    for part in path.parts:
        _refuse(str(path), _unusable(part))
    _refuse(str(path), _too_long(str(path), MOST_BYTES_WHOLE))


def is_descriptor(name: str) -> bool:
    """Tell whether a path names what a program has open, by its number: another time that is something else."""
    return _DESCRIPTOR.fullmatch(name) is not None


def below(root: Path, name: str, *, own: bool = False) -> Path:
    """Return the path of a name from outside below a folder; RefusedName where it has none."""
    return root / place_of(name, own=own)


def _refuse(name: str, reason: str) -> None:
    if reason:
        raise RefusedName(f"{_shown(name)} cannot be the name of a file: {reason}")


def _upwards(part: str) -> str:
    return "it leads out of its folder" if part == ".." else ""


def _unusable(part: str) -> str:
    if "\0" in part:
        return "it holds a zero byte"
    try:
        os.fsencode(part)
    except UnicodeEncodeError:
        return "it holds signs that a file system cannot write"
    return _too_long(part, MOST_BYTES)


def _too_long(part: str, most: int) -> str:
    return f"it is longer than {most:,} bytes" if len(os.fsencode(part)) > most else ""


def _odd_on_windows(part: str) -> str:
    if _NOT_ON_WINDOWS.search(part):
        return "it holds a sign that names on Windows cannot have"
    if part[-1] in ". ":
        return "on Windows a name ends with neither a dot nor a space"
    return "on Windows it names a device" if _DEVICES.fullmatch(part.partition(".")[0].rstrip()) else ""


def _of_ours(part: str) -> str:
    return f"docsr keeps names that begin with {OWN} for its own files" if part.casefold().startswith(OWN) else ""


def _shown(name: str) -> str:
    seen = visible(name)
    return seen if len(seen) <= MOST_BYTES else f"{seen[:_SHOWN]}..."
