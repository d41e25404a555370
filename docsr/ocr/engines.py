"""Register the OCR engines by name. To add one, write a :class:`docsr.ocr.base.Engine` and add a line here."""

from __future__ import annotations

from collections.abc import Callable

from docsr.ocr.base import Engine
from docsr.ocr.null import NullEngine
from docsr.ocr.rapid import RapidOcr
from docsr.ocr.tesseract import Tesseract
from docsr.registry import Registry

ENGINES: Registry[Callable[[], Engine]] = Registry(
    "engine",
    {
        "tesseract": Tesseract,
        "rapidocr": RapidOcr,
        "null": NullEngine,
    },
)
