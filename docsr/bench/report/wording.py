"""What the reports say in words: both the Markdown and the HTML one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from docsr import __version__
from docsr.bench.degradations import SHAPES
from docsr.bench.results import Results, machine
from docsr.bench.small_digits import DOUBTFUL
from docsr.bench.summary import FEWEST_PAGES, HARM_POINTS, Cell, Rank
from docsr.metrics.bootstrap import Interval
from docsr.metrics.text import FOLDING
from docsr.text.wording import counted

SIGNS = {1: "better", -1: "worse", 0: "="}

RANKING = (
    "By how far an arm is ahead of docsr in the settings (set, resolution, degradation) in which it ran and HR is "
    "better than bicubic. docsr is the arm auto (what docsr enhance does with each page when it is asked for nothing), "
    "or where that was not measured docsr's best network."
)

DIGITS = (
    f"Words of digits only on pages whose text is less than {DOUBTFUL:g} px high (x-height), over all settings: digits "
    "read from such text are not to be trusted, whatever enlarged it. Lost: right after bicubic, another number after "
    "the arm. Won: the other way. Nothing and nobody mends such a number, for it looks as right as the true one."
)

METHOD = (
    f"{FOLDING} Rates are pooled over pages (micro), in percent, with 95 % intervals from a paired bootstrap over "
    "pages. Bicubic is 2x or 4x, whichever reads the set better. Gap closed: 0 is that bicubic, 100 the original scan; "
    "empty where the original is not better than bicubic beyond chance. Against bicubic: whether the arm is better or "
    "worse beyond chance, or neither (=); docsr against it: whether docsr is better or worse than the arm, likewise; "
    f"both empty below {FEWEST_PAGES} pages. Harmed: pages whose error exceeds bicubic's by over "
    f"{100 * HARM_POINTS:g} point. Ink: darkness of the text over the original's. s: seconds of enlarging a page, on a "
    "machine that may have been busy."
)


def made_by(results: Results) -> str:
    """Versions and machine."""
    runs = machine()
    libraries = ", ".join(f"{name} {version}" for name, version in runs["libraries"].items())
    where = f"{runs['processor']}, {runs['cores']} cores, {runs['system']}, Python {runs['python']}"
    return f"docsr {__version__}; {where}; {'; '.join(results.engines.values())}; {libraries}."


def verdicts(cells: Sequence[Cell]) -> Iterator[str]:
    """For each engine: in how many settings docsr reads better and worse than bicubic."""
    mine = sorted((cell for cell in cells if cell.arm == cell.champion), key=lambda cell: cell.engine)
    for engine, group in groupby(mine, key=lambda cell: cell.engine):
        settings = list(group)
        signs = [cell.beats_bicubic for cell in settings if cell.pages >= FEWEST_PAGES]
        few = len(settings) - len(signs)
        untold = f" In {few} there are too few pages to tell." if few else ""
        yield (
            f"With {engine}, docsr reads better than bicubic beyond chance in {signs.count(1)} of "
            f"{counted(len(settings), 'setting')}, worse in {signs.count(-1)}.{untold}"
        )


def how(lr_dpi: float | None, degradation: str) -> str:
    """How a page was made low-resolution, in words."""
    if lr_dpi is None:
        return "as it is"
    if degradation in SHAPES:
        return f"{lr_dpi:g} x {round(lr_dpi / SHAPES[degradation])} dpi, fax"
    return f"{lr_dpi:g} dpi, {degradation}"


def place(cell: Cell) -> str:
    """Where a cell stands, in words: set, resolution, degradation, engine."""
    return f"{cell.set}, {how(cell.lr_dpi, cell.degradation)}, {cell.engine}"


def note(cell: Cell) -> str:
    """What holds for all arms beside ``cell``."""
    gap = f" No gap closed: {cell.gap_reason}." if cell.gap_reason else ""
    few = (
        ""
        if cell.pages >= FEWEST_PAGES
        else f" With fewer than {FEWEST_PAGES} pages nothing is called better or worse."
    )
    return f"{counted(cell.pages, 'page')}; bicubic is {cell.baseline}.{gap}{few}"


def score_name(cell: Cell) -> str:
    """What the error of ``cell`` is."""
    return "CER, %" if cell.score == "cer" else "words missed, %"


def percent(interval: Interval | None) -> str:
    """``12.34 (11.02 to 13.90)``."""
    if interval is None:
        return ""
    return f"{100 * interval.value:.2f} ({100 * interval.low:.2f} to {100 * interval.high:.2f})"


def champion_gap(one: Rank) -> str:
    """Docsr's mean gap closed, in percent, over the settings of ``one``; empty where nothing of docsr ran."""
    return "" if one.champion_gap_closed is None else f"{100 * one.champion_gap_closed:.1f}"


def against_bicubic(cell: Cell) -> str:
    """Whether the arm is better or worse than bicubic beyond chance, in a word; empty for bicubic itself."""
    return "" if cell.arm == cell.baseline or cell.pages < FEWEST_PAGES else SIGNS[cell.beats_bicubic]


def against_champion(cell: Cell) -> str:
    """Whether docsr is better or worse than the arm beyond chance, in a word."""
    return "" if cell.champion in {None, cell.arm} or cell.pages < FEWEST_PAGES else SIGNS[cell.champion_beats]
