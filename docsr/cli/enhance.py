"""``docsr enhance``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docsr.cli.checks import ANY_PATH, check_folder, check_own
from docsr.cli.compare import PREVIEW, PREVIEW_PAGES, PreviewCommand, check_preview, preview_of
from docsr.cli.numbers import LEAST_MEMORY, LONGEST, MOST, MOST_JOBS, MOST_MEMORY, MOST_PIXELS, Real, Whole
from docsr.cli.output import Decisions, JsonLines, Lines, Tally, write_report
from docsr.cli.pipe import Names, enhance_through, given_names, is_piped, received, told_as_given
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
@click.option(
    "--factor",
    type=click.Choice(["auto", "2", "4", "8"]),
    default="auto",
    callback=lambda _context, _option, value: None if value == "auto" else int(value),
    show_default=True,
    help="Enlargement; auto brings the measured x-height towards 20-30 px and leaves large text as it is.",
)
@click.option("--dpi", type=Real(1, 4_800), help="Exact resolution of the output, in place of --factor.")
@click.option("--model", metavar="NAME|FILE", help="See `docsr models`; or a .onnx or .safetensors file.")
@click.option(
    "--format",
    type=click.Choice(["same", "png", "tiff", "jpg", "webp", "pdf"]),
    default="same",
    show_default=True,
    help="Format of the output.",
)
@click.option("--quality", type=Whole(1, 100), default=90, show_default=True, help="Of JPEG, also in PDF, and WebP.")
@click.option(
    "--jobs",
    type=Whole(1, MOST_JOBS),
    help="Files done at the same time, a core each.  [default: as many as there are cores, 8 at most]",
)
@click.option(
    "--tile",
    type=Whole(64, 65_536),
    default=512,
    show_default=True,
    help="Side of a square tile in input px; longer ones are narrower.",
)
@click.option(
    "--binarize/--grey",
    default=None,
    help="Write pages of one bit per pixel with one bit (TIFF, PDF: Group 4), or in grey.  [default: one bit in TIFF "
    "and PDF if the text is 8 px high or more and pixels were square, for Tesseract reads these as well; else grey]",
)
@click.option(
    "--keep-pixel-shape",
    is_flag=True,
    help="Leave pixels that are not square (faxes of 204 x 98 dpi) as they are, instead of making them square first.",
)
@click.option(
    "--guard/--no-guard",
    default=True,
    show_default=True,
    help="Put back to bicubic what a network made and the page does not bear out, and what is dark.",
)
@click.option(
    "--engine",
    type=click.Choice(["tesseract", "rapidocr"]),
    default="tesseract",
    show_default=True,
    help="The OCR engine that will read the pages: it decides where networks are used, and how large auto goes.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "tensorrt", "openvino"]),
    default="auto",
    show_default=True,
    help="Where networks run; auto takes CUDA or OpenVINO where this ONNX Runtime has it.",
)
@click.option(
    "--time-limit",
    type=Real(0, LONGEST),
    default=600,
    show_default=True,
    help="Seconds for a page (of a large one for a row of tiles), then it is given up; 0: no limit.",
)
@click.option(
    "--max-pixels",
    type=Whole(1, MOST_PIXELS),
    default=1_000_000_000,
    show_default=True,
    help="Larger pages are refused: a few bytes can claim to be a page that fills all memory.",
)
@click.option(
    "--sandbox",
    type=click.Choice(["auto", "on", "off"]),
    default="auto",
    show_default=True,
    envvar="DOCSR_SANDBOX",
    show_envvar=True,
    help="Let the processes that read files do no more than they need (Linux 6.2 or later); auto where that can be, on "
    "refuses to run where it cannot.",
)
@click.option(
    "--max-memory",
    type=Whole(LEAST_MEMORY, MOST_MEMORY),
    metavar="MB",
    callback=lambda _context, _option, value: None if value is None else value * 10**6,
    help="What the process that works on a file may take (Linux); a page that needs more is given up.  [default: 1000, "
    "where torch runs the network 3000, and 128 MB for each MB of the file, up to its share of the machine; more for a "
    "larger --max-pixels]",
)
@click.option("--overwrite", is_flag=True, help="Do again what is done, and replace files that docsr did not write.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen to each page, and why.")
@click.option(
    "--preview",
    type=Whole(1, MOST),
    metavar="[N]",
    help=f"Write {PREVIEW} in the output folder: LR, bicubic and docsr of the first N pages ({PREVIEW_PAGES}). It "
    "needs the extra compare.",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="JSON file, a row per page; one that docsr enhance did not write is replaced only with --overwrite.",
)
@click.option("--log-json", is_flag=True, help="A JSON object for each page on stdout, in place of sentences.")
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
    **wish: Any,
) -> int:
    """Enlarge images and scans in PDF files so that OCR can read them.

    INPUT is a file, a folder (everything below it), a pattern ('scans/**/*.tif') or a list of these (@list.txt, a name
    a line), or a pipe (<(command), known by its bytes); `docsr enhance - --out -` takes one image from standard input.

    In a PDF the scans are replaced by larger ones; pages with text or drawing of their own stay as they are. Into
    another format a page goes as one sees it. Originals are never touched. What an earlier run finished is skipped,
    what changed is done again; what is in the way of an output is left alone, unless it was made from the same input.

    Exit code: 0 all pages done, 1 some failed, 2 wrong options, 3 nothing readable, 130 stopped by Ctrl-C or SIGTERM.
    """
    from docsr.batch.run import EnhanceOptions, default_jobs, enhance_files

    options = EnhanceOptions(**wish)
    files, names = click.get_current_context().with_resource(received(inputs))
    if is_piped(inputs, out):
        told = any((dry_run, preview, report, log_json))
        return enhance_through(files[0], options, jobs, time_limit or None, told=told, names=names)
    tasks, passed = _planned(files, names, out, options, overwrite=overwrite)
    _check_out(out, tasks, dry=dry_run, again=overwrite)
    check_preview(preview, out, report, dry=dry_run, overwrite=overwrite)
    folder, told_in = _opened(tasks, out, report, wish["model"], again=overwrite)
    course, failed, tally = Course(len(tasks), dry=dry_run), set[str](), Tally(told_in is not None, options, passed)
    do = partial(enhance_files, jobs=jobs or default_jobs(), time_limit=time_limit or None, on_progress=course.heard)
    rows = told_as_given(_watched(do(tasks, folder, options, dry=dry_run), failed), names)
    code = tell_all(rows, course, _teller(log_json, dry_run), told_in, tally, again=overwrite)
    previewed = preview_of(tasks, failed, folder, preview, options.max_pixels, again=overwrite, piped=log_json)
    return code or previewed


def _planned(
    files: list[Path], names: Names, out: Path, options: EnhanceOptions, *, overwrite: bool
) -> tuple[list[Task], PassedOver]:
    """What there is to do, and what is passed over in folders."""
    from docsr.batch.run import plan_files
    from docsr.io.paths.passed_over import PassedOver

    passed = PassedOver()
    return given_names(plan_files(files, out, options, overwrite=overwrite, passed=passed), names), passed


def _teller(log_json: bool, dry_run: bool) -> JsonLines | Decisions | Lines:
    return JsonLines() if log_json else Decisions() if dry_run else Lines()


def _watched(results: Iterable[PageResult], failed: set[str]) -> Iterator[PageResult]:
    """The results as they come; the inputs of those that failed are put into ``failed``."""
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
    """Take the results as they come, tell of them, and return the exit code.

    A signal that asks to stop is heard where results are waited for, so that none is taken and not counted.

    ``again``: the report replaces whatever is there.
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
            finally:  # a report is written also where standard output is full, or closed
                reported = report is None or write_report(report, tally.rows, again=again)
    return tally.exit_code() or int(not reported)


# What follows serves `enhance`: checks, counting, progress, and what is said at the end.


def _opened(
    tasks: Iterable[Task], out: Path, report: Path | None, model: str | None, *, again: bool
) -> tuple[OutputFolder, Place | None]:
    """Open the output folder and that of the report, which may replace no input."""
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
    # What was made once may lie where nobody writes any more: whether it is made anew is known only file by file.
    if not dry and (again or not all(task.entries for task in tasks)):
        check_folder(out, "--out")


def check_report(report: Path | None, tasks: Iterable[Task], out: Path, model: Path, *, overwrite: bool) -> None:
    """Refuse, before the first page, a report that would replace something or could not be written.

    Raises:
        UsageError: it would be a file of ``tasks``, the manifest of ``out`` or ``model``, is named like a document, is
            there and no such report (unless ``overwrite``), or has no place.
    """
    from docsr.batch.results import REPORT
    from docsr.io.paths.atomic import is_one_of
    from docsr.io.paths.inputs import DOCUMENT_SUFFIXES
    from docsr.io.paths.manifest import NAME

    if report is None:
        return
    if str(report) == "-":
        raise UsageError("--report wants the name of a file: --log-json writes rows to standard output")
    if report.suffix.lower() in DOCUMENT_SUFFIXES:
        raise UsageError(f"--report {report} is named like a document: give the name of a .json file")
    if is_one_of(
        report,
        [path for task in tasks if not task.refused for path in (task.source, task.output)] + [out / NAME, model],
    ):
        raise UsageError(f"--report {report} is an input or an output of this run: choose another name")
    check_own(report, "--report", REPORT, overwrite=overwrite)
