"""What a PDF page may ask of a renderer: looked at before it is rendered, for the renderer keeps to no limit."""

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
"""Of what a page consists of beside its images, without filters."""

PER_PIXEL, _IN_JPEG_2000 = 8, 24
"""Bytes that a pixel of an image, or of the page, takes in a renderer."""

_MAX_OBJECTS = 50_000
_MOST_CHANNELS, _MOST_BYTES = 4, 2
_SLACK_BYTES = 1 << 20
_ELSEWHERE = frozenset({"/Parent", "/P", "/Popup", "/Dest", "/A", "/AA", "/IRT", "/B", "/StructParents", "/Metadata"})
"""Keys that lead from a page to others, or to what is not drawn."""


@dataclass(frozen=True, slots=True)
class LookedAt:
    """What has been looked at of a document, by the numbers of its objects.

    Attributes:
        fit: those that a renderer may be given.
        faults: what is wrong with data of images among them that a renderer gets over, as clauses.
    """

    fit: set[Number] = field(default_factory=set)
    faults: dict[Number, list[str]] = field(default_factory=dict)


def check_renderable(page: pikepdf.Page, known: LookedAt) -> list[str]:
    """Refuse a page whose parts are far larger, unpacked, than a renderer should be given.

    Args:
        page: of an open document.
        known: of the document; what this page consists of is added.

    Returns:
        What is wrong with its images, also with those that other pages have shown.

    Raises:
        Unreadable: an image has more than most_pixels(), or a stream unpacks to more than its size says.
    """
    left, met, told = MAX_BYTES, set[Number](), f"it has more than {MAX_BYTES >> 20} MB of content"
    faults: dict[Number, list[str]] = {}
    # As long as nothing is wrong with what is known, whatever can be reached from it need not be walked through again.
    for stream in _streams(page, met, set() if known.faults else known.fit):
        number = stream.objgen
        if number in known.fit:
            faults[number] = known.faults.get(number, [])
            continue
        if stream.get("/Subtype") == Name.Image:
            faults[number] = _faults_of(stream)
            continue
        try:
            left -= len(unfiltered(stream, left)[0])
        except TooMuchData as error:
            raise Unreadable(told) from error
        except (Unreadable, pikepdf.PdfError):
            continue  # a renderer passes over what cannot be read
        if left < 0:
            raise Unreadable(told)
    known.fit.update(met)
    known.faults.update({number: found for number, found in faults.items() if found})
    return [fault for found in faults.values() for fault in found]


def _streams(page: pikepdf.Page, met: set[Number], known: set[Number]) -> Iterator[Any]:
    """Yield the streams that a page is drawn from, each once; ``met`` takes numbers, those that are known excepted."""
    todo = [page.obj.get("/Contents"), page.resources, page.obj.get("/Annots")]
    for _ in range(_MAX_OBJECTS):
        if not todo:
            return
        found = todo.pop()
        if not isinstance(found, Array | Dictionary | Stream):
            continue
        if found.is_indirect:
            if found.objgen in known or found.objgen in met:
                continue
            met.add(found.objgen)
        if isinstance(found, Stream):
            yield found
        todo += list(found) if isinstance(found, Array) else [found[key] for key in set(found.keys()) - _ELSEWHERE]
    raise Unreadable(f"it consists of more than {_MAX_OBJECTS:,} objects")


def check_image_size(width: int, height: int, per_pixel: int = PER_PIXEL) -> None:
    """Refuse an image of more than most_pixels(), or that takes more than most_memory(). Unreadable."""
    if max(0, width) * max(0, height) > most_pixels():
        raise Unreadable(f"it shows an image of more than {most_pixels():,} pixels (--max-pixels)")
    check_memory(max(0, width) * max(0, height) * per_pixel)


def _faults_of(image: Any) -> list[str]:
    """Make sure that an image is no larger than it says, and return what is wrong with it."""
    faults: list[str] = []
    width, height = integer(image, "/Width", 0), integer(image, "/Height", 0)
    check_image_size(width, height)
    row = max(0, width) * _MOST_CHANNELS * _MOST_BYTES + 1
    try:
        data, codec, _ = unfiltered(image, 2 * max(0, height) * row + _SLACK_BYTES, faults)
    except Damaged as error:
        if len(filters_of(image)) > 1:  # what comes out of the first goes, unmeasured, into the next
            raise
        return [*faults, f"{error}, so that something may be missing on it"]
    if codec == "/JPXDecode":
        check_image_size(*_own_size(data), _IN_JPEG_2000)
    return faults


def _own_size(data: bytes) -> tuple[int, int]:
    """Return what a JPEG 2000 image says of its size; 0 where it cannot be opened, and so will not be shown."""
    try:
        width, height = Jpeg2KImagePlugin.Jpeg2KImageFile(io.BytesIO(data)).size
    except (OSError, SyntaxError, ValueError):
        return 0, 0
    return width, height
