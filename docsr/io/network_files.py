"""Open network files after checking that each is a regular file and not too large."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from docsr.errors import CheckpointError, reason_of


def open_file(path: Path, what: str, most: int) -> BinaryIO:
    """Open a file to read its bytes.

    Args:
        path: the file.
        what: what to call it in an error message ("network").
        most: the most bytes that it may have.

    Raises:
        CheckpointError: it is missing, cannot be read, is too large, or is not a regular file (but a pipe, a device or
            a folder).
    """
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would block.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags)
    except FileNotFoundError as error:
        raise CheckpointError(f"the {what} {path} does not exist") from error
    except OSError as error:
        raise CheckpointError(f"cannot read the {what} {path}: {reason_of(error)}") from error
    except ValueError as error:
        raise CheckpointError(f"the {what} {path!r} cannot exist: its name has a zero byte") from error
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size <= most:
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISREG(status.st_mode):
        raise CheckpointError(f"the {what} {path} has more than {most:,} bytes: docsr takes no larger ones")
    raise CheckpointError(f"cannot read the {what} {path}: it is not a file")


def read_whole(path: Path, what: str, most: int) -> bytes:
    """Return the bytes of a file; arguments and errors as of :func:`open_file`."""
    with open_file(path, what, most) as file:
        try:
            return file.read(os.fstat(file.fileno()).st_size)  # allocates only as much as is asked for
        except OSError as error:
            raise CheckpointError(f"cannot read the {what} {path}: {reason_of(error)}") from error
