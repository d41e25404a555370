"""PDF pages that show one scan, placed in every way, alone and with a small image beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pikepdf
from pikepdf import Name, Stream

from docsr.page import Dpi, Pixels
from tests.io.pdf.files import add_page, image_of

PLACINGS = (
    "upright", "rotate 90", "rotate 180", "rotate 270", "matrix 90", "matrix 180", "matrix 270", "mirrored", "strips",
    "stencil",
)  # fmt: skip
LOGOS = {"": None, "coarser": (8, 7), "finer": (400, 333), "stretched": (300, 100)}
"""Sizes in px of an image of 24 x 20 points: 24, 1200, and 900 x 360 dpi."""

STRIPS = 4


def placed_scan(path: Path, seen: Pixels, dpi: Dpi, placing: str = "upright", logo: str = "") -> Path:
    """Write a page which, as it is seen, shows ``seen`` at ``dpi``."""
    with pikepdf.new() as pdf:
        add_placed(pdf, seen, dpi, placing, logo)
        pdf.save(path)
    return path


def add_placed(pdf: pikepdf.Pdf, seen: Pixels, dpi: Dpi, placing: str = "upright", logo: str = "") -> None:
    """Add such a page to a document."""
    how, turn = [*placing.split(), "0"][:2]
    turns = int(turn) // 90
    stored = seen[:, ::-1] if how == "mirrored" else np.rot90(seen, turns)
    wide, high = seen.shape[1] * 72 / dpi[0], seen.shape[0] * 72 / dpi[1]
    if how == "rotate" and turns % 2:
        wide, high = high, wide
    matrix = {
        "matrix 90": (0, -high, wide, 0, 0, high),
        "matrix 180": (-wide, 0, 0, -high, wide, high),
        "matrix 270": (0, high, -wide, 0, wide, 0),
        "mirrored": (-wide, 0, 0, high, wide, 0),
    }.get(placing, (wide, 0, 0, high, 0, 0))
    images = {"/Im0": _image(pdf, stored, stencil=how == "stencil")}
    content = f"q {' '.join(f'{number:.6f}' for number in matrix)} cm /Im0 Do Q"
    if how == "strips":
        parts, content, low = np.array_split(stored, STRIPS), "", high
        for number, part in enumerate(parts):
            tall = high * len(part) / len(stored)
            low -= tall
            images[f"/Im{number}"] = _image(pdf, part)
            content += f"q {wide:.6f} 0 0 {tall:.6f} 0 {low:.6f} cm /Im{number} Do Q "
    size = LOGOS[logo]
    if size is not None:
        images["/Logo"] = _image(pdf, np.full(size[::-1], 200, np.uint8))
        content += " q 24 0 0 20 4 4 cm /Logo Do Q"
    add_page(pdf, content, images, (wide, high), Rotate=90 * turns if how == "rotate" else 0)


def _image(pdf: pikepdf.Pdf, pixels: Pixels, *, stencil: bool = False) -> Stream:
    size = pixels.shape[1], pixels.shape[0]
    if stencil:
        bits = np.packbits(pixels > 127, axis=1)
        return image_of(pdf, bits.tobytes(), None, 1, size=size, ImageMask=True)
    return image_of(pdf, np.ascontiguousarray(pixels).tobytes(), Name.DeviceGray, size=size)
