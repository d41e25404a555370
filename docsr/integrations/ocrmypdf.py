"""A plugin for OCRmyPDF: Tesseract gets enhanced pages, while the output file shows the original ones.

    ocrmypdf --plugin docsr.integrations.ocrmypdf in.pdf out.pdf

If docsr is installed with its extra ``ocrmypdf``, OCRmyPDF finds the plugin without ``--plugin``. OCRmyPDF renders a
page, may straighten, clean or turn it, and passes it to :func:`filter_ocr_image`. It fits the text layer to the page,
whatever the size of the image that OCR gets. Its renderer interpolates even at a scan's own resolution, so the
rendering is replaced by the scan's own pixels (:func:`rasterize_pdf_page`). OCRmyPDF works on pages in threads, or in
processes with ``--no-use-threads``.

OCRmyPDF imports this module at every start, so docsr itself is loaded only when there is something to do. If anything
fails then, OCRmyPDF's own result is kept, and one warning per document is logged.
"""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import pluggy
from ocrmypdf import hookimpl

from docsr.choices import FACTORS
from docsr.errors import DocsrError, first_line

if TYPE_CHECKING:
    from ocrmypdf import PageContext, PdfContext
    from ocrmypdf.pdfinfo import PdfInfo
    from PIL import Image

log = logging.getLogger(__name__)

CHOICES = ("auto", *map(str, FACTORS), "off")
OLDEST = 17
"""The oldest major version of OCRmyPDF that the plugin supports; in an older one it does not load by itself."""

_ENTRY_POINT = "docsr"

_loading = Lock()


def _pages() -> Any:
    """Load the working module, in one thread at a time: a thread that waits for another's import gets a worse error."""
    with _loading:
        from docsr.integrations import ocr_pages

        return ocr_pages


@hookimpl
def initialize(plugin_manager: pluggy.PluginManager) -> None:
    """Register only once if both the entry point and ``--plugin`` name docsr."""
    if plugin_manager.has_plugin(_ENTRY_POINT) and plugin_manager.has_plugin(__name__):
        plugin_manager.unregister(name=_ENTRY_POINT)


@hookimpl
def add_options(parser: ArgumentParser) -> None:
    """Add docsr's options to OCRmyPDF's."""
    group = parser.add_argument_group("docsr", "Enhance low-resolution pages before OCR (super-resolution)")
    group.add_argument(
        "--docsr-factor",
        choices=CHOICES,
        default="auto",
        help="How many times as large a page is made for OCR. By default (auto) docsr measures the size of the text on "
        "each page and leaves pages with large enough text as they are. off switches docsr off.",
    )
    group.add_argument(
        "--docsr-model",
        metavar="MODEL",
        help="Network to use: bicubic, lanczos, nearest, one that 'docsr models' lists, or an .onnx file. By default "
        "the one that was measured to read best at the size of the text. It is bicubic if none was measured, or if a "
        "language (-l) has a script on which none was measured to help.",
    )
    group.add_argument(
        "--docsr-replace",
        action="store_true",
        help="Also show the enhanced scans in the output file. By default the visible pages stay as they are, and only "
        "OCR gets enhanced ones.",
    )


@hookimpl
def check_options(options: Any) -> None:
    """Refuse options that cannot be served before the first page; defaults are not checked."""
    from ocrmypdf.exceptions import BadArgsError

    factor = str(option(options, "factor", "auto"))
    if factor not in CHOICES:
        raise BadArgsError(f"--docsr-factor is one of {', '.join(CHOICES)}, not {factor}")
    if factor == "off":
        return
    try:
        from docsr.languages import LATIN, known_among, scripts_of

        latin = set(scripts_of(known_among(options.languages))) <= {LATIN}
        if factor != "auto" or option(options, "model", None) is not None or not latin:
            _pages().check(options)
    except DocsrError as error:
        raise BadArgsError(f"docsr: {error}") from error
    except Exception as error:  # the first page reports it
        log.debug("docsr cannot check its options: %s", first_line(error), exc_info=True)


@hookimpl
def validate(pdfinfo: PdfInfo, options: Any) -> None:
    """Divide the cores among the pages that are worked on at the same time."""
    try:
        from ocrmypdf.helpers import available_cpu_count

        jobs = options.jobs or available_cpu_count()
        options.extra_attrs["docsr_threads"] = max(1, jobs // max(1, min(jobs, len(pdfinfo))))
    except Exception as error:  # each page then gets one thread
        log.debug("docsr does not know how many threads to use: %s", first_line(error), exc_info=True)


@hookimpl(wrapper=True)
def rasterize_pdf_page(
    input_file: Path, output_file: Path, pageno: int, raster_dpi: Any, rotation: int | None, options: Any
) -> Generator[None, Path, Path]:
    """Replace a rendering with the scan's own pixels if both show the same, and record the scan's raster."""
    rendered = yield
    if options is not None and not _is_off(options):
        with _failing_softly(output_file.parent, pageno):
            _pages().show_own_pixels(input_file, output_file, pageno, raster_dpi, rotation or 0, options)
    return rendered


@hookimpl(wrapper=True)
def filter_ocr_image(page: PageContext, image: Image.Image) -> Generator[None, Image.Image | None, Image.Image]:
    """Enlarge the image for OCR if its text is too small, after other plugins have filtered it."""
    filtered = yield
    input_image = image if filtered is None else filtered
    if not _is_off(page.options) and not input_image.info.get("docsr"):
        with _failing_softly(page.work_folder, page.pageno + 1):
            large: Image.Image = _pages().enlarged(page, input_image)
            return large
    return input_image


@hookimpl(wrapper=True)
def optimize_pdf(input_pdf: Path, context: PdfContext) -> Generator[None, Any, Any]:
    """With --docsr-replace, also enlarge the visible scans of the pages that were enlarged for OCR."""
    if not _is_off(context.options) and option(context.options, "replace", False):
        with _failing_softly(context.work_folder, None):
            _pages().replace_shown(input_pdf, context)
    return (yield)


@contextmanager
def _failing_softly(work_folder: Path, number: int | None) -> Iterator[None]:
    """Turn any failure within the block into a warning, one per document; OCRmyPDF's own result is kept.

    Args:
        work_folder: of the document; it also counts the failures of workers in other processes.
        number: of the page, from 1; None for the visible pages.
    """
    try:
        yield
    except Exception as error:
        what = "the visible pages as they are" if number is None else f"page {number} as OCRmyPDF made it"
        reason = str(error) if isinstance(error, DocsrError) else f"{type(error).__name__}: {first_line(error)}"
        is_first = _is_first(work_folder / "docsr_failed")
        log.log(logging.WARNING if is_first else logging.DEBUG, "docsr leaves %s: %s", what, reason)
        log.debug("docsr failed", exc_info=True)


def _is_first(mark: Path) -> bool:
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError:  # no space is left: rather warn once too often
        return True
    return True


def option(options: Any, name: str, default: Any) -> Any:
    """Return one of docsr's options, or the default; callers from Python may leave options out."""
    value = getattr(options, f"docsr_{name}", None)
    return default if value is None else value


def _is_off(options: Any) -> bool:
    return bool(option(options, "factor", "auto") == "off")


def _is_served() -> bool:
    """Return whether this version of OCRmyPDF is supported."""
    major = version("ocrmypdf").partition(".")[0]
    return not major.isdecimal() or int(major) >= OLDEST  # a build without a number is a private and recent one


class _Installed:
    """The same hooks for the entry point, because pluggy refuses to register one module twice."""

    if _is_served():
        initialize = staticmethod(initialize)
        add_options = staticmethod(add_options)
        check_options = staticmethod(check_options)
        validate = staticmethod(validate)
        rasterize_pdf_page = staticmethod(rasterize_pdf_page)
        filter_ocr_image = staticmethod(filter_ocr_image)
        optimize_pdf = staticmethod(optimize_pdf)


installed = _Installed()
