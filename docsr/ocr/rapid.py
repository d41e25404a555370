"""Read pages with RapidOCR (PP-OCR detection and recognition on ONNX Runtime), which shares nothing with Tesseract."""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import cv2
import numpy as np

from docsr.errors import DocsrError, MissingExtraError
from docsr.page import Page

MAX_SIDE_LEN = 2_000
"""px. RapidOCR shrinks a page whose longer side is larger to it before it reads; the package's default as well."""

CHOICES: Final = {"max_side_len": range(320, 30_001)}
"""Option -> its values."""

PURPOSE = "reading text with RapidOCR"


class RapidOcr:
    """Read a page in one thread with the models of the package; lines come in the order in which it finds them.

    Args:
        max_side_len: px. A page whose longer side is larger is shrunk to it before it is read.
    """

    name = "rapidocr"

    def __init__(self, max_side_len: int = MAX_SIDE_LEN) -> None:
        self.max_side_len = max_side_len

    @property
    def options(self) -> str:
        """Return the largest side of a page, in px."""
        return f"max_side_len {self.max_side_len}"

    @property
    def signature(self) -> str:
        """Return version, which determines the models, and options. MissingExtraError if it is not installed."""
        try:
            return f"rapidocr {version('rapidocr')}, {self.options}"
        except PackageNotFoundError as error:
            raise MissingExtraError(PURPOSE, "peers") from error

    def in_language(self, language: str) -> RapidOcr:
        """Return itself: its models read Latin letters in any language."""
        return self

    def check(self) -> None:
        """Check that the package is installed. MissingExtraError if it is not."""
        _ = self.signature

    @cached_property
    def _engine(self) -> Any:
        try:
            from rapidocr import RapidOCR
        except ImportError as error:
            raise MissingExtraError(PURPOSE, "peers") from error
        threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
        asked = {"Global.log_level": "critical", "Global.max_side_len": self.max_side_len}
        return RapidOCR(params={**asked, **threads})

    def read(self, page: Page) -> str:
        """Return the text of the page, one line for each that was found. DocsrError if RapidOCR fails."""
        bgr = cv2.cvtColor(page.pixels, cv2.COLOR_GRAY2BGR if page.is_grey else cv2.COLOR_RGB2BGR)
        try:
            result = self._engine(np.asarray(bgr))
        except (RuntimeError, ValueError, cv2.error) as error:
            raise DocsrError(f"RapidOCR failed on {page.source}: {error}") from error
        return "\n".join(result.txts or ())

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the loaded models, which each process loads for itself."""
        return {"max_side_len": self.max_side_len}
