"""Collect the warnings and log messages of decoders: some damage that a decoder tolerates is reported only there."""

from __future__ import annotations

import logging
import os
import re
import sys
import warnings
from collections.abc import Hashable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from io import StringIO

from PIL import Image

from docsr.system.programs import bounded_pipe

_STDERR = 2
_DECODERS = r"(PIL|tifffile)\b"
_LOGGER = "tifffile"
_MOST_LINES, _MOST_BYTES = 1000, 100_000
"""Limits on what is collected. A damaged file can make a decoder repeat a message for each row; the rest is dropped."""

_OBJECT = re.compile(r"<\w[^<>]*>|\btempfile\.tif:")
_BYTES = re.compile(r"""\bb(['"])(?:\\.|(?!\1).)*\1?""")
_CAUSE = re.compile(r",? (due to|raised) \w+\(.*")
_RAISED = re.compile(r"^raised \w+\((['\"])(.*)\1\)$")
"""Patterns for what to remove or unwrap in a message.

_OBJECT: how tifffile names the object at fault, and how libtiff names a file without a name. _BYTES: raw bytes that
were found there. _CAUSE and _RAISED: the exception that was raised.
"""


class DamageWarning(UserWarning):
    """A file is damaged, but part of it could be read."""


@dataclass(slots=True)
class _Capture:
    lines: list[str]
    first_looks: set[Hashable] = field(default_factory=set)


_capture: ContextVar[_Capture | None] = ContextVar("capture", default=None)
_place: ContextVar[str] = ContextVar("place", default="")


def report_damage(*sentences: str) -> None:
    """Report damage that did not stop the reading: to :func:`captured_messages`, or outside it as a DamageWarning."""
    capture = _capture.get()
    for sentence in sentences:
        message = _place.get() + sentence
        if capture is None:
            warnings.warn(message, DamageWarning, stacklevel=3)
        elif len(capture.lines) < _MOST_LINES:
            capture.lines.append(message)


def is_first_look(at: Hashable) -> bool:
    """Return whether ``at`` was not seen before in the current :func:`captured_messages` block.

    Pages are read twice, but need only one check. Outside such a block the answer is always True.
    """
    capture = _capture.get()
    if capture is None:
        return True
    is_new = at not in capture.first_looks
    capture.first_looks.add(at)
    return is_new


@contextmanager
def naming_place(place: str) -> Iterator[None]:
    """Prefix every report made within the block with a place ("page 3: ")."""
    token = _place.set(place)
    try:
        yield
    finally:
        _place.reset(token)


def silence(category: type[Warning]) -> None:
    """Ignore from now on a library's warnings that concern only its programmers.

    The filter is set globally, for all threads. ``warnings.catch_warnings`` in one thread would be undone by others at
    the wrong moment.
    """
    if ("ignore", None, category, None, 0) not in warnings.filters:
        warnings.simplefilter("ignore", category)


@contextmanager
def captured_messages(*, printed: bool) -> Iterator[list[str]]:
    """Collect what decoders warn about and log, and what C code prints to stderr (all that libtiff says of faxes).

    Args:
        printed: whether to capture stderr as well. Use it only in processes where nothing else writes to stderr.

    Yields:
        A list. When the block has ended it holds the messages, one line each, without repetition.
    """
    lines: list[str] = []
    token, warned = _capture.set(_Capture(lines)), list[str]()
    try:
        with ExitStack() as stack:
            stack.enter_context(warnings.catch_warnings())
            warnings.showwarning = partial(_collect, warned)
            warnings.filterwarnings("always", module=_DECODERS)  # other modules do not warn about the file
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the page is refused with its own error
            stack.enter_context(_captured_log(lines))
            if printed and _can_capture_stderr():
                stack.enter_context(_captured_stderr(lines))
            yield lines
    finally:
        _capture.reset(token)
        lines[:] = dict.fromkeys(filter(None, map(plain, [*lines, *warned])))


def _collect(lines: list[str], message: object, *_: object) -> None:
    if len(lines) < _MOST_LINES:
        lines.append(_BYTES.sub("other data", str(message)))


def _can_capture_stderr() -> bool:
    """Return whether there is a stderr to capture. If the program started without one, fd 2 may be another file."""
    return os.name == "posix" and sys.__stderr__ is not None  # elsewhere a pipe would block


@contextmanager
def _captured_stderr(lines: list[str]) -> Iterator[None]:
    """Capture stderr, including what C code prints, up to what a pipe holds (usually 64 kB); the rest is dropped.

    The pipe cannot be read before the block ends, because C code may hold the interpreter's lock. Python raises on a
    full pipe where C code ignores the failure, so what Python prints is captured before it reaches the pipe.
    """
    python_stderr = _BoundedText()
    with bounded_pipe() as pipe, redirect_stderr(python_stderr):
        original = os.dup(_STDERR)
        os.dup2(pipe.writing, _STDERR)
        try:
            yield
        finally:
            os.dup2(original, _STDERR)
            os.close(original)
            lines += (python_stderr.getvalue() + pipe.read().decode(errors="replace")).splitlines()


class _BoundedText(StringIO):
    """A text buffer that keeps the first _MOST_BYTES and drops the rest."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, _MOST_BYTES - self.tell())])
        return len(text)


@contextmanager
def _captured_log(lines: list[str]) -> Iterator[None]:
    """Collect what tifffile logs; Python would print it if there were no handler."""
    handler = _CollectingHandler(lines)
    logging.getLogger(_LOGGER).addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger(_LOGGER).removeHandler(handler)


class _CollectingHandler(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        _collect(self._lines, record.getMessage())


def plain(message: str) -> str:
    """Return a library's message on one line, without names of its objects; unprintable characters become "?"."""
    line = " ".join(_OBJECT.sub(" ", message).split())
    raised = _RAISED.match(line)
    if raised is not None:
        line = raised[2].strip()
    line = _CAUSE.sub("", line)
    return "".join(char if char.isprintable() and char != "\ufffd" else "?" for char in line)


def summary_of(lines: list[str]) -> str | None:
    """Return the first line and the number of further ones; None if there are no lines."""
    if not lines:
        return None
    more = f" (and {len(lines) - 1} more like it)" if len(lines) > 1 else ""
    return f"{lines[0][:200]}{more}"
