"""Pages of PDF files that docsr can read, that it does not support, and that are damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pikepdf
from pikepdf import Name, Stream
from PIL import Image

from tests.io.pdf.fax_codes import alone, as_bytes, black_rows
from tests.io.pdf.files import BITS, FILLING, GREY, RGB, Maker, add_page, fax, image_of, jpeg, tiff_strip


def clear(pdf: pikepdf.Pdf) -> Stream:
    layers = Image.fromarray(np.dstack([RGB, GREY]))
    return image_of(pdf, jpeg(layers, "JPEG2000"), Name.DeviceRGB, filter=Name.JPXDecode, SMaskInData=1)


GOOD: dict[str, Maker] = {
    "jpeg": lambda pdf: image_of(pdf, jpeg(Image.fromarray(GREY)), filter=Name.DCTDecode),
    "fax": fax(as_bytes("".join(map(alone, black_rows(BITS)))), K=0),
}
UNSUPPORTED: dict[str, Maker] = {
    "alpha": clear,
    "soft mask": lambda pdf: image_of(pdf, GREY.tobytes(), SMask=image_of(pdf, GREY.tobytes())),
    "unknown filter": lambda pdf: image_of(pdf, GREY.tobytes(), filter=Name.Unheard),
}
DAMAGED: dict[str, Maker] = {
    "cut fax": fax(tiff_strip(BITS, "group4")[:-50]),
    "cut fax of group 3": fax(as_bytes("".join(map(alone, black_rows(BITS))))[:-50], K=0),
    "cut jpeg": lambda pdf: image_of(pdf, jpeg(Image.fromarray(GREY))[:-300], filter=Name.DCTDecode),
    "no jpeg": lambda pdf: image_of(pdf, b"nothing", filter=Name.DCTDecode),
    "no jpeg 2000": lambda pdf: image_of(pdf, b"nothing", None, filter=Name.JPXDecode),
    "cut samples": lambda pdf: image_of(pdf, GREY.tobytes()[:-500]),
    "no flate": lambda pdf: image_of(pdf, b"nothing", filter=Name.FlateDecode),
}


def document(path: Path, *makers: Maker) -> Path:
    with pikepdf.new() as pdf:
        for maker in makers:
            add_page(pdf, FILLING, {"/Im0": maker(pdf)})
        pdf.save(path, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    return path
