"""Check files and folders before a command starts, and let a command end cleanly on SIGTERM."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import click

from docsr.errors import UsageError, reason_of

if TYPE_CHECKING:
    from docsr.io.paths.own_files import OwnFile

ANY_PATH = click.Path(path_type=Path, readable=False)
"""An input path: one that cannot be read fails alone, when it is read."""


def check_writable(path: Path, option: str) -> None:
    """Make the folder of a file, and raise a UsageError if ``option`` names a file that cannot be written."""
    from docsr.io.paths.atomic import is_special

    if is_special(path):
        raise UsageError(f"{option} {path} is a device, a pipe or the like: give the name of a file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_in(path.parent)
    except OSError as error:
        raise UsageError(f"{option} {path} cannot be written: {reason_of(error)}") from error


def check_own(path: Path, option: str, own: OwnFile, *, overwrite: bool) -> None:
    """Raise a UsageError if ``option`` names a file that docsr did not write, unless ``overwrite`` is set.

    Raise one too if the file cannot be written (:func:`check_writable`).
    """
    check_writable(path, option)
    refusal = None if overwrite else own.refusal(path)
    if refusal is not None:
        raise UsageError(refusal)


def check_folder(folder: Path, option: str) -> None:
    """Raise a UsageError if nothing can be written in the folder that ``option`` names; do not make the folder."""
    whole = folder.absolute()
    try:
        _write_in(next(place for place in (whole, *whole.parents) if place.exists()))
    except OSError as error:
        raise UsageError(f"nothing can be written in {option} {folder}: {reason_of(error)}") from error


def _write_in(folder: Path) -> None:
    with TemporaryFile(dir=folder):
        pass


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM, which service managers send, stop the run as Ctrl-C does, without half-written files."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
