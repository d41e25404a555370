"""What files say of a page in words, read from and written to those that hold it.

What the pixels alone decide (sizes, resolution, orientation, profile) is written anew with them, and previews, places
and whatever else is meant for a camera is left out: docs/limits.md lists it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from docsr.page import NO_METADATA, Metadata

MOST_BYTES, MOST_TEXTS, MOST_XMP_BYTES = 4096, 32, 65_000
"""Longer texts are cut, more and a longer XMP packet are left out: metadata must not take the memory."""

DATE, XMP = 306, 700
"""TIFF's numbers, and Exif's."""

KEYWORDS = {
    269: "Title", 270: "Description", 271: "Make", 272: "Model", 285: "PageName", 305: "Software",
    DATE: "Creation Time", 315: "Author", 316: "HostComputer", 33432: "Copyright",
}  # fmt: skip
"""What is kept: TIFF's numbers, and what PNG calls the same."""

_TAGS = {keyword: tag for tag, keyword in KEYWORDS.items()}
_A_DATE = re.compile(rb"\d{4}:\d\d:\d\d \d\d:\d\d:\d\d")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_A_KEYWORD = re.compile(r"[!-~\xa1-\xff]([ -~\xa1-\xff]{0,77}[!-~\xa1-\xff])?")

_OF_PIXELS = (
    rb"(?:tiff:(?:Image(?:Width|Length)|BitsPerSample|Compression|PhotometricInterpretation|Orientation|SamplesPerPixel"
    rb"|PlanarConfiguration|YCbCr\w+|[XY]Resolution|ResolutionUnit|NativeDigest)"
    rb"|exif:(?:Pixel[XY]Dimension|ColorSpace|ComponentsConfiguration|CompressedBitsPerPixel|GPS\w+|NativeDigest)"
    rb"|xmpNote:HasExtendedXMP|photoshop:ICCProfile|GPano:\w+)"
)
_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ATTRIBUTE = re.compile(rb"\s" + _OF_PIXELS + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_EMPTY = re.compile(rb"<" + _OF_PIXELS + rb"\b[^<>]*/>")
_ELEMENT = re.compile(rb"<(" + _OF_PIXELS + rb")\b[^<>]*>[^<]*</\1\s*>")
_PREVIEWS, _THEIR_END = re.compile(rb"<xmp:Thumbnails\b.*?</xmp:Thumbnails\s*>", re.DOTALL), b"</xmp:Thumbnails"


def metadata_of(tags: Mapping[int, object], texts: Mapping[str, object] | None = None, xmp: object = None) -> Metadata:
    """Collect what is kept.

    Args:
        tags: of TIFF or Exif, by number: of many more kinds than are kept.
        texts: of PNG, by keyword.
        xmp: a packet (ISO 16684-1), if there is one and it is not among the tags.
    """
    kept = {tag: _cleaned(value) for tag in KEYWORDS if isinstance(value := tags.get(tag), str | bytes)}
    others: dict[str, str] = {}
    for keyword, text in list((texts or {}).items())[: 2 * MOST_TEXTS]:
        if not isinstance(text, str) or not _A_KEYWORD.fullmatch(keyword) or keyword.startswith("XML:"):
            continue
        value, tag = _cleaned(text[:MOST_BYTES].encode("utf-8", "replace")), _TAGS.get(keyword)
        if tag is not None and (tag != DATE or _A_DATE.fullmatch(value)):
            kept.setdefault(tag, value)
        elif len(others) < MOST_TEXTS:
            others[keyword] = value.decode("utf-8", "ignore")
    found = Metadata(
        tuple((tag, value) for tag, value in kept.items() if value),
        tuple((keyword, text) for keyword, text in others.items() if text),
        _packet(xmp or tags.get(XMP)),
    )
    return NO_METADATA if found == NO_METADATA else found


def tags_of(metadata: Metadata) -> dict[int, bytes]:
    """Return what TIFF and Exif hold of it: texts by number, without the zero at their end."""
    return {tag: value for tag, value in metadata.tags if tag != DATE or _A_DATE.fullmatch(value)}


def texts_of(metadata: Metadata) -> dict[str, str]:
    """Return what PNG holds of it, by keyword."""
    return {KEYWORDS[tag]: _decoded(value) for tag, value in metadata.tags} | dict(metadata.texts)


def _cleaned(value: str | bytes) -> bytes:
    """Return a text as its bytes were: Pillow makes characters of single ones."""
    stored = value[:MOST_BYTES].encode("latin-1", "replace") if isinstance(value, str) else value[:MOST_BYTES]
    return _CONTROL.sub(b" ", stored.rstrip(b"\0 ")).strip()


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _packet(xmp: object) -> bytes | None:
    """Return an XMP packet without what would be wrong of larger pixels; None where it is none, or long."""
    if isinstance(xmp, tuple) and xmp and isinstance(xmp[0], bytes):
        xmp = xmp[0]
    packet = xmp.encode() if isinstance(xmp, str) else xmp
    if not isinstance(packet, bytes) or len(packet) > MOST_XMP_BYTES or b"<rdf:RDF" not in packet:
        return None
    if _DECLARED.search(packet):  # in XMP there are no declarations: they are an attack on who reads it
        return None
    for pattern in (_ATTRIBUTE, _EMPTY, _ELEMENT):
        packet = pattern.sub(b"", packet)
    if _THEIR_END in packet:
        packet = _PREVIEWS.sub(b"", packet)
    return packet.rstrip(b"\0")
