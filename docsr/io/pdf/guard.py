"""Check what a PDF page asks of a renderer before it is rendered, because the renderer has no limits of its own."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Jpeg2KImagePlugin

from docsr.io.limits import check_memory, most_pixels
from docsr.io.pdf.name_uses import Number
from docsr.io.pdf.streams import TooMuchData, filters_of, integer, unfiltered
from docsr.io.read_errors import Damaged, Unreadable

MAX_BYTES = 256 << 20
"""The most bytes, with filters undone, that a page may consist of besides its images."""

PER_PIXEL, _IN_JPEG_2000 = 8, 24
"""Bytes that a renderer takes per pixel of the page or an image; and of a JPEG 2000 image."""

_MAX_OBJECTS = 50_000
_MOST_CHANNELS, _MOST_BYTES = 4, 2
_SLACK_BYTES = 1 << 20
_ELSEWHERE = frozenset({"/Parent", "/P", "/Popup", "/Dest", "/A", "/AA", "/IRT", "/B", "/StructParents", "/Metadata"})
"""Keys that lead from a page to other pages, or to things that are not drawn."""


@dataclass(frozen=True, slots=True)
class CheckedObjects:
    """The objects of a document that have been checked, by their numbers.

    Attributes:
        fit: objects that may be passed to a renderer.
        faults: damage in the data of images among them that a renderer tolerates, as clauses.
    """

    fit: set[Number] = field(default_factory=set)
    faults: dict[Number, list[str]] = field(default_factory=dict)


def check_renderable(page: pikepdf.Page, checked: CheckedObjects) -> list[str]:
    """Refuse a page whose parts unpack to far more than a renderer should be given.

    Args:
        page: of an open document.
        checked: the objects of the document checked so far; those of this page are added.

    Returns:
        What is wrong with the page's images, including images that were checked for another page.

    Raises:
        Unreadable: an image has more than most_pixels() pixels, or a stream unpacks to more than its size says.
    """
    left, page_objects, problem = MAX_BYTES, set[Number](), f"it has more than {MAX_BYTES >> 20} MB of content"
    faults: dict[Number, list[str]] = {}
    # As long as no fault is known, checked objects and all that they lead to need not be walked through again.
    for stream in _streams(page, page_objects, set() if checked.faults else checked.fit):
        number = stream.objgen
        if number in checked.fit:
            faults[number] = checked.faults.get(number, [])
            continue
        if stream.get("/Subtype") == Name.Image:
            faults[number] = _faults_of(stream)
            continue
        try:
            left -= len(unfiltered(stream, left)[0])
        except TooMuchData as error:
            raise Unreadable(problem) from error
        except (Unreadable, pikepdf.PdfError):
            continue  # a renderer skips what cannot be read
        if left < 0:
            raise Unreadable(problem)
    checked.fit.update(page_objects)
    checked.faults.update({number: clauses for number, clauses in faults.items() if clauses})
    return [fault for clauses in faults.values() for fault in clauses]


def _streams(page: pikepdf.Page, page_objects: set[Number], checked: set[Number]) -> Iterator[Any]:
    """Yield each stream that a page is drawn from once; add unchecked object numbers to ``page_objects``."""
    todo = [page.obj.get("/Contents"), page.resources, page.obj.get("/Annots")]
    for _ in range(_MAX_OBJECTS):
        if not todo:
            return
        item = todo.pop()
        if not isinstance(item, Array | Dictionary | Stream):
            continue
        if item.is_indirect:
            if item.objgen in checked or item.objgen in page_objects:
                continue
            page_objects.add(item.objgen)
        if isinstance(item, Stream):
            yield item
        todo += list(item) if isinstance(item, Array) else [item[key] for key in set(item.keys()) - _ELSEWHERE]
    raise Unreadable(f"it consists of more than {_MAX_OBJECTS:,} objects")


def check_image_size(width: int, height: int, per_pixel: int = PER_PIXEL) -> None:
    """Raise Unreadable if an image has more than most_pixels() pixels, or takes more than most_memory() bytes."""
    if max(0, width) * max(0, height) > most_pixels():
        raise Unreadable(f"it shows an image of more than {most_pixels():,} pixels (--max-pixels)")
    check_memory(max(0, width) * max(0, height) * per_pixel)


def _faults_of(image: Any) -> list[str]:
    """Check that an image is no larger than it claims, and return what is wrong with it."""
    faults: list[str] = []
    width, height = integer(image, "/Width", 0), integer(image, "/Height", 0)
    check_image_size(width, height)
    row = max(0, width) * _MOST_CHANNELS * _MOST_BYTES + 1
    try:
        data, codec, _ = unfiltered(image, 2 * max(0, height) * row + _SLACK_BYTES, faults)
    except Damaged as error:
        if len(filters_of(image)) > 1:  # the first filter's output goes unmeasured into the next
            raise
        return [*faults, f"{error}, so that something may be missing on it"]
    if codec == "/JPXDecode":
        check_image_size(*_own_size(data), _IN_JPEG_2000)
    return faults


def _own_size(data: bytes) -> tuple[int, int]:
    """Return the size that a JPEG 2000 image states; 0 if it cannot be opened, because then it will not be shown."""
    try:
        width, height = Jpeg2KImagePlugin.Jpeg2KImageFile(io.BytesIO(data)).size
    except (OSError, SyntaxError, ValueError):
        return 0, 0
    return width, height
