"""The one door through which docsr speaks: all that it says passes here, and nothing in it acts on a terminal."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO, cast

import click

from docsr.errors import DocsrError, reason_of
from docsr.text.shown import in_json, visible

if TYPE_CHECKING:
    from rich.console import Console

_PIECE = 1 << 20


class NobodyReads(DocsrError):
    """Whoever read standard output has gone, as ``head`` does: no fault, and nothing is said of it."""

    exit_code = 141  # 128 + SIGPIPE, as of programs that the signal ends


class OutputLost(DocsrError):
    """Standard output cannot be written."""


def say(text: str, *, err: bool = False) -> None:
    """Say one line on standard output, or on standard error."""
    stream = sys.stderr if err else sys.stdout
    click.echo(visible(text, getattr(stream, "encoding", None)), err=err)


def say_json(value: Any) -> None:
    """Say a line of JSON on standard output."""
    click.echo(in_json(json.dumps(value)))


def send(file: BinaryIO) -> None:
    """Copy a file to standard output, byte by byte.

    Raises:
        NobodyReads, OutputLost: as within :func:`guarded`.
    """
    stream = sys.stdout
    if stream is None:
        raise OutputLost("standard output is closed: open it, or give --out a folder")
    try:
        while piece := file.read(_PIECE):
            stream.buffer.write(piece)
        stream.buffer.flush()
    except OSError as error:
        raise _lost(stream, error) from error


def terminal(*, err: bool = False, **how: Any) -> Console:
    """Return rich's console for bars and tables, which get words of docsr's own alone."""
    from rich.console import Console

    return Console(stderr=err, **how)


@contextmanager
def guarded() -> Iterator[None]:
    """Within the block, standard output that cannot be written raises an error of docsr's, whoever writes it.

    What cannot be said on standard error is not: that stops no work.

    Raises:
        NobodyReads: standard output is a pipe that nobody reads any more.
        OutputLost: standard output cannot be written.
    """
    before = sys.stdout, sys.stderr
    if sys.stdout is not None:  # as it is where it was closed
        sys.stdout = cast(TextIO, _Guarded(sys.stdout, quiet=False))
    if sys.stderr is not None:
        sys.stderr = cast(TextIO, _Guarded(sys.stderr, quiet=True))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


@contextmanager
def warnings_said() -> Iterator[None]:
    """Within the block, what docsr's modules warn of by logging is said on standard error."""
    log, saying = logging.getLogger("docsr"), _Saying(logging.WARNING)
    log.addHandler(saying)
    try:
        yield
    finally:
        log.removeHandler(saying)


class _Saying(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say(f"docsr: warning: {record.getMessage()}", err=True)


class _Guarded:
    """A stream of text whose faults are told as docsr tells them, or not at all."""

    def __init__(self, stream: TextIO, *, quiet: bool) -> None:
        self._stream, self._quiet = stream, quiet
        self._failure: DocsrError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        if text == "":  # click tries so whether this is a stream of text
            return 0
        return self._tried(lambda: self._stream.write(text))

    def flush(self) -> None:
        self._tried(self._stream.flush)

    def _tried(self, write: Callable[[], int | None]) -> int:
        try:
            return write() or 0
        except OSError as error:
            self._failure = _lost(self._stream, error)
            self._failure.__cause__ = error
        finally:
            if self._failure is not None and not self._quiet:
                raise self._failure
        return 0


def _lost(stream: TextIO, error: OSError) -> DocsrError:
    """Say why a stream cannot be written, and let it be quiet from now on: Python flushes it once more at its end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    if isinstance(error, BrokenPipeError):
        return NobodyReads("nobody reads standard output any more")
    return OutputLost(f"standard output could not be written: {reason_of(error)}")
