"""What an OCR engine is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from docsr.page import Page


@dataclass(frozen=True, slots=True)
class Word:
    """A word as an engine read it, and where it stands on the page.

    Attributes:
        text: without white space.
        left, top, width, height: px of the page that was read.
        ends_line: whether it is the last of its line.
    """

    text: str
    left: int
    top: int
    width: int
    height: int
    ends_line: bool


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
