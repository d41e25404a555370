"""PDF files of scans, made on the spot, and what a viewer shows of them."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
import pikepdf
import pypdfium2
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageCms, ImageDraw, TiffImagePlugin

from docsr.io.pdf.scans import open_scans
from docsr.page import Page, Pixels

WIDTH, HEIGHT = 60, 80


def picture() -> Pixels:
    """80 x 60 grey, dark shapes on white, soft, alike from no two sides."""
    image = Image.new("L", (WIDTH, HEIGHT), 255)
    draw = ImageDraw.Draw(image)
    draw.rectangle((6, 6, 20, 30), fill=30)
    draw.rectangle((30, 6, 52, 12), fill=120)
    draw.ellipse((26, 40, 54, 70), fill=70)
    return np.asarray(cv2.GaussianBlur(np.asarray(image), (5, 5), 0), np.uint8)


GREY = picture()
RGB: Pixels = np.stack([GREY, np.minimum(255, GREY // 2 + 128).astype(np.uint8), 255 - GREY // 3], axis=2)
BITS: Pixels = np.where(GREY < 128, 0, 255).astype(np.uint8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def tiff_strip(pixels: Pixels, compression: str, tags: Mapping[int, Any] = MappingProxyType({})) -> bytes:
    """Compress with libtiff, whose LZW, PackBits and fax coders are those of PDF."""
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    image = image.convert("1", dither=Image.Dither.NONE) if compression in {"group3", "group4", "tiff_ccitt"} else image
    image.save(file, "TIFF", compression=compression, tiffinfo={278: image.height, 262: int(image.mode == "L"), **tags})
    with TiffImagePlugin.TiffImageFile(io.BytesIO(file.getvalue())) as written:
        (offset,), (size,) = written.tag_v2[273], written.tag_v2[279]
    return file.getvalue()[offset : offset + size]


def jpeg(image: Image.Image, format: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def image_of(
    pdf: pikepdf.Pdf, data: bytes, space: Any = Name.DeviceGray, bits: int = 8, filter: Any = None, parms: Any = None,
    size: tuple[int, int] = (WIDTH, HEIGHT), **more: Any,
) -> Stream:  # fmt: skip
    stream = Stream(pdf, b"")
    if filter is None:
        stream.write(data)
    else:
        stream.write(data, filter=filter, decode_parms=parms)
    stream.Type, stream.Subtype, stream.Width, stream.Height = Name.XObject, Name.Image, *size
    if space is not None:
        stream.ColorSpace = space
    stream.BitsPerComponent = bits
    for key, value in more.items():
        stream[f"/{key}"] = value
    return stream


def add_page(
    pdf: pikepdf.Pdf, content: str, images: dict[str, Any], size: tuple[float, float] = (WIDTH, HEIGHT), **more: Any
) -> pikepdf.Page:
    page = pdf.add_blank_page(page_size=size)
    page.obj.Contents = pdf.make_stream(content.encode("latin-1"))
    page.obj.Resources = Dictionary(XObject=Dictionary(images))
    for key, value in more.items():
        page.obj[f"/{key}"] = value
    return page


FILLING = f"q {WIDTH} 0 0 {HEIGHT} 0 0 cm /Im0 Do Q"


def scan_file(path: Path, content: str = FILLING, pixels: Pixels = GREY, **more: Any) -> Path:
    """A PDF of one page that shows one image."""
    with pikepdf.new() as pdf:
        space = Name.DeviceGray if pixels.ndim == 2 else Name.DeviceRGB
        add_page(pdf, content, {"/Im0": image_of(pdf, pixels.tobytes(), space)}, **more)
        pdf.save(path)
    return path


def shown(path: Path, number: int = 0, scale: float = 1.0) -> Pixels:
    """What a viewer shows of a page, RGB; scale 1.0 is a pixel per point."""
    document = pypdfium2.PdfDocument(path)
    try:
        bitmap = document[number].render(scale=scale, rev_byteorder=True)
        return np.array(bitmap.to_numpy()[..., :3], np.uint8)
    finally:
        document.close()


def as_rgb(pixels: Pixels) -> Pixels:
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def doubled(page: Page) -> Page:
    size = (page.width * 2, page.height * 2)
    return page.resized(np.asarray(cv2.resize(page.pixels, size, interpolation=cv2.INTER_CUBIC), np.uint8))


def enlarge(path: Path, out: Path, numbers: Sequence[int] | None = None) -> list[Page]:
    """Double the scans of a file; the pages that were read."""
    read = []
    with open_scans(path) as scans:
        for leaf in scans.leaves:
            if leaf.reason is None and (numbers is None or leaf.number in numbers):
                read.append(leaf.read())
                leaf.replace(doubled(read[-1]), quality=95)
        scans.save(out)
    return read


def reasons(path: Path) -> list[str | None]:
    with open_scans(path) as scans:
        return [leaf.reason for leaf in scans.leaves]


def difference(first: Pixels, second: Pixels) -> float:
    """Mean absolute difference, in levels."""
    assert first.shape == second.shape
    return float(np.abs(first.astype(int) - second.astype(int)).mean())


def numbers_array(*values: float) -> Array:
    return Array([value if isinstance(value, int) else round(value, 6) for value in values])


Maker = Callable[[pikepdf.Pdf], Any]


"""Makes the image of a page, in a new document."""


def made(path: Path, maker: Maker) -> Path:
    with pikepdf.new() as pdf:
        add_page(pdf, FILLING, {"/Im0": maker(pdf)})
        pdf.save(path, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    return path


def packed(samples: Any, bits: int) -> bytes:
    """Samples of 0 to 2 ** bits - 1, rows from whole bytes on."""
    rows = samples.reshape(samples.shape[0], -1)
    every = np.unpackbits(rows[..., None], axis=2)[..., 8 - bits :].reshape(rows.shape[0], -1)
    return np.packbits(every, axis=1).tobytes()


def icc(pdf: pikepdf.Pdf, profile: bytes, channels: int) -> Array:
    stream = Stream(pdf, profile)
    stream.N = channels
    return Array([Name.ICCBased, stream])


FAX = {"K": -1, "Columns": WIDTH, "Rows": HEIGHT}


def fax(strip: bytes, **more: Any) -> Maker:
    return lambda pdf: image_of(pdf, strip, bits=1, filter=Name.CCITTFaxDecode, parms=Dictionary({
        f"/{key}": value for key, value in {**FAX, **more}.items()
    }))  # fmt: skip
