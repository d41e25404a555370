"""Read pages with the program Tesseract, through pipes, so that no page or text is left in a file."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
from functools import cached_property
from typing import Final

from docsr.errors import DocsrError, UsageError, reason_of
from docsr.ocr.base import Word
from docsr.page import Page
from docsr.system.programs import Ended, run

PROGRAM = "tesseract"
UNKNOWN_DPI = 300.0
CHOICES: Final = {"psm": (1, *range(3, 14)), "thresholding_method": range(3)}
"""Option -> its values; the other page segmentation modes read nothing."""

NOT_FOUND = "the program tesseract is not installed or not on the PATH: install Tesseract"

_LINE, _BOX = ("block_num", "par_num", "line_num"), ("left", "top", "width", "height")
_TABLE = ("-c", "tessedit_create_tsv=1")

_THRESHOLDING = "thresholding_method"

_LANGUAGE = re.compile("[a-z_]+")
"""Names of languages that are checked; names of scripts and of files like ``eng2`` are not."""

_LONGEST = 500


class Tesseract:
    """Read the text of a page with one Tesseract process and one thread.

    Args:
        language: Tesseract's language code.
        psm: page segmentation mode (3: automatic).
        thresholding_method: how grey pages become black and white (0: Otsu, 1: Otsu in tiles, 2: Sauvola).
    """

    name = "tesseract"

    def __init__(self, language: str = "eng", psm: int = 3, thresholding_method: int = 0) -> None:
        self.language = language
        self.psm = psm
        self.thresholding_method = thresholding_method
        self._others: dict[str, Tesseract] = {}

    @property
    def options(self) -> str:
        """Return language, modes and dpi: the dpi tag is the page's, or 300 if its dpi is unknown."""
        modes = f"psm {self.psm}, thresholding_method {self.thresholding_method}"
        return f"lang {self.language}, {modes}, dpi as tagged"

    @cached_property
    def signature(self) -> str:
        """Return version and options."""
        version = _lines(_run_program("--version"))[0].split()[-1].lstrip("v")
        return f"tesseract {version}, {self.options}"

    def in_language(self, language: str) -> Tesseract:
        """Return Tesseract with the same options for pages in ``language``, a code such as ``deu`` or ``deu+eng``."""
        if language == self.language:
            return self
        return self._others.setdefault(language, Tesseract(language, self.psm, self.thresholding_method))

    @staticmethod
    def available() -> bool:
        """Return whether the program is installed."""
        return shutil.which(PROGRAM) is not None

    def check(self) -> None:
        """Check, before work starts, that pages can be read.

        Raises:
            UsageError: Tesseract has no data for the language, or is too old for the thresholding method.
            DocsrError: Tesseract is not installed.
        """
        known = set(filter(_LANGUAGE.fullmatch, _lines(_run_program("--list-langs"))))
        unknown = [name for name in self.language.split("+") if _LANGUAGE.fullmatch(name) and name not in known]
        if unknown:
            raise UsageError(f"Tesseract has no data for {', '.join(unknown)}: it has {', '.join(sorted(known))}")
        if self.thresholding_method and _THRESHOLDING not in str(_lines(_run_program("--print-parameters"))):
            raise UsageError(f"this Tesseract has no {_THRESHOLDING}: version 5 and later have it")

    def read(self, page: Page) -> str:
        """Return the text of the page. DocsrError if Tesseract fails."""
        return self._read(page)

    def words(self, page: Page) -> list[Word]:
        """Return the words of :meth:`read` in reading order. DocsrError if Tesseract fails."""
        rows = csv.DictReader(
            io.StringIO(self._read(page, *_TABLE), newline=""), delimiter="\t", quoting=csv.QUOTE_NONE
        )
        filled = [row for row in rows if (row["text"] or "").strip()]
        lines = [tuple(row[part] for part in _LINE) for row in filled]
        return [
            Word(row["text"], **{side: int(row[side]) for side in _BOX}, ends_line=line != after)
            for row, line, after in zip(filled, lines, [*lines[1:], None], strict=False)
        ]

    def _read(self, page: Page, *more: str) -> str:
        dpi = round(page.dpi[0]) if page.dpi else round(UNKNOWN_DPI)
        binarised = ("-c", f"{_THRESHOLDING}={self.thresholding_method}") if self.thresholding_method else ()
        words = ("stdin", "stdout", "-l", self.language, "--psm", str(self.psm), "--dpi", str(dpi), *binarised, *more)
        ended = _run_program(*words, given=_png(page))
        if ended.code != 0:
            said = " ".join(ended.said.decode(errors="replace").split())[:_LONGEST]
            raise DocsrError(f"Tesseract failed on {page.source}: {said or f'exit code {ended.code}'}")
        return ended.out.decode(errors="replace")


def _png(page: Page) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(page.pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _run_program(*words: str, given: bytes = b"") -> Ended:
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    program = shutil.which(PROGRAM)
    if program is None:
        raise DocsrError(NOT_FOUND)
    try:
        return run(program, words, given)
    except OSError as error:
        raise DocsrError(f"the program tesseract cannot be run: {reason_of(error)}") from error


def _lines(ended: Ended) -> list[str]:
    """Return lines about the program itself; older versions write a part of them to standard error."""
    lines = (ended.out or ended.said).decode(errors="replace").splitlines()
    if ended.code != 0 or not lines:
        raise DocsrError(f"the program tesseract cannot be run: exit code {ended.code}")
    return lines
