"""Files -> pages -> upscale -> files (``docsr enhance``), and the same for images in memory.

Files are done in ``jobs`` processes, the pages of a file one at a time; one that fails does not stop the others.
"""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from docsr.errors import Interrupted, NoInputError
from docsr.io.files import Source, find_inputs, output_paths, refuse_same_file
from docsr.manifest import Entry, Manifest
from docsr.pool import run_in_processes
from docsr.upscalers.arrays import Enhancer, enhance
from docsr.upscalers.document import Bench, EnhanceOptions, Outcome, PageResult, Task, failure, output_suffix

__all__ = ["EnhanceOptions", "Enhancer", "PageResult", "enhance", "enhance_files", "plan_files"]


def plan_files(inputs: Sequence[Path], out: Path, options: EnhanceOptions, *, overwrite: bool = False) -> list[Task]:
    """Find the files and say where each goes.

    Args:
        inputs: files and folders.
        out: the output folder; trees are mirrored below it.
        options: what is asked for.
        overwrite: do again what an earlier run finished.

    Raises:
        NoInputError: there is nothing to read.
        UsageError: the options cannot be served, or an output would overwrite an input.
        CheckpointError: the network file cannot be used.
    """
    options.check()
    sources = find_inputs(inputs, skip=out)
    if not sources:
        raise NoInputError(f"no images in {', '.join(map(str, inputs))}: give files, or folders that hold some")
    outputs = output_paths(sources, out, partial(_suffix, options.format))
    refuse_same_file(outputs.values(), outputs.keys())
    manifest, signature = Manifest(out), options.signature()

    def known(output: Path) -> str | None:
        finished = not overwrite and output.is_file()
        return manifest.known(str(output.relative_to(out)), signature) if finished else None

    return [Task(path, output, known(output)) for path, output in outputs.items()]


def enhance_files(tasks: Sequence[Task], out: Path, options: EnhanceOptions, *, jobs: int = 1) -> Iterator[PageResult]:
    """Do the files, yielding a result per page as files finish (in order only with one job).

    What finishes is noted in the manifest of ``out`` at once, so that a run that is cut off can go on.

    Args:
        tasks: from :func:`plan_files`.
        out: the output folder.
        options: as given to :func:`plan_files`.
        jobs: processes; each loads the network and takes its share of the cores.

    Raises:
        Interrupted: the user stopped the run; nothing half-written stays.
        UsageError: the options do not fit a page (a network for another factor).
    """
    signature = options.signature()
    manifest = Manifest(out)
    bench = Bench(options, max(1, _cores() // jobs))
    run = _run_here if jobs == 1 else partial(run_in_processes, jobs=jobs, broken=_broken)
    try:
        with closing(run(bench, tasks)) as outcomes:
            for task, outcome in outcomes:
                if outcome.sha256 is not None:
                    relative = str(task.output.relative_to(out))
                    manifest.add(Entry(str(task.source), relative, outcome.sha256, signature))
                yield from outcome.results
    except KeyboardInterrupt as error:
        raise Interrupted("interrupted: what was finished is kept, run the same command again to go on") from error


def _run_here(bench: Callable[[Task], Outcome], tasks: Iterable[Task]) -> Generator[tuple[Task, Outcome], None, None]:
    for task in tasks:
        yield task, bench(task)


def _broken(task: Task) -> Outcome:
    return failure(task, f"{task.source} was under way when a worker died (out of memory?): use fewer --jobs")


def _suffix(form: str, source: Source) -> str:
    return output_suffix(source.path, form)


def _cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _CallableModule(types.ModuleType):
    """``docsr.enhance`` is this module and, as promised to users, a function: calling it enhances one image."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return enhance(*arguments, **options)


sys.modules[__name__].__class__ = _CallableModule
