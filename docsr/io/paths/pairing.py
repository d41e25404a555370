"""Pair the files of one folder with those of another, and tell which of them docsr made."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from docsr.errors import FolderError, NoInputError
from docsr.io.paths.inputs import DOCUMENT_SUFFIXES, InputFile, find_inputs
from docsr.io.paths.manifest import NAME, PARTS, Manifest, entry_of

Partners: TypeAlias = dict[Path, Path]
"""Maps a file's path, relative to its folder, to the path of its partner."""


def files_of(given: Path, other: Path | None = None) -> list[InputFile]:
    """List the documents of a file or folder that are compared; ``other`` is left out if it lies inside.

    Raises:
        NoInputError: a folder holds nothing that can be read.
    """
    files = find_inputs([given], other, DOCUMENT_SUFFIXES)
    if not files:
        raise NoInputError(f"no images and no PDF files in {given}")
    if refused := next((file.refused for file in files if file.refused), None):
        raise NoInputError(refused)
    return files


def partners(
    files: Sequence[InputFile], others: Sequence[InputFile], made: Mapping[str, Iterable[str]] | None = None
) -> Partners:
    """Find the partner of each file, if it has one.

    The partner is, in this order of preference:

    1. the file of ``others`` that was made from it;
    2. the one with the same relative path;
    3. the one whose name is the file's whole name and a suffix (``a.jpg.png`` of ``a.jpg``, as ``docsr enhance`` names
       outputs that would clash);
    4. the only one with the same stem, if no other file has that stem.

    Args:
        files: the files to find partners for.
        others: the files to choose from.
        made: for absolute paths of files, the outputs made from them (docsr.io.paths.manifest.Manifest.made).

    Returns:
        A mapping from a file's relative path to its partner's path. No two files have the same partner.
    """
    paired: Partners = {}
    for candidates in _ways(files, others, made or {}):
        taken = set(paired.values())
        for file in files:
            free = [path for path in candidates(file) if path not in taken]
            if file.relative not in paired and len(free) == 1:
                paired[file.relative] = free[0]
    return paired


def _ways(
    files: Sequence[InputFile], others: Sequence[InputFile], made: Mapping[str, Iterable[str]]
) -> tuple[Callable[[InputFile], list[Path]], ...]:
    """Return functions that list the possible partners of a file, the most certain one first."""
    exact = {other.relative: other.path for other in others}
    stems, own_stems = _by_stem(others), _by_stem(files)

    def made_of(file: InputFile) -> list[Path]:
        return [exact[place] for place in map(Path, made.get(os.path.abspath(file.path), ())) if place in exact]

    def named(file: InputFile) -> list[Path]:
        return [exact[file.relative]] if file.relative in exact else []

    def with_suffix(file: InputFile) -> list[Path]:
        return stems.get(file.relative, [])

    def of_stem(file: InputFile) -> list[Path]:
        stem = file.relative.with_suffix("")
        return stems.get(stem, []) if len(own_stems[stem]) == 1 else []

    return made_of, named, with_suffix, of_stem


def _by_stem(files: Sequence[InputFile]) -> dict[Path, list[Path]]:
    stems: dict[Path, list[Path]] = defaultdict(list)
    for file in files:
        stems[file.relative.with_suffix("")].append(file.path)
    return stems


def made_in(folder: Path) -> tuple[dict[str, list[str]], list[str]]:
    """Return, by a folder's manifest, what was made from what; and a warning if the manifest cannot be read."""
    try:
        return Manifest(folder).made(), []
    except FolderError as error:
        return {}, [f"Files are paired only by their names: {error}"]


def is_docsrs(path: Path) -> bool:
    """Return whether the manifest in a parent folder says that ``docsr enhance`` wrote the file as it is."""
    absolute = path.absolute()
    folder = next((up for up in absolute.parents if os.path.isfile(up / NAME) or os.path.isdir(up / PARTS)), None)
    if folder is None:
        return False
    try:
        manifest = _manifest(folder)
        manifest.refresh()
    except FolderError:  # made_in reports it
        return False
    return entry_of(manifest.entries(str(absolute.relative_to(folder))), path) is not None


@lru_cache(maxsize=1)
def _manifest(folder: Path) -> Manifest:
    return Manifest(folder)
