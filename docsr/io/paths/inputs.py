"""Find the input files that files, folders, patterns and lists on the command line name."""

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
"""Suffixes (lower case) of everything that `docsr enhance` reads."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """One input file.

    Attributes:
        path: the file to read.
        relative: where its output goes, relative to the output folder: the file's name if it was given directly, or its
            path inside the folder that was given. Empty if the file is refused.
        refused: why it cannot be an input: it cannot be read, or there is no place for its output. Empty if it can.
    """

    path: Path
    relative: RelativePath
    refused: str = ""


def input_file(path: Path, name: str) -> InputFile:
    """Return the input at a path. ``name`` says where its output goes; a bad path or name makes it a refused input."""
    try:
        refuse_path(path)
        return InputFile(path, place_of(name))
    except RefusedName as refusal:
        return InputFile(path, Path(), str(refusal))


_LONGEST_LINE = 65_536
"""Bytes of a line in a list of names; a path is never that long."""

Walk: TypeAlias = Callable[[Path], list[InputFile]]


def find_inputs(
    inputs: Sequence[Path],
    skip: Path | None = None,
    suffixes: frozenset[str] = IMAGE_SUFFIXES,
    passed: PassedOver | None = None,
) -> list[InputFile]:
    """List the files that ``inputs`` name, each file once.

    A folder stands for the images in it and in its subfolders. A name with ``*``, ``?`` or ``[`` that is not itself a
    file is a pattern (``**`` matches any depth) for files and folders. Their places below the output folder start at
    the first wildcard. ``@list.txt`` is a file of names, one a line; each may be anything but another list. Relative
    names start from the working folder and keep their place, unless that would lie outside the output folder.

    Hidden files and subfolders are left out. So are subfolders that hold the manifest of an earlier ``docsr enhance``,
    because their files are outputs; give such a folder itself to enhance them again. Links are followed; a folder that
    is reached twice is read once. Inputs that cannot be read are listed too, so that reading them reports the failure:
    broken links with an image suffix, files that do not exist, and folders without read permission.

    Args:
        inputs: files, folders, patterns and lists.
        skip: a folder to leave out if it lies inside a given folder (the output folder).
        suffixes: lower case. Files inside folders are taken if they have one; a file given directly is always taken.
        passed: counts the files inside folders that are left out because of their names.

    Returns:
        Input files in the order of ``inputs``, sorted by path within each folder.

    Raises:
        NoInputError: a list cannot be read.
    """
    sources: dict[str, InputFile] = {}
    passed = PassedOver() if passed is None else passed
    walk = partial(_walk, skip=skip, suffixes=suffixes, passed=passed)
    for given in inputs:
        for source in _from_list(given, walk) if _is_list(given) else _named(given, None, walk):
            sources.setdefault(str(source.path) if source.refused else os.path.abspath(source.path), source)
    for source in sources.values():
        if not source.refused and not _is_wanted(source.path.name, suffixes):
            passed.taken(source.path)
    return list(sources.values())


def _is_list(given: Path) -> bool:
    return str(given).startswith("@") and not os.path.exists(given)


def _from_list(given: Path, walk: Walk) -> Iterator[InputFile]:
    for line in _lines(Path(str(given)[1:])):
        named = Path(line)
        yield from _named(named, None if named.is_absolute() else named, walk)


def _lines(path: Path) -> Iterator[str]:
    """Yield the lines of a list that are not empty; bytes that are not UTF-8 are kept, as in file names."""
    try:
        with path.open("rb") as file:
            while line := file.readline(_LONGEST_LINE):
                if len(line) == _LONGEST_LINE:
                    raise NoInputError(f"{path} is not a list of names, one a line: one of its lines is too long")
                if name := line.rstrip(b"\r\n").decode("utf-8", "surrogateescape"):
                    yield name
    except OSError as error:
        raise NoInputError(f"the list {path} cannot be read: {reason_of(error)}") from error


def _named(given: Path, place: Path | None, walk: Walk) -> Iterator[InputFile]:
    """Yield the files that one name stands for.

    Args:
        given: the name.
        place: where its output goes, relative to the output folder; for a folder, where the outputs of its files go.
            If None, the name alone decides.
        walk: lists the files in a folder.
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
        if not matches:  # list it as a file that does not exist, so that reading it reports the failure
            yield input_file(given, given.name)
    else:
        yield alone


def _matches(pattern: Path) -> list[str]:
    try:
        return glob.glob(str(pattern), recursive=True)
    except (OSError, ValueError, RecursionError, re.error):  # it is not a pattern
        return []


def _fixed_part(pattern: Path) -> Path:
    """Return the folder before the first part that has a wildcard."""
    fixed = []
    for part in pattern.parts:
        if glob.has_magic(part):
            break
        fixed.append(part)
    return Path(*fixed)


def _walk(folder: Path, skip: Path | None, suffixes: frozenset[str], passed: PassedOver) -> list[InputFile]:
    """List the files with these suffixes in ``folder`` and its subfolders, sorted by path."""
    visited = set() if skip is None else {os.path.realpath(skip)}
    paths: list[Path] = []

    def unreadable(error: OSError) -> None:
        paths.append(Path(error.filename))

    for here, folders, names in os.walk(folder, onerror=unreadable, followlinks=True):
        real = os.path.realpath(here)
        if real in visited or ((MANIFEST in names or MANIFEST_PARTS in folders) and here != str(folder)):
            folders.clear()
            continue
        visited.add(real)
        passed.folder(real, (name for name in names if not _is_wanted(name, suffixes)), folders)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths += [Path(here, name) for name in names if _is_wanted(name, suffixes)]
    return [input_file(path, str(_inside(path, folder))) for path in sorted(paths)]


def _is_wanted(name: str, suffixes: frozenset[str]) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in suffixes


def _inside(path: Path, folder: Path) -> Path:
    return Path(path.name) if path == folder else path.relative_to(folder)
