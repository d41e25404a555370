"""Why a file cannot be read, in one sentence that names it, whatever a decoder raises."""

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
"""What code that expects a sound file raises on another: it says nothing of the file."""

_CODE = re.compile(
    r"\bb['\"]|\\x|[^ -~]|\bobject\b|codec can't|invalid literal|could not convert|\w\(\)|\(\d+,"
    r"|\bPdf\.|pikepdf|\w=(True|False)\b"
)
"""Likewise, in what others raise."""

_UNSUPPORTED = re.compile(r"\bunsupported\b|not supported|not implemented|is not a known", re.IGNORECASE)
"""What decoders say of sound files that they cannot decode."""

_LONGEST = 200


class Unreadable(ValueError):
    """A file, or a part of it, that cannot be used; the message is the clause that says why ("it is empty")."""


class Damaged(Unreadable):
    """Likewise, of what is not as its format asks: decoders guess at it, or leave it out without a word."""


class TooLarge(Unreadable):
    """Likewise, of what takes more memory than is allowed."""


class Unsupported(Unreadable):
    """Likewise, of what is sound, but of a kind that docsr cannot read: it is left as it is."""


def damage(error: BaseException, clause: str = "it is damaged") -> str:
    """Return the clause that a file is damaged, and what a decoder says of it where that is meant for people."""
    told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    said = plain(told).rstrip(".")[:_LONGEST]
    return clause if not said or isinstance(error, _ABOUT_CODE) or _CODE.search(said) else f"{clause} ({said})"


def missing(path: Path) -> str:
    """Return the clause that a file is not there, or that a pattern matches nothing."""
    return "it does not exist" + (", and nothing matches it as a pattern" if glob.has_magic(str(path)) else "")


def require_file(path: Path) -> Path:
    """Return ``path`` when it is a file with something in it.

    Raises:
        Unreadable: it is not.
        OSError: it cannot be looked at.
    """
    if path.is_symlink() and not path.exists():
        raise Unreadable(f"it is a link to {os.readlink(path)}, which does not exist")
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        os.scandir(path).close()  # a folder is listed as an input when it may not be read: say that
        raise Unreadable("it is a folder, not an image")
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable("it is not a regular file")
    if status.st_size == 0:
        raise Unreadable("it is empty")
    return path


@contextmanager
def reporting(path: Path, number: int | None = None) -> Iterator[None]:
    """Turn whatever a decoder raises into a PageError of one sentence that names the file."""
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
    said = plain(str(error)).rstrip(".")[:_LONGEST]
    unsupported = not isinstance(error, _ABOUT_CODE) and _UNSUPPORTED.search(said)
    if isinstance(error, NotImplementedError) or unsupported:
        told = "" if not said or _CODE.search(said) else f" ({said})"
        return f"the way it is coded is not supported{told}: save it as PNG or TIFF"
    return damage(error)
