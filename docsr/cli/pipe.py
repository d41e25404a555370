"""Read inputs that are pipes, and run ``docsr enhance - --out -`` from standard input or a file to standard output."""

from __future__ import annotations

import os
import select
import shutil
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from docsr.cli.echo import send
from docsr.cli.output import print_warning
from docsr.errors import NoInputError, PageError, UsageError
from docsr.system.names import below, is_descriptor
from docsr.system.temporary import temporary_folder

if TYPE_CHECKING:
    from docsr.batch.options import EnhanceOptions
    from docsr.batch.results import Task
    from docsr.batch.run import PageResult

Names: TypeAlias = Mapping[str, str]
"""Path of the file that is read -> the name that the user gave for it."""

PIPE = "-"
_STDIN = "standard input"
_TAKEN = "standard output holds the image: leave out --dry-run, --preview, --report and --log-json"
_PATIENCE = 10.0
"""Seconds that a writer has to begin writing to a pipe."""

_PIECE = 1 << 20


def is_piped(inputs: Sequence[Path], out: Path) -> bool:
    """Return whether the image goes to standard output.

    Raises:
        UsageError: only one side is a pipe and the other cannot be combined with it.
    """
    named = [str(given) for given in inputs]
    if PIPE in named and str(out) != PIPE:
        raise UsageError("an image from standard input has no name for an output: give --out - with the input -")
    if str(out) == PIPE and len(named) != 1:
        raise UsageError(f"--out - writes one image to standard output, and {len(named)} inputs are given")
    return str(out) == PIPE


@contextmanager
def copied_pipes(inputs: Sequence[Path]) -> Iterator[tuple[list[Path], dict[str, str]]]:
    """Copy inputs that are pipes, as a shell makes them of ``<(command)``, into temporary files.

    A file that a shell has opened (``/dev/stdin < scan.png``) is copied too: other processes cannot open that name.

    Yields:
        The inputs, with a temporary file in place of each pipe, and what the user gave for each of these files, by its
        path. ``/dev/fd/63`` becomes ``pipe-63.png``, ``/dev/stdin`` becomes ``stdin.png``; a named pipe keeps its name.

    Raises:
        NoInputError: a pipe is empty.
        NoTemporaryFolder: there is no temporary folder.
    """
    if not any(map(_is_pipe, inputs)):
        yield list(inputs), {}
        return
    with temporary_folder() as folder:
        files, names = list(inputs), dict[str, str]()
        for number, given in enumerate(inputs):
            if _is_pipe(given):
                place = folder / str(number)
                place.mkdir()
                files[number] = _with_suffix(_copy_pipe(given, below(place, _stem(given))))
                names[str(files[number])] = str(given)
        yield files, names


def given_names(tasks: Iterable[Task], names: Names) -> list[Task]:
    """Return the tasks, with the name that the user gave in those of pipes; the manifest records only that name."""
    given = ((task, names.get(str(task.source))) for task in tasks)
    return [task if name is None else replace(task, name=name, passing=True) for task, name in given]


def named_as_given(results: Iterable[PageResult], names: Names) -> Iterator[PageResult]:
    """Yield the results, with the names that the user gave in place of the files that were read."""
    for result in results:
        given, error = names.get(result.input), result.error
        if given is None:
            yield result
        else:
            error = None if error is None else error.replace(result.input, given)
            yield replace(result, input=given, error=error)


def _is_pipe(given: Path) -> bool:
    try:
        mode = given.stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or (stat.S_ISREG(mode) and is_descriptor(str(given)))


def _stem(given: Path) -> str:
    if given == Path("/dev/stdin"):
        return "stdin"
    return f"pipe-{given.name}" if given.name.isdecimal() else given.name


def _copy_pipe(pipe: Path, path: Path) -> Path:
    """Copy a pipe to a file; give up if nobody writes within _PATIENCE."""
    source = os.open(pipe, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    is_pipe = stat.S_ISFIFO(os.fstat(source).st_mode)
    try:
        with path.open("wb") as file:
            until = time.monotonic() + _PATIENCE
            while True:
                try:
                    piece = os.read(source, _PIECE)
                except BlockingIOError:  # there is a writer, but no data yet
                    select.select([source], [], [])
                    continue
                if piece:
                    file.write(piece)
                elif file.tell() or not is_pipe or time.monotonic() > until:
                    break
                else:
                    time.sleep(0.05)
    finally:
        os.close(source)
    if not path.stat().st_size:
        raise NoInputError(f"nothing came through {pipe}: give it an image")
    return path


def _with_suffix(path: Path) -> Path:
    """Give a file the suffix of its format, unless it has one that docsr knows."""
    from docsr.io.document import suffix_of
    from docsr.io.paths.inputs import DOCUMENT_SUFFIXES

    if path.suffix.lower() in DOCUMENT_SUFFIXES:
        return path
    return path.rename(path.with_name(path.name + suffix_of(path)))


def enhance_through(
    given: Path, options: EnhanceOptions, jobs: int | None, time_limit: float | None, *, reporting: bool, names: Names
) -> int:
    """Enhance one image and write it to standard output, complete or not at all.

    Args:
        given: the file, or ``-`` for standard input.
        options: the options of the command.
        jobs: number of cores to use; None: the command's default.
        time_limit: as in docsr.batch.run.enhance_files.
        reporting: whether an option asks for output about pages.
        names: name that the user gave for each temporary file of a pipe.

    Raises:
        UsageError: ``reporting``, but standard output holds the image; or the input is a folder.
        NoTemporaryFolder: there is no temporary folder.
        DocsrError: the error that the command reports for a file.
    """
    if reporting:
        raise UsageError(_TAKEN)
    from docsr.batch.run import default_jobs, enhance_files, plan_files

    with temporary_folder() as folder:
        source = _copy_stdin(folder) if str(given) == PIPE else given
        if os.path.isdir(source):
            raise UsageError(f"{source} is a folder, and --out - writes one image: give a file")
        out = folder / "out"
        (task,) = plan_files([source], out, options)
        for result in enhance_files([task], out, options, jobs=jobs or default_jobs(), time_limit=time_limit):
            name = _STDIN if str(given) == PIPE else names.get(str(source), str(source))
            print_warning(result, name)
            if result.error is not None:
                sentence = result.error.replace(str(source), name)
                raise PageError(sentence) if result.readable else NoInputError(sentence)
        with task.output.open("rb") as file:
            send(file)
    return 0


def _copy_stdin(folder: Path) -> Path:
    """Copy standard input to a file with the suffix of its format."""
    if sys.stdin is None:
        raise NoInputError("standard input is closed: give a file, or open it")
    path = folder / "stdin"
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    if not path.stat().st_size:
        raise NoInputError("nothing came through standard input: give it an image")
    return _with_suffix(path)
