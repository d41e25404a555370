"""One small sound file of every kind that docsr reads, for benchmarks/torture/fuzz.py to damage."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import tifffile
from pikepdf import Dictionary, Name
from PIL import Image, ImageCms, ImageDraw, features

from docsr.io.pdf.scans import write_scans
from docsr.io.raster.heif import register_heif
from docsr.io.raster.lossless import group_4
from docsr.page import Page

Maker = Callable[[Path], object]

DPI = (75, 75)
EXIF_TURNED = {274: 6, 282: 75.0, 283: 75.0, 296: 2}
"""Orientation and resolution: what is read besides the pixels."""


def page(mode: str = "L") -> Image.Image:
    """A little text, and a gradient that compression cannot do without."""
    image = Image.fromarray(np.tile(np.linspace(180, 255, 160).astype(np.uint8), (100, 1)))
    ImageDraw.Draw(image).text((8, 20), "Total 1,234.56", fill=20, font_size=18)
    if mode == "LA":
        image.putalpha(image.point(lambda level: 255 - level // 4))
        return image
    return image.convert(mode, dither=Image.Dither.NONE)


def wide(channels: int = 1) -> Any:
    """The page in 16 bits."""
    return np.squeeze(np.repeat(np.asarray(page())[..., None].astype(np.uint16) * 257, channels, axis=2))


def saved(form: str, mode: str = "L", **options: Any) -> Maker:
    """What writes the page by Pillow."""
    return lambda path: page(mode).save(path, form, **options)


def described(form: str, **options: Any) -> Maker:
    """Likewise in colour, with EXIF that says it lies on its side."""
    exif = Image.Exif()
    exif.update(EXIF_TURNED)
    return saved(form, "RGB", exif=exif, **options)


def png_16(path: Path) -> None:
    """A PNG of 16 bits in RGB, whose rows use every filter."""
    rows = wide(3).astype(">u2").reshape(100, -1).view(np.uint8)
    filtered = b"".join(bytes([number % 5]) + row.tobytes() for number, row in enumerate(rows))
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", 160, 100, 16, 2, 0, 0, 0),
        b"IDAT": zlib.compress(filtered),
        b"IEND": b"",
    }
    data = b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks.items()
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def tiff(values: Any, photometric: str, *, bigtiff: bool = False, pages: int = 1, **options: Any) -> Maker:
    """What writes a TIFF by tifffile."""

    def write(path: Path) -> None:
        with tifffile.TiffWriter(path, bigtiff=bigtiff) as writer:
            for _ in range(pages):
                writer.write(values, photometric=photometric, resolution=DPI, resolutionunit=2, **options)

    return write


def plain_pnm(path: Path) -> None:
    """A PGM in figures."""
    levels = " ".join(map(str, np.asarray(page()).ravel()))
    path.write_text(f"P2\n# drawn\n160 100\n255\n{levels}\n", encoding="ascii")


def scans(*pixels: Any) -> Maker:
    """A PDF as docsr writes it: one bit as Group 4, the rest as Flate or JPEG."""
    return lambda path: write_scans([Page(np.asarray(one), DPI) for one in pixels], path)


def bits() -> Any:
    """The page in black and white."""
    return np.where(np.asarray(page()) > 128, 255, 0).astype(np.uint8)


def coded(filter: str, data: Callable[[], bytes], bits: int = 8, **parameters: Any) -> Maker:
    """A PDF of one scan, in the coding of a scanner."""

    def write(path: Path) -> None:
        with pikepdf.new() as pdf:
            image = pikepdf.Stream(pdf, data())
            image.Type, image.Subtype, image.Width, image.Height = Name.XObject, Name.Image, 160, 100
            image.ColorSpace, image.BitsPerComponent, image.Filter = Name.DeviceGray, bits, Name(f"/{filter}")
            if parameters:
                image.DecodeParms = Dictionary({f"/{key}": value for key, value in parameters.items()})
            leaf = pdf.add_blank_page(page_size=(160, 100))
            leaf.obj.Resources = Dictionary(XObject=Dictionary(Im0=image))
            leaf.obj.Contents = pdf.make_stream(b"q 160 0 0 100 0 0 cm /Im0 Do Q")
            pdf.save(path)

    return write


def jpeg() -> bytes:
    """The page as a JPEG in memory."""
    file = io.BytesIO()
    page().save(file, "JPEG")
    return file.getvalue()


def layered_pdf(path: Path) -> None:
    """A PDF with what surrounds scans: inherited resources, a form, a mask, a profile, a stamp, an attachment."""
    with pikepdf.new() as pdf:
        image, mask = pikepdf.Stream(pdf, page("RGB").tobytes()), pikepdf.Stream(pdf, page().tobytes())
        for one, space in ((mask, Name.DeviceGray), (image, Name.DeviceRGB)):
            one.Type, one.Subtype, one.Width, one.Height = Name.XObject, Name.Image, 160, 100
            one.ColorSpace, one.BitsPerComponent = space, 8
        profile = pdf.make_stream(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), N=3)
        image.ColorSpace, image.SMask = pikepdf.Array([Name.ICCBased, profile]), mask
        form = pdf.make_stream(b"q 160 0 0 100 0 0 cm /Im0 Do Q")
        form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, pikepdf.Array([0, 0, 160, 100])
        form.Resources = Dictionary(XObject=Dictionary(Im0=image))
        for _ in range(2):
            leaf = pdf.add_blank_page(page_size=(160, 100)).obj
            leaf.Contents = pdf.make_stream(b"/Fm0 Do")
            stamp = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, Rect=[10, 10, 60, 40], AP=Dictionary(N=form))
            leaf.Annots = pikepdf.Array([pdf.make_indirect(stamp)])
            del leaf.Resources
        pdf.Root.Pages.Resources = Dictionary(XObject=Dictionary(Fm0=form))
        with pdf.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem("Seen", 1))
        pdf.attachments["seen.txt"] = b"attached"
        pdf.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def heic(path: Path) -> None:
    """What a phone writes; Pillow has to be told how."""
    register_heif()
    described("HEIF")(path)


def jbig2() -> bytes:
    """A page and one region, coded as Group 4 (ITU-T T.88, 7.2, 7.4.6 and 7.4.8)."""
    start = struct.pack(">IBBBI", 0, 48, 0, 1, 19) + struct.pack(">IIIIBH", 160, 100, 0, 0, 0, 0)
    region = struct.pack(">IIIIBB", 160, 100, 0, 0, 0, 1) + group_4(bits())
    return start + struct.pack(">IBBBI", 1, 38, 0, 1, len(region)) + region


SEEDS: dict[str, Maker] = {
    "1-bit.png": saved("PNG", "1"),
    "grey.png": saved("PNG", dpi=DPI),
    "palette.png": saved("PNG", "P", transparency=0),
    "alpha.png": saved("PNG", "LA"),
    "16-bit.png": png_16,
    "baseline.jpg": described("JPEG"),
    "progressive.jpg": saved("JPEG", "RGB", progressive=True),
    "cmyk.jpg": saved("JPEG", "CMYK"),
    "plain.tif": saved("TIFF", dpi=DPI),
    "lzw.tif": saved("TIFF", compression="tiff_lzw"),
    "deflate.tif": saved("TIFF", "RGB", compression="tiff_adobe_deflate", tiffinfo={317: 2}),
    "packbits.tif": saved("TIFF", "1", compression="packbits"),
    "g3.tif": saved("TIFF", "1", compression="group3"),
    "g3-2d.tif": saved("TIFF", "1", compression="group3", tiffinfo={292: 1}),
    "g4.tif": saved("TIFF", "1", compression="group4"),
    "jpeg.tif": saved("TIFF", "RGB", compression="jpeg"),
    "pages.tif": saved("TIFF", compression="tiff_lzw", save_all=True, append_images=[page("1"), page("RGB")]),
    "tiled.tif": tiff(np.asarray(page()), "minisblack", tile=(32, 32), compression="zlib"),
    "planar-bigtiff.tif": tiff(np.moveaxis(wide(3), 2, 0), "rgb", bigtiff=True, pages=2, planarconfig="separate",
                               tile=(32, 32)),
    "float.tif": tiff(np.asarray(page(), np.float32) / 255, "minisblack", compression="zlib"),
    "lossy.webp": described("WEBP"),
    "lossless.webp": saved("WEBP", "RGBA", lossless=True),
    "grey.jp2": saved("JPEG2000"),
    "lossy.jp2": saved("JPEG2000", "RGB", irreversible=True, quality_mode="dB", quality_layers=[40],
                       tile_size=(64, 64)),
    "codestream.j2c": saved("JPEG2000", "RGB"),
    "palette.gif": saved("GIF", "P", save_all=True, append_images=[page("P")]),
    "rgb.bmp": saved("BMP", "RGB", dpi=DPI),
    "palette.bmp": saved("BMP", "P"),
    "rgb.heic": heic,
    "1-bit.pbm": saved("PPM", "1"),
    "grey.pgm": saved("PPM"),
    "plain.pgm": plain_pnm,
    "rgb.ppm": saved("PPM", "RGB"),
    "docsr.pdf": scans(page(), bits(), page("RGB")),
    "jpeg.pdf": coded("DCTDecode", jpeg),
    "flate.pdf": coded("FlateDecode", lambda: zlib.compress(page().tobytes())),
    "g4.pdf": coded("CCITTFaxDecode", lambda: group_4(bits()), 1, K=-1, Columns=160, Rows=100),
    "layered.pdf": layered_pdf,
    "jbig2.pdf": coded("JBIG2Decode", jbig2, 1),
} | ({"rgb.avif": described("AVIF")} if features.check("avif") else {})  # fmt: skip
"""Name, with its suffix -> what writes a sound file."""
