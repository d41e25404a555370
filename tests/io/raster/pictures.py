"""Small pictures of every kind, and reading a file of one page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from docsr.io.raster.read import read_pages
from docsr.page import Page, Pixels

GREY: Pixels = np.tile(np.arange(0, 240, 6, dtype=np.uint8), (30, 1))  # 30 x 40, no symmetry along x
GREY[0, :5] = 255
RGB: Pixels = np.stack([GREY, GREY[::-1], 255 - GREY], axis=2)
BITS: Pixels = np.where(np.random.default_rng(1).random((30, 40)) < 0.3, 0, 255).astype(np.uint8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def only(path: Path) -> Page:
    (page,) = read_pages(path)
    assert page.source == path
    assert page.number == 0
    assert page.pixels.flags.writeable
    assert page.pixels.flags.c_contiguous
    return page


def saved(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path
