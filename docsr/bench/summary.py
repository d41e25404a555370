"""Summarise many rows: pooled rates with intervals, gap closed, harm, and a ranking.

Rates are pooled (micro): errors of all pages over units of all pages. The error of a set is CER, or missed words if the
reading order is ambiguous. Bicubic is 2x or 4x, whichever reads the set better. Gap closed is (bicubic - arm) /
(bicubic - HR), and is only given if the interval of HR's gain over that bicubic is above 0.

A gain is beyond chance if its p-value is below 0.05 after Holm's correction. What is corrected together: the champion's
gains over bicubic in all settings; all other arms' gains over bicubic; the champion's gains over all other arms.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import Any

from docsr.bench.arms import AUTO, BICUBICS, HR, label_of
from docsr.bench.measure import Row
from docsr.metrics.bootstrap import Interval, PagedRates
from docsr.metrics.chance import beyond_chance
from docsr.weights import catalogue

HARM_POINTS = 0.005
"""A page is harmed if its error exceeds bicubic's by more than this (half a percentage point)."""

NO_GAP = "the interval of HR's gain over bicubic holds 0"
NO_HR = "no HR: the pages are measured as they are"

FEWEST_PAGES = 6
"""With fewer pages nothing is called better or worse: no p-value can be below 0.05, and intervals claim too much."""


SETTING = ("set", "lr_dpi", "degradation", "engine", "engine_options")
"""Fields of rows and cells that say where arms are compared."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One arm on one set at one resolution and degradation, by one engine with its options; rates in [0, 1].

    Attributes:
        score: ``cer``, or ``words`` for 1 - word recall.
        error: the pooled error with its interval.
        gain: how much lower it is than bicubic's (of the better size), with its interval.
        p_value: two-sided p-value of the gain, before correction (:mod:`docsr.metrics.chance`).
        beats_bicubic: 1 better beyond chance, -1 worse beyond chance, 0 neither (or fewer than six pages).
        champion: the arm that represents docsr: ``auto`` or, if that was not measured, docsr's network that reads this
            set best; None if neither was measured.
        champion_gain: how much lower the champion's error is than this arm's, with its interval.
        champion_p_value: p-value of that gain, before correction.
        champion_beats: 1 if the champion is better than this arm beyond chance, -1 worse, 0 neither.
        gap_closed: gap closed with its interval, or None with ``gap_reason``.
        pages_harmed: pages whose error exceeds bicubic's by over half a point.
        digit_cer: pooled digit CER; ``digit_cer_bicubic`` is bicubic's.
        ink_ratio: median over pages.
        cer_no_space: pooled CER of the texts without white space; None where a row has no such count.
        word_recall_respaced: pooled share of the words that are found after spaces are put back; None likewise.
    """

    set: str
    lr_dpi: float | None
    degradation: str
    engine: str
    engine_options: str
    arm: str
    score: str
    pages: int
    error: Interval
    baseline: str
    gain: Interval
    p_value: float
    beats_bicubic: int
    champion: str | None
    champion_gain: Interval | None
    champion_p_value: float | None
    champion_beats: int
    gap_closed: Interval | None
    gap_reason: str | None
    pages_harmed: int
    wer: float | None
    word_recall: float | None
    word_precision: float | None
    digit_cer: float | None
    digit_cer_bicubic: float | None
    insertions: int
    deletions: int
    substitutions: int
    psnr: float | None
    ssim: float | None
    ink_ratio: float | None
    seconds_upscale: float
    seconds_ocr: float
    cer_no_space: float | None = None
    word_recall_respaced: float | None = None


@dataclass(frozen=True, slots=True)
class Rank:
    """An arm's mean gap closed over the cells in which it ran and there is a gap.

    ``champion_gap_closed`` is the mean of docsr's champion over the same cells, or None if there is none. Arms that did
    not run everywhere are thus compared with docsr in the cells in which they ran.
    """

    arm: str
    engine: str
    gap_closed: float
    champion_gap_closed: float | None
    cells: int
    better: int
    worse: int


def label(row: Row) -> str:
    """Return the label of a row's arm, with its factor."""
    return label_of(row.upscaler, row.factor)


def reader(row: Row) -> str:
    """Return the engine and the arm of a row as one name."""
    return f"{row.engine}, {label(row)}"


def summarise(rows: Iterable[Row], scores: dict[str, str]) -> list[Cell]:
    """Return one cell per set, resolution, degradation, engine and arm.

    Args:
        rows: rows of any number of cells.
        scores: set -> ``cer`` or ``words``.
    """
    groups: dict[tuple[Any, ...], dict[str, dict[str, Row]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        groups[_setting(row)][label(row)][row.page] = row
    cells = []
    for key in sorted(groups, key=lambda key: (key[0], -(key[1] or 0), *key[2:])):
        cells += _cells(groups[key], scores.get(key[0], "cer"))
    return _with_signs(cells)


def _with_signs(cells: list[Cell]) -> list[Cell]:
    """Return the cells with what is beyond chance among all of them; too few pages are no comparison."""
    enough = [(place, cell) for place, cell in enumerate(cells) if cell.pages >= FEWEST_PAGES]
    arms = [(place, cell) for place, cell in enough if cell.arm != cell.baseline]
    gains = [(cell.arm == cell.champion, place, (cell.gain.value, cell.p_value)) for place, cell in arms]
    ahead = {
        place: (cell.champion_gain.value, cell.champion_p_value)
        for place, cell in enough
        if cell.arm != cell.champion and cell.champion_gain is not None and cell.champion_p_value is not None
    }
    of_champion, of_others = (
        beyond_chance({place: test for is_champion, place, test in gains if is_champion == wanted})
        for wanted in (True, False)
    )
    signs, champion = of_champion | of_others, beyond_chance(ahead)
    return [
        replace(cell, beats_bicubic=signs.get(place, 0), champion_beats=champion.get(place, 0))
        for place, cell in enumerate(cells)
    ]


def rank(cells: Iterable[Cell]) -> list[Rank]:
    """Rank the arms of each engine by how far they are ahead of docsr; HR is left out."""
    gaps: dict[tuple[str, str], list[tuple[Cell, float]]] = defaultdict(list)
    places = {}
    for cell in cells:
        if cell.gap_closed is not None and cell.arm != HR:
            gaps[cell.engine, cell.arm].append((cell, cell.gap_closed.value))
            places[_setting(cell), cell.arm] = cell.gap_closed.value
    ranks = []
    for (engine, arm), own in gaps.items():
        champions = [places.get((_setting(cell), cell.champion or "")) for cell, _ in own]
        measured = [gap for gap in champions if gap is not None]
        champion = fmean(measured) if len(measured) == len(own) else None
        signs = [cell.beats_bicubic for cell, _ in own]
        mean = fmean(gap for _, gap in own)
        ranks.append(Rank(arm, engine, mean, champion, len(own), signs.count(1), signs.count(-1)))
    return sorted(ranks, key=lambda rank: (rank.engine, (rank.champion_gap_closed or 0) - rank.gap_closed))


def _setting(of: Row | Cell) -> tuple[str, float | None, str, str, str]:
    return of.set, of.lr_dpi, of.degradation, of.engine, of.engine_options


def _cells(arms: dict[str, dict[str, Row]], score: str) -> list[Cell]:
    """Return cells of the arms that have all pages of bicubic; failures of the others are reported elsewhere."""
    bicubics = [arm for arm in BICUBICS if arm in arms]
    pages = sorted(set.intersection(*(set(arms[arm]) for arm in bicubics))) if bicubics else []
    arms = {arm: rows for arm, rows in arms.items() if rows.keys() >= set(pages)}
    if not pages:
        return []
    errors = {arm: [_errors(rows[page], score)[0] for page in pages] for arm, rows in arms.items()}
    totals = [_errors(arms[bicubics[0]][page], score)[1] for page in pages]
    rates = PagedRates(errors, totals)
    baseline = min(bicubics, key=lambda arm: rates.rates[arm])
    own = [AUTO] if AUTO in arms else [arm for arm in catalogue() if arm in arms]
    champion = min(own, key=lambda arm: rates.rates[arm], default=None)
    return [
        _cell([rows[page] for page in pages], arm, score, rates, baseline, champion, arms) for arm, rows in arms.items()
    ]


def _cell(
    rows: list[Row],
    arm: str,
    score: str,
    rates: PagedRates,
    baseline: str,
    champion: str | None,
    arms: dict[str, dict[str, Row]],
) -> Cell:
    gain = rates.gain(arm, baseline)
    ahead = None if champion is None else rates.gain(champion, arm)
    gap = rates.gap_closed(arm, baseline, HR) if HR in arms and len(rows) >= FEWEST_PAGES else None
    beside = [arms[baseline][row.page] for row in rows]
    harmed = sum(
        error_rate(row, score) - error_rate(other, score) > HARM_POINTS for row, other in zip(rows, beside, strict=True)
    )
    return Cell(
        **{name: getattr(rows[0], name) for name in SETTING},
        **_pooled_scores(rows),
        arm=arm,
        score=score,
        pages=len(rows),
        error=rates.rate(arm),
        baseline=baseline,
        gain=gain,
        p_value=rates.p_value(arm, baseline),
        beats_bicubic=0,
        champion=champion,
        champion_gain=ahead,
        champion_p_value=None if champion is None else rates.p_value(champion, arm),
        champion_beats=0,
        gap_closed=gap,
        gap_reason=None if gap else _no_gap(len(rows)) if HR in arms else NO_HR,
        pages_harmed=harmed,
        digit_cer_bicubic=_pooled(beside, "digit_edits", "reference_digits"),
    )


def _no_gap(pages: int) -> str:
    return NO_GAP if pages >= FEWEST_PAGES else f"fewer than {FEWEST_PAGES} pages show no gap"


def _pooled_scores(rows: list[Row]) -> dict[str, Any]:
    """Return the scores that follow from one arm's rows alone."""
    inks = [row.ink_ratio for row in rows if row.ink_ratio is not None]
    return {
        "wer": _pooled(rows, "word_edits", "reference_words"),
        "word_recall": _pooled(rows, "words_found", "reference_words"),
        "word_precision": _pooled(rows, "words_found", "hypothesis_words"),
        "digit_cer": _pooled(rows, "digit_edits", "reference_digits"),
        "cer_no_space": _pooled(rows, "edits_no_space", "reference_chars_no_space"),
        "word_recall_respaced": _pooled(rows, "words_found_respaced", "reference_words"),
        "insertions": sum(row.insertions for row in rows),
        "deletions": sum(row.deletions for row in rows),
        "substitutions": sum(row.substitutions for row in rows),
        "psnr": _mean(rows, "psnr"),
        "ssim": _mean(rows, "ssim"),
        "ink_ratio": median(inks) if inks else None,
        "seconds_upscale": fmean(row.seconds_upscale for row in rows),
        "seconds_ocr": fmean(row.seconds_ocr for row in rows),
    }


def sign_alone(gain: Interval, pages: int) -> int:
    """Return 1 or -1 if the interval of a gain does not hold 0, whatever else was compared; 0 for too few pages."""
    return 0 if pages < FEWEST_PAGES else (gain.low > 0) - (gain.high < 0)


def _errors(row: Row, score: str) -> tuple[int, int]:
    """Return (errors, units that could be wrong)."""
    if score == "words":
        return row.reference_words - row.words_found, row.reference_words
    return row.edits, row.reference_chars


def error_rate(row: Row, score: str) -> float:
    """Return the CER, or the share of words missed, of one page; 0 if the reference is empty."""
    wrong, of = _errors(row, score)
    return wrong / of if of else 0.0


def _pooled(rows: list[Row], count: str, of: str) -> float | None:
    """Return a rate over all rows; None if there is nothing to count, or a row has no such count."""
    if any(getattr(row, count) is None for row in rows):
        return None
    total = sum(getattr(row, of) for row in rows)
    return sum(getattr(row, count) for row in rows) / total if total else None


def _mean(rows: list[Row], field: str) -> float | None:
    values = [value for row in rows if (value := getattr(row, field)) is not None]
    return fmean(values) if values else None
