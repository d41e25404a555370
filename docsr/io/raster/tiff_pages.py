"""Tell which images of a TIFF file are pages; a scanner's preview and a viewer's smaller copies are not."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import count

from PIL import TiffImagePlugin

_NEW_SUBFILE_TYPE = 254
_REDUCED, _MASK = 1, 4


def frames_of(image: TiffImagePlugin.TiffImageFile) -> list[int]:
    """Return the 0-based numbers of the pages, or of all images if none is marked as a page.

    An image that cannot be examined counts as a page, so that reading it reports the failure.
    """
    total = _count(image)
    if total == 1:
        return [0]
    kinds = []
    for number in range(total):
        kind: object = 0
        with suppress(Exception):  # Pillow raises nearly anything on damaged files
            image.seek(number)
            kind = image.tag_v2.get(_NEW_SUBFILE_TYPE, 0)
        kinds.append(kind)
    return pages_among(kinds)


def _count(image: TiffImagePlugin.TiffImageFile) -> int:
    """Return the number of images; if their list breaks off, the damaged image at its end is included."""
    with suppress(Exception):
        return image.n_frames
    for number in count(1):
        try:
            image.seek(number)
        except EOFError:
            return number
        except Exception:  # whatever Pillow raises on a damaged file
            image.seek(0)
            return number + 1
    raise AssertionError("a list without an end")


def pages_among(kinds: Sequence[object]) -> list[int]:
    """Return the numbers of the pages, given each image's NewSubfileType; all numbers if none is a page."""
    frames = [n for n, kind in enumerate(kinds) if not (isinstance(kind, int) and kind & (_REDUCED | _MASK))]
    return frames or list(range(len(kinds)))
