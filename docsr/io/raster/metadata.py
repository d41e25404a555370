"""Read and write a page's text metadata.

Sizes, resolution, orientation and profile depend on the pixels and are written anew with them. Previews, GPS positions
and other camera data are left out; docs/limits.md lists what is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from docsr.page import NO_METADATA, Metadata

MOST_BYTES, MOST_TEXTS, MOST_XMP_BYTES = 4096, 32, 65_000
"""Limits on the memory that metadata takes: longer texts are cut; more texts and a longer XMP packet are dropped."""

DATE, XMP = 306, 700
"""Tag numbers, the same in TIFF and Exif."""

KEYWORDS = {
    269: "Title", 270: "Description", 271: "Make", 272: "Model", 285: "PageName", 305: "Software",
    DATE: "Creation Time", 315: "Author", 316: "HostComputer", 33432: "Copyright",
}  # fmt: skip
"""The texts that are kept: TIFF's tag numbers, and PNG's keywords for them."""

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
    """Collect the metadata that docsr keeps.

    Args:
        tags: of TIFF or Exif, by number; may hold more kinds than are kept.
        texts: of PNG, by keyword.
        xmp: an XMP packet (ISO 16684-1) that is not among the tags, if any.
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
    metadata = Metadata(
        tuple((tag, value) for tag, value in kept.items() if value),
        tuple((keyword, text) for keyword, text in others.items() if text),
        _packet(xmp or tags.get(XMP)),
    )
    return NO_METADATA if metadata == NO_METADATA else metadata


def tags_of(metadata: Metadata) -> dict[int, bytes]:
    """Return the texts for TIFF and Exif, by tag number, without the zero byte at their end."""
    return {tag: value for tag, value in metadata.tags if tag != DATE or _A_DATE.fullmatch(value)}


def texts_of(metadata: Metadata) -> dict[str, str]:
    """Return the texts for PNG, by keyword."""
    return {KEYWORDS[tag]: _decoded(value) for tag, value in metadata.tags} | dict(metadata.texts)


def _cleaned(value: str | bytes) -> bytes:
    """Return the stored bytes of a text (Pillow turns each byte into a character), without control characters."""
    stored = value[:MOST_BYTES].encode("latin-1", "replace") if isinstance(value, str) else value[:MOST_BYTES]
    return _CONTROL.sub(b" ", stored.rstrip(b"\0 ")).strip()


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _packet(xmp: object) -> bytes | None:
    """Return an XMP packet without what is wrong once the pixels are enlarged; None if it is no packet or too long."""
    if isinstance(xmp, tuple) and xmp and isinstance(xmp[0], bytes):
        xmp = xmp[0]
    packet = xmp.encode() if isinstance(xmp, str) else xmp
    if not isinstance(packet, bytes) or len(packet) > MOST_XMP_BYTES or b"<rdf:RDF" not in packet:
        return None
    if _DECLARED.search(packet):  # XMP has no declarations: they are an attack on the reader
        return None
    for pattern in (_ATTRIBUTE, _EMPTY, _ELEMENT):
        packet = pattern.sub(b"", packet)
    if _THEIR_END in packet:
        packet = _PREVIEWS.sub(b"", packet)
    return packet.rstrip(b"\0")
