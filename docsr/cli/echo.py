"""Print everything that docsr says, with text from outside made harmless to a terminal."""

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
    """The reader of standard output has ended, as ``head`` does: this is no fault, and nothing is printed."""

    exit_code = 141  # 128 + SIGPIPE, as shells report programs that this signal ends


class OutputLost(DocsrError):
    """Standard output cannot be written."""


def say(text: str, *, err: bool = False) -> None:
    """Print one line on standard output, or on standard error if ``err``."""
    stream = sys.stderr if err else sys.stdout
    click.echo(visible(text, getattr(stream, "encoding", None)), err=err)


def say_json(value: Any) -> None:
    """Print a line of JSON on standard output."""
    click.echo(in_json(json.dumps(value)))


def send(file: BinaryIO) -> None:
    """Copy the bytes of a file to standard output.

    Raises:
        NobodyReads, OutputLost: as in :func:`guarded`.
    """
    stream = sys.stdout
    if stream is None:
        raise OutputLost("standard output is closed: open it, or give --out a folder")
    try:
        while piece := file.read(_PIECE):
            stream.buffer.write(piece)
        stream.buffer.flush()
    except OSError as error:
        raise _stream_error(stream, error) from error


def terminal(*, err: bool = False, **how: Any) -> Console:
    """Return rich's console for bars and tables, which must print only docsr's own words."""
    from rich.console import Console

    return Console(stderr=err, **how)


@contextmanager
def guarded() -> Iterator[None]:
    """Raise an error of docsr's within the block if standard output cannot be written, whatever writes it.

    Failures on standard error are ignored, so that they stop no work.

    Raises:
        NobodyReads: standard output is a pipe whose reader has ended.
        OutputLost: standard output cannot be written.
    """
    before = sys.stdout, sys.stderr
    if sys.stdout is not None:  # None if it was closed before Python started
        sys.stdout = cast(TextIO, _Guarded(sys.stdout, quiet=False))
    if sys.stderr is not None:
        sys.stderr = cast(TextIO, _Guarded(sys.stderr, quiet=True))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


@contextmanager
def warnings_said() -> Iterator[None]:
    """Print warnings that docsr's modules log within the block on standard error."""
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
    """Wrap a text stream: raise its failures as errors of docsr's, or ignore them if ``quiet``."""

    def __init__(self, stream: TextIO, *, quiet: bool) -> None:
        self._stream, self._quiet = stream, quiet
        self._failure: DocsrError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        if text == "":  # click writes an empty text to test whether this is a text stream
            return 0
        return self._attempt(lambda: self._stream.write(text))

    def flush(self) -> None:
        self._attempt(self._stream.flush)

    def _attempt(self, write: Callable[[], int | None]) -> int:
        try:
            return write() or 0
        except OSError as error:
            self._failure = _stream_error(self._stream, error)
            self._failure.__cause__ = error
        finally:
            if self._failure is not None and not self._quiet:
                raise self._failure
        return 0


def _stream_error(stream: TextIO, error: OSError) -> DocsrError:
    """Return the error for a stream that cannot be written, and silence the stream.

    Python flushes the stream once more when it exits, which must not fail again.
    """
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    if isinstance(error, BrokenPipeError):
        return NobodyReads("nobody reads standard output any more")
    return OutputLost(f"standard output could not be written: {reason_of(error)}")
