"""Tesseract through pytesseract."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from docsr.errors import DocsrError, MissingExtraError, UsageError
from docsr.ocr.base import Word
from docsr.page import Page

PROGRAM = "tesseract"
UNKNOWN_DPI = 300.0
NOT_FOUND = "the program tesseract is not installed or not on the PATH: install Tesseract"

_LINE, _BOX = ("block_num", "par_num", "line_num"), ("left", "top", "width", "height")

_LISTED = re.compile("[a-z_]+")
"""Names of languages that pytesseract lists; it passes over those of scripts and of files like ``eng2``."""


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
        with _pytesseract() as pytesseract:
            version = str(pytesseract.get_tesseract_version())
        return f"tesseract {version} lang {self.language} psm {self.psm} dpi as tagged"

    @staticmethod
    def available() -> bool:
        """True when the program and pytesseract are installed."""
        try:
            import pytesseract  # noqa: F401
        except ImportError:
            return False
        return shutil.which(PROGRAM) is not None

    def check(self) -> None:
        """Make sure, before work starts, that pages can be read.

        Raises:
            MissingExtraError: pytesseract is not installed.
            UsageError: Tesseract does not know the language.
            DocsrError: Tesseract is not installed.
        """
        with _pytesseract() as pytesseract:
            known = set(pytesseract.get_languages())
        unknown = [name for name in self.language.split("+") if _LISTED.fullmatch(name) and name not in known]
        if unknown:
            raise UsageError(f"Tesseract has no data for {', '.join(unknown)}: it has {', '.join(sorted(known))}")

    def read(self, page: Page) -> str:
        """Return the text of the page. DocsrError when Tesseract fails."""
        return str(self._run("image_to_string", page))

    def words(self, page: Page) -> list[Word]:
        """Return the words of the page in reading order, the same that :meth:`read` has; DocsrError likewise."""
        found = self._run("image_to_data", page, output_type="dict") or {"text": []}
        there = [number for number, text in enumerate(found["text"]) if text.strip()]
        lines = [tuple(found[part][number] for part in _LINE) for number in there]
        return [
            Word(found["text"][number], **{side: found[side][number] for side in _BOX}, ends_line=line != after)
            for number, line, after in zip(there, lines, [*lines[1:], None], strict=False)
        ]

    def _run(self, what: str, page: Page, **more: Any) -> Any:
        from PIL import Image

        os.environ.setdefault("OMP_THREAD_LIMIT", "1")
        dpi = round(page.dpi[0]) if page.dpi else round(UNKNOWN_DPI)
        config = f"--psm {self.psm} --dpi {dpi}"
        with _pytesseract() as pytesseract:
            try:
                call = getattr(pytesseract, what)
                return call(Image.fromarray(page.pixels), lang=self.language, config=config, **more)
            except KeyboardInterrupt:
                end_readings()
                raise
            except pytesseract.TesseractError as error:
                raise DocsrError(f"Tesseract failed on {page.source}: {error.message}") from error


def end_readings() -> None:
    """End every Tesseract that this process started: it would read on, and leave files, when nobody waits any more.

    They are found by /proc; where there is none, each ends with its page.
    """
    for listed in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError, ValueError):
            for child in map(int, listed.read_text().split()):
                if Path(f"/proc/{child}/comm").read_text().strip() == PROGRAM:
                    os.kill(child, signal.SIGTERM)


@contextmanager
def _pytesseract() -> Iterator[Any]:
    """The module, for calls to Tesseract.

    Raises:
        MissingExtraError: it is not installed.
        DocsrError: the program is not.
    """
    try:
        import pytesseract
    except ImportError as error:
        raise MissingExtraError("reading text with Tesseract", "ocr") from error
    try:
        yield pytesseract
    except pytesseract.TesseractNotFoundError as error:
        raise DocsrError(NOT_FOUND) from error
