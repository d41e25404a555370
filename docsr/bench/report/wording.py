"""Word the sentences of both reports, the Markdown and the HTML one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from docsr.bench.degradations import SHAPES
from docsr.bench.results import Results
from docsr.bench.small_digits import DOUBTFUL
from docsr.bench.summary import FEWEST_PAGES, HARM_POINTS, Cell, Rank, sign_alone
from docsr.metrics.bootstrap import Interval
from docsr.text.wording import counted

SIGNS = {1: "better", -1: "worse", 0: "="}

SPACES_LOST = 0.05
"""An engine loses spaces in a setting if putting them back finds so large a share of the words that were not found."""

RESPACED = ("CER without spaces, %", "words found respaced, %")
"""Columns of the settings in which an engine loses spaces."""

RANKING = (
    "Arms are ranked by how far they are ahead of docsr in the settings (set, resolution, degradation) in which they "
    "ran and HR is better than bicubic. docsr is the arm auto (what docsr enhance does with each page by default) or, "
    "if that was not measured, docsr's best network."
)

DIGITS = (
    f"Words of digits only, on pages whose text is less than {DOUBTFUL:g} px high (x-height), over all settings. "
    "Digits read from such text cannot be trusted, whatever enlarged it. Lost: right after bicubic, another number "
    "after the arm. Won: the reverse. Nobody can correct such a number later, since it looks as right as the true one."
)

METHOD = (
    "Rates are pooled over pages (micro), in percent, with 95 % intervals from a paired bootstrap over "
    "pages. Bicubic is 2x or 4x, whichever reads the set better. Gap closed: 0 is that bicubic, 100 the original scan; "
    "empty if the interval of the original's gain over bicubic holds 0. Against bicubic: whether the arm is better or "
    "worse beyond chance, or neither (=). Beyond chance: a paired randomization test over pages gives a p-value below "
    "0.05 after Holm's correction for all comparisons of this report (docsr's with bicubic, the other arms' with "
    "bicubic, docsr's with the other arms). Perhaps: the interval of the difference does not hold 0, but among so many "
    "comparisons that may be chance. docsr against it: the same for docsr and the arm. Both are empty below "
    f"{FEWEST_PAGES} pages. Harmed: pages whose error exceeds bicubic's by over "
    f"{100 * HARM_POINTS:g} point. Ink: darkness of the text over the original's. s: seconds to enlarge a page, on a "
    "machine that may have been busy."
)


def made_by(results: Results) -> str:
    """Return versions and machine."""
    runs = results.machine
    libraries = ", ".join(f"{name} {version}" for name, version in runs["libraries"].items())
    where = f"{runs['processor']}, {runs['cores']} cores, {runs['system']}, Python {runs['python']}"
    return f"docsr {results.docsr}; {where}; {'; '.join(results.engines.values())}; {libraries}."


def verdicts(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield for each engine in how many settings docsr reads better and worse than bicubic."""
    own = sorted((cell for cell in cells if cell.arm == cell.champion), key=lambda cell: cell.engine)
    for engine, group in groupby(own, key=lambda cell: cell.engine):
        settings = list(group)
        signs = [cell.beats_bicubic for cell in settings if cell.pages >= FEWEST_PAGES]
        few = len(settings) - len(signs)
        undecided = f" In {few} there are too few pages to tell." if few else ""
        yield (
            f"With {engine}, docsr reads better than bicubic beyond chance in {signs.count(1)} of "
            f"{counted(len(settings), 'setting')}, worse in {signs.count(-1)}.{undecided}"
        )


def how(lr_dpi: float | None, degradation: str) -> str:
    """Return how a page was made low-resolution, in words."""
    if lr_dpi is None:
        return "as it is"
    if degradation in SHAPES:
        return f"{lr_dpi:g} x {round(lr_dpi / SHAPES[degradation])} dpi, fax"
    return f"{lr_dpi:g} dpi, {degradation}"


def place(cell: Cell, cells: Sequence[Cell]) -> str:
    """Return the setting of a cell in words: set, resolution, degradation, engine."""
    return f"{cell.set}, {how(cell.lr_dpi, cell.degradation)}, {reader(cell, cells)}"


def reader(cell: Cell, cells: Sequence[Cell]) -> str:
    """Return the engine of a cell, with its options where it was run in several ways in ``cells``."""
    ways = {other.engine_options for other in cells if other.engine == cell.engine}
    return cell.engine if len(ways) == 1 else f"{cell.engine} ({cell.engine_options})"


def note(cell: Cell) -> str:
    """Return the sentences that apply to all arms of the setting of ``cell``."""
    gap = f" No gap closed: {cell.gap_reason}." if cell.gap_reason else ""
    few = (
        ""
        if cell.pages >= FEWEST_PAGES
        else f" With fewer than {FEWEST_PAGES} pages nothing is called better or worse."
    )
    return f"{counted(cell.pages, 'page')}; bicubic is {cell.baseline}.{gap}{few}"


def loses_spaces(cells: Sequence[Cell]) -> bool:
    """Return whether the engine loses spaces in a setting, so that scores without them are worth a look."""
    return any(
        cell.word_recall_respaced is not None
        and cell.word_recall is not None
        and cell.word_recall_respaced - cell.word_recall > SPACES_LOST
        for cell in cells
    )


def respaced(cell: Cell) -> list[str]:
    """Return what RESPACED heads, in percent with two places; empty where it is not known."""
    rates = (cell.cer_no_space, cell.word_recall_respaced)
    return ["" if rate is None else f"{100 * rate:.2f}" for rate in rates]


def score_name(cell: Cell) -> str:
    """Return the name of the error of ``cell``."""
    return "CER, %" if cell.score == "cer" else "words missed, %"


def percent(interval: Interval | None) -> str:
    """Format an interval like ``12.34 (11.02 to 13.90)``."""
    if interval is None:
        return ""
    return f"{100 * interval.value:.2f} ({100 * interval.low:.2f} to {100 * interval.high:.2f})"


def champion_gap(rank: Rank) -> str:
    """Return docsr's mean gap closed, in percent, over the settings of ``rank``; empty if nothing of docsr ran."""
    return "" if rank.champion_gap_closed is None else f"{100 * rank.champion_gap_closed:.1f}"


def against_bicubic(cell: Cell) -> str:
    """Return whether the arm is better or worse than bicubic beyond chance, in a word; empty for bicubic itself."""
    if cell.arm == cell.baseline or cell.pages < FEWEST_PAGES:
        return ""
    return standing(cell.beats_bicubic, sign_alone(cell.gain, cell.pages))


def against_champion(cell: Cell) -> str:
    """Return whether docsr is better or worse than the arm beyond chance, in a word."""
    if cell.champion_gain is None or cell.champion == cell.arm or cell.pages < FEWEST_PAGES:
        return ""
    return standing(cell.champion_beats, sign_alone(cell.champion_gain, cell.pages))


def standing(sign: int, alone: int) -> str:
    """Return what a comparison says, in words.

    Args:
        sign: 1 or -1 beyond chance among all comparisons shown together, else 0.
        alone: 1 or -1 if the comparison's own interval does not hold 0.
    """
    return SIGNS[sign] if sign or not alone else f"perhaps {SIGNS[alone]}"
