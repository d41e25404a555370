"""Define and check the options of a suite file."""

from __future__ import annotations

import os
import warnings
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from docsr.bench.arms import EVERY_PEER, known_labels
from docsr.bench.degradations import DEGRADATIONS
from docsr.errors import UsageError
from docsr.ocr.engines import spec_of
from docsr.train_config import Options
from docsr.train_config_file import read_yaml_file
from docsr.weights import current_name

PDF_DPI = 300
"""dpi at which PDF pages are rendered if a suite does not say."""


def _check_labels(labels: tuple[str, ...]) -> None:
    known = known_labels()
    for label in labels:
        if label != EVERY_PEER and label not in known:
            raise ValueError(f"there is no arm {label!r}; there are {', '.join(sorted(known))}, and '{EVERY_PEER}'")


def _current_labels(labels: Any) -> Any:
    """Replace old names of networks, with a FutureWarning; anything but a list is left to pydantic."""
    warn = partial(warnings.warn, category=FutureWarning, stacklevel=2)
    if not isinstance(labels, list | tuple):
        return labels
    return [current_name(label, warn) if isinstance(label, str) else label for label in labels]


Labels = Annotated[tuple[str, ...], BeforeValidator(_current_labels)]
"""Labels of arms."""


Spec = Annotated[str, AfterValidator(spec_of)]
"""An engine's name, or its name and options."""


def _check_glob(pattern: str | None) -> None:
    """Raise a ValueError for a pattern that Path.glob refuses."""
    try:
        next(Path(os.devnull).glob(pattern or ""), None)
    except (ValueError, NotImplementedError, IndexError) as error:
        raise ValueError(f"the pattern {pattern!r} cannot be used: give one below the root, like '**/*.png'") from error


class LowerConfig(Options):
    """Resolutions and degradations, which are combined each with each."""

    dpi: tuple[float, ...] = Field(min_length=1)
    degradation: tuple[str, ...] = Field(("clean",), min_length=1)
    without: Labels = Field((), description="labels of arms that are not measured here, or 'peers' for all peers")
    engines: tuple[Spec, ...] | None = Field(
        None,
        description="engines of the command that read here: with any options, or as in rapidocr:max_side_len=8000 with "
        "these; none: all",
    )

    @model_validator(mode="after")
    def _known(self) -> LowerConfig:
        for name in self.degradation:
            DEGRADATIONS.find(name)
        _check_labels(self.without)
        if not 10 <= min(self.dpi) <= max(self.dpi) <= 1200:
            raise ValueError("a page has a dpi from 10 to 1200")
        return self


class SourceConfig(Options):
    """Pages of one set, from PDF files or images."""

    set: str
    pdf: str | None = Field(None, description="PDF files, a glob below the root; their own text is the reference")
    images: str | None = Field(None, description="images, a glob below the root")
    text: str = Field("{stem}.txt", description="path of an image's reference text, beside it or from the root")
    hr_dpi: float | None = Field(
        None,
        ge=50,
        le=1200,
        description="dpi to render PDF pages at (none: 300), or of images that do not state it (none: unknown)",
    )
    listed: Path | None = Field(None, description="file beside the suite with the names to take, one per line")
    per_document: int = Field(2, ge=1, description="number of pages taken from a PDF, spread over it")
    fewest_words: int = Field(150, ge=1, description="PDF pages with fewer words are not taken")
    fewest_letters: float = Field(
        0.6, ge=0, le=1, description="PDF pages with a smaller share of letters and digits (dotted lines) are not taken"
    )
    pages: int | None = Field(
        None,
        ge=1,
        description="most pages, drawn by a fixed seed, as evenly from the root's folders as possible; none: all",
    )
    score: Literal["cer", "words"] = Field("cer", description="words: word recall, for an ambiguous reading order")
    language: str = Field(
        "eng",
        pattern=r"^[A-Za-z]\w*(/\w+)?(\+[A-Za-z]\w*(/\w+)?)*$",
        description="language of the pages, a Tesseract code such as deu or deu+eng; RapidOCR ignores it",
    )
    case: bool = Field(True, description="false: upper and lower case count as the same")
    lower: tuple[LowerConfig, ...] = ()
    as_it_is: bool = Field(False, description="measure the pages at the resolution they have")
    without: Labels = Field((), description="arms that are not measured on this set, as in 'lower'")

    @model_validator(mode="after")
    def _one_kind(self) -> SourceConfig:
        if (self.pdf is None) == (self.images is None):
            raise ValueError("a source needs either 'pdf' or 'images'")
        _check_glob(self.pdf if self.images is None else self.images)
        if {"{", "}"} & set(self.text.replace("{stem}", "")):
            raise ValueError(f"'text' may have only {{stem}} in braces: {self.text!r} has others")
        if not self.lower and not self.as_it_is:
            raise ValueError("a source needs 'lower', 'as_it_is' or both")
        _check_labels(self.without)
        return self


class SuiteConfig(Options):
    """A suite file."""

    name: str
    root: Path = Field(Path(), description="start of the globs, relative to the suite file; --root replaces it")
    sources: tuple[SourceConfig, ...] = Field(min_length=1)


def read_suite(path: Path) -> SuiteConfig:
    """Read and check a suite file. UsageError if it is not a suite, or has a wrong option."""
    values = read_yaml_file(path, "the suite")
    if not isinstance(values, dict):
        raise UsageError(f"{path} is not a suite: it needs 'name' and 'sources'")
    try:
        return SuiteConfig.model_validate(values)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"]))
        raise UsageError(f"suite {path}, '{place}': {problem['msg'].removeprefix('Value error, ')}") from error
