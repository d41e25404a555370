"""Find files that grew far more than their pixels did, and advise options that make them smaller."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from docsr.text.wording import counted, in_bytes

if TYPE_CHECKING:
    from docsr.batch.run import EnhanceOptions, PageResult

_GROWN, _FROM = 10, 20_000
"""Report a file whose pixels take more than ``_GROWN`` times as many bytes each, and that has ``_FROM`` bytes or more.
More pixels take more bytes, as the user asked. In data/samples a pixel takes 0.5 to 6 times as many at --factor auto,
and 3 times in a fax at 4x. Two causes exceed ten times: one bit became grey (11 to 12 times), or a compact format
became one that is not (WebP to TIFF: 14 times)."""

_SMALL = frozenset({".pdf", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".webp"})
"""Suffixes of compact formats, in which pixels already take few bytes."""

_LOSSLESS_TOO = frozenset({".pdf"})
"""Compact formats that store pages of few greys, as interpolation makes them, without loss at any quality."""

_LEAST = 2
"""The smallest factor that a user can ask for."""


@dataclass
class _File:
    """Collect the pixels of one file's pages before and after, and how they were made."""

    first: PageResult
    in_total: int = 0
    out_total: int = 0
    widened: bool = False
    rendered: bool = False
    factor: int = 1
    by_network: bool = False

    def add(self, row: PageResult) -> None:
        if row.size_in is not None and row.size_out is not None:
            self.in_total += row.size_in[0] * row.size_in[1]
            self.out_total += row.size_out[0] * row.size_out[1]
        self.rendered |= row.size_in is None and row.size_out is not None
        self.widened |= row.widened
        self.factor = max(self.factor, row.factor or 1)
        self.by_network |= row.model not in {None, "none", "nearest", "bicubic", "lanczos"}

    @property
    def times(self) -> float:
        """Return how many times as many bytes a pixel takes; 0 if a page was rendered and so had no pixels before."""
        if self.rendered or (self.first.bytes_out or 0) < _FROM:
            return 0.0
        scale = self.out_total / self.in_total if self.in_total else 1.0
        return (self.first.bytes_out or 0) / max(1, self.first.bytes_in or 1) / scale


class Growth:
    """Find the file that grew most, in bounded memory."""

    def __init__(self) -> None:
        self._now: _File | None = None
        self._most: _File | None = None
        self._files = 0

    def add(self, row: PageResult) -> None:
        """Add a page; the pages of a file must follow each other."""
        if self._now is None or self._now.first.input != row.input:
            self._end()
            self._now = _File(row)
        self._now.add(row)

    def _end(self) -> None:
        """Finish the current file, and count it if it grew too much."""
        if self._now is not None and self._now.times > _GROWN:
            self._files += 1
            if self._most is None or self._now.times > self._most.times:
                self._most = self._now
        self._now = None

    def warning(self, options: EnhanceOptions) -> str | None:
        """Return a warning with advice if any file grew too much."""
        self._end()
        if self._most is None:
            return None
        first, times = self._most.first, round(self._most.times)
        before, after = in_bytes(first.bytes_in or 0), in_bytes(first.bytes_out or 0)
        becomes = f"would become about {after}" if first.status == "planned" else f"became {after}"
        most = f"{first.input} {becomes}, from {before}: {times} times as much for each pixel"
        many = "" if self._files == 1 else f" ({counted(self._files, 'file')} grew so, this one most)"
        advice = _advice(self._most, options)
        return f"{most}{many}" + (f". It would be smaller with {', or '.join(advice)}" if advice else "")


def _advice(file: _File, options: EnhanceOptions) -> list[str]:
    """Return options that make this file smaller and are compatible with the others."""
    suffix = Path(file.first.output).suffix.lower()
    advice = []
    if file.widened and suffix not in _SMALL - {".pdf"} and not options.binarize:
        advice.append("--binarize (one bit per pixel, as it came)")
    if suffix in _SMALL:
        if options.quality > 1 and (file.by_network or suffix not in _LOSSLESS_TOO):
            advice.append("a lower --quality")
    elif file.by_network or not file.widened:  # a 1-bit page that interpolation enlarged is larger as JPEG
        one_page = file.first.pages in {None, 1} and not options.binarize  # jpg and webp hold one page, and no 1-bit
        advice.append("--format pdf, jpg or webp" if one_page else "--format pdf")
    if options.dpi is not None:
        advice.append("a lower --dpi")
    elif file.factor > _LEAST and (options.model is None or not file.by_network):  # a named network has a fixed factor
        advice.append("a lower --factor")
    return advice
