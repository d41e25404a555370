"""Enhance many files in worker processes (``docsr enhance``).

``jobs`` processes share the files and process each file's pages one by one. A file that fails does not stop the others.
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

MOST_DEFAULT_JOBS = 8
"""The most jobs by default. Users can ask for more; each job takes memory of its own."""

FileResults: TypeAlias = Generator[tuple[Task, list[PageResult]], None, None]

_crashed = partial(broken, "use fewer --jobs or a smaller --tile, or allow more --max-memory")


def plan_files(
    inputs: Sequence[Path],
    out: Path,
    options: EnhanceOptions,
    *,
    overwrite: bool = False,
    passed: PassedOver | None = None,
) -> list[Task]:
    """Find the input files and the place of each output.

    Args:
        inputs: files and folders. Folders below them that hold the outputs of an earlier run are left out.
        out: the output folder; trees of folders are mirrored below it.
        options: the user's options.
        overwrite: whether to process finished files again, and to replace files in ``out`` that docsr did not write.
            If False, an output is made again only if its input, the options or the networks changed. A file in
            ``out`` that is not as docsr wrote it, or was made from another input, is kept, and its input fails.
        passed: counts the files that are passed over in folders.

    Raises:
        NoInputError: the inputs hold no file that docsr reads.
        UsageError: the options are invalid, ``out`` is an input folder, or an output would overwrite an input.
        FolderError: the manifest of ``out`` is not a file that docsr wrote.
        CheckpointError: the network file cannot be used.
    """
    options.check()
    refuse_same_folder(out, filter(os.path.isdir, inputs))
    passed = PassedOver() if passed is None else passed
    found = find_inputs(inputs, out, DOCUMENT_SUFFIXES, passed)
    if not found:
        raise NoInputError(nothing_in(map(str, inputs), passed))
    files, manifest = [file for file in found if not file.refused], Manifest(out)
    earlier_outputs = manifest.made()
    made = {file.path: earlier_outputs.get(os.path.abspath(file.path), ()) for file in files}
    outputs = place_outputs(files, out, options, made)
    refuse_same_file(outputs.values(), outputs)
    return [Task(file.path, out, refused=file.refused) for file in found if file.refused] + [
        Task(path, output, manifest.entries(str(output.relative_to(out))), overwrite)
        for path, output in outputs.items()
    ]


def nothing_in(inputs: Iterable[str], passed: PassedOver) -> str:
    """Return the error message for inputs that hold no file that docsr reads."""
    passed_over = f" ({passed.sentence()})" if passed.sentence() else ""
    return f"no images and no PDF files in {', '.join(inputs)}{passed_over}: give files, or folders that hold some"


def place_outputs(
    files: Sequence[InputFile], out: Path, options: EnhanceOptions, made: Mapping[Path, Iterable[str]]
) -> dict[Path, Path]:
    """Return the path below ``out`` of each input's output. ``made`` holds each input's outputs of earlier runs."""
    return output_paths(files, out, partial(_suffix, options.format), made)


def enhance_files(
    tasks: Sequence[Task],
    out: Path | OutputFolder,
    options: EnhanceOptions,
    *,
    jobs: int = 1,
    time_limit: float | None = None,
    dry: bool = False,
    on_progress: Callable[[Task, Stage], None] | None = None,
) -> Iterator[PageResult]:
    """Process the files and yield one result per page as files finish (in input order only with one job).

    Each output is noted in the manifest of ``out`` at once, so that an interrupted run can be resumed. Leftovers of
    earlier runs are removed. The folder is opened once: all outputs go into it, even if its path is swapped later.

    Args:
        tasks: the result of :func:`plan_files`.
        out: the output folder, which is opened now unless it is open already.
        options: as given to :func:`plan_files`.
        jobs: cores to use: one process for each file or, with fewer files than cores, several threads in each process.
        time_limit: seconds that a page may take. A page that exceeds it twice is given up. None means no limit, and
            with one job no separate process.
        dry: whether to report only what would be done with each page; nothing is written or removed.
        on_progress: called in this thread, page by page, with a file in progress and its stage.

    Raises:
        Interrupted: the user stopped the run; no half-written file stays.
        UsageError: the options do not fit a page, no timer can keep the time limit, or the folder cannot be made.
    """
    check_time_limit(time_limit)
    folder, workers = opened(out).keeping(task.source for task in tasks), max(1, min(jobs, len(tasks)))
    enhancer = FileEnhancer(options, folder, jobs // workers, jobs=workers, dry=dry)
    run = _run(enhancer, workers, time_limit, _sandbox(tasks, folder.path, options, dry=dry))
    with _output_folder(folder, dry), tidied(set() if dry else {folder.path, *(task.output.parent for task in tasks)}):
        try:
            with closing(run(tasks, on_progress=on_progress)) as finished:
                for _, results in finished:
                    yield from results
        except KeyboardInterrupt as error:
            raise Interrupted("interrupted: finished files are kept, run the same command again to go on") from error


def _run(
    enhancer: FileEnhancer, workers: int, time_limit: float | None, sandbox: Sandbox | None
) -> Callable[..., FileResults]:
    """Return the callable that runs the tasks, in this process or in worker processes."""
    if workers == 1 and time_limit is None and not (sandbox and sandbox.required):
        return partial(run_here, enhancer)
    memory, late = enhancer.memory if enhancer.is_bounded else None, partial(too_slow, time_limit)
    apart = partial(run_in_processes, enhancer, jobs=workers, on_crash=_crashed, on_timeout=late, limit=time_limit)
    return partial(apart, memory=memory, sandbox=sandbox)


def _sandbox(tasks: Sequence[Task], out: Path, options: EnhanceOptions, *, dry: bool) -> Sandbox | None:
    """Return the workers' rights: to read the inputs and the network, and to write into the output folder."""
    sources = (task.source for task in tasks if not task.refused)
    reads, writes = ((*sources, out), ()) if dry else (sources, (out,))
    return sandbox_for(options.sandbox, options.model, options.device, reads, writes)


@contextmanager
def _output_folder(folder: OutputFolder, dry: bool) -> Iterator[None]:
    """Make the output folder before each worker opens it. Remove it afterwards if it is new and still empty."""
    was_there = dry or os.path.isdir(folder.path)
    try:
        if not dry:
            folder.make()
    except OSError as error:
        raise UsageError(f"nothing can be written in {folder.path}: {reason_of(error)}") from error
    try:
        yield
    finally:
        with suppress(OSError):  # the folder is not empty
            if not was_there:
                folder.path.rmdir()


@contextmanager
def tidied(folders: set[Path]) -> Iterator[None]:
    """Remove leftovers of earlier runs from the folders now, and those of this run's killed workers at the end."""
    remove_leftovers(folders)
    try:
        yield
    finally:
        remove_leftovers(folders)


def _suffix(form: str, file: InputFile) -> str:
    return output_suffix(file.path, form)


def default_jobs() -> int:
    """Return the number of cores that this process may use, at most MOST_DEFAULT_JOBS."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_DEFAULT_JOBS)
