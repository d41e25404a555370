"""Turn names from outside (of a store, a list, a manifest or a folder) into paths below a folder of docsr's.

Only this module makes paths of such names; a test checks that no other code does.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TypeAlias

from docsr.errors import PageError
from docsr.text.shown import visible

RelativePath: TypeAlias = Path
"""A relative path made by :func:`place_of` or derived from one. It stays below any folder to which it is joined."""

OWN = ".docsr-"
"""The names of docsr's own files beside the outputs begin with this."""

MOST_BYTES, MOST_BYTES_WHOLE = 255, 4_096
"""The most bytes of one part of a name, and of the whole name, that file systems take."""

WINDOWS = os.name == "nt"

_NOT_ON_WINDOWS = re.compile(r'[\x00-\x1f<>:"|?*\\]')
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])", re.I)

_DESCRIPTOR = re.compile(r"/dev/(stdin|fd/[0-9]+)|/proc/(self|thread-self|[0-9]+)(/task/[0-9]+)?/fd/[0-9]+")

_SHOWN = 60
"""Characters of an overlong name that a message shows."""


class RefusedName(PageError):
    """A name from outside cannot be a path below a folder."""


def place_of(name: str, *, own: bool = False, windows: bool = WINDOWS) -> RelativePath:
    """Return the relative path of a name from outside, to be joined to any folder.

    Slashes separate the parts (on Windows also backslashes, which are ordinary characters elsewhere). Empty parts and
    ``.`` are dropped, so that ``/a//b`` is ``a/b``. All other parts stay exactly as they are.

    Args:
        name: any text.
        own: whether parts may begin like docsr's own files.
        windows: whether the rules of Windows apply, for drives, devices, forbidden characters, and dots or spaces at
            the end.

    Raises:
        RefusedName: the name leads upwards, is empty, is docsr's own, or cannot be a file name.
    """
    parts = (name.replace("\\", "/") if windows else name).split("/")
    parts = [part for part in parts if part not in {"", "."}]
    if not parts:
        raise RefusedName(f"the name '{_shown(name)}' names no file")
    for part in parts:
        _refuse(name, _fault_upwards(part) or _fault_unusable(part) or (_fault_on_windows(part) if windows else ""))
        _refuse(name, "" if own else _fault_reserved(part))
    _refuse(name, _fault_too_long("/".join(parts), MOST_BYTES_WHOLE))
    return Path(*parts)


def refuse_path(path: Path) -> None:
    """Raise a RefusedName if no file can have this path. Where the path leads is the responsibility of its author."""
    for part in path.parts:
        _refuse(str(path), _fault_unusable(part))
    _refuse(str(path), _fault_too_long(str(path), MOST_BYTES_WHOLE))


def is_descriptor(name: str) -> bool:
    """Return whether a path names an open file by its descriptor, which is another file another time."""
    return _DESCRIPTOR.fullmatch(name) is not None


def below(root: Path, name: str, *, own: bool = False) -> Path:
    """Return the path of a name from outside below ``root``. Raise a RefusedName as :func:`place_of` does."""
    return root / place_of(name, own=own)


def _refuse(name: str, reason: str) -> None:
    if reason:
        raise RefusedName(f"{_shown(name)} cannot be the name of a file: {reason}")


def _fault_upwards(part: str) -> str:
    return "it leads out of its folder" if part == ".." else ""


def _fault_unusable(part: str) -> str:
    if "\0" in part:
        return "it holds a zero byte"
    try:
        os.fsencode(part)
    except UnicodeEncodeError:
        return "it holds characters that a file system cannot write"
    return _fault_too_long(part, MOST_BYTES)


def _fault_too_long(part: str, most: int) -> str:
    return f"it is longer than {most:,} bytes" if len(os.fsencode(part)) > most else ""


def _fault_on_windows(part: str) -> str:
    if _NOT_ON_WINDOWS.search(part):
        return "it holds a character that Windows does not allow in names"
    if part[-1] in ". ":
        return "on Windows a name must not end with a dot or a space"
    return "on Windows it names a device" if _DEVICES.fullmatch(part.partition(".")[0].rstrip()) else ""


def _fault_reserved(part: str) -> str:
    return f"docsr reserves names that begin with {OWN} for its own files" if part.casefold().startswith(OWN) else ""


def _shown(name: str) -> str:
    text = visible(name)
    return text if len(text) <= MOST_BYTES else f"{text[:_SHOWN]}..."
