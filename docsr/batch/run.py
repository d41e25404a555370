"""Files -> pages -> upscale -> files (``docsr enhance``).

Files are done in ``jobs`` processes, the pages of a file one at a time; one that fails does not stop the others.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeAlias

from docsr.batch.file_progress import Stage, broken, too_slow
from docsr.batch.options import EnhanceOptions, check_time_limit, output_suffix
from docsr.batch.results import PageResult, Task
from docsr.batch.worker import FileEnhancer
from docsr.errors import Interrupted, NoInputError, UsageError, reason_of
from docsr.io.paths.atomic import refuse_same_file, refuse_same_folder, remove_leftovers
from docsr.io.paths.folders import OutputFolder, opened
from docsr.io.paths.inputs import DOCUMENT_SUFFIXES, InputFile, find_inputs
from docsr.io.paths.manifest import Manifest
from docsr.io.paths.output_names import output_paths
from docsr.io.paths.passed_over import PassedOver
from docsr.pool import Sandbox, run_here, run_in_processes
from docsr.upscalers.sandbox import sandbox_for

__all__ = ["EnhanceOptions", "PageResult", "default_jobs", "enhance_files", "plan_files"]

MOST_JOBS = 8
"""More are used only when they are asked for: each takes memory of its own."""

FileResults: TypeAlias = Generator[tuple[Task, list[PageResult]], None, None]

_broken = partial(broken, "use fewer --jobs or a smaller --tile, or allow more --max-memory")


def plan_files(
    inputs: Sequence[Path],
    out: Path,
    options: EnhanceOptions,
    *,
    overwrite: bool = False,
    passed: PassedOver | None = None,
) -> list[Task]:
    """Find the files and say where each goes.

    Args:
        inputs: files and folders. Folders below them that hold the outputs of an earlier run are left out.
        out: the output folder; trees are mirrored below it.
        options: what is asked for.
        overwrite: do again what an earlier run finished, and replace files in ``out`` that docsr did not write.
            Otherwise an output is made again only if its input, the options or the networks changed, and what is
            not as docsr wrote it, or was made from another input, is left alone: its input fails.
        passed: counts what is passed over in folders.

    Raises:
        NoInputError: there is nothing to read.
        UsageError: the options cannot be served, ``out`` is an input folder, or an output would overwrite an input.
        FolderError: what lies in the place of the manifest of ``out`` is no file that docsr wrote.
        CheckpointError: the network file cannot be used.
    """
    options.check()
    refuse_same_folder(out, filter(os.path.isdir, inputs))
    passed = PassedOver() if passed is None else passed
    found = find_inputs(inputs, out, DOCUMENT_SUFFIXES, passed)
    if not found:
        raise NoInputError(nothing_in(map(str, inputs), passed))
    files, manifest = [file for file in found if not file.refused], Manifest(out)
    known = manifest.made()
    made = {file.path: known.get(os.path.abspath(file.path), ()) for file in files}
    outputs = place_outputs(files, out, options, made)
    refuse_same_file(outputs.values(), outputs)
    return [Task(file.path, out, refused=file.refused) for file in found if file.refused] + [
        Task(path, output, manifest.entries(str(output.relative_to(out))), overwrite)
        for path, output in outputs.items()
    ]


def nothing_in(inputs: Iterable[str], passed: PassedOver) -> str:
    """Return the sentence about inputs that stand for no file."""
    beside = f" ({passed.sentence()})" if passed.sentence() else ""
    return f"no images and no PDF files in {', '.join(inputs)}{beside}: give files, or folders that hold some"


def place_outputs(
    files: Sequence[InputFile], out: Path, options: EnhanceOptions, made: Mapping[Path, Iterable[str]]
) -> dict[Path, Path]:
    """Return where below ``out`` the output of each input goes; ``made``: what was made of them before."""
    return output_paths(files, out, partial(_suffix, options.format), made)


def enhance_files(
    tasks: Sequence[Task],
    out: Path | OutputFolder,
    options: EnhanceOptions,
    *,
    jobs: int = 1,
    time_limit: float | None = None,
    dry: bool = False,
    heard: Callable[[Task, Stage], None] | None = None,
) -> Iterator[PageResult]:
    """Do the files, yielding a result per page as files finish (in order only with one job).

    What is written is noted in the manifest of ``out`` at once: a run that is cut off can go on. Leftovers are removed.
    Whatever the path of the folder leads to later, outputs go into that one.

    Args:
        tasks: from :func:`plan_files`.
        out: the output folder, which is opened now if it was not before.
        options: as given to :func:`plan_files`.
        jobs: cores to use: a file on each, in a process that loads the networks, or several threads for each of few.
        time_limit: seconds that one page may take, twice, before it is given up; None: no limit, and with one job no
            process apart.
        dry: only say what would be done with each page; nothing is written or removed.
        heard: called, in this thread, with a file under way and how far it is, page by page.

    Raises:
        Interrupted: the user stopped the run; nothing half-written stays.
        UsageError: the options do not fit a page, no timer keeps the time limit, or the folder cannot be made.
    """
    check_time_limit(time_limit)
    folder, workers = opened(out).keeping(task.source for task in tasks), max(1, min(jobs, len(tasks)))
    enhancer = FileEnhancer(options, folder, jobs // workers, jobs=workers, dry=dry)
    run = _run(enhancer, workers, time_limit, _sandbox(tasks, folder.path, options, dry=dry))
    with _made(folder, dry), tidied(set() if dry else {folder.path, *(task.output.parent for task in tasks)}):
        try:
            with closing(run(tasks, heard=heard)) as finished:
                for _, results in finished:
                    yield from results
        except KeyboardInterrupt as error:
            raise Interrupted("interrupted: finished files are kept, run the same command again to go on") from error


def _run(
    enhancer: FileEnhancer, workers: int, time_limit: float | None, sandbox: Sandbox | None
) -> Callable[..., FileResults]:
    """Return what does tasks, here or in processes apart."""
    if workers == 1 and time_limit is None and not (sandbox and sandbox.required):
        return partial(run_here, enhancer)
    memory, late = enhancer.memory if enhancer.is_bounded else None, partial(too_slow, time_limit)
    apart = partial(run_in_processes, enhancer, jobs=workers, on_crash=_broken, on_timeout=late, limit=time_limit)
    return partial(apart, memory=memory, sandbox=sandbox)


def _sandbox(tasks: Sequence[Task], out: Path, options: EnhanceOptions, *, dry: bool) -> Sandbox | None:
    """What workers may do: read the inputs and the network, and write where outputs go."""
    sources = (task.source for task in tasks if not task.refused)
    reads, writes = ((*sources, out), ()) if dry else (sources, (out,))
    return sandbox_for(options.sandbox, options.model, options.device, reads, writes)


@contextmanager
def _made(folder: OutputFolder, dry: bool) -> Iterator[None]:
    """Make the folder before workers open it, each for itself; one that stays empty goes again."""
    was_there = dry or os.path.isdir(folder.path)
    try:
        if not dry:
            folder.make()
    except OSError as error:
        raise UsageError(f"nothing can be written in {folder.path}: {reason_of(error)}") from error
    try:
        yield
    finally:
        with suppress(OSError):  # something is in it
            if not was_there:
                folder.path.rmdir()


@contextmanager
def tidied(folders: set[Path]) -> Iterator[None]:
    """Remove what an earlier run left in the folders, and then what ended workers of this one did."""
    remove_leftovers(folders)
    try:
        yield
    finally:
        remove_leftovers(folders)


def _suffix(form: str, file: InputFile) -> str:
    return output_suffix(file.path, form)


def default_jobs() -> int:
    """Return the number of cores that this process may use, MOST_JOBS at most."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_JOBS)
