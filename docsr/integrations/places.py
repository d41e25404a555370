"""Reach the files of a Ray job, in folders that all nodes see or behind URLs that fsspec reaches (s3://, gs:// ...)."""

from __future__ import annotations

import os
import posixpath
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from docsr.errors import DocsrError, MissingExtraError, NoInputError, PageError, UsageError, first_line
from docsr.io.paths.manifest import PARTS
from docsr.system.names import RefusedName, below, place_of
from docsr.system.temporary import temporary_folder

EXTRA = "ray"

ATOMIC_PROTOCOLS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oss", "memory"})
"""Protocols whose objects appear only when complete; elsewhere a file is written under another name and renamed."""

_CREDENTIALS = frozenset({"user", "username", "password"})
"""Parts of a URL that say who asks, and not where the place is."""


def local_path(place: str) -> Path | None:
    """Return the path that a place on the command line names, or None if it is a URL for fsspec."""
    if place.startswith("file://"):
        return Path(unquote(urlsplit(place).path))
    if place.startswith("local://"):  # fsspec's other name for file://, which it does not unquote
        return Path(place.removeprefix("local://"))
    return None if "://" in place else Path(place)


class Store:
    """A folder or one file behind a URL. Names in it are relative and use slashes.

    Pickling keeps only the URL, so each process opens the store anew.
    """

    def __init__(self, url: str) -> None:
        """Open the store without reading anything.

        Raises:
            UsageError: the protocol is unknown, or its package is not installed.
        """
        self.url = url.rstrip("/")
        try:
            from fsspec.core import url_to_fs
        except ModuleNotFoundError as error:
            raise MissingExtraError(f"{url}: a folder behind a URL", EXTRA) from error
        try:
            self._files, self._root = url_to_fs(self.url, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            raise UsageError(f"{url} cannot be opened: {first_line(error)}") from error

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle only the URL."""
        return Store, (self.url,)

    def url_of(self, name: str) -> str:
        """Return the URL of a file in the store; for an empty name, the store's own URL."""
        return f"{self.url}/{name}" if name else self.url

    def name_of(self, other: Store) -> str | None:
        """Return the name in this folder of what another URL points to; empty for the folder itself, None if outside.

        URLs are compared as fsspec reads them: ``memory://x`` is ``memory:///x``, ``s3a://b`` is ``s3://b``. If only
        one of the URLs states something, a host for example, they may still point to the same place.
        """
        mine, theirs = self._files.storage_options, other._files.storage_options
        if any(mine[option] != theirs[option] for option in (mine.keys() & theirs.keys()) - _CREDENTIALS):
            return None
        own, theirs = self._address(), other._address()
        return "" if theirs == own else theirs.removeprefix(f"{own}/") if theirs.startswith(f"{own}/") else None

    def names(self, below: str = "") -> list[str]:
        """Return the sorted names of all files below one of its folders; for a single file, one empty name.

        Raises:
            NoInputError: the folder cannot be listed.
        """
        start = self._path(below)
        with _reporting(self.url_of(below), "be listed", NoInputError):
            paths = self._files.find(start)
        inside = [path[len(self._root) + 1 :] for path in paths if path.startswith(f"{self._root}/")]
        return sorted(inside) if inside or start not in paths else [""]

    def has(self, name: str) -> bool:
        """Return whether a file exists. PageError if the store does not answer."""
        with _reporting(self.url_of(name), "be looked for"):
            return bool(self._files.exists(self._path(name)))

    def fetch(self, name: str, target: Path) -> None:
        """Copy a file to a local path and make its folder. PageError if it cannot be read."""
        with _reporting(self.url_of(name), "be read"):
            target.parent.mkdir(parents=True, exist_ok=True)
            self._files.get_file(self._path(name), str(target))
            if not os.path.isfile(target):  # some clients treat a name that is both a file and a folder as a folder
                raise IsADirectoryError("it is a folder too")

    def push(self, source: Path, name: str) -> None:
        """Copy a local file to the store, complete or not at all. PageError if it cannot be written."""
        path = self._path(name)
        with _reporting(self.url_of(name), "be written"):
            if self.url.partition("://")[0] in ATOMIC_PROTOCOLS:
                self._files.put_file(str(source), path)
                return
            folder, _, last = path.rpartition("/")
            temporary = f"{folder}/.docsr-{secrets.token_hex(8)}-{last}"
            self._files.makedirs(folder, exist_ok=True)
            self._files.put_file(str(source), temporary)
            self._files.mv(temporary, path)

    def remove(self, names: Sequence[str]) -> None:
        """Remove files. PageError if they cannot be removed."""
        with _reporting(self.url, "be tidied"):
            for name in names:
                self._files.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if name else str(self._root)

    def _address(self) -> str:
        """Return its URL as fsspec normalises it; a host may be left out."""
        protocol, _, path = self._files.unstrip_protocol(self._root).partition("://")
        return f"{protocol}://{path if protocol in ATOMIC_PROTOCOLS else posixpath.normpath(path)}"


@contextmanager
def _reporting(url: str, what: str, kind: type[DocsrError] = PageError) -> Iterator[None]:
    """Turn whatever a store's client raises into one sentence."""
    try:
        yield
    except FileNotFoundError as error:
        raise kind(f"{url} could not {what}: there is no such file") from error
    except Exception as error:
        raise kind(f"{url} could not {what}: {first_line(error)}") from error


def fetch_parts(store: Store, folder: Path, known: frozenset[str] = frozenset()) -> frozenset[str]:
    """Copy the parts of a store's manifest to a folder, except ``known`` ones; return the names of all known parts."""
    parts = frozenset(filter(_is_part, store.names(PARTS)))
    for name in parts - known:
        store.fetch(name, below(folder, name, own=True))
    return parts | known


def _is_part(name: str) -> bool:
    """Return whether docsr could have named a part of a manifest so; others who write to the store choose any name."""
    folder, _, last = name.rpartition("/")
    try:
        return folder == PARTS and last.endswith(".jsonl") and str(place_of(last)) == last
    except RefusedName:
        return False


def merge_stored_parts(store: Store, run: str) -> None:
    """Merge the parts of the manifest that the workers of a run wrote into one part, as objects cannot be appended to.

    Raises:
        PageError: the store cannot be written; the parts are kept.
    """
    parts = [name for name in filter(_is_part, store.names(PARTS)) if name.startswith(f"{PARTS}/{run}-")]
    with temporary_folder() as folder:
        whole, part = folder / "whole", folder / "part"
        with whole.open("wb") as file:
            for name in parts:
                store.fetch(name, part)
                with part.open("rb") as lines:
                    shutil.copyfileobj(lines, file)
        if parts:
            store.push(whole, f"{PARTS}/{run}.jsonl")
    store.remove(parts)
