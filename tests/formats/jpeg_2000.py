"""JPEG 2000 of any bits, written by OpenJPEG's own program."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
from pikepdf import Name

from docsr.page import Pixels
from tests.formats.drawn import BITS, GREY, HEIGHT, LEVELS_4, LEVELS_16, RGB, WIDTH
from tests.formats.kinds import Kind
from tests.formats.pdfs import scanned
from tests.io.pdf.files import image_of


def openjpeg(samples: Any, bits: int, *, signed: bool = False) -> Callable[[Path], object]:
    """Write H x W or H x W x 3 samples of 0 to 2 ** bits - 1; signed ones less half of that."""

    def make(path: Path) -> None:
        planes = np.moveaxis(np.atleast_3d(samples), 2, 0).astype(np.int32) - (2 ** (bits - 1) if signed else 0)
        raw = path.with_suffix(".raw")
        raw.write_bytes(planes.astype(f">{'i' if signed else 'u'}{1 if bits <= 8 else 2}").tobytes())
        form = f"{planes.shape[2]},{planes.shape[1]},{planes.shape[0]},{bits},{'s' if signed else 'u'}"
        subprocess.run(["opj_compress", "-i", raw, "-o", path, "-F", form], check=True, capture_output=True)
        raw.unlink()

    return make


def in_pdf(samples: Any, bits: int) -> Callable[[Path], object]:
    """The same as the scan of a PDF, which says nothing of its colours."""

    def make(path: Path) -> None:
        coded = path.with_suffix(".jp2")
        openjpeg(samples, bits)(coded)

        def image(pdf: pikepdf.Pdf) -> pikepdf.Stream:
            space = Name.DeviceRGB if samples.ndim == 3 else Name.DeviceGray
            return image_of(pdf, coded.read_bytes(), space, filter=Name.JPXDecode, size=(WIDTH, HEIGHT))

        scanned(image)(path)
        coded.unlink()

    return make


_SHOWN = {1: BITS, 2: LEVELS_4, 4: LEVELS_16}


def _kinds() -> list[Kind]:
    """Grey and RGB of every depth, each in a file with boxes, in one without, and in a PDF."""
    kinds = []
    for bits in (1, 2, 4, 9, 10, 12, 16):
        grey: Pixels = _SHOWN.get(bits, GREY)
        colour: Pixels = np.dstack([grey] * 3) if bits in _SHOWN else RGB
        for name, shown in (("grey", grey), ("rgb", colour)):
            samples = np.rint(shown / 255 * (2**bits - 1)).astype(np.int32)
            for suffix in ("jp2", "j2k"):
                name_in = f"jpeg_2000_{name}_{bits}_bits_{suffix}.{suffix}"
                kinds.append(Kind(name_in, openjpeg(samples, bits), (shown,), dpi=None))
            kinds.append(Kind(f"pdf_jpeg_2000_{name}_{bits}_bits.pdf", in_pdf(samples, bits), (shown,)))
    return kinds


JPEG_2000_BITS = tuple(_kinds())
