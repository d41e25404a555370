"""Decode JBIG2, which newer scanners write, with the program jbig2dec under limits of memory and time."""

from __future__ import annotations

import math
import re
import shutil
import subprocess  # nosec B404
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from docsr.errors import NoTemporaryFolder
from docsr.io.limits import most_pixels
from docsr.io.read_errors import Damaged, Unreadable
from docsr.pool import time_limit
from docsr.system.programs import Limits, run
from docsr.system.temporary import temporary_folder

_PROGRAM = "jbig2dec"
_HEAD = re.compile(rb"P4\s+(?:#[^\n]*\n)?(\d+)\s+(\d+)\s")

_SLACK_BYTES = 1 << 28
_SECONDS = 600
"""The longest that it may run; less if the time limit for the page is shorter."""


def can_decode() -> bool:
    """Return whether the program jbig2dec is installed."""
    return shutil.which(_PROGRAM) is not None


def decoded(data: bytes, shared: bytes, width: int, height: int) -> bytes:
    """Decode an embedded JBIG2 stream to packed rows in which black is 0, as in PDF.

    Args:
        data: the stream of one image.
        shared: the segments that it shares with other images; may be empty.
        width: of the image.
        height: of the image.

    Raises:
        Unreadable: it is damaged, its size is another, or jbig2dec cannot be run.
    """
    with _folder() as folder:
        streams = [folder / name for name in (("shared", "image") if shared else ("image",))]
        for path, content in zip(streams, (shared, data) if shared else (data,), strict=True):
            path.write_bytes(content)
        _run(["--embedded", "--format", "pbm", "--output", str(out := folder / "out"), *map(str, streams)])
        with out.open("rb") as file:
            header = _HEAD.match(file.read(100))
            if header is None or (int(header[1]), int(header[2])) != (width, height):
                raise Damaged("its image is damaged (its size differs from what the file states)")
            file.seek(header.end())
            rows = file.read((width + 7) // 8 * height)
    return (~np.frombuffer(rows, np.uint8)).tobytes()


@contextmanager
def _folder() -> Iterator[Path]:
    """Make a temporary folder for what jbig2dec reads and writes."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(temporary_folder())
        except NoTemporaryFolder as error:
            raise Unreadable(f"its image is coded as JBIG2, and {error}") from error
        yield folder


def _run(words: list[str]) -> None:
    program = shutil.which(_PROGRAM)
    if program is None:
        raise Unreadable("its image is coded as JBIG2, and the program jbig2dec cannot be run")
    most = _SLACK_BYTES + most_pixels() // 2  # a page and a region of the same size take 1 bit a pixel
    seconds = math.ceil(0.8 * min(time_limit() or _SECONDS, _SECONDS))
    try:
        ended = run(program, words, limits=Limits(most, seconds, _SECONDS), written=False)
    except subprocess.TimeoutExpired as error:
        raise Damaged("its image is damaged (decoding it takes too long)") from error
    if ended.code != 0:
        raise Damaged("its image is damaged")
