"""What pdfium, poppler and Ghostscript show of the pages of a PDF, and how far pictures are apart."""

from __future__ import annotations

import subprocess
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
from PIL import Image

from docsr.page import Pixels


def with_pdfium(path: Path, dpi: int) -> list[Pixels]:
    with pypdfium2.PdfDocument(path) as pdf:
        pdf.init_forms()
        return [np.array(leaf.render(scale=dpi / 72, rev_byteorder=True).to_numpy()[..., :3], np.uint8) for leaf in pdf]


def with_poppler(path: Path, dpi: int) -> list[Pixels]:
    folder = path.parent / "poppler"
    folder.mkdir()
    subprocess.run(["pdftoppm", "-cropbox", "-r", str(dpi), path, folder / "p"], check=True, capture_output=True)
    return [np.asarray(Image.open(file).convert("RGB")) for file in sorted(folder.iterdir())]


def with_ghostscript(path: Path, dpi: int) -> list[Pixels]:
    folder = path.parent / "ghostscript"
    folder.mkdir()
    smooth = ["-dTextAlphaBits=4", "-dGraphicsAlphaBits=4", "-dUseCropBox", "-dPrinted=false", "-dNoUserUnit"]
    command = ["gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sDEVICE=ppmraw", *smooth, f"-r{dpi}"]
    subprocess.run([*command, f"-sOutputFile={folder}/p-%04d.ppm", path], check=True, capture_output=True)
    return [np.asarray(Image.open(file).convert("RGB")) for file in sorted(folder.iterdir())]


def small(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Brought to (width, height), grey levels of each channel averaged, RGB."""
    rgb = pixels if pixels.ndim == 3 else np.dstack([pixels] * 3)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def apart(first: Pixels, second: Pixels) -> float:
    """Mean absolute difference, in levels."""
    assert first.shape == second.shape
    return float(np.abs(first.astype(int) - second.astype(int)).mean())
