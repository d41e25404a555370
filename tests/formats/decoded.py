"""What files hold and say, by other decoders than docsr's: OpenCV, poppler, and the specifications read here."""

from __future__ import annotations

import struct
import subprocess
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pikepdf
import tifffile

from docsr.page import Dpi, Pixels
from tests.formats.kinds import INCH_IN_METRES


@dataclass(frozen=True)
class Decoded:
    """A page: its file's format, grey or RGB pixels, what is said of dots per inch and colours, and bits per sample."""

    form: str
    pixels: Pixels
    dpi: Dpi | None
    icc: bytes | None
    bits: int = 8


def decoded(path: Path) -> list[Decoded]:
    """Every page of a file, told by its first bytes and not by its name."""
    data = path.read_bytes()
    if data.startswith(b"%PDF-"):
        return _pdf(path)
    if data[:2] in {b"II", b"MM"}:
        return _tiff(path)
    form, says = next(known for mark, known in _MARKS.items() if data.startswith(mark))
    return [Decoded(form, _rgb(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)), *says(data))]


def _rgb(pixels: object) -> Pixels:
    """From what OpenCV returns, BGR or grey; there is no alpha in anything that docsr writes."""
    assert isinstance(pixels, np.ndarray), "OpenCV cannot decode it"
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 2 or pixels.shape[2] == 3
    return pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., ::-1])


def _png(data: bytes) -> tuple[Dpi | None, bytes | None, int]:
    dpi = icc = None
    at, bits = 8, data[24]
    while at < len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        content = data[at + 8 : at + 8 + length]
        if name == b"pHYs":
            across, down, unit = struct.unpack(">IIB", content)
            assert unit == 1
            dpi = across * INCH_IN_METRES, down * INCH_IN_METRES
        if name == b"iCCP":
            icc = zlib.decompress(content[content.index(b"\0") + 2 :])
        assert name not in {b"eXIf", b"acTL"}
        at += length + 12
    return dpi, icc, bits


def _jpeg(data: bytes) -> tuple[Dpi | None, bytes | None]:
    dpi, profile = None, {}
    for mark, content in _segments(data):
        if mark == 0xE0 and content.startswith(b"JFIF\0"):
            unit, across, down = struct.unpack_from(">BHH", content, 7)
            assert unit in {0, 1}
            dpi = (float(across), float(down)) if unit else None
        if mark == 0xE2 and content.startswith(b"ICC_PROFILE\0"):
            profile[content[12]] = content[14:]
        if content.startswith(b"Exif\0"):
            assert not {282, 283, 296} & _exif_values(content[6:]).keys(), "JFIF says it"
    return dpi, b"".join(profile[number] for number in sorted(profile)) or None


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 2
    while data[at + 1] != 0xDA:
        (length,) = struct.unpack_from(">H", data, at + 2)
        yield data[at + 1], data[at + 4 : at + 2 + length]
        at += 2 + length


def _webp(data: bytes) -> tuple[Dpi | None, bytes | None]:
    chunks, at = {}, 12
    while at < len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        chunks[name] = data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    said = chunks.get(b"EXIF")
    return None if said is None else _exif_dpi(said.removeprefix(b"Exif\0\0")), chunks.get(b"ICCP")


def _exif_values(data: bytes) -> dict[int, int]:
    """The tags of Exif, and what stands in the place of their values."""
    order = {b"II": "<", b"MM": ">"}[data[:2]]
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, start)
    rows = [struct.unpack_from(f"{order}HHII", data, start + 2 + 12 * number) for number in range(count)]
    values = {tag: value for tag, _, _, value in rows}
    assert 274 not in values, "what is written is upright"
    return values


def _exif_dpi(data: bytes) -> Dpi | None:
    order, values = {b"II": "<", b"MM": ">"}[data[:2]], _exif_values(data)
    if 282 not in values:
        return None
    assert struct.unpack(f"{order}H", struct.pack(f"{order}I", values[296])[:2]) == (2,)
    across, down = (struct.unpack_from(f"{order}II", data, values[tag]) for tag in (282, 283))
    return across[0] / across[1], down[0] / down[1]


def _bmp(data: bytes) -> tuple[Dpi | None, bytes | None]:
    across, down = struct.unpack_from("<ii", data, 38)
    return (across * INCH_IN_METRES, down * INCH_IN_METRES) if across and down else None, None


Says = Callable[[bytes], tuple[Any, ...]]

_MARKS: dict[bytes, tuple[str, Says]] = {
    b"\x89PNG": ("png", _png),
    b"\xff\xd8": ("jpg", _jpeg),
    b"RIFF": ("webp", _webp),
    b"BM": ("bmp", _bmp),
}


def _tiff(path: Path) -> list[Decoded]:
    known, pictures = cv2.imreadmulti(str(path), flags=cv2.IMREAD_UNCHANGED)
    assert known
    with tifffile.TiffFile(path) as tiff:
        assert len(tiff.pages) == len(pictures)
        return [
            Decoded("tiff", _rgb(picture), *_tags(tiff.pages[number].aspage()))
            for number, picture in enumerate(pictures)
        ]


def _tags(page: tifffile.TiffPage) -> tuple[Dpi | None, bytes | None, int]:
    tags = {code: page.tags[code].value for code in (274, 282, 283, 296, 34675) if code in page.tags}
    assert tags.get(274, 1) == 1, "what is written is upright"
    assert tags.get(296, 2) == 2
    dpi = tuple(tags[code][0] / tags[code][1] for code in (282, 283)) if 282 in tags else None
    return dpi, tags.get(34675), page.bitspersample


def _pdf(path: Path) -> list[Decoded]:
    """The one image of each page, turned as the page is, at the resolution at which it fills it."""
    root = path.with_name(f"{path.name}.images")
    subprocess.run(["pdfimages", "-j", "-png", path, root], check=True, capture_output=True)
    found = []
    with pikepdf.open(path) as pdf:
        pictures = sorted(path.parent.glob(f"{root.name}-*"))
        assert len(pictures) == len(pdf.pages)
        for leaf, picture in zip(pdf.pages, pictures, strict=True):
            stored = _rgb(cv2.imread(str(picture), cv2.IMREAD_UNCHANGED))
            turns = int(leaf.obj.get("/Rotate", 0)) // 90
            left, bottom, right, top = (float(side) * float(leaf.obj.get("/UserUnit", 1)) for side in leaf.mediabox)
            dpi = stored.shape[1] / (right - left) * 72, stored.shape[0] / (top - bottom) * 72
            (image,) = leaf.obj.Resources.XObject.values()
            space = image.get("/ColorSpace")
            icc = space[1].read_bytes() if isinstance(space, pikepdf.Array) and space[0] == "/ICCBased" else None
            pixels = np.ascontiguousarray(np.rot90(stored, -turns))
            found.append(Decoded("pdf", pixels, dpi[::-1] if turns % 2 else dpi, icc, int(image.BitsPerComponent)))
            picture.unlink()
    return found
