"""Define the interface of every source of HR pages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from docsr.errors import NoInputError
from docsr.page import Page

VALIDATION_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a source: a file, and the side of the split of all its pages ('train' or 'val')."""

    path: Path
    split: str


@dataclass(frozen=True)
class SourcePage:
    """One HR page that is available at several sizes.

    Attributes:
        number: 0-based page number.
        at: returns the page at a scale (1.0: the source's own size, or its nominal dpi); PageError if damaged.
        largest_scale: largest useful scale; beyond it the page would only be blown up.
        text: reference text, or None.
        x_height: x-height in px at scale 1.0 if the source knows it; None: it must be measured.
        lr: returns the page's own LR, if the source has pairs; it is ``Source.lr_factor`` times smaller.
    """

    number: int
    at: Callable[[float], Page]
    largest_scale: float
    text: str | None = None
    x_height: float | None = None
    lr: Callable[[], Page] | None = None


class Source(Protocol):
    """List documents and read their pages. A source derives from this class and sets what differs from the defaults.

    Attributes:
        x_height: default text size in px to which pages of this kind are brought; None: these are not pages of text,
            and they keep their size.
        patch: default side of a patch in px.
        has_lr: whether its pages can have an LR of their own.
        has_colour: whether its pages can be in colour.
        lr_factor: the factor of that LR; None: pages are read without it.
        takes_prose: whether its pages can be made of given prose.
        prose: a text file with that prose.
    """

    x_height: float | None = None
    patch: int = 384
    has_lr: bool = False
    has_colour: bool = False
    lr_factor: int | None = None
    takes_prose: bool = False
    prose: Path | None = None

    def documents(self, root: Path) -> list[Document]:
        """Return all documents under ``root`` (a folder or a file), with their split. NoInputError if there is none."""

    def pages(self, document: Document) -> Iterator[SourcePage]:
        """Yield the document's pages. PageError for a damaged one."""


def split_by_name(paths: list[Path], root: Path) -> list[Document]:
    """Put documents with the smallest hash of their name on the validation side, the same ones each time."""
    if not paths:
        raise NoInputError(f"no readable document in {root}")
    ranked = sorted(paths, key=lambda path: hashlib.sha256(path.name.encode(errors="surrogateescape")).hexdigest())
    count = max(1, round(VALIDATION_SHARE * len(paths))) if len(paths) > 1 else 0
    chosen = set(ranked[:count])
    return [Document(path, "val" if path in chosen else "train") for path in paths]
