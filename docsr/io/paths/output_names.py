"""Choose the names of the outputs."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from docsr.io.paths.inputs import InputFile


def output_paths(
    sources: Sequence[InputFile],
    out: Path,
    suffix_of: Callable[[InputFile], str],
    made: Mapping[Path, Iterable[str]],
) -> dict[Path, Path]:
    """Give each source its own path below ``out``, with the same folders and a new suffix.

    An output that exists already keeps its name, whatever files have been added or removed beside its source. If two
    new names clash (also on a file system that ignores case), both keep the whole source name: ``a.png`` and ``a.jpg``
    written as ``.png`` become ``a.png.png`` and ``a.jpg.png``. Names that still clash (the same name in two input
    folders) are numbered in the order of the source paths: ``a.png.png``, ``a.png.2.png``. The order of ``sources``
    does not matter.

    Args:
        sources: the inputs; each path once.
        out: the output folder.
        suffix_of: returns the suffix of the output for a source, with its dot.
        made: for each source path, the places below ``out`` of outputs that were made from it before.

    Returns:
        A mapping from source path to output path.
    """
    ordered = sorted({source.path: source for source in sources}.values(), key=lambda source: source.path)
    suffixes = {source.path: suffix_of(source) for source in ordered}
    folders = {_key(parent) for source in ordered for parent in source.relative.parents}
    existing = _existing_names(ordered, suffixes, made, folders)
    taken = folders | set(map(_key, existing.values()))
    new = [source for source in ordered if source.path not in existing]
    names = {source.path: source.relative.with_suffix(suffixes[source.path]) for source in new}
    whole: set[Path] = set()
    while clashing := [path for path in _clashing(names, taken) if path not in whole]:
        whole.update(clashing)
        for source in new:
            if source.path in whole:
                names[source.path] = _appended(source.relative, suffixes[source.path])
    _number(names, suffixes, taken)
    names |= existing
    return {source.path: out / names[source.path] for source in ordered}


def _existing_names(
    sources: Iterable[InputFile], suffixes: Mapping[Path, str], made: Mapping[Path, Iterable[str]], folders: set[str]
) -> dict[Path, Path]:
    """Return the existing names of outputs, where this naming could have given them."""
    existing: dict[Path, Path] = {}
    taken = set(folders)
    for source in sources:
        own = [name for name in map(Path, made.get(source.path, ())) if _fits(name, source, suffixes[source.path])]
        name = min(own, key=lambda path: (len(path.name), path.name), default=None)
        if name is not None and _key(name) not in taken:
            existing[source.path] = name
            taken.add(_key(name))
    return existing


def _fits(name: Path, source: InputFile, suffix: str) -> bool:
    """Return whether this naming could give an output the name: plain, whole, or whole with a number."""
    whole = source.relative.name
    if name == source.relative.with_suffix(suffix):
        return True
    if name.parent != source.relative.parent or not (name.name.startswith(whole) and name.name.endswith(suffix)):
        return False
    number = name.name[len(whole) : -len(suffix)]
    return not number or (number.startswith(".") and number[1:].isdecimal())


def _clashing(names: dict[Path, Path], taken: set[str]) -> list[Path]:
    """Return the sources whose output name is also another's, or is the name of a folder."""
    groups: dict[str, list[Path]] = defaultdict(list)
    for path, name in names.items():
        groups[_key(name)].append(path)
    return [path for key, paths in groups.items() if len(paths) > 1 or key in taken for path in paths]


def _number(names: dict[Path, Path], suffixes: dict[Path, str], taken: set[str]) -> None:
    """Number, in place and in order, every name that is already taken."""
    clashing = set(_clashing(names, taken))
    used = taken | {_key(name) for path, name in names.items() if path not in clashing}
    for path in [path for path in names if path in clashing]:
        stem, name, number = names[path].name.removesuffix(suffixes[path]), names[path], 1
        while _key(name) in used:
            number += 1
            name = names[path].with_name(f"{stem}.{number}{suffixes[path]}")
        used.add(_key(name))
        names[path] = name


def _appended(relative: Path, suffix: str) -> Path:
    return relative.with_name(relative.name + suffix)


def _key(path: Path) -> str:
    """Fold case and Unicode forms of a path, as a file system that ignores them does."""
    return unicodedata.normalize("NFC", str(path)).casefold()
