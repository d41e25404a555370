"""What libraries say in passing while they read a file: the only word of some damage that a decoder gets over."""

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
"""So much is taken; a damaged file can make a decoder say the same of each of its rows, and the rest is dropped."""

_OBJECT = re.compile(r"<\w[^<>]*>|\btempfile\.tif:")
_BYTES = re.compile(r"""\bb(['"])(?:\\.|(?!\1).)*\1?""")
_CAUSE = re.compile(r",? (due to|raised) \w+\(.*")
_RAISED = re.compile(r"^raised \w+\((['\"])(.*)\1\)$")
"""How tifffile tells where something is wrong, and libtiff of a file that has no name for it; how it shows what it
found there; and what was raised."""


class DamageWarning(UserWarning):
    """Something in a file is damaged, and what could be read of it was read."""


@dataclass(slots=True)
class _Listener:
    lines: list[str]
    looked_at: set[Hashable] = field(default_factory=set)


_listener: ContextVar[_Listener | None] = ContextVar("listener", default=None)
_place: ContextVar[str] = ContextVar("place", default="")


def report_damage(*sentences: str) -> None:
    """Tell of damage that was got over: within :func:`captured_messages` to it, else as a DamageWarning."""
    listener = _listener.get()
    for sentence in sentences:
        told = _place.get() + sentence
        if listener is None:
            warnings.warn(told, DamageWarning, stacklevel=3)
        elif len(listener.lines) < _MOST_LINES:
            listener.lines.append(told)


def is_first_look(at: Hashable) -> bool:
    """Tell whether ``at`` comes for the first time since somebody listens: pages are read twice, and checked once."""
    listener = _listener.get()
    if listener is None:
        return True
    is_new = at not in listener.looked_at
    listener.looked_at.add(at)
    return is_new


@contextmanager
def naming_place(place: str) -> Iterator[None]:
    """Put a place ("page 3: ") before what is complained of within the block."""
    token = _place.set(place)
    try:
        yield
    finally:
        _place.reset(token)


def silence(category: type[Warning]) -> None:
    """Drop warnings of a library from now on that are only for those who program with it.

    For all threads: what one of them sets for a while (``warnings.catch_warnings``) others restore at a wrong time.
    """
    if ("ignore", None, category, None, 0) not in warnings.filters:
        warnings.simplefilter("ignore", category)


@contextmanager
def captured_messages(*, printed: bool) -> Iterator[list[str]]:
    """Collect what decoders warn of and log, and what C code prints to stderr (libtiff tells of fax damage only so).

    Args:
        printed: whether to listen to stderr as well: for processes in which nothing else writes to it meanwhile.

    Yields:
        A list, which holds what was said, a line each without repetition, when the block has ended.
    """
    lines: list[str] = []
    token, warned = _listener.set(_Listener(lines)), list[str]()
    try:
        with ExitStack() as stack:
            stack.enter_context(warnings.catch_warnings())
            warnings.showwarning = partial(_take, warned)
            warnings.filterwarnings("always", module=_DECODERS)  # what others warn of is not about the file
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the page is refused, which says it all
            stack.enter_context(_logged(lines))
            if printed and _can_be_taken():
                stack.enter_context(_stderr(lines))
            yield lines
    finally:
        _listener.reset(token)
        lines[:] = dict.fromkeys(filter(None, map(plain, [*lines, *warned])))


def _take(lines: list[str], said: object, *_: object) -> None:
    if len(lines) < _MOST_LINES:
        lines.append(_BYTES.sub("other data", str(said)))


def _can_be_taken() -> bool:
    """Tell whether there is a stderr to take; where a program was started without, another file may have its number."""
    return os.name == "posix" and sys.__stderr__ is not None  # elsewhere a pipe would block


@contextmanager
def _stderr(lines: list[str]) -> Iterator[None]:
    """Take what is printed to stderr, by C code too, as far as a pipe has room (64 kB as a rule): the rest is dropped.

    Nobody could read the pipe before the block ends: C code may hold the interpreter's lock. Python would raise where
    C code goes on without having written, so what it prints is taken before it gets there.
    """
    said = _Sink()
    with bounded_pipe() as pipe, redirect_stderr(said):
        kept = os.dup(_STDERR)
        os.dup2(pipe.writing, _STDERR)
        try:
            yield
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
            lines += (said.getvalue() + pipe.read().decode(errors="replace")).splitlines()


class _Sink(StringIO):
    """Text of which the first _MOST_BYTES are kept."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, _MOST_BYTES - self.tell())])
        return len(text)


@contextmanager
def _logged(lines: list[str]) -> Iterator[None]:
    """Take what tifffile logs; without anyone to take it, Python would print it."""
    handler = _Taking(lines)
    logging.getLogger(_LOGGER).addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger(_LOGGER).removeHandler(handler)


class _Taking(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        _take(self._lines, record.getMessage())


def plain(said: str) -> str:
    """Return what a library said on one line, without the names of its own objects; other signs than text become ?."""
    line = " ".join(_OBJECT.sub(" ", said).split())
    raised = _RAISED.match(line)
    if raised is not None:
        line = raised[2].strip()
    line = _CAUSE.sub("", line)
    return "".join(sign if sign.isprintable() and sign != "\ufffd" else "?" for sign in line)


def summary_of(lines: list[str]) -> str | None:
    """The first line, and how many there are more; None where nothing was said."""
    if not lines:
        return None
    more = f" (and {len(lines) - 1} more like it)" if len(lines) > 1 else ""
    return f"{lines[0][:200]}{more}"
