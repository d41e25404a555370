"""No OCR: for runs that measure time and image quality alone."""

from __future__ import annotations

from docsr.page import Page


class NullEngine:
    """Reads nothing."""

    name = "null"
    signature = "null"

    def read(self, page: Page) -> str:
        """Return the empty text."""
        return ""
