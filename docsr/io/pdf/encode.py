"""Encode pixels as images of a PDF so that the file stays small."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pikepdf
from pikepdf import Array, Name, Stream
from PIL import Image

from docsr.io.raster.lossless import deflated, group_4
from docsr.page import Pixels

NEARLY_TWO_VALUED = 0.9
"""If at least this share of a page's samples is black or white, lossless coding may be smaller than JPEG."""

_MAX_JPEG_SIDE = 65_500
DEVICE = {1: Name.DeviceGray, 3: Name.DeviceRGB}


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An encoded image: its data, the filter that decodes them, the filter's parameters, and bits per sample."""

    data: bytes
    filter: str
    parameters: dict[str, int] | None
    bits: int

    def without_data(self) -> EncodedImage:
        """Return a copy without data, for data that are stored elsewhere."""
        return replace(self, data=b"")


def encode_pixels(pixels: Pixels, quality: int) -> EncodedImage:
    """Encode pixels by what they show.

    Grey pixels that are all 0 or 255 become CCITT Group 4, losslessly. All others become JPEG, with two exceptions that
    become Flate, also losslessly. Either a side is too long for JPEG; or at least NEARLY_TWO_VALUED of the samples are
    0 or 255, and Flate is no larger than JPEG.

    Args:
        pixels: H x W or H x W x 3.
        quality: of the JPEG, 1 to 100; colour is not subsampled.
    """
    image = Image.fromarray(np.ascontiguousarray(pixels))
    counts = np.array(image.histogram()).reshape(-1, 256)
    extreme = int(counts[:, 0].sum() + counts[:, 255].sum())
    if pixels.ndim == 2 and extreme == pixels.size:
        parameters = {"/K": -1, "/Columns": image.width, "/Rows": image.height}
        return EncodedImage(group_4(pixels), "/CCITTFaxDecode", parameters, 1)
    if max(image.size) > _MAX_JPEG_SIDE:
        return _flate(pixels)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, subsampling=0)
    lossy = EncodedImage(file.getvalue(), "/DCTDecode", None, 8)
    if extreme < NEARLY_TWO_VALUED * pixels.size:
        return lossy
    return min(_flate(pixels), lossy, key=lambda choice: len(choice.data))


def _flate(pixels: Pixels) -> EncodedImage:
    """Encode losslessly, with TIFF's predictor."""
    colours = 1 if pixels.ndim == 2 else pixels.shape[2]
    parameters = {"/Predictor": 2, "/Colors": colours, "/BitsPerComponent": 8, "/Columns": pixels.shape[1]}
    return EncodedImage(deflated(pixels), "/FlateDecode", parameters, 8)


def profile_space(pdf: pikepdf.Pdf, icc: bytes, channels: int) -> Any:
    """Make an ICCBased colour space of 1 or 3 channels that any number of images can share."""
    stream = Stream(pdf, icc)
    stream.N, stream.Alternate = channels, DEVICE[channels]
    return pdf.make_indirect(Array([Name.ICCBased, stream]))
