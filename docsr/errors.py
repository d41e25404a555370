"""Define every error that a user can meet: one sentence on what happened and what to try, and an exit code."""

from __future__ import annotations

import errno
import os
import re

_NO_MEMORY = re.compile(
    r"bad.?alloc|bfc_arena|insufficient memory|(failed to|unable to|can't|cannot|could not) allocate|out of memory"
    r"|not enough memory|could not (create|execute) a (primitive|memory)|failed to map segment",
    re.IGNORECASE,
)
"""Matches the out-of-memory messages of OpenCV, ONNX Runtime, OpenVINO, qpdf, torch, oneDNN and the dynamic loader."""

NO_ROOM = "it does not fit in memory"
MORE_ROOM = "allow more --max-memory, or use a smaller --tile"
"""The remedy when a page or a network does not fit in memory."""


class DocsrError(Exception):
    """Base of all errors that docsr raises on purpose.

    The message is one sentence for a person. ``exit_code`` is what the command line returns.
    """

    exit_code = 1


class UsageError(DocsrError):
    """An option, a configuration key or a combination of options is wrong."""

    exit_code = 2


class NoInputError(DocsrError):
    """The inputs hold nothing that docsr reads."""

    exit_code = 3


class PageError(DocsrError):
    """One page or file could not be read, processed or written. The others are still processed."""


class FolderError(PageError):
    """The output folder cannot hold outputs: its path contains a link, or its manifest is not a regular file."""

    exit_code = 2


class PageLost(PageError):
    """A page failed while its file was written. Its row has the error; a file of many pages goes on without it."""


class NoTemporaryFolder(PageError):
    """The operation needs a temporary folder, and none can be made."""


class CheckpointError(DocsrError):
    """A checkpoint or network file is missing, damaged, or made for something else."""

    exit_code = 2


class MissingExtraError(UsageError):
    """An optional dependency is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs packages that are not installed: run pip install 'docsr[{extra}]'")
        self._arguments = what, extra

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        """Return how to rebuild the error from its arguments. An error of a worker reaches its parent by pickling."""
        return type(self), self._arguments


class TrainingError(DocsrError):
    """Training cannot go on: for example the loss is not a number, or the folder holds no patches."""


class Interrupted(DocsrError):
    """The user stopped the run. Finished work is kept."""

    exit_code = 130


def sentence_of(error: Exception, subject: str, done: str = "done", remedy: str = MORE_ROOM) -> str:
    """Return one sentence on why an operation failed, for an error of docsr or of a library.

    Args:
        error: the exception.
        subject: what failed, usually a path.
        done: the verb for what could not be done to it ("compared").
        remedy: what to try if memory was too small.
    """
    if isinstance(error, DocsrError):
        return str(error)
    if is_out_of_memory(error):
        return f"{subject} could not be {done}: {NO_ROOM}; {remedy}"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else first_line(error)
    return f"{subject} could not be {done}: {reason}"


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error means that memory was too small, in the words of any library."""
    if isinstance(error, DocsrError):
        return False
    no_room = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or no_room or _NO_MEMORY.search(str(error)) is not None


def why_network_failed(error: BaseException, said: str) -> str:
    """Return a clause on why a network failed on a tile.

    Args:
        error: the exception of the library that runs the network.
        said: its message.
    """
    if not is_out_of_memory(error):
        return f"{said.rstrip('.')} (if memory ran out: {MORE_ROOM})"
    on_gpu = "CUDA" in str(error)
    return "it does not fit in the memory of the GPU; use a smaller --tile" if on_gpu else f"{NO_ROOM}; {MORE_ROOM}"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, at most 200 characters, or the error's class if it has none."""
    return str(error).strip().partition("\n")[0].strip()[:200] or type(error).__name__


def reason_of(error: OSError) -> str:
    """Return the system's reason for a failed operation, with a lower-case initial and without a file name."""
    reason = os.strerror(error.errno) if error.errno else first_line(error)
    return f"{reason[:1].lower()}{reason[1:]}"
