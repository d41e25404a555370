"""New images of a PDF, kept in files until the PDF is saved, so that memory does not grow with its pages.

pikepdf holds what is put into a stream. qpdf, below it, can take the data of streams from files while it writes; the
way to tell it so is its JSON (qpdf's manual, "qpdf JSON": ``datafile``).
"""

from __future__ import annotations

import io
import json
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Dictionary, Name, Stream

from docsr.errors import NoTemporaryFolder
from docsr.io.pdf_encode import DEVICE, coded
from docsr.names import below
from docsr.page import Pixels
from docsr.temporary import temporary_folder


class Spool:
    """Images of one document.

    Attributes:
        written: bytes of them.
    """

    def __init__(self, pdf: pikepdf.Pdf, stack: ExitStack) -> None:
        """Open it for a document; ``stack`` removes the files."""
        self._pdf, self._stack = pdf, stack
        self._count = self.written = 0

    @cached_property
    def _folder(self) -> Path | None:
        """Where the files are: nobody else can put any there; None: there is no place for any."""
        try:
            return self._stack.enter_context(temporary_folder())
        except NoTemporaryFolder:
            return None

    def image(self, pixels: Pixels, space: Any, quality: int) -> Stream:
        """Make an image, which pages can share; how it is coded is said at :func:`docsr.io.pdf_encode.coded`.

        Args:
            pixels: H x W or H x W x 3.
            space: their colour space; None: that of the device.
            quality: 1 to 100, of JPEG.

        Raises:
            OSError: there is no room for its data.
        """
        made = coded(pixels, quality)
        self.written += len(made.data)
        stream = Stream(self._pdf, made.data if self._folder is None else b"")
        stream.Type, stream.Subtype = Name.XObject, Name.Image
        stream.Width, stream.Height = pixels.shape[1], pixels.shape[0]
        stream.BitsPerComponent = made.bits
        stream.ColorSpace = DEVICE[1 if pixels.ndim == 2 else 3] if space is None else space
        stream.Filter = made.filter
        if made.parameters is not None:
            stream.DecodeParms = Dictionary(made.parameters)
        shared: Any = self._pdf.make_indirect(stream)
        if self._folder is not None:
            self._count += 1
            file = below(self._folder, f"{self._count}")
            file.write_bytes(made.data)
            shared = self._from_file(shared, file)
        return shared  # type: ignore[no-any-return]

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
