"""JBIG2, the code of newer scanners, decoded by the program jbig2dec, which may take only so much memory and time."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess  # nosec B404
import sys
import tempfile
from pathlib import Path

import numpy as np

from docsr.io.limits import most_pixels
from docsr.io.refusals import Damaged, Unreadable
from docsr.pool import time_limit

_HEAD = re.compile(rb"P4\s+(?:#[^\n]*\n)?(\d+)\s+(\d+)\s")

_SLACK_BYTES = 1 << 28
_SECONDS = 600
"""The longest that it may run; shorter where the page may take less."""

_LIMITED = """
import os, resource, sys
for kind, most in zip((resource.RLIMIT_AS, resource.RLIMIT_CPU), map(int, sys.argv[1:3])):
    try:
        resource.setrlimit(kind, (most, most))
    except (OSError, ValueError):
        pass
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Limits itself and becomes another program, which the kernel ends there whatever has become of us."""


def decoded(data: bytes, shared: bytes, width: int, height: int) -> bytes:
    """Decode an embedded JBIG2 stream to packed rows in which, as PDF has it, black is 0.

    Args:
        data: the stream of one image.
        shared: the segments it has in common with others; may be empty.
        width: of the image.
        height: of the image.

    Raises:
        Unreadable: it is damaged, of another size, or jbig2dec cannot be run.
    """
    with tempfile.TemporaryDirectory(prefix="docsr-jbig2-") as folder:
        streams = [Path(folder) / name for name in (("shared", "image") if shared else ("image",))]
        for path, content in zip(streams, (shared, data) if shared else (data,), strict=True):
            path.write_bytes(content)
        _run(["--embedded", "--format", "pbm", "--output", str(out := Path(folder) / "out"), *map(str, streams)])
        with out.open("rb") as file:
            found = _HEAD.match(file.read(100))
            if found is None or (int(found[1]), int(found[2])) != (width, height):
                raise Damaged("its image is damaged (it is of another size than the file says)")
            file.seek(found.end())
            rows = file.read((width + 7) // 8 * height)
    return (~np.frombuffer(rows, np.uint8)).tobytes()


def _run(words: list[str]) -> None:
    program = shutil.which("jbig2dec")
    if program is None:
        raise Unreadable("its image is coded as JBIG2, and the program jbig2dec cannot be run")
    most = _SLACK_BYTES + most_pixels() // 2  # a page, and a region as large, take 1 bit a pixel
    limited = [
        sys.executable,
        "-ISc",
        _LIMITED,
        str(most),
        str(math.ceil(0.8 * min(time_limit() or _SECONDS, _SECONDS))),
    ]
    command = [*(limited if os.name == "posix" and sys.executable else []), program, *words]
    try:  # no word of the command is from a file, and no shell sees it
        ended = subprocess.run(  # nosec B603
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Damaged("its image is damaged (to decode it takes too long)") from error
    if ended.returncode != 0:
        raise Damaged("its image is damaged")
