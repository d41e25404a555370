"""What is visible stays visible: the ground under transparent pixels, in every kind of file that has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageDraw

from docsr.errors import PageError
from docsr.io.raster.read import read_pages
from docsr.io.raster.transparency import BLACK, WHITE, background_under, on_background
from docsr.page import Pixels
from tests.formats.handmade import png

SIZE = 240, 60


def letters(ink: int = 255) -> Any:
    """H x W x 2, grey and alpha: words of one ink, drawn with soft edges, and nothing else."""
    mask = Image.new("L", SIZE, 0)
    ImageDraw.Draw(mask).text((8, 16), "white words", fill=255, font_size=24)
    alpha = np.asarray(mask)
    return np.dstack([np.full_like(alpha, ink), alpha])


def rgba(layers: Any) -> Any:
    return np.dstack([layers[..., 0]] * 3 + [layers[..., 1]])


def _palette(path: Path, layers: Any) -> None:
    image = Image.fromarray(np.where(layers[..., 1] > 127, np.uint8(1), np.uint8(0)), "P")
    ink = int(layers[0, 0, 0])
    image.putpalette([ink, ink, ink] * 2)
    image.save(path, transparency=0)


def _grey_but_for_one(bits: int, ink: int, clear: int) -> Any:
    def write(path: Path, layers: Any) -> None:
        values = np.where(layers[..., 1] > 127, ink, clear).astype(np.uint16 if bits == 16 else np.uint8)
        png(values, bits, clear=clear)(path)

    return write


def _planar(path: Path, layers: Any) -> None:
    planes = np.moveaxis(rgba(layers).astype(np.uint16) * 257, 2, 0)
    tifffile.imwrite(path, planes, photometric="rgb", planarconfig="separate", extrasamples=["unassalpha"])


WAYS = {
    "rgba.png": lambda path, layers: Image.fromarray(rgba(layers)).save(path),
    "la.png": lambda path, layers: Image.fromarray(layers).save(path),
    "rgba_16.png": lambda path, layers: cv2.imwrite(str(path), rgba(layers).astype(np.uint16) * 257),
    "rgba.webp": lambda path, layers: Image.fromarray(rgba(layers)).save(path, lossless=True, exact=True),
    "rgba.tif": lambda path, layers: Image.fromarray(rgba(layers)).save(path),
    "rgba.jp2": lambda path, layers: Image.fromarray(rgba(layers)).save(path),
    "planar_16.tif": _planar,
    "palette.png": _palette,
    "palette.gif": _palette,
}


@pytest.mark.parametrize("name", WAYS)
def test_white_words_are_seen_and_black_ones_stay_on_white(tmp_path: Path, name: str):
    for ink, ground in ((255, BLACK), (240, BLACK), (0, WHITE), (90, WHITE)):
        WAYS[name](tmp_path / name, letters(ink))
        (page,) = read_pages(tmp_path / name)
        assert (page.pixels[:8] == ground).all()
        assert np.abs(page.pixels.astype(int) - ground).max() >= 160
        drawn = (letters()[..., 1] > 200)[..., None] if page.pixels.ndim == 3 else letters()[..., 1] > 200
        assert np.abs(page.pixels.astype(int) - ink)[np.broadcast_to(drawn, page.pixels.shape)].max() <= 60


@pytest.mark.parametrize(("bits", "ink", "clear"), [(1, 1, 0), (4, 15, 3), (8, 255, 254), (16, 65535, 300)])
def test_white_words_beside_one_grey_that_is_transparent(tmp_path: Path, bits: int, ink: int, clear: int):
    _grey_but_for_one(bits, ink, clear)(tmp_path / "a.png", letters())
    (page,) = read_pages(tmp_path / "a.png")
    assert (page.pixels[:8] == 0).all()
    assert np.array_equal(page.pixels > 127, letters()[..., 1] > 127)


def sheet(ink: int, paper: int) -> Any:
    """A sheet that is laid aslant on nothing, with words on it."""
    page = letters(ink)
    shown = page[..., 1:] / 255
    grey = np.rint(page[..., :1] * shown + paper * (1 - shown))
    corners = np.array([[20, 2], [232, 6], [228, 57], [6, 52]], np.int32)
    alpha = np.asarray(cv2.fillConvexPoly(np.zeros(SIZE[::-1], np.uint8), corners, 255))
    return np.dstack([grey.astype(np.uint8), alpha])


def rows_of(layers: Any) -> Any:
    return lambda top, end: layers[top:end]


@pytest.mark.parametrize(
    ("layers", "ground"),
    [
        (sheet(0, 255), WHITE),
        (sheet(255, 0), WHITE),
        (sheet(160, 255), WHITE),
        (np.dstack([np.full((60, 60), 255, np.uint8)] * 2), WHITE),
        (np.zeros((60, 60, 2), np.uint8), WHITE),
        (np.tile(letters(255), (60, 12, 1)), BLACK),
        (np.tile(letters(0), (60, 12, 1)), WHITE),
    ],
    ids=["sheet", "dark sheet", "pale words", "opaque", "nothing", "large and white", "large and black"],
)
def test_the_ground(layers: Any, ground: int):
    assert background_under(rows_of(layers), len(layers)) == ground


def test_what_no_ground_shows_is_one_sentence(tmp_path: Path):
    both: Pixels = np.concatenate([letters(255), letters(0)])
    Image.fromarray(rgba(both)).save(tmp_path / "both.png")
    with pytest.raises(PageError, match=r"both\.png could not be read: parts of its content on a transparent"):
        list(read_pages(tmp_path / "both.png"))
    grey: Pixels = on_background(np.concatenate([letters(255), letters(128)]))
    assert grey[:8].max() == 0
