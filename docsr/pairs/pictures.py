"""Read pictures that are not pages of text, for the recipes R0, R1 and R4: DIV2K, CelebA, and pairs of .npy files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from docsr.errors import NoInputError, PageError, UsageError
from docsr.io.paths.inputs import IMAGE_SUFFIXES
from docsr.io.raster.read import read_pages
from docsr.page import Page, Pixels, resize
from docsr.pairs.source import Document, Source, SourcePage, split_by_name

CELEBA_INPUT, CELEBA_CROP, CELEBA_HR = 176, 144, 256
"""Recipe R4: faces at 176 x 176 px, of which the middle 144 px are enlarged to 256 x 256 px."""

CELEBA_LISTS = ("list_eval_partition.txt", "list_eval_partition.csv")

HR_NAMES, LR_NAMES = ("hr", "HR"), ("lr", "LR")


class Div2k(Source):
    """DIV2K's layout: ``DIV2K_train_HR``, ``DIV2K_valid_HR``, and ``DIV2K_train_LR_bicubic/X4`` if it exists.

    If there is no LR of ``lr_factor``, or ``lr_factor`` is None, LR is made during training.
    """

    patch = 192
    has_lr = True
    has_colour = True

    def documents(self, root: Path) -> list[Document]:
        """Return every HR picture; DIV2K's validation pictures validate, if they have the LR that is needed."""
        train = _pictures(root / "DIV2K_train_HR")
        if not train:
            raise UsageError(f"{root} does not have DIV2K's layout: it needs pictures in the folder DIV2K_train_HR")
        validation = _pictures(root / "DIV2K_valid_HR")
        if not self._any_lr(train):
            self.lr_factor = None
        if not validation or (self.lr_factor is not None and not self._any_lr(validation)):
            return split_by_name(train, root)
        return [Document(path, "train") for path in train] + [Document(path, "val") for path in validation]

    def pages(self, document: Document) -> Iterator[SourcePage]:
        """Yield the picture, with its LR."""
        page = next(iter(read_pages(document.path)))
        lr = None if self.lr_factor is None else partial(_first_page, self._lr_path(document.path, self.lr_factor))
        yield SourcePage(0, lambda scale: page, 1.0, lr=lr)

    def _any_lr(self, pictures: list[Path]) -> bool:
        return self.lr_factor is not None and any(os.path.isfile(self._lr_path(hr, self.lr_factor)) for hr in pictures)

    def _lr_path(self, hr: Path, factor: int) -> Path:
        """Return for ``0001.png`` ``DIV2K_train_LR_bicubic/X4/0001x4.png``, or ``DIV2K_train_LR_x8/0001x8.png``."""
        root, name = hr.parent.parent, f"{hr.stem}x{factor}{hr.suffix}"
        usual = root / hr.parent.name.replace("_HR", "_LR_bicubic") / f"X{factor}" / name
        other = root / hr.parent.name.replace("_HR", f"_LR_x{factor}") / name
        return other if os.path.isfile(other) else usual


class CelebA(Source):
    """CelebA's layout: ``img_align_celeba/`` and, optionally, ``list_eval_partition`` as .txt or .csv.

    The list has 0 (training), 1 (validation) or 2 (test: left out) after each name.
    """

    patch = CELEBA_HR
    has_colour = True

    def documents(self, root: Path) -> list[Document]:
        """Return every listed picture, or all pictures without a list."""
        pictures = _pictures(root / "img_align_celeba")
        if not pictures:
            raise UsageError(f"{root} does not have CelebA's layout: it needs pictures in the folder img_align_celeba")
        listing = next((path for path in (root / name for name in CELEBA_LISTS) if os.path.isfile(path)), None)
        if listing is None:
            return split_by_name(pictures, root)
        lines = listing.read_text(encoding="utf-8", errors="replace").replace(",", " ").splitlines()
        sides = {words[0]: words[1] for line in lines if len(words := line.split()) > 1}
        names = {"0": "train", "1": "val"}
        listed = [Document(path, names[side]) for path in pictures if (side := sides.get(path.name, "")) in names]
        if not listed:
            raise UsageError(f"{listing} lists none of the pictures in img_align_celeba for training")
        return listed

    def pages(self, document: Document) -> Iterator[SourcePage]:
        """Yield the face: a square of 176 px, whose middle 144 px are enlarged to 256 px."""
        page = next(iter(read_pages(document.path)))
        side = min(page.width, page.height)
        square = resize(_middle(page.pixels, side), CELEBA_INPUT, CELEBA_INPUT)
        face = resize(_middle(square, CELEBA_CROP), CELEBA_HR, CELEBA_HR)
        yield SourcePage(0, lambda scale: Page(face, source=document.path), 1.0)


class NpyPairs(Source):
    """Pairs of arrays by name: ``hr/NAME.npy`` and ``lr/NAME.npy``, H x W or H x W x 3, uint8 or floats in [0, 1].

    All pairs must have the factor of the first one, or ``lr_factor`` if it is set.
    """

    patch = 96
    has_lr = True
    has_colour = True

    def documents(self, root: Path) -> list[Document]:
        """Return every pair, after a check of names, shapes, types and ratio from the headers."""
        hr, lr = (_find_arrays(root, names) for names in (HR_NAMES, LR_NAMES))
        if alone := sorted(hr.keys() ^ lr.keys()):
            path = hr.get(alone[0]) or lr[alone[0]]
            raise UsageError(f"{path} has no partner of the same name ({len(alone)} such files): pairs go by name")
        if not hr:
            raise NoInputError(f"the folders hr and lr of {root} hold no .npy file")
        for name, path in hr.items():
            self.lr_factor = _factor(path, lr[name], self.lr_factor)
        return split_by_name(list(hr.values()), root)

    def pages(self, document: Document) -> Iterator[SourcePage]:
        """Yield the pair."""
        hr = document.path
        folder = next(hr.parent.parent / name for name in LR_NAMES if os.path.isfile(hr.parent.parent / name / hr.name))
        page = Page(_read_array(hr), source=hr)
        yield SourcePage(0, lambda scale: page, 1.0, lr=lambda: Page(_read_array(folder / hr.name)))


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.suffix.lower() in IMAGE_SUFFIXES and os.path.isfile(path))


def _first_page(path: Path) -> Page:
    return next(iter(read_pages(path)))


def _middle(pixels: Pixels, side: int) -> Pixels:
    y, x = ((length - side) // 2 for length in pixels.shape[:2])
    return pixels[y : y + side, x : x + side]


def _find_arrays(root: Path, names: tuple[str, ...]) -> dict[str, Path]:
    folder = next((root / name for name in names if os.path.isdir(root / name)), None)
    if folder is None:
        raise UsageError(f"{root} has no folder {names[0]}: pairs lie in the folders hr and lr, under the same names")
    return {path.name: path for path in sorted(folder.glob("*.npy"))}


def _factor(hr: Path, lr: Path, wanted: int | None) -> int:
    """Return the factor of a pair, which must be a whole number and equal ``wanted``, if that is given."""
    large, small = _open_array(hr), _open_array(lr)
    factor = int(large.shape[0] // max(1, small.shape[0]))
    height, width = small.shape[:2]
    if large.shape[:2] != (factor * height, factor * width) or factor < 2 or large.shape[2:] != small.shape[2:]:
        raise UsageError(
            f"{hr} of shape {large.shape} must be 2 or more whole times as large as {lr} of shape {small.shape}"
        )
    if wanted is not None and factor != wanted:
        raise UsageError(f"{hr} is {factor} times as large as {lr}, but the factor of the pairs is {wanted}")
    return factor


def _open_array(path: Path) -> Pixels:
    """Open an array without reading its values. UsageError if it is not a picture."""
    try:
        array: Pixels = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UsageError(f"{path} is not a readable .npy file") from error
    if array.shape[2:] not in {(), (1,), (3,)} or array.ndim < 2:
        raise UsageError(f"{path} is not a picture: its shape is {array.shape}, not H x W or H x W x 3")
    if array.dtype != np.uint8 and not np.issubdtype(array.dtype, np.floating):
        raise UsageError(f"{path} holds {array.dtype}: pictures are uint8, or floats in [0, 1]")
    return array


def _read_array(path: Path) -> Pixels:
    """Return the pixels of an array. PageError for floats outside [0, 1]."""
    array = np.array(_open_array(path))
    if array.shape[2:] == (1,):
        array = array[..., 0]
    if array.dtype == np.uint8:
        return array
    if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
        raise PageError(f"{path}: its floats are not in [0, 1]")
    return np.rint(array * 255).astype(np.uint8)
