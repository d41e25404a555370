"""Which file of one folder belongs to which of another, and which docsr made."""

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
"""Place of a file below its folder -> the path of its partner."""


def files_of(given: Path, other: Path | None = None) -> list[InputFile]:
    """List what is compared of a file or folder; ``other`` is left out where it lies inside.

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
    """Find the partner of each file, as far as there is one.

    That is the file of ``others`` that was made of it; else the one with the same place and name; else the one whose
    name is the whole name of the file and a suffix (``a.jpg.png`` of ``a.jpg``, as ``docsr enhance`` names what would
    meet); else the only one with the same stem, if it is the stem of no other file.

    Args:
        files: whose partners.
        others: among which.
        made: for absolute paths of files, the places of what was made of them (docsr.io.paths.manifest.Manifest.made).

    Returns:
        Place of the file -> path of its partner. No file is the partner of two.
    """
    found: Partners = {}
    for candidates in _ways(files, others, made or {}):
        taken = set(found.values())
        for file in files:
            left = [path for path in candidates(file) if path not in taken]
            if file.relative not in found and len(left) == 1:
                found[file.relative] = left[0]
    return found


def _ways(
    files: Sequence[InputFile], others: Sequence[InputFile], made: Mapping[str, Iterable[str]]
) -> tuple[Callable[[InputFile], list[Path]], ...]:
    """What may be the partner of a file, the surest way of telling first."""
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
    """Return what was made of what in a folder, by its manifest; a sentence instead where that cannot be read."""
    try:
        return Manifest(folder).made(), []
    except FolderError as error:
        return {}, [f"Files are paired by their names alone: {error}"]


def is_docsrs(path: Path) -> bool:
    """Tell whether a manifest in a folder above says that ``docsr enhance`` wrote the file as it is."""
    absolute = path.absolute()
    folder = next((one for one in absolute.parents if os.path.isfile(one / NAME) or os.path.isdir(one / PARTS)), None)
    if folder is None:
        return False
    try:
        manifest = _manifest(folder)
        manifest.refresh()
    except FolderError:  # as is told where files are paired
        return False
    return entry_of(manifest.entries(str(absolute.relative_to(folder))), path) is not None


@lru_cache(maxsize=1)
def _manifest(folder: Path) -> Manifest:
    return Manifest(folder)
