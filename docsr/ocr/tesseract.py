"""Tesseract through pytesseract."""

from __future__ import annotations

import os
import shutil
from functools import cached_property

from docsr.errors import DocsrError, MissingExtraError
from docsr.page import Page

UNKNOWN_DPI = 300.0
NOT_FOUND = "the program tesseract is not installed or not on the PATH: install Tesseract"


class Tesseract:
    """Reads the text of a page with one Tesseract process and one thread.

    Args:
        language: Tesseract's language code.
        psm: page segmentation mode (3: automatic).
    """

    name = "tesseract"

    def __init__(self, language: str = "eng", psm: int = 3) -> None:
        self.language = language
        self.psm = psm

    @cached_property
    def signature(self) -> str:
        """Version and options; the dpi tag is the page's, or 300 where it knows none."""
        try:
            import pytesseract

            version = str(pytesseract.get_tesseract_version())
        except ImportError as error:
            raise MissingExtraError("reading text with Tesseract", "ocr") from error
        except pytesseract.TesseractNotFoundError as error:
            raise DocsrError(NOT_FOUND) from error
        return f"tesseract {version} lang {self.language} psm {self.psm} dpi as tagged"

    @staticmethod
    def available() -> bool:
        """True when the program and pytesseract are installed."""
        try:
            import pytesseract  # noqa: F401
        except ImportError:
            return False
        return shutil.which("tesseract") is not None

    def read(self, page: Page) -> str:
        """Return the text of the page. DocsrError when Tesseract fails."""
        try:
            import pytesseract
            from PIL import Image
        except ImportError as error:
            raise MissingExtraError("reading text with Tesseract", "ocr") from error
        os.environ.setdefault("OMP_THREAD_LIMIT", "1")
        dpi = round(page.dpi[0]) if page.dpi else round(UNKNOWN_DPI)
        config = f"--psm {self.psm} --dpi {dpi}"
        try:
            text = pytesseract.image_to_string(Image.fromarray(page.pixels), lang=self.language, config=config)
        except pytesseract.TesseractError as error:
            raise DocsrError(f"Tesseract failed on {page.source}: {error.message}") from error
        except pytesseract.TesseractNotFoundError as error:
            raise DocsrError(NOT_FOUND) from error
        return str(text)
