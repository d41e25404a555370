"""Define ``docsr enhance``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docsr.choices import DEFAULT_TIME_LIMIT, LONGEST_PAGE, MOST_JOBS
from docsr.cli.checks import ANY_PATH, check_folder, check_own
from docsr.cli.compare import PREVIEW, PREVIEW_PAGES, PreviewCommand, check_preview, preview_of
from docsr.cli.enhance_options import enhance_options
from docsr.cli.numbers import MOST, Real, Whole
from docsr.cli.output import Decisions, JsonLines, Lines, Tally, write_report
from docsr.cli.pipe import Names, copied_pipes, enhance_through, given_names, is_piped, named_as_given
from docsr.cli.progress import Course, shown
from docsr.errors import UsageError

if TYPE_CHECKING:
    from docsr.batch.results import Task
    from docsr.batch.run import EnhanceOptions, PageResult
    from docsr.io.paths.folders import OutputFolder, Place
    from docsr.io.paths.passed_over import PassedOver


@click.command(cls=PreviewCommand)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", type=ANY_PATH)
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Output folder; - for stdout."
)
@enhance_options
@click.option(
    "--jobs",
    type=Whole(1, MOST_JOBS),
    help="Number of files processed at the same time, one core each.  [default: the number of cores, at most 8]",
)
@click.option(
    "--time-limit",
    type=Real(0, LONGEST_PAGE),
    default=DEFAULT_TIME_LIMIT,
    show_default=True,
    help="Seconds before a page is given up; a large page has this long for each row of tiles. 0: no limit.",
)
@click.option("--overwrite", is_flag=True, help="Redo finished pages, and replace files that docsr did not write.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen to each page, and why.")
@click.option(
    "--preview",
    type=Whole(1, MOST),
    metavar="[N]",
    help=f"Write {PREVIEW} in the output folder: the first N pages ({PREVIEW_PAGES}) before, after bicubic and after "
    "docsr. Needs the extra compare.",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="JSON file with one row per page; a file that docsr enhance did not write is replaced only with --overwrite.",
)
@click.option("--log-json", is_flag=True, help="Print a JSON object for each page on stdout instead of sentences.")
def enhance(
    inputs: tuple[Path, ...],
    out: Path,
    jobs: int | None,
    time_limit: float,
    overwrite: bool,
    dry_run: bool,
    preview: int | None,
    report: Path | None,
    log_json: bool,
    options: EnhanceOptions,
) -> int:
    """Enlarge images and scans in PDF files so that OCR can read them.

    INPUT is a file, a folder (with everything below it), a pattern ('scans/**/*.tif'), a list of these (@list.txt, one
    name per line) or a pipe (<(command), format detected). `docsr enhance - --out -` takes one image from stdin.

    In a PDF, each scan is replaced by a larger one; pages with text or drawings of their own stay as they are. In
    another format, a page of a PDF is written as it looks. Inputs are never changed. Outputs of an earlier run are
    skipped unless their input changed. A file in the way of an output stays, unless it was made from the same input.

    Exit code: 0 all pages done, 1 some failed, 2 wrong options, 3 nothing readable, 130 stopped by Ctrl-C or SIGTERM.
    """
    from docsr.batch.run import default_jobs, enhance_files

    files, names = click.get_current_context().with_resource(copied_pipes(inputs))
    if is_piped(inputs, out):
        reporting = any((dry_run, preview, report, log_json))
        return enhance_through(files[0], options, jobs, time_limit or None, reporting=reporting, names=names)
    tasks, passed = _plan(files, names, out, options, overwrite=overwrite)
    _check_out(out, tasks, dry=dry_run, again=overwrite)
    check_preview(preview, out, report, dry=dry_run, overwrite=overwrite)
    folder, report_at = _open_places(tasks, out, report, options.model, again=overwrite)
    course, failed, tally = Course(len(tasks), dry=dry_run), set[str](), Tally(report_at is not None, options, passed)
    do = partial(enhance_files, jobs=jobs or default_jobs(), time_limit=time_limit or None, on_progress=course.heard)
    rows = named_as_given(_noting_failed(do(tasks, folder, options, dry=dry_run), failed), names)
    code = tell_all(rows, course, _printer(log_json, dry_run), report_at, tally, again=overwrite)
    previewed = preview_of(tasks, failed, folder, preview, options.max_pixels, again=overwrite, piped=log_json)
    return code or previewed


def _plan(
    files: list[Path], names: Names, out: Path, options: EnhanceOptions, *, overwrite: bool
) -> tuple[list[Task], PassedOver]:
    """Return the tasks, and what is passed over in folders."""
    from docsr.batch.run import plan_files
    from docsr.io.paths.passed_over import PassedOver

    passed = PassedOver()
    return given_names(plan_files(files, out, options, overwrite=overwrite, passed=passed), names), passed


def _printer(log_json: bool, dry_run: bool) -> JsonLines | Decisions | Lines:
    return JsonLines() if log_json else Decisions() if dry_run else Lines()


def _noting_failed(results: Iterable[PageResult], failed: set[str]) -> Iterator[PageResult]:
    """Yield the results as they come, and add the input of each failed one to ``failed``."""
    for result in results:
        if result.status == "failed":
            failed.add(result.input)
        yield result


def tell_all(
    results: Iterable[PageResult],
    course: Course,
    teller: JsonLines | Decisions | Lines,
    report: Path | Place | None,
    tally: Tally,
    *,
    again: bool,
) -> int:
    """Print the results as they come and return the exit code.

    A signal that asks to stop is handled only while the next result is awaited, so that every result taken is counted.

    ``again``: the report replaces an existing file of any kind.
    """
    from docsr.pool import patient

    reported = True
    with patient():
        try:
            with shown(course, teller.progress if isinstance(teller, JsonLines) else None):
                for result in results:
                    tally.add(result)
                    teller.page(result)
                    course.result(result)
        finally:
            try:
                teller.end(tally)
            finally:  # a report is written even if standard output is full or closed
                reported = report is None or write_report(report, tally.rows, again=again)
    return tally.exit_code() or int(not reported)


# What follows serves `enhance`: opening folders and checking options.


def _open_places(
    tasks: Iterable[Task], out: Path, report: Path | None, model: str | None, *, again: bool
) -> tuple[OutputFolder, Place | None]:
    """Open the output folder and the place of the report, which may replace no input."""
    from docsr.io.paths.folders import OutputFolder, identities, place_at

    check_report(report, tasks, out, Path(model or out), overwrite=again)
    place = None
    if report is not None:
        place = place_at(report, identities([*(task.source for task in tasks), Path(model or out)]))
    return OutputFolder(out), place


def _check_out(out: Path, tasks: Iterable[Task], *, dry: bool, again: bool) -> None:
    from docsr.io.paths.inputs import DOCUMENT_SUFFIXES

    if out.suffix.lower() in DOCUMENT_SUFFIXES and not os.path.isdir(out):
        raise UsageError(f"--out {out} is named like a document: give a folder, outputs keep the names of inputs")
    # The files of an earlier run may lie in a read-only folder: only each file tells whether it must be made again.
    if not dry and (again or not all(task.entries for task in tasks)):
        check_folder(out, "--out")


def check_report(report: Path | None, tasks: Iterable[Task], out: Path, model: Path, *, overwrite: bool) -> None:
    """Refuse, before the first page, a report that would replace another file or cannot be written.

    Raises:
        UsageError: the report would be a file of ``tasks``, the manifest of ``out`` or ``model``; is named like a
            document; exists and is not such a report (unless ``overwrite``); or cannot be written there.
    """
    from docsr.batch.results import REPORT
    from docsr.io.paths.atomic import is_one_of
    from docsr.io.paths.inputs import DOCUMENT_SUFFIXES
    from docsr.io.paths.manifest import NAME

    if report is None:
        return
    if str(report) == "-":
        raise UsageError("--report needs the name of a file: --log-json writes rows to standard output")
    if report.suffix.lower() in DOCUMENT_SUFFIXES:
        raise UsageError(f"--report {report} is named like a document: give the name of a .json file")
    if is_one_of(
        report,
        [path for task in tasks if not task.refused for path in (task.source, task.output)] + [out / NAME, model],
    ):
        raise UsageError(f"--report {report} is an input or an output of this run: choose another name")
    check_own(report, "--report", REPORT, overwrite=overwrite)
