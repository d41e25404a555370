"""What an OCR engine is."""

from __future__ import annotations

from typing import Protocol

from docsr.page import Page


class Engine(Protocol):
    """Reads the text of a page. An engine can be pickled for worker processes."""

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def signature(self) -> str:
        """Name, version and options: what decides the text, for reports and caches."""

    def read(self, page: Page) -> str:
        """The text of the page. DocsrError when the engine fails or is not installed."""
