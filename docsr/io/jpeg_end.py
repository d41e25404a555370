"""JPEG that end early, decoded as viewers do: the mark at the end is often lost, and nothing else."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from PIL import JpegImagePlugin

from docsr.io.complaints import complain
from docsr.io.jpeg_check import CORRUPT
from docsr.io.limits import MOST_MISSING

_END = b"\xff\xd9"
_BEGINNING = b"\xff\xd8\xff"
_FILLING = (127, 128)
"""What libjpeg puts in the place of blocks that are missing; Pillow inverts inks."""


def without_head(data: bytes) -> bytes:
    """Return the data from where the JPEG begins: readers of PDF pass over what stands before it, mostly a CR LF."""
    return data[max(0, data.find(_BEGINNING)) :]


def load(image: JpegImagePlugin.JpegImageFile) -> None:
    """Decode; where the data end early, the rows that are missing are grey, as viewers show them.

    Raises:
        OSError: the picture is damaged, or more than a tenth of its rows are missing.
    """
    feeding = _Feeding(image)
    cast(Any, image).load_read = feeding.read
    image.load()
    if feeding.is_ended and (missing := _missing(np.asarray(image))):
        if missing > MOST_MISSING * image.height:
            raise OSError(f"{missing} of its {image.height} rows are missing")
        complain(CORRUPT)


class _Feeding:
    """Gives a decoder the bytes of a file, and the mark for the end where the file has none."""

    def __init__(self, image: JpegImagePlugin.JpegImageFile) -> None:
        self._file, self.is_ended = image.fp, False

    def read(self, size: int) -> bytes:
        data = b"" if self._file is None else self._file.read(size)
        if data or self.is_ended:
            return data
        self.is_ended = True
        return _END


def _missing(pixels: np.ndarray[Any, np.dtype[Any]]) -> int:
    """Return how many rows at the end hold nothing but filling."""
    flat = pixels.reshape(len(pixels), -1)
    if flat[-1, 0] not in _FILLING:
        return 0
    filled = (flat == flat[-1, 0]).all(axis=1)
    return len(filled) if filled.all() else int(np.argmin(filled[::-1]))
