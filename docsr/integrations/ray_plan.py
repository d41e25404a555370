"""Plan a Ray job: which file becomes which, and what the manifest records about it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from docsr.batch.results import Task
from docsr.batch.run import EnhanceOptions, nothing_in, place_outputs, plan_files
from docsr.errors import NoInputError, UsageError
from docsr.integrations.places import Store, fetch_parts, local_path
from docsr.io.paths.atomic import refuse_same_file, refuse_same_folder
from docsr.io.paths.inputs import DOCUMENT_SUFFIXES, InputFile, find_inputs
from docsr.io.paths.manifest import NAME, PARTS, Entry, Manifest
from docsr.io.paths.passed_over import PassedOver
from docsr.system.names import RefusedName, below, place_of
from docsr.system.temporary import temporary_folder


@dataclass(frozen=True, slots=True)
class Job:
    """One file to work on.

    Attributes:
        source: path or URL of the input.
        place: of the output, relative to the output folder.
        entries: the manifest's entries of the output.
        overwrite: whether to make the output again, and to replace any file in its place.
        refused: why nothing can be done; ``place`` is empty then.
    """

    source: str
    place: str
    entries: tuple[Entry, ...] = ()
    overwrite: bool = False
    refused: str = ""


def plan_jobs(
    inputs: Sequence[str],
    out: str,
    options: EnhanceOptions,
    *,
    overwrite: bool = False,
    passed: PassedOver | None = None,
) -> list[Job]:
    """Find the files and decide where each goes, as :func:`docsr.batch.run.plan_files` does for one machine.

    Args:
        inputs: files and folders: paths that all nodes see, or URLs.
        out: the output folder: a path that all nodes see, or a URL.
        options: what to do.
        overwrite: as of :func:`docsr.batch.run.plan_files`.
        passed: as of :func:`docsr.batch.run.plan_files`.

    Raises:
        NoInputError: there is nothing to read.
        UsageError: the options cannot be served, or an output would overwrite an input.
        CheckpointError: the network file cannot be used.
    """
    folder, paths = local_path(out), [local_path(given) for given in inputs]
    if folder is not None and None not in paths:
        tasks = plan_files(list(filter(None, paths)), folder, options, overwrite=overwrite, passed=passed)
        return [_job(task, folder) for task in tasks]
    options.check()
    if folder is not None:
        refuse_same_folder(folder, filter(os.path.isdir, filter(None, paths)))
    files = _all_files(inputs, out, PassedOver() if passed is None else passed)
    sources = {file: source for file, source in files.items() if not file.refused}
    refused = [Job(source, "", refused=file.refused) for file, source in files.items() if file.refused]
    manifest, named = _manifest(out, folder), {file.path: source for file, source in sources.items()}
    made = manifest.made()
    before = {path: made.get(source, ()) for path, source in named.items()}
    places = place_outputs(list(sources), Path(), options, before)
    _refuse_inputs(out, list(places.values()), list(named.values()))
    return refused + [
        Job(named[path], str(place), manifest.entries(str(place)), overwrite) for path, place in places.items()
    ]


def _job(task: Task, folder: Path) -> Job:
    if task.refused:
        return Job(str(task.source), "", refused=task.refused)
    return Job(os.path.abspath(task.source), str(task.output.relative_to(folder)), task.entries, task.overwrite)


def _all_files(inputs: Sequence[str], out: str, passed: PassedOver) -> dict[InputFile, str]:
    """Return the files with their paths or URLs. NoInputError if there are none."""
    files = dict(pair for given in inputs for pair in _files(given, out, passed))
    if not files:
        raise NoInputError(nothing_in(inputs, passed))
    return files


def _manifest(out: str, folder: Path | None) -> Manifest:
    if folder is not None:
        return Manifest(folder)
    with temporary_folder() as copy:
        store = Store(out)
        fetch_parts(store, copy)
        if store.has(NAME):  # a machine's output folder was copied there
            store.fetch(NAME, copy / NAME)
        return Manifest(copy)


def _refuse_inputs(out: str, places: Sequence[Path], inputs: Sequence[str]) -> None:
    """Check that no output is one of the inputs, even under another name or URL."""
    folder = local_path(out)
    if folder is not None:
        refuse_same_file((below(folder, str(place)) for place in places), filter(None, map(local_path, inputs)))
        return
    store, names = Store(out), set(map(str, places))
    for given in inputs:
        if local_path(given) is None and store.name_of(Store(given)) in names:
            raise UsageError(f"{given} is an input and would be overwritten: choose another --out folder")


def _files(given: str, out: str, passed: PassedOver) -> Iterator[tuple[InputFile, str]]:
    """Yield the files that one input names, each with its path or URL."""
    path = local_path(given)
    if path is not None:
        yield from (
            (file, str(file.path) if file.refused else os.path.abspath(file.path))
            for file in find_inputs([path], local_path(out), DOCUMENT_SUFFIXES, passed)
        )
        return
    store = Store(given)
    own = None if local_path(out) is not None else store.name_of(Store(out))
    if own == "":
        raise UsageError(f"--out {out} is the input folder itself: choose another folder for the outputs")
    names = store.names()
    if names == [""]:  # the URL is that of one file
        yield _stored(store.url, PurePosixPath(store.url).name), store.url
        return
    outputs = _output_folders(names) | (set() if own is None else {f"{own}/"})
    for name in names:
        if any(name.startswith(folder) for folder in outputs):
            continue
        hidden = next((part for part in PurePosixPath(name).parts if part.startswith(".") and part != ".."), None)
        if hidden is None and PurePosixPath(name).suffix.lower() in DOCUMENT_SUFFIXES:
            yield _stored(store.url_of(name), name), store.url_of(name)
        else:
            passed.file(hidden or name)


def _stored(url: str, name: str) -> InputFile:
    """Return an input behind a URL. Its path is a unique key: the URLs a//b and a/b would be one path."""
    key = Path(quote(url, safe="", errors="surrogatepass"))
    try:
        return InputFile(key, place_of(name))
    except RefusedName as refusal:
        return InputFile(key, Path(), str(refusal))


def _output_folders(names: Sequence[str]) -> set[str]:
    """Return the folders below an input that hold the outputs of an earlier run."""
    folders = set()
    for name in map(PurePosixPath, names):
        if name.name == NAME:
            folders.add(f"{name.parent}/")
        elif name.parent.name == PARTS:
            folders.add(f"{name.parent.parent}/")
    return folders - {"./"}
