"""Provide an engine without OCR, for runs that measure only time and image quality."""

from __future__ import annotations

from docsr.page import Page


class NullEngine:
    """An engine that reads nothing."""

    name = "null"
    signature = "null"
    options = "none"

    def in_language(self, language: str) -> NullEngine:
        """Return itself."""
        return self

    def check(self) -> None:
        """Do nothing: there is nothing to miss."""

    def read(self, page: Page) -> str:
        """Return the empty text."""
        return ""
