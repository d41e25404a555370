"""Write the page that compares pictures: one self-contained HTML file, written sheet by sheet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, count
from pathlib import Path
from typing import Any

from docsr import __version__
from docsr.io.paths.atomic import staged
from docsr.io.paths.folders import Place
from docsr.io.paths.own_files import OwnFile
from docsr.text.shown import visible
from docsr.viewer.differences import Box, word_differences
from docsr.viewer.embed import Embedded, embedded
from docsr.viewer.sheet import Sheet, Variant
from docsr.viewer.templates import template

QUALITY = 88
"""JPEG quality: its changes to text are too faint to be seen beside those of an enlargement."""

MADE_BY = '<meta name="generator" content="docsr compare">'
"""Marks every such page, near its start."""

VIEWER = OwnFile("docsr compare", re.compile(re.escape(MADE_BY.encode())), "--overwrite replaces it", within=400)
"""Recognises such a page."""


def check_viewer() -> None:
    """Raise a MissingExtraError, before work starts, if a package that the page needs is not installed."""
    template("viewer.html.j2", "a page that compares pictures", "compare")


def write_viewer(
    target: Path | Place,
    title: str,
    sheets: Iterable[Sheet],
    notes: Callable[[], Sequence[str]],
    *,
    overwrite: bool = True,
) -> int:
    """Write the page, complete or not at all; one sheet is in memory at a time.

    Args:
        target: the file, as in atomic_write.
        title: names what is compared, for a reader.
        sheets: sheets that the page shows.
        notes: called after the last sheet; returns sentences about the whole comparison.
        overwrite: replace an existing file of any kind; otherwise a PageError refuses a file that docsr compare did not
            write.

    Returns:
        The size of the page in bytes.

    Raises:
        PageError: the file cannot be written.
        MissingExtraError: jinja2 is not installed.
    """
    viewer = template("viewer.html.j2", "a page that compares pictures", "compare")
    shown = map(_shown, count(), sheets)
    parts = viewer.generate(
        title=title, made_by=MADE_BY, version=__version__, quality=QUALITY, sheets=shown, notes=notes
    )
    with staged(target) as page:
        page.file.writelines(part.encode(errors="replace") for part in parts)
        size = page.file.tell()
        if not overwrite:
            VIEWER.check(target)
        page.commit()
    return size


def _shown(number: int, sheet: Sheet) -> tuple[dict[str, Any], list[Embedded]]:
    pictures = [embedded(variant.page.pixels, QUALITY, exact=variant.page.bilevel) for variant in sheet.variants]
    return {"number": number, **_description(sheet, pictures)}, pictures


def _description(sheet: Sheet, pictures: Sequence[Embedded]) -> dict[str, Any]:
    """Return what the script of the page gets to know about a sheet."""
    smaller = [
        f"{variant.name} is large, and shown at {100 * picture.share:.0f} % of its pixels"
        for variant, picture in zip(sheet.variants, pictures, strict=True)
        if picture.share < 1
    ]
    variants = [
        {
            "name": visible(variant.name),
            "about": visible(_about(variant)),
            "width": picture.width,
            "words": _words(variant),
        }
        for variant, picture in zip(sheet.variants, pictures, strict=True)
    ]
    return {
        "title": visible(sheet.title),
        "width": round(sheet.size[0], 2),
        "height": round(sheet.size[1], 2),
        "start": sheet.start,
        "notes": list(map(visible, [*sheet.notes, *smaller])),
        "variants": variants,
        "left": sheet.left,
        "right": sheet.right,
        "differences": dict(_differences(sheet)),
    }


def _about(variant: Variant) -> str:
    page = variant.page
    dpi = "" if page.dpi is None else f", {'x'.join(dict.fromkeys(f'{value:.0f}' for value in page.dpi))} dpi"
    return f"{variant.origin}, {page.width} x {page.height} px{dpi}"


def _boxes(variant: Variant) -> list[Box]:
    """Return the boxes of the words, in parts of the page."""
    width, height = variant.page.width, variant.page.height
    return [
        (word.left / width, word.top / height, (word.left + word.width) / width, (word.top + word.height) / height)
        for word in variant.words or ()
    ]


def _words(variant: Variant) -> list[Any] | None:
    """Return [text, left, top, right, bottom, whether it ends its line] of each word."""
    if variant.words is None:
        return None
    boxes = _boxes(variant)
    return [
        [word.text, *(round(side, 5) for side in box), int(word.ends_line)]
        for word, box in zip(variant.words, boxes, strict=True)
    ]


def _differences(sheet: Sheet) -> Iterator[tuple[str, list[tuple[int | None, int | None]]]]:
    """Yield for each two variants whose words were read, as "0-2", where they differ."""
    read = [(number, variant) for number, variant in enumerate(sheet.variants) if variant.words is not None]
    texts = {number: [word.text for word in variant.words or ()] for number, variant in read}
    boxes = {number: _boxes(variant) for number, variant in read}
    for (left, _), (right, _) in combinations(read, 2):
        yield f"{left}-{right}", word_differences(texts[left], boxes[left], texts[right], boxes[right])
