"""Read pages with RapidOCR (PP-OCR detection and recognition on ONNX Runtime), which shares nothing with Tesseract."""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import cv2
import numpy as np

from docsr.errors import DocsrError, MissingExtraError
from docsr.page import Page

PURPOSE = "reading text with RapidOCR"


class RapidOcr:
    """Read a page in one thread with the models of the package; lines come in the order in which it finds them."""

    name = "rapidocr"

    @property
    def signature(self) -> str:
        """Return the package's version, which determines the models. MissingExtraError if it is not installed."""
        try:
            return f"rapidocr {version('rapidocr')}"
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
        return RapidOCR(params={"Global.log_level": "critical", **threads})

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
        return {}
