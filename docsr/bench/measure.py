"""One measurement: a page made low-resolution, enlarged by one arm, read by the engines, scored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any

from docsr import __version__
from docsr.bench.arms import HR, Arm
from docsr.bench.degradations import SHAPES, lower
from docsr.bench.suite import SuitePage
from docsr.decide import text_size
from docsr.errors import DocsrError
from docsr.metrics.image import ink_ratio, psnr, same_size, ssim
from docsr.metrics.text import score_text
from docsr.ocr.base import Engine
from docsr.page import Page, luminance
from docsr.square import squared
from docsr.upscale.page import upscale_page
from docsr.upscalers.base import Upscaler


@dataclass(frozen=True, slots=True)
class Condition:
    """How a page is made low-resolution."""

    lr_dpi: float | None
    degradation: str


AS_IT_IS = Condition(None, "as-it-is")
"""The page is measured in the resolution it has; there is no HR then."""


@dataclass(frozen=True, slots=True)
class Row:
    """One page, one arm, one engine. A field that does not apply is None.

    Rates are in [0, 1] and unbounded above where insertions count (CER, WER); counts pool, rates do not. ``x_height``
    is that of the page before it was enlarged, in px.
    """

    page: str
    set: str
    lr_dpi: float | None
    degradation: str
    x_height: float | None
    upscaler: str
    factor: int
    engine: str
    cer: float | None
    edits: int
    insertions: int
    deletions: int
    substitutions: int
    reference_chars: int
    wer: float | None
    word_edits: int
    reference_words: int
    hypothesis_words: int
    words_found: int
    word_recall: float | None
    word_precision: float | None
    digit_cer: float | None
    digit_edits: int
    reference_digits: int
    psnr: float | None
    ssim: float | None
    ink_ratio: float | None
    seconds_upscale: float
    seconds_ocr: float


@dataclass(frozen=True, slots=True)
class ImageScores:
    """The fields of a row that no engine decides."""

    x_height: float | None
    seconds_upscale: float
    psnr: float | None = None
    ssim: float | None = None
    ink_ratio: float | None = None


THREADS = 1
"""Of an upscaler's call: pages run in parallel instead."""

ROW_FIELDS = tuple(field.name for field in fields(Row))


@dataclass(frozen=True, slots=True)
class Measurement:
    """What is measured in one go: an arm on a page, by the engines that have not read it yet."""

    page: SuitePage
    condition: Condition
    arm: Arm
    engines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """Rows and texts of a task, or why there are none."""

    rows: list[tuple[Row, str]]
    failure: str | None = None


def tasks_of(page: SuitePage, arms: Sequence[Arm], engines: Sequence[str]) -> Iterator[Measurement]:
    """All that the page's source asks for, arm after arm in each condition; as it is, a page has no HR."""
    source = page.source
    for asked in source.lower:
        readers = tuple(name for name in engines if asked.engines is None or name in asked.engines)
        mine = [arm for arm in arms if not arm.is_among((*source.without, *asked.without))]
        for condition in (Condition(dpi, name) for dpi in asked.dpi for name in asked.degradation):
            fitting = (arm for arm in mine if arm.is_for(SHAPES.get(condition.degradation, 1.0)))
            yield from (Measurement(page, condition, arm, readers) for arm in fitting)
    if source.as_it_is:
        mine = [arm for arm in arms if arm.name != HR and arm.is_for(1.0) and not arm.is_among(source.without)]
        yield from (Measurement(page, AS_IT_IS, arm, tuple(engines)) for arm in mine)


def key_of(page: SuitePage, condition: Condition, arm: Arm, engine_signature: str) -> str:
    """Identifies a row by what decides it, docsr's version included. The ceiling does not depend on the condition."""
    how = "" if arm.name == HR else f"{condition.lr_dpi} {condition.degradation}"
    decides = (__version__, page.digest, page.set, how, arm.signature, engine_signature)
    return hashlib.sha256(repr(decides).encode()).hexdigest()


class Measurer:
    """Does tasks in one process; loads each arm and engine once and keeps the last page.

    Args:
        engines: by name.
        peers: folder of the peers' weights.
    """

    def __init__(self, engines: dict[str, Engine], peers: Path | None) -> None:
        self.engines, self.peers = engines, peers
        self._loaded: dict[Arm, Upscaler] = {}

    def __call__(self, task: Measurement) -> Measured:
        """Measure; what docsr or a peer cannot do is said, not raised, so that the others go on."""
        try:
            hr = _page(task.page)
            if task.arm.name == HR:
                looks = ImageScores(_x_height(task.page, None), 0.0)
                return Measured([self._row(task, name, hr, looks, task.arm.factor) for name in task.engines])
            lr = _lowered(task.page, task.condition)
            taken: dict[Arm, list[str]] = {}
            for name in task.engines:
                taken.setdefault(task.arm.on(lr, name), []).append(name)
            return Measured([row for arm, names in taken.items() for row in self._rows(task, arm, names, lr, hr)])
        except DocsrError as error:
            return Measured([], str(error))
        except Exception as error:  # a peer's library may raise anything; one arm must not end the run
            return Measured([], f"{type(error).__name__}: {error}")

    def __getstate__(self) -> dict[str, Any]:
        """Without what is loaded: each process loads for itself."""
        return {**self.__dict__, "_loaded": {}}

    def _upscaler(self, arm: Arm) -> Upscaler:
        if arm not in self._loaded:
            self._loaded[arm] = arm.load(self.peers, THREADS)
        return self._loaded[arm]

    def _rows(self, task: Measurement, arm: Arm, engines: Sequence[str], lr: Page, hr: Page) -> list[tuple[Row, str]]:
        """Enlarge by the arm, and have the engines read what it made."""
        upscaler = self._upscaler(arm)
        started = perf_counter()
        result = upscale_page(squared(lr, arm.raster_of(lr)), upscaler)
        seconds = round(perf_counter() - started, 4)
        x_height = _x_height(task.page, task.condition)
        scores = {} if task.condition == AS_IT_IS else _image_scores(result, hr)
        looks = ImageScores(x_height, seconds, **scores)
        return [self._row(task, name, result, looks, upscaler.factor) for name in engines]

    def _row(self, task: Measurement, engine: str, result: Page, looks: ImageScores, factor: int) -> tuple[Row, str]:
        """Read and score."""
        started = perf_counter()
        text = self.engines[engine].read(result)
        seconds_ocr = perf_counter() - started
        found = score_text(task.page.text, text, case=task.page.source.case)
        row = Row(
            page=task.page.name,
            set=task.page.set,
            lr_dpi=task.condition.lr_dpi,
            degradation=task.condition.degradation,
            upscaler=task.arm.name,
            factor=factor,
            engine=engine,
            cer=_rate(found.edits, found.reference_chars),
            wer=_rate(found.word_edits, found.reference_words),
            word_recall=_rate(found.words_found, found.reference_words),
            word_precision=_rate(found.words_found, found.hypothesis_words),
            digit_cer=_rate(found.digit_edits, found.reference_digits),
            seconds_ocr=round(seconds_ocr, 4),
            **asdict(found),
            **asdict(looks),
        )
        return row, text


def _image_scores(result: Page, hr: Page) -> dict[str, float | None]:
    truth = luminance(hr.pixels)
    sr = same_size(luminance(result.pixels), truth)
    return {"psnr": psnr(sr, truth), "ssim": ssim(sr, truth), "ink_ratio": ink_ratio(sr, truth)}


@lru_cache(maxsize=2)
def _x_height(page: SuitePage, condition: Condition | None) -> float | None:
    """Measured on the page with square pixels: in HR (None), or lowered as ``condition`` says."""
    found = text_size.measure(squared(_page(page) if condition is None else _lowered(page, condition)).pixels)
    return None if found is None else round(found.x_height, 2)


def _rate(count: int, of: int) -> float | None:
    return round(count / of, 6) if of else None


def as_measured(hr: Page, page: SuitePage, condition: Condition) -> Page:
    """The loaded page ``hr`` as the arms get it: lowered, or as it is."""
    if condition.lr_dpi is None:
        return hr
    return lower(hr, condition.lr_dpi, condition.degradation, seed=int(page.digest[:8], 16))


@lru_cache(maxsize=2)
def _page(page: SuitePage) -> Page:
    return page.load()


@lru_cache(maxsize=2)
def _lowered(page: SuitePage, condition: Condition) -> Page:
    return as_measured(_page(page), page, condition)
