"""``docsr enhance - --out -``: one image from standard input, or a file, to standard output."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from docsr.cli.tell import tell_warning
from docsr.errors import NoInputError, PageError, UsageError

if TYPE_CHECKING:
    from docsr.upscalers.options import EnhanceOptions

PIPE = "-"
_STDIN = "standard input"


def is_piped(inputs: Sequence[Path], out: Path) -> bool:
    """Tell whether a pipe is asked for.

    Raises:
        UsageError: it is asked for on one side of what it cannot be joined with.
    """
    named = [str(given) for given in inputs]
    if PIPE in named and str(out) != PIPE:
        raise UsageError("what comes through a pipe has no name to be written under: give --out - with the input -")
    if str(out) == PIPE and len(named) != 1:
        raise UsageError(f"--out - writes one image to standard output, and {len(named)} inputs are given")
    return str(out) == PIPE


def enhance_through(
    given: Path, options: EnhanceOptions, jobs: int | None, time_limit: float | None, *, told: bool
) -> int:
    """Enhance one image and write it to standard output, complete or not at all.

    Args:
        given: the file, or ``-`` for standard input.
        options: as of the command.
        jobs: cores to use; None: as many as the command takes by default.
        time_limit: as of docsr.enhance.enhance_files.
        told: whether something was asked to be told of pages.

    Raises:
        UsageError: that has no place, since standard output holds the image.
        DocsrError: as the command would have said of a file.
    """
    if told:
        raise UsageError(
            "standard output holds the image: --dry-run, --preview, --report and --log-json do not go with it"
        )
    from docsr.enhance import default_jobs, enhance_files, plan_files

    with TemporaryDirectory(prefix="docsr-") as folder:
        source = _received(Path(folder)) if str(given) == PIPE else given
        if source.is_dir():
            raise UsageError(f"{source} is a folder, and --out - writes one image: give a file")
        out = Path(folder) / "out"
        (task,) = plan_files([source], out, options)
        for result in enhance_files([task], out, options, jobs=jobs or default_jobs(), time_limit=time_limit):
            name = _STDIN if str(given) == PIPE else str(source)
            tell_warning(result, name)
            if result.error is not None:
                sentence = result.error.replace(str(source), name)
                raise PageError(sentence) if result.readable else NoInputError(sentence)
        _send(task.output)
    return 0


def _send(path: Path) -> None:
    """Write the file to standard output."""
    with path.open("rb") as file:
        try:
            shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        except BrokenPipeError as error:
            raise PageError("nobody reads standard output any more: the image is lost") from error
        except OSError as error:
            reason = error.strerror or "no reason is known"
            raise PageError(f"standard output could not be written: {reason.lower()}") from error


def _received(folder: Path) -> Path:
    """Write what comes through the pipe to a file with the suffix of its kind."""
    from docsr.io.documents import suffix_of

    path = folder / "stdin"
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    if not path.stat().st_size:
        raise NoInputError("nothing came through standard input: give it an image")
    return path.rename(path.with_suffix(suffix_of(path)))
