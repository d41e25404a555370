"""New images of a PDF, kept in files until the PDF is saved, so that memory does not grow with its pages.

pikepdf holds what is put into a stream. qpdf, below it, can take the data of streams from files while it writes; the
way to tell it so is its JSON (qpdf's manual, "qpdf JSON": ``datafile``).
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
from docsr.io.pdf.encode import DEVICE, Coded, coded, profile_space
from docsr.io.raster.pixels import fitting_profile
from docsr.page import Pixels
from docsr.system.names import below
from docsr.system.temporary import temporary_folder


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A new image that is in no document yet.

    Attributes:
        number: of its file; others of its document have other ones.
        size: (width, height) in px, as stored.
        channels: 1 or 3.
        icc: the profile of its pixels.
        coded: its data, which are empty where they are in the file, and how they are coded.
    """

    number: int
    size: tuple[int, int]
    channels: int
    icc: bytes | None
    coded: Coded


class Spool:
    """The new images of one document.

    Attributes:
        written: bytes of them.
    """

    def __init__(self, stack: ExitStack) -> None:
        """Open it; ``stack`` removes the files."""
        self._stack = stack
        self._count = self.written = 0
        self._profiles: dict[bytes, bytes] = {}

    @cached_property
    def folder(self) -> Path | None:
        """Where the files are: nobody else can put any there; None: there is no place for any."""
        try:
            return self._stack.enter_context(temporary_folder())
        except NoTemporaryFolder:
            return None

    def keep(self, pixels: Pixels, icc: bytes | None, quality: int) -> Kept:
        """Code an image and keep it; how it is coded is said at :func:`docsr.io.pdf.encode.coded`.

        Args:
            pixels: H x W or H x W x 3.
            icc: a profile, which is theirs if it fits them.
            quality: 1 to 100, of JPEG.

        Raises:
            OSError: there is no room for its data.
        """
        made = coded(pixels, quality)
        self._count += 1
        self.written += len(made.data)
        if self.folder is not None:
            below(self.folder, f"{self._count}").write_bytes(made.data)
            made = made.without_data()
        icc = fitting_profile(icc, pixels)
        icc = None if icc is None else self._profiles.setdefault(icc, icc)
        return Kept(self._count, (pixels.shape[1], pixels.shape[0]), 1 if pixels.ndim == 2 else 3, icc, made)


class Placed:
    """Images put into one document, each once."""

    def __init__(self, pdf: pikepdf.Pdf, folder: Path | None) -> None:
        """Keep the document, and where the data are."""
        self._pdf, self._folder = pdf, folder
        self._spaces: dict[tuple[bytes, int], Any] = {}
        self._images: dict[int, Any] = {}

    def image(self, kept: Kept, space: Any = None, more: Mapping[str, Any] = MappingProxyType({})) -> Any:
        """Return the stream of an image, which pages can share.

        Args:
            kept: the image.
            space: its colour space; None: that of its profile, or of the device.
            more: what its dictionary has beside what it must have.
        """
        if kept.number not in self._images:
            self._images[kept.number] = self._put(kept, space, more)
        return self._images[kept.number]

    def _put(self, kept: Kept, space: Any, more: Mapping[str, Any]) -> Any:
        made = kept.coded
        stream = Stream(self._pdf, made.data)
        stream.Type, stream.Subtype = Name.XObject, Name.Image
        stream.Width, stream.Height = kept.size
        stream.BitsPerComponent = made.bits
        stream.ColorSpace = self._space(kept) if space is None else space
        stream.Filter = Name(made.filter)
        if made.parameters is not None:
            stream.DecodeParms = Dictionary(made.parameters)
        shared: Any = self._pdf.make_indirect(stream)
        if self._folder is not None:
            shared = self._from_file(shared, below(self._folder, f"{kept.number}"))
        for key, value in more.items():
            shared[key] = value
        return shared

    def _space(self, kept: Kept) -> Any:
        if kept.icc is None:
            return DEVICE[kept.channels]
        key = kept.icc, kept.channels
        if key not in self._spaces:
            self._spaces[key] = profile_space(self._pdf, *key)
        return self._spaces[key]

    def _from_file(self, stream: Stream, file: Path) -> Any:
        """Let the document take the data of a stream from a file, whenever they are asked for."""
        number, generation = stream.objgen
        told = {"dict": json.loads(stream.to_json(dereference=True)), "datafile": str(file)}
        head = {
            "jsonversion": 2,
            "pdfversion": self._pdf.pdf_version,
            "pushedinheritedpageresources": False,
            "calledgetallpages": False,
            "maxobjectid": number,
        }
        change = {"qpdf": [head, {f"obj:{number} {generation} R": {"stream": told}}]}
        self._pdf.update_from_qpdf_json(io.BytesIO(json.dumps(change).encode()))
        return self._pdf.get_object(number, generation)
