"""Every error a user can meet: one sentence that says what happened and what to try, and an exit code."""

from __future__ import annotations

import errno
import os
import re

_NO_MEMORY = re.compile(
    r"bad.?alloc|bfc_arena|insufficient memory|(failed to|unable to|can't|cannot|could not) allocate|out of memory"
    r"|not enough memory|could not (create|execute) a (primitive|memory)|failed to map segment",
    re.IGNORECASE,
)
"""What libraries in C++ say then: OpenCV, ONNX Runtime, OpenVINO, qpdf, torch, oneDNN; and what loads libraries."""

NO_ROOM = "it does not fit in memory"
MORE_ROOM = "allow more --max-memory, or use a smaller --tile"
"""What to try where a page or a network does not fit in memory."""


class DocsrError(Exception):
    """Base of all errors that docsr raises on purpose.

    The message is one sentence for a person. ``exit_code`` is what the command line returns.
    """

    exit_code = 1


class UsageError(DocsrError):
    """A wrong option, configuration key or combination of options."""

    exit_code = 2


class NoInputError(DocsrError):
    """Nothing readable was given."""

    exit_code = 3


class PageError(DocsrError):
    """One page or file could not be read, processed or written; the others are still done."""


class FolderError(PageError):
    """An output folder in which no file can be put or known: a link is on the way, or the manifest is no file."""

    exit_code = 2


class PageLost(PageError):
    """A page failed while its file was written, as its own row tells: a file of many pages goes on without it."""


class NoTemporaryFolder(PageError):
    """No temporary folder can be made, and what was asked for needs one."""


class CheckpointError(DocsrError):
    """A checkpoint or network file that is missing, damaged, or made for something else."""

    exit_code = 2


class MissingExtraError(UsageError):
    """An optional dependency is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs packages that are not installed: run pip install 'docsr[{extra}]'")
        self._arguments = what, extra

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        """Pickle by what it was made with: an exception that a worker raises is pickled to reach its parent."""
        return type(self), self._arguments


class TrainingError(DocsrError):
    """Training cannot go on (a loss that is not a number, a folder without patches)."""


class Interrupted(DocsrError):
    """The user stopped the run; what was finished is kept."""

    exit_code = 130


def sentence_of(error: Exception, subject: str, done: str = "done", remedy: str = MORE_ROOM) -> str:
    """Return in one sentence why something failed, whatever was raised: docsr's own error or a library's.

    Args:
        error: what was raised.
        subject: what failed, a path as a rule.
        done: what could not be done to it ("compared").
        remedy: what to try where memory was too small.
    """
    if isinstance(error, DocsrError):
        return str(error)
    if is_out_of_memory(error):
        return f"{subject} could not be {done}: {NO_ROOM}; {remedy}"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else first_line(error)
    return f"{subject} could not be {done}: {reason}"


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether memory was too small for what failed, whatever a library raises then."""
    if isinstance(error, DocsrError):
        return False
    no_room = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or no_room or _NO_MEMORY.search(str(error)) is not None


def why_network_failed(error: BaseException, said: str) -> str:
    """Return as a clause why a network failed on a tile.

    Args:
        error: what the library raised that runs it.
        said: by it.
    """
    if not is_out_of_memory(error):
        return f"{said.rstrip('.')} (if memory ran out: {MORE_ROOM})"
    on_gpu = "CUDA" in str(error)
    return "it does not fit in the memory of the GPU; use a smaller --tile" if on_gpu else f"{NO_ROOM}; {MORE_ROOM}"


def first_line(error: BaseException) -> str:
    """Return what an error of a library says in one line of at most 200 characters, or its class if it says nothing."""
    return str(error).strip().partition("\n")[0].strip()[:200] or type(error).__name__


def reason_of(error: OSError) -> str:
    """Return what the system says of a failed operation, in small letters and without the name of a file."""
    reason = os.strerror(error.errno) if error.errno else first_line(error)
    return f"{reason[:1].lower()}{reason[1:]}"
