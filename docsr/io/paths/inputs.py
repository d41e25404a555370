"""What to read: files, folders with all below them, patterns, and lists of any of these."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from docsr.errors import NoInputError, reason_of
from docsr.io.paths.manifest import NAME as MANIFEST
from docsr.io.paths.manifest import PARTS as MANIFEST_PARTS
from docsr.io.paths.passed_over import PassedOver
from docsr.system.names import RefusedName, RelativePath, place_of, refuse_path

IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".tif", ".tiff", ".webp", ".bmp", ".dib", ".gif"}
    | {".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc", ".pbm", ".pgm", ".ppm", ".pnm"}
    | {".avif", ".heic", ".heif", ".hif"}
)
"""Suffixes (lower case) of images."""

DOCUMENT_SUFFIXES = IMAGE_SUFFIXES | {".pdf"}
"""Suffixes of whatever `docsr enhance` reads."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """One input file.

    Attributes:
        path: the file to read.
        relative: its place below the output folder: the file's name when it was given directly, or its path
            inside the folder that was given.
        refused: why it can be no input: it cannot be read, or its output has no place. ``relative`` is empty then.
    """

    path: Path
    relative: RelativePath
    refused: str = ""


def input_file(path: Path, name: str) -> InputFile:
    """Return an input by its path, and the name that says where its output goes; whatever they are."""
    try:
        refuse_path(path)
        return InputFile(path, place_of(name))
    except RefusedName as refusal:
        return InputFile(path, Path(), str(refusal))


_LONGEST_LINE = 65_536
"""Bytes of a line in a list of names: more than a path has."""

Walk: TypeAlias = Callable[[Path], list[InputFile]]


def find_inputs(
    inputs: Sequence[Path],
    skip: Path | None = None,
    suffixes: frozenset[str] = IMAGE_SUFFIXES,
    passed: PassedOver | None = None,
) -> list[InputFile]:
    """List the files that ``inputs`` name, each file once.

    A folder stands for the images in it and below it. A name with ``*``, ``?`` or ``[`` that is no file itself is a
    pattern (``**`` is any depth) for files and folders, whose places below the output folder start where the pattern
    does. ``@list.txt`` is a file of names, one a line, each as it could be given itself (but for lists); relative ones
    start from the working folder and keep their place, unless that would lie outside the output folder.

    Hidden files and folders inside a folder are left out, and so are folders inside it that hold the manifest of an
    earlier ``docsr enhance``: their files are outputs (give such a folder itself to enhance them again). Links are
    followed; a folder reached twice is read once. A link with an image suffix that leads nowhere, a file that does
    not exist and a folder that may not be read are listed, so that reading them reports the failure.

    Args:
        inputs: files, folders, patterns and lists.
        skip: a folder to leave out when it lies inside one of those given (where outputs are to go).
        suffixes: lower case, of the files taken from within a folder; a file given directly is always taken.
        passed: counts what folders hold and is left out for its name.

    Returns:
        Input files in the order of ``inputs``, sorted by path within each folder.

    Raises:
        NoInputError: a list cannot be read.
    """
    found: dict[str, InputFile] = {}
    passed = PassedOver() if passed is None else passed
    walk = partial(_walk, skip=skip, suffixes=suffixes, passed=passed)
    for given in inputs:
        for source in _from_list(given, walk) if _is_list(given) else _named(given, None, walk):
            found.setdefault(str(source.path) if source.refused else os.path.abspath(source.path), source)
    for source in found.values():
        if not source.refused and not _is_wanted(source.path.name, suffixes):
            passed.taken(source.path)
    return list(found.values())


def _is_list(given: Path) -> bool:
    return str(given).startswith("@") and not os.path.exists(given)


def _from_list(given: Path, walk: Walk) -> Iterator[InputFile]:
    for line in _lines(Path(str(given)[1:])):
        named = Path(line)
        yield from _named(named, None if named.is_absolute() else named, walk)


def _lines(path: Path) -> Iterator[str]:
    """The lines of a list that are not empty; bytes that are no UTF-8 stand for themselves, as in names of files."""
    try:
        with path.open("rb") as file:
            while line := file.readline(_LONGEST_LINE):
                if len(line) == _LONGEST_LINE:
                    raise NoInputError(f"{path} is no list of names, one a line: a line of it does not end")
                if name := line.rstrip(b"\r\n").decode("utf-8", "surrogateescape"):
                    yield name
    except OSError as error:
        raise NoInputError(f"the list {path} cannot be read: {reason_of(error)}") from error


def _named(given: Path, place: Path | None, walk: Walk) -> Iterator[InputFile]:
    """The files that one name stands for.

    Args:
        given: the name.
        place: where it (a folder: what is in it) shall lie below the output folder; none: by its name alone.
        walk: lists what is in a folder.
    """
    if place is not None and ".." in place.parts:
        place = None
    alone = input_file(given, given.name if place is None else str(place))
    if os.path.isdir(given):
        yield from (input_file(file.path, str((place or Path()) / file.relative)) for file in walk(given))
    elif not alone.refused and glob.has_magic(str(given)) and not os.path.lexists(given):
        base = _fixed_part(given)
        matches = sorted(map(Path, _matches(given)))
        for match in matches:
            yield from _named(match, match.relative_to(base), walk)
        if not matches:  # as a file that does not exist: reading it says so
            yield input_file(given, given.name)
    else:
        yield alone


def _matches(pattern: Path) -> list[str]:
    try:
        return glob.glob(str(pattern), recursive=True)
    except (OSError, ValueError, RecursionError, re.error):  # no pattern after all
        return []


def _fixed_part(pattern: Path) -> Path:
    """The folder before the first part with a wildcard."""
    fixed = []
    for part in pattern.parts:
        if glob.has_magic(part):
            break
        fixed.append(part)
    return Path(*fixed)


def _walk(folder: Path, skip: Path | None, suffixes: frozenset[str], passed: PassedOver) -> list[InputFile]:
    """List the files with such suffixes in ``folder`` and below, sorted by path."""
    seen = set() if skip is None else {os.path.realpath(skip)}
    paths: list[Path] = []

    def unreadable(error: OSError) -> None:
        paths.append(Path(error.filename))

    for here, folders, names in os.walk(folder, onerror=unreadable, followlinks=True):
        real = os.path.realpath(here)
        if real in seen or ((MANIFEST in names or MANIFEST_PARTS in folders) and here != str(folder)):
            folders.clear()
            continue
        seen.add(real)
        passed.folder(real, (name for name in names if not _is_wanted(name, suffixes)), folders)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths += [Path(here, name) for name in names if _is_wanted(name, suffixes)]
    return [input_file(path, str(_inside(path, folder))) for path in sorted(paths)]


def _is_wanted(name: str, suffixes: frozenset[str]) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in suffixes


def _inside(path: Path, folder: Path) -> Path:
    return Path(path.name) if path == folder else path.relative_to(folder)
