"""The page that compares pictures: one self-contained HTML file, written page by page."""

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
"""Of JPEG: what it changes in text is too faint to be seen beside what an enlargement changes."""

MADE_BY = '<meta name="generator" content="docsr compare">'
"""Stands in every such page, near its start."""

VIEWER = OwnFile("docsr compare", re.compile(re.escape(MADE_BY.encode())), "--overwrite replaces it", within=400)
"""Such a page."""


def check_viewer() -> None:
    """Raise a MissingExtraError where what the page needs is not installed: before work starts."""
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
        target: the file, as of atomic_write.
        title: what is compared, for a person.
        sheets: what it shows.
        notes: called when the last sheet has come, for sentences about all of it.
        overwrite: replace whatever is there; else a PageError tells of a file that docsr compare did not write.

    Returns:
        Its size in bytes.

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
    pictures = [embedded(one.page.pixels, QUALITY, exact=one.page.bilevel) for one in sheet.variants]
    return {"number": number, **_described(sheet, pictures)}, pictures


def _described(sheet: Sheet, pictures: Sequence[Embedded]) -> dict[str, Any]:
    """What the script of the page gets to know of a sheet."""
    smaller = [
        f"{one.name} is shown at {100 * picture.share:.0f} % of its pixels, for it is large"
        for one, picture in zip(sheet.variants, pictures, strict=True)
        if picture.share < 1
    ]
    variants = [
        {"name": visible(one.name), "about": visible(_about(one)), "width": picture.width, "words": _words(one)}
        for one, picture in zip(sheet.variants, pictures, strict=True)
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
    dpi = "" if page.dpi is None else f", {'x'.join(dict.fromkeys(f'{one:.0f}' for one in page.dpi))} dpi"
    return f"{variant.origin}, {page.width} x {page.height} px{dpi}"


def _boxes(variant: Variant) -> list[Box]:
    """Of its words, in parts of the page."""
    width, height = variant.page.width, variant.page.height
    return [
        (one.left / width, one.top / height, (one.left + one.width) / width, (one.top + one.height) / height)
        for one in variant.words or ()
    ]


def _words(variant: Variant) -> list[Any] | None:
    """[text, left, top, right, bottom, whether it ends its line] of each."""
    if variant.words is None:
        return None
    boxes = _boxes(variant)
    return [
        [one.text, *(round(side, 5) for side in box), int(one.ends_line)]
        for one, box in zip(variant.words, boxes, strict=True)
    ]


def _differences(sheet: Sheet) -> Iterator[tuple[str, list[tuple[int | None, int | None]]]]:
    """For each two variants whose words are known, as "0-2": where they differ."""
    known = [(number, one) for number, one in enumerate(sheet.variants) if one.words is not None]
    texts = {number: [word.text for word in one.words or ()] for number, one in known}
    boxes = {number: _boxes(one) for number, one in known}
    for (left, _), (right, _) in combinations(known, 2):
        yield f"{left}-{right}", word_differences(texts[left], boxes[left], texts[right], boxes[right])
