"""Take one measurement: make a page low-resolution, enlarge it by one arm, let the engines read it, and score it."""

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
from docsr.ocr.engines import is_asked
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
"""The page is measured at the resolution it has, so there is no HR."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One page, one arm, one engine. A field that does not apply is None.

    Rates are in [0, 1], but unbounded above if insertions count (CER, WER). Counts can be pooled, rates cannot.
    ``engine`` is the name, or name and options, by which the engine was asked for; ``engine_options`` says how it was
    run. Scores without spaces, or with spaces put back, are None in rows that were measured before there were such
    scores. ``x_height`` is that of the page before it was enlarged, in px.
    """

    page: str
    set: str
    lr_dpi: float | None
    degradation: str
    x_height: float | None
    upscaler: str
    factor: int
    engine: str
    engine_options: str
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
    edits_no_space: int | None = None
    reference_chars_no_space: int | None = None
    cer_no_space: float | None = None
    words_found_respaced: int | None = None
    word_recall_respaced: float | None = None
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
    """The fields of a row that do not depend on the engine."""

    x_height: float | None
    seconds_upscale: float
    psnr: float | None = None
    ssim: float | None = None
    ink_ratio: float | None = None


THREADS = 1
"""Threads of an upscaler's call: pages run in parallel instead."""

ROW_FIELDS = tuple(field.name for field in fields(Row))


@dataclass(frozen=True, slots=True)
class Measurement:
    """One task: an arm on a page, with the engines that have not read it yet."""

    page: SuitePage
    condition: Condition
    arm: Arm
    engines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """Rows and texts of a task, or the reason why there are none."""

    rows: list[tuple[Row, str]]
    failure: str | None = None


def tasks_of(page: SuitePage, arms: Sequence[Arm], engines: Sequence[str]) -> Iterator[Measurement]:
    """Yield every task of the page's source, arm after arm in each condition; a page as it is has no HR."""
    source = page.source
    for lower_config in source.lower:
        readers = tuple(
            name for name in engines if lower_config.engines is None or is_asked(name, lower_config.engines)
        )
        chosen = [arm for arm in arms if not arm.is_among((*source.without, *lower_config.without))]
        for condition in (Condition(dpi, name) for dpi in lower_config.dpi for name in lower_config.degradation):
            fitting = (arm for arm in chosen if arm.is_for(SHAPES.get(condition.degradation, 1.0)))
            yield from (Measurement(page, condition, arm, readers) for arm in fitting)
    if source.as_it_is:
        chosen = [arm for arm in arms if arm.name != HR and arm.is_for(1.0) and not arm.is_among(source.without)]
        yield from (Measurement(page, AS_IT_IS, arm, tuple(engines)) for arm in chosen)


def key_of(page: SuitePage, condition: Condition, arm: Arm, engine: Engine) -> str:
    """Return a hash of all that determines a row, docsr's version included; the ceiling's has no condition."""
    signature = engine.in_language(page.source.language).signature
    how = "" if arm.name == HR else f"{condition.lr_dpi} {condition.degradation}"
    parts = (__version__, page.digest, page.set, how, arm.signature, signature)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class Measurer:
    """Do tasks in one process; load each arm and engine once, and keep the last page.

    Args:
        engines: OCR engines by the name, or name and options, by which they were asked for.
        peers: folder of the peers' weights.
    """

    def __init__(self, engines: dict[str, Engine], peers: Path | None) -> None:
        self.engines, self.peers = engines, peers
        self._loaded: dict[Arm, Upscaler] = {}

    def __call__(self, task: Measurement) -> Measured:
        """Measure; return a failure of docsr or of a peer as a sentence, so that other tasks go on."""
        try:
            hr = _page(task.page)
            if task.arm.name == HR:
                image_scores = ImageScores(_x_height(task.page, None), 0.0)
                return Measured([self._row(task, name, hr, image_scores, task.arm.factor) for name in task.engines])
            lr = _lowered(task.page, task.condition)
            engines_of: dict[Arm, list[str]] = {}
            for name in task.engines:
                engines_of.setdefault(task.arm.on(lr, name), []).append(name)
            return Measured([row for arm, names in engines_of.items() for row in self._rows(task, arm, names, lr, hr)])
        except DocsrError as error:
            return Measured([], str(error))
        except Exception as error:  # a peer's library may raise anything; one arm must not end the run
            return Measured([], f"{type(error).__name__}: {error}")

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is loaded: each process loads for itself."""
        return {**self.__dict__, "_loaded": {}}

    def _upscaler(self, arm: Arm) -> Upscaler:
        if arm not in self._loaded:
            self._loaded[arm] = arm.load(self.peers, THREADS)
        return self._loaded[arm]

    def _rows(self, task: Measurement, arm: Arm, engines: Sequence[str], lr: Page, hr: Page) -> list[tuple[Row, str]]:
        """Enlarge by the arm, and let the engines read the result."""
        upscaler = self._upscaler(arm)
        started = perf_counter()
        result = upscale_page(squared(lr, arm.raster_of(lr)), upscaler)
        seconds = round(perf_counter() - started, 4)
        x_height = _x_height(task.page, task.condition)
        scores = {} if task.condition == AS_IT_IS else _image_scores(result, hr)
        image_scores = ImageScores(x_height, seconds, **scores)
        return [self._row(task, name, result, image_scores, upscaler.factor) for name in engines]

    def _row(
        self, task: Measurement, engine: str, result: Page, image_scores: ImageScores, factor: int
    ) -> tuple[Row, str]:
        """Read the page and score the text."""
        reader = self.engines[engine].in_language(task.page.source.language)
        started = perf_counter()
        text = reader.read(result)
        seconds_ocr = perf_counter() - started
        score = score_text(task.page.text, text, case=task.page.source.case)
        row = Row(
            page=task.page.name,
            set=task.page.set,
            lr_dpi=task.condition.lr_dpi,
            degradation=task.condition.degradation,
            upscaler=task.arm.name,
            factor=factor,
            engine=engine,
            engine_options=reader.options,
            cer=_rate(score.edits, score.reference_chars),
            wer=_rate(score.word_edits, score.reference_words),
            word_recall=_rate(score.words_found, score.reference_words),
            word_precision=_rate(score.words_found, score.hypothesis_words),
            cer_no_space=_rate(score.edits_no_space, score.reference_chars_no_space),
            word_recall_respaced=_rate(score.words_found_respaced, score.reference_words),
            digit_cer=_rate(score.digit_edits, score.reference_digits),
            seconds_ocr=round(seconds_ocr, 4),
            **asdict(score),
            **asdict(image_scores),
        )
        return row, text


def _image_scores(result: Page, hr: Page) -> dict[str, float | None]:
    truth = luminance(hr.pixels)
    sr = same_size(luminance(result.pixels), truth)
    return {"psnr": psnr(sr, truth), "ssim": ssim(sr, truth), "ink_ratio": ink_ratio(sr, truth)}


@lru_cache(maxsize=2)
def _x_height(page: SuitePage, condition: Condition | None) -> float | None:
    """Return the x-height of the page with square pixels: of HR (None), or lowered by ``condition``."""
    size = text_size.measure(squared(_page(page) if condition is None else _lowered(page, condition)).pixels)
    return None if size is None else round(size.x_height, 2)


def _rate(count: int, of: int) -> float | None:
    return round(count / of, 6) if of else None


def as_measured(hr: Page, page: SuitePage, condition: Condition) -> Page:
    """Return the loaded page ``hr`` as the arms get it: lowered, or as it is."""
    if condition.lr_dpi is None:
        return hr
    return lower(hr, condition.lr_dpi, condition.degradation, seed=int(page.digest[:8], 16))


@lru_cache(maxsize=2)
def _page(page: SuitePage) -> Page:
    return page.load()


@lru_cache(maxsize=2)
def _lowered(page: SuitePage, condition: Condition) -> Page:
    return as_measured(_page(page), page, condition)
