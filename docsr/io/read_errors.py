"""Turn whatever a decoder raises into one sentence that names the file and says why it cannot be read."""

from __future__ import annotations

import glob
import os
import re
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import UnidentifiedImageError

from docsr.errors import DocsrError, PageError
from docsr.io.decoder_messages import plain

_ABOUT_CODE = (TypeError, AttributeError, LookupError, ArithmeticError, AssertionError, RecursionError, struct.error)
"""Raised by code that expects a sound file when the file is not: their messages say nothing about the file."""

_CODE = re.compile(
    r"\bb['\"]|\\x|[^ -~]|\bobject\b|codec can't|invalid literal|could not convert|\w\(\)|\(\d+,"
    r"|\bPdf\.|pikepdf|\w=(True|False)\b"
)
"""Matches messages of other exceptions that likewise speak of code, not of the file."""

_UNSUPPORTED = re.compile(r"\bunsupported\b|not supported|not implemented|is not a known", re.IGNORECASE)
"""Matches what decoders say about sound files that they cannot decode."""

_LONGEST = 200


class Unreadable(ValueError):
    """A file or a part of it cannot be used; the message is a clause that says why ("it is empty")."""


class Damaged(Unreadable):
    """A file does not follow its format: decoders would guess at the content or leave it out silently."""


class TooLarge(Unreadable):
    """A page needs more memory than is allowed."""


class Unsupported(Unreadable):
    """A file is sound, but of a kind that docsr cannot read; it stays as it is."""


def damage(error: BaseException, clause: str = "it is damaged") -> str:
    """Return the clause that a file is damaged, with the decoder's message where a reader can understand it."""
    message = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    detail = plain(message).rstrip(".")[:_LONGEST]
    return clause if not detail or isinstance(error, _ABOUT_CODE) or _CODE.search(detail) else f"{clause} ({detail})"


def missing(path: Path) -> str:
    """Return the clause that a file does not exist, or that a pattern matches nothing."""
    return "it does not exist" + (", and nothing matches it as a pattern" if glob.has_magic(str(path)) else "")


def require_file(path: Path) -> Path:
    """Return ``path`` if it is a file that is not empty.

    Raises:
        Unreadable: it is not such a file.
        OSError: its status cannot be read.
    """
    if path.is_symlink() and not path.exists():
        raise Unreadable(f"it is a link to {os.readlink(path)}, which does not exist")
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        os.scandir(path).close()  # raises PermissionError for a folder that may not be read: it is listed as an input
        raise Unreadable("it is a folder, not an image")
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable("it is not a regular file")
    if status.st_size == 0:
        raise Unreadable("it is empty")
    return path


@contextmanager
def reporting(path: Path, number: int | None = None) -> Iterator[None]:
    """Turn whatever is raised within the block into a PageError: one sentence that names the file and the page."""
    where = str(path) if number is None else f"{path}, page {number + 1},"
    try:
        yield
    except DocsrError:
        raise
    except Exception as error:  # decoders raise nearly anything on damaged files
        reason = missing(path) if isinstance(error, FileNotFoundError) else _reason(error)
        raise PageError(f"{where} could not be read: {reason}") from error


def _reason(error: Exception) -> str:
    match error:
        case Unreadable():
            return str(error)
        case UnidentifiedImageError():
            return "it is not an image of a known format"
        case PermissionError():
            return "permission denied"
        case MemoryError():
            return "there is not enough memory for it"
    detail = plain(str(error)).rstrip(".")[:_LONGEST]
    unsupported = not isinstance(error, _ABOUT_CODE) and _UNSUPPORTED.search(detail)
    if isinstance(error, NotImplementedError) or unsupported:
        shown = "" if not detail or _CODE.search(detail) else f" ({detail})"
        return f"its encoding is not supported{shown}: save it as PNG or TIFF"
    return damage(error)
