"""Define the interface of OCR engines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from docsr.page import Page


@dataclass(frozen=True, slots=True)
class Word:
    """A word as an engine read it, and its place on the page.

    Attributes:
        text: the word, without white space.
        left, top, width, height: its box in px of the page that was read.
        ends_line: whether it is the last word of its line.
    """

    text: str
    left: int
    top: int
    width: int
    height: int
    ends_line: bool


class Engine(Protocol):
    """Read the text of a page. An engine can be pickled for worker processes."""

    @property
    def name(self) -> str:
        """Return the name that reports use."""

    @property
    def signature(self) -> str:
        """Return name, version and options, which determine the text; reports and caches use it."""

    @property
    def options(self) -> str:
        """Return how the engine is run, in a few words that stay the same; rows of a benchmark have them."""

    def in_language(self, language: str) -> Engine:
        """Return the engine for pages in a language, a Tesseract code such as ``deu`` or ``deu+eng``.

        An engine that reads all languages in the same way returns itself.
        """

    def check(self) -> None:
        """Check, before work starts, that the engine can read.

        Raises:
            UsageError: it has no data for its language.
            DocsrError: it is not installed.
        """

    def read(self, page: Page) -> str:
        """Return the text of the page. DocsrError if the engine fails or is not installed."""
