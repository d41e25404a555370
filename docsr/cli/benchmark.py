"""Define ``docsr benchmark``."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docsr.choices import MOST_JOBS
from docsr.cli.bar import counting_bar
from docsr.cli.echo import say
from docsr.cli.model_name import ModelName
from docsr.cli.numbers import Real, Whole
from docsr.errors import UsageError
from docsr.text.wording import counted

if TYPE_CHECKING:
    from docsr.bench.arms import Arm
    from docsr.bench.results import Results
    from docsr.bench.reuse import EarlierResults
    from docsr.bench.suite import Suite
    from docsr.bench.suite_file import LowerConfig
    from docsr.benchmark import Measurements

DEGRADATION_NAMES = ("clean", "scan", "webscan", "fax", "standard_fax", "fine_fax")


@click.command()
@click.argument("suite", type=click.Path(exists=True, path_type=Path), metavar="SUITE.yaml|DIR")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the results.")
@click.option(
    "--upscaler",
    "upscalers",
    multiple=True,
    type=ModelName(),
    metavar="NAME|FILE",
    help="Upscaler to compare (repeatable).  [default: interpolation, auto, shipped networks, the peers of --peers]",
)
@click.option(
    "--engine",
    "engines",
    multiple=True,
    metavar="NAME[:OPTION=VALUE,...]",
    default=("tesseract",),
    show_default=True,
    help="OCR engine (repeatable): tesseract, tesseract:psm=6,thresholding_method=2, rapidocr, "
    "rapidocr:max_side_len=8000, or null, which reads nothing.",
)
@click.option("--peers", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Weights of the peers.")
@click.option(
    "--root", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of the suite's files."
)
@click.option("--lr-dpi", "dpis", multiple=True, type=Real(10, 1_200), help="For a folder: resolution to reduce to.")
@click.option(
    "--degradation",
    "degradations",
    multiple=True,
    type=click.Choice(DEGRADATION_NAMES),
    help="For a folder, with --lr-dpi: how pages are degraded.  [default: clean]",
)
@click.option("--hr-dpi", type=Real(50, 1_200), help="For a folder: dpi of images that do not state it.")
@click.option("--jobs", type=Whole(1, MOST_JOBS), default=1, show_default=True, help="Processes, one thread each.")
@click.option(
    "--reuse",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="RESULTS.json",
    help="Take the rows of this results.json where page, arm, engine and docsr's version have not changed.",
)
def benchmark(
    suite: Path,
    out: Path,
    upscalers: tuple[str, ...],
    engines: tuple[str, ...],
    peers: Path | None,
    root: Path | None,
    dpis: tuple[float, ...],
    degradations: tuple[str, ...],
    hr_dpi: float | None,
    jobs: int,
    reuse: Path | None,
) -> int:
    """Measure what enlarging gains for OCR, against bicubic and other upscalers.

    SUITE.yaml is one of benchmarks/suites. DIR is a folder of images, each with its true text in NAME.txt beside it
    (UTF-8, a form feed between the pages of one file). The command writes results.json, report.md and report.html. It
    keeps finished rows, so the same command continues where it was stopped. The report covers the last command only.

    Exit code: 0 all measured, 1 some failed or could not be written, 2 wrong options or suite, 3 no page with text, 130
    stopped by Ctrl-C or SIGTERM.
    """
    from docsr.bench.arms import plan_arms
    from docsr.bench.reuse import EarlierResults
    from docsr.bench.suite import load_suite
    from docsr.benchmark import results_of, run_benchmark, signatures_of
    from docsr.ocr.engines import engine_of, spec_of

    _check_out(out, suite)
    readers = {spec: engine_of(spec) for spec in map(spec_of, engines)}
    earlier = None if reuse is None else EarlierResults(reuse)
    pages = load_suite(suite, root, _lower(suite, dpis, degradations, hr_dpi), hr_dpi)
    arms, missing = plan_arms(upscalers, peers)
    _print_left_out(pages, missing)
    signatures = signatures_of(pages, readers)  # fails here, not after an hour
    with counting_bar("measured") as progress:
        measured = run_benchmark(pages, arms, readers, out, peers=peers, earlier=earlier, jobs=jobs, progress=progress)
    results = results_of(measured, pages, arms, signatures, missing, _command(), earlier)
    _write(out, results, pages, measured, arms, peers)
    return _conclude(out, results, measured, earlier)


def _command() -> str:
    return shlex.join(["docsr", *sys.argv[1:]])


def _conclude(out: Path, results: Results, measured: Measurements, earlier: EarlierResults | None) -> int:
    """Print what failed and where the results are; return the exit code."""
    for sentence in results.failed:
        say(f"docsr: failed: {sentence}", err=True)
    if earlier is not None:
        reused = counted(measured.texts.count(None), "row")
        say(f"docsr: {reused} reused, without their texts: digits and confusions may be incomplete", err=True)
        if (other := earlier.measured_elsewhere()) is not None:
            say(f"docsr: the reused rows were measured on another machine or with other versions: {other}", err=True)
    say(f"{counted(len(measured.rows), 'row')}: {out / 'results.json'}, {out / 'report.md'}, {out / 'report.html'}")
    return 1 if results.failed else 0


def _check_out(out: Path, suite: Path) -> None:
    """Refuse the folder of the pages, whose files may share a result's name, and files that docsr did not write."""
    from docsr.bench.results import FILES
    from docsr.benchmark import ROWS, ROWS_FILE

    if os.path.isdir(suite) and out.resolve() == suite.resolve():
        raise UsageError(f"--out {out} is the folder of the pages: name another one")
    for name, own in {**FILES, ROWS: ROWS_FILE}.items():
        refusal = own.refusal(out / name)
        if refusal is not None:
            raise UsageError(refusal)


def _print_left_out(pages: Suite, missing: dict[str, str]) -> None:
    if pages.without_text:
        more = len(pages.without_text) - 1
        others = f" and {more:,} more" if more else ""
        say(f"docsr: not measured because they have no text: {pages.without_text[0]}{others}", err=True)
    for name, reason in missing.items():
        say(f"docsr: {name} is not run: {reason}", err=True)


def _print_dropped(out: Path, pages: Suite, arms: list[Arm], engines: tuple[str, ...]) -> None:
    """Print how many measurements of the report in the folder this command does not ask for."""
    from docsr.bench.measure import tasks_of
    from docsr.bench.results import read_results
    from docsr.bench.summary import label

    asked = {
        (task.page.set, task.condition.lr_dpi, task.condition.degradation, task.arm.label, engine)
        for page in pages.pages
        for task in tasks_of(page, arms, engines)
        for engine in task.engines
    }
    try:
        rows = read_results(out / "results.json").rows
    except UsageError:
        return
    shown = {(row.set, row.lr_dpi, row.degradation, label(row), row.engine) for row in rows}
    if gone := shown - asked:
        measurements = f"{counted(len(gone), 'measurement')} of an earlier command (an arm in a setting, by an engine)"
        are = "is" if len(gone) == 1 else "are"
        say(f"docsr: {measurements} {are} no longer in the report; the rows are kept for later commands", err=True)


def _lower(
    suite: Path, dpis: tuple[float, ...], degradations: tuple[str, ...], hr_dpi: float | None
) -> LowerConfig | None:
    """Return what --lr-dpi and --degradation ask for; None for pages as they are."""
    if (dpis or degradations or hr_dpi) and not os.path.isdir(suite):
        raise UsageError("--lr-dpi, --degradation and --hr-dpi are for a folder: a suite file states its own")
    if (degradations or hr_dpi) and not dpis:
        raise UsageError("--degradation and --hr-dpi need --lr-dpi: the resolution to which pages are reduced")
    if not dpis:
        return None
    from docsr.bench.suite_file import LowerConfig

    return LowerConfig(dpi=dpis, degradation=degradations or ("clean",))


def _write(
    out: Path, results: Results, pages: Suite, measured: Measurements, arms: list[Arm], peers: Path | None
) -> None:
    from docsr.bench.page_changes import worst_changes
    from docsr.bench.report.html import write_html
    from docsr.bench.report.markdown import write_markdown
    from docsr.bench.results import write_results

    _print_dropped(out, pages, arms, tuple(results.engines))
    write_results(out / "results.json", results)
    write_markdown(out / "report.md", results)
    changes, left_out = worst_changes(results, measured.texts, pages, arms, peers)
    write_html(out / "report.html", results, changes, left_out)
