"""Which file of one folder belongs to which of another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from docsr.errors import NoInputError
from docsr.io.inputs import DOCUMENT_SUFFIXES, InputFile, find_inputs

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
    return files


def partners(files: Sequence[InputFile], others: Sequence[InputFile]) -> Partners:
    """Find the partner of each file, as far as there is one.

    That is the file of ``others`` with the same place and name; else the one whose name is the whole name of the file
    and a suffix (``a.jpg.png`` of ``a.jpg``, as ``docsr enhance`` names what would meet); else the only one with the
    same stem, if it is the stem of no other file.

    Returns:
        Place of the file -> path of its partner. No file is the partner of two.
    """
    exact = {other.relative: other.path for other in others}
    stems, own_stems = _by_stem(others), _by_stem(files)
    found: Partners = {}

    def named(place: Path) -> list[Path]:
        return [exact[place]] if place in exact else []

    def with_suffix(place: Path) -> list[Path]:
        return stems.get(place, [])

    def of_stem(place: Path) -> list[Path]:
        stem = place.with_suffix("")
        return stems.get(stem, []) if len(own_stems[stem]) == 1 else []

    for candidates in (named, with_suffix, of_stem):
        taken = set(found.values())
        for file in files:
            left = [path for path in candidates(file.relative) if path not in taken]
            if file.relative not in found and len(left) == 1:
                found[file.relative] = left[0]
    return found


def _by_stem(files: Sequence[InputFile]) -> dict[Path, list[Path]]:
    stems: dict[Path, list[Path]] = defaultdict(list)
    for file in files:
        stems[file.relative.with_suffix("")].append(file.path)
    return stems
