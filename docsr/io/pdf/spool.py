"""Store the new images of a PDF in files until the PDF is saved, so that memory does not grow with its pages.

pikepdf keeps in memory what is put into a stream. qpdf, which it is built on, can read the data of streams from files
while it writes. Its JSON format tells it so (qpdf's manual, "qpdf JSON": ``datafile``).
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pikepdf
from pikepdf import Dictionary, Name, Stream

from docsr.errors import NoTemporaryFolder
from docsr.io.pdf.encode import DEVICE, EncodedImage, encode_pixels, profile_space
from docsr.io.raster.pixels import fitting_profile
from docsr.page import Pixels
from docsr.system.names import below
from docsr.system.temporary import temporary_folder


@dataclass(frozen=True, slots=True, eq=False)
class NewImage:
    """A new image that is not in a document yet.

    Attributes:
        number: of its file; unique within its document.
        size: (width, height) in px, as stored.
        channels: 1 or 3.
        icc: the profile of its pixels.
        encoded: its encoding and its data; the data are empty if they are in the file.
    """

    number: int
    size: tuple[int, int]
    channels: int
    icc: bytes | None
    encoded: EncodedImage


class Spool:
    """The new images of one document.

    Attributes:
        written: bytes of all images so far.
    """

    def __init__(self, stack: ExitStack) -> None:
        """Start empty; ``stack`` removes the files at its end."""
        self._stack = stack
        self._count = self.written = 0
        self._profiles: dict[bytes, bytes] = {}

    @cached_property
    def folder(self) -> Path | None:
        """A private folder for the files; None if no temporary folder can be made."""
        try:
            return self._stack.enter_context(temporary_folder())
        except NoTemporaryFolder:
            return None

    def keep(self, pixels: Pixels, icc: bytes | None, quality: int) -> NewImage:
        """Encode and store an image; :func:`docsr.io.pdf.encode.encode_pixels` says how it is encoded.

        Args:
            pixels: H x W or H x W x 3.
            icc: a profile; it is kept if it fits the pixels.
            quality: of JPEG, 1 to 100.

        Raises:
            OSError: there is no space for its data.
        """
        encoded = encode_pixels(pixels, quality)
        self._count += 1
        self.written += len(encoded.data)
        if self.folder is not None:
            below(self.folder, f"{self._count}").write_bytes(encoded.data)
            encoded = encoded.without_data()
        icc = fitting_profile(icc, pixels)
        icc = None if icc is None else self._profiles.setdefault(icc, icc)
        return NewImage(self._count, (pixels.shape[1], pixels.shape[0]), 1 if pixels.ndim == 2 else 3, icc, encoded)


class PlacedImages:
    """The new images in one document, each put there once."""

    def __init__(self, pdf: pikepdf.Pdf, folder: Path | None) -> None:
        """Remember the document and the folder with the images' data."""
        self._pdf, self._folder = pdf, folder
        self._spaces: dict[tuple[bytes, int], Any] = {}
        self._images: dict[int, Any] = {}

    def image(self, image: NewImage, space: Any = None, more: Mapping[str, Any] = MappingProxyType({})) -> Any:
        """Return the stream of an image; pages can share it.

        Args:
            image: the image.
            space: its colour space; None for its profile's or a device space.
            more: further entries of its dictionary.
        """
        if image.number not in self._images:
            self._images[image.number] = self._put(image, space, more)
        return self._images[image.number]

    def _put(self, image: NewImage, space: Any, more: Mapping[str, Any]) -> Any:
        encoded = image.encoded
        stream = Stream(self._pdf, encoded.data)
        stream.Type, stream.Subtype = Name.XObject, Name.Image
        stream.Width, stream.Height = image.size
        stream.BitsPerComponent = encoded.bits
        stream.ColorSpace = self._space(image) if space is None else space
        stream.Filter = Name(encoded.filter)
        if encoded.parameters is not None:
            stream.DecodeParms = Dictionary(encoded.parameters)
        shared: Any = self._pdf.make_indirect(stream)
        if self._folder is not None:
            shared = self._from_file(shared, below(self._folder, f"{image.number}"))
        for key, value in more.items():
            shared[key] = value
        return shared

    def _space(self, image: NewImage) -> Any:
        if image.icc is None:
            return DEVICE[image.channels]
        key = image.icc, image.channels
        if key not in self._spaces:
            self._spaces[key] = profile_space(self._pdf, *key)
        return self._spaces[key]

    def _from_file(self, stream: Stream, file: Path) -> Any:
        """Let qpdf read a stream's data from a file whenever they are needed."""
        number, generation = stream.objgen
        content = {"dict": json.loads(stream.to_json(dereference=True)), "datafile": str(file)}
        head = {
            "jsonversion": 2,
            "pdfversion": self._pdf.pdf_version,
            "pushedinheritedpageresources": False,
            "calledgetallpages": False,
            "maxobjectid": number,
        }
        change = {"qpdf": [head, {f"obj:{number} {generation} R": {"stream": content}}]}
        self._pdf.update_from_qpdf_json(io.BytesIO(json.dumps(change).encode()))
        return self._pdf.get_object(number, generation)
