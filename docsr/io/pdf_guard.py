"""What a PDF page may ask of a renderer: looked at before it is rendered, for the renderer keeps to no limit."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Jpeg2KImagePlugin

from docsr.io.limits import most_pixels
from docsr.io.pdf_streams import TooMuchData, filters_of, integer, unfiltered
from docsr.io.refusals import Damaged, Unreadable

MAX_BYTES = 256 << 20
"""Of what a page consists of beside its images, without filters."""

_MAX_OBJECTS = 50_000
_MOST_CHANNELS, _MOST_BYTES = 4, 2
_SLACK_BYTES = 1 << 20
_ELSEWHERE = frozenset({"/Parent", "/P", "/Popup", "/Dest", "/A", "/AA", "/IRT", "/B", "/StructParents", "/Metadata"})
"""Keys that lead from a page to others, or to what is not drawn."""


def check_renderable(page: pikepdf.Page, known: set[tuple[int, int]]) -> list[str]:
    """Refuse a page whose parts are far larger, unpacked, than a renderer should be given.

    Args:
        page: of an open document.
        known: numbers of the document's objects that have been looked at; those of this page are added.

    Returns:
        What is wrong with data of its images that a renderer gets over, as clauses.

    Raises:
        Unreadable: an image has more than most_pixels(), or a stream unpacks to more than its size says.
    """
    left, met, told = MAX_BYTES, set(known), f"it has more than {MAX_BYTES >> 20} MB of content"
    faults: list[str] = []
    for stream in _streams(page, met):
        if stream.get("/Subtype") == Name.Image:
            _check_image(stream, faults)
            continue
        try:
            left -= len(unfiltered(stream, left)[0])
        except TooMuchData as error:
            raise Unreadable(told) from error
        except (Unreadable, pikepdf.PdfError):
            continue  # a renderer passes over what cannot be read
        if left < 0:
            raise Unreadable(told)
    known |= met
    return faults


def _streams(page: pikepdf.Page, known: set[tuple[int, int]]) -> Iterator[Any]:
    """Yield the streams that a page is drawn from, each once."""
    todo = [page.obj.get("/Contents"), page.resources, page.obj.get("/Annots")]
    for _ in range(_MAX_OBJECTS):
        if not todo:
            return
        found = todo.pop()
        if not isinstance(found, Array | Dictionary | Stream):
            continue
        if found.is_indirect:
            if found.objgen in known:
                continue
            known.add(found.objgen)
        if isinstance(found, Stream):
            yield found
        todo += list(found) if isinstance(found, Array) else [found[key] for key in set(found.keys()) - _ELSEWHERE]
    raise Unreadable(f"it consists of more than {_MAX_OBJECTS:,} objects")


def check_image_size(width: int, height: int) -> None:
    """Refuse an image of more than most_pixels(). Unreadable."""
    if max(0, width) * max(0, height) > most_pixels():
        raise Unreadable(f"it shows an image of more than {most_pixels():,} pixels (--max-pixels)")


def _check_image(image: Any, faults: list[str]) -> None:
    width, height = integer(image, "/Width", 0), integer(image, "/Height", 0)
    check_image_size(width, height)
    row = max(0, width) * _MOST_CHANNELS * _MOST_BYTES + 1
    try:
        data, codec, _ = unfiltered(image, 2 * max(0, height) * row + _SLACK_BYTES, faults)
    except Damaged as error:
        if len(filters_of(image)) > 1:  # what comes out of the first goes, unmeasured, into the next
            raise
        faults.append(f"{error}, so that something may be missing on it")
        return
    if codec == "/JPXDecode":
        check_image_size(*_own_size(data))


def _own_size(data: bytes) -> tuple[int, int]:
    """Return what a JPEG 2000 image says of its size; 0 where it cannot be opened, and so will not be shown."""
    try:
        width, height = Jpeg2KImagePlugin.Jpeg2KImageFile(io.BytesIO(data)).size
    except (OSError, SyntaxError, ValueError):
        return 0, 0
    return width, height
