"""A plugin of OCRmyPDF: Tesseract sees enhanced pages, the reader the original ones.

    ocrmypdf --plugin docsr.integrations.ocrmypdf in.pdf out.pdf

Where docsr is installed with its extra ``ocrmypdf`` it is found without ``--plugin``. OCRmyPDF renders a page, may
straighten, clean or turn it, and hands it to :func:`filter_ocr_image`; it fits the text layer to the page whatever the
size of the image that OCR saw. Its renderer interpolates even at a scan's own resolution, so that the rendering is
replaced by the scan's own pixels (:func:`rasterize_pdf_page`). OCRmyPDF works on pages in threads, or in processes with
``--no-use-threads``.
"""

from __future__ import annotations

import json
import logging
from argparse import ArgumentParser
from collections.abc import Generator
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy
from ocrmypdf import hookimpl
from ocrmypdf.exceptions import BadArgsError
from ocrmypdf.helpers import available_cpu_count
from ocrmypdf.imageops import calculate_downsample
from PIL import Image

from docsr.errors import DocsrError
from docsr.integrations.scan_pixels import (
    ROUNDING,
    Raster,
    as_scanned,
    own_pixels,
    raster_of_scan,
    replace_scans,
    undecoded,
)
from docsr.integrations.scripts import in_latin_letters
from docsr.io.pdfium_image import share_lock
from docsr.square import squared_size
from docsr.upscalers.arrays import Enhancer
from docsr.upscalers.catalog import shipped
from docsr.upscalers.choose import factor_for_dpi
from docsr.upscalers.options import EnhanceOptions

if TYPE_CHECKING:
    from ocrmypdf import PageContext, PdfContext
    from ocrmypdf.pdfinfo import PdfInfo

log = logging.getLogger(__name__)

FACTORS = ("auto", "2", "4", "8", "off")
OLDEST = 17
"""The major version of OCRmyPDF from which on the plugin works; with an older one it does nothing by itself."""

TURNABLE_DPI = 200.0
"""Below this previews are enlarged: at 75 dpi Tesseract guesses which way up a page is, after a network it knows."""

UNMEASURED = "bicubic"
"""What enlarges text that no network was measured on."""

_ENTRY_POINT = "docsr"
_LARGEST_SIDE, _MOST_BYTES = 32767, 2**31 - 1
"""What Tesseract takes; OCRmyPDF would make larger images smaller again."""


@hookimpl
def initialize(plugin_manager: pluggy.PluginManager) -> None:
    """Work once, where both the entry point and ``--plugin`` name docsr."""
    _share_lock_of_pdfium()
    if plugin_manager.has_plugin(_ENTRY_POINT) and plugin_manager.has_plugin(__name__):
        plugin_manager.unregister(name=_ENTRY_POINT)


def _share_lock_of_pdfium() -> None:
    """Take turns with OCRmyPDF, which renders pages in other threads and calls no plugin while it holds its lock."""
    try:
        from ocrmypdf.builtin_plugins import pypdfium
    except ImportError:  # older versions have Ghostscript alone
        return
    lock = getattr(pypdfium, "_pdfium_lock", None)
    if lock is not None:
        share_lock(lock)


@hookimpl
def add_options(parser: ArgumentParser) -> None:
    """Add docsr's options to OCRmyPDF's."""
    group = parser.add_argument_group("docsr", "Enhance low-resolution pages before OCR (super-resolution)")
    group.add_argument(
        "--docsr-factor",
        choices=FACTORS,
        default="auto",
        help="How many times as large a page is made for OCR. The default, auto, measures the size of the text on each "
        "page, and leaves pages alone that are large enough. off switches docsr off.",
    )
    group.add_argument(
        "--docsr-model",
        metavar="MODEL",
        help="Network to use: bicubic, lanczos, nearest, one that 'docsr models' lists, or an .onnx file. By default "
        "the one that was measured to read best at the size of the text, or bicubic where none was, and where a "
        "language (-l) is not written in Latin letters.",
    )
    group.add_argument(
        "--docsr-replace",
        action="store_true",
        help="Show the enhanced scans in the output file too. By default the visible pages stay as they are, and only "
        "OCR sees enhanced ones.",
    )


@hookimpl
def check_options(options: Any) -> None:
    """Refuse options that cannot be served before the first page."""
    if str(_option(options, "factor", "auto")) not in FACTORS:
        raise BadArgsError(f"--docsr-factor is one of {', '.join(FACTORS)}, not {_option(options, 'factor', 'auto')}")
    if _is_off(options):
        return
    model = _model(options)
    try:
        EnhanceOptions(factor=_factor(options), model=model).check()
    except DocsrError as error:
        raise BadArgsError(f"docsr: {error}") from error
    if model != _option(options, "model", None):
        log.info("docsr enlarges by %s: its networks know Latin letters only (--docsr-model)", model)


@hookimpl
def validate(pdfinfo: PdfInfo, options: Any) -> None:
    """Share the cores among the pages that are worked on at a time."""
    jobs = options.jobs or available_cpu_count()
    options.extra_attrs["docsr_threads"] = max(1, jobs // max(1, min(jobs, len(pdfinfo))))


@hookimpl(wrapper=True)
def rasterize_pdf_page(
    input_file: Path, output_file: Path, pageno: int, raster_dpi: Any, rotation: int | None, options: Any
) -> Generator[None, Path, Path]:
    """Put the scan's own pixels in the place of a rendering that shows the same, and note the scan's raster."""
    rendered = yield
    if options is None or _is_off(options):
        return rendered
    preview = output_file.suffix == ".jpg"  # which --rotate-pages asks Tesseract the way up of
    try:
        if not preview:  # first: a scan that cannot be decoded has its raster too
            oversampled = bool(getattr(options, "oversample", None))
            raster = raster_of_scan(input_file, pageno - 1, rotation or 0, raster_dpi.x, oversampled=oversampled)
            _noted_raster(output_file.parent, pageno - 1).write_text(json.dumps(raster))
        always = preview or _factor(options) is not None
        own_pixels(input_file, pageno - 1, rotation or 0, output_file, always=always)
        if preview:
            _enlarge_preview(output_file, options)
    except (DocsrError, OSError, ValueError, ArithmeticError) as error:
        log.debug("docsr takes the page as it was rendered: %s", error)
    return rendered


def _enlarge_preview(preview: Path, options: Any) -> None:
    """Enlarge a page that may lie on its side, which hides the size of its text: its dpi has to tell."""
    with Image.open(preview) as image:
        factor = min(factor_for_dpi(image.info.get("dpi", (TURNABLE_DPI, TURNABLE_DPI)), TURNABLE_DPI), 4)
        cards = shipped(factor)
        if cards:
            # The last one is quick; how large the text is, which the other is for, is not known.
            model = cards[-1].name if in_latin_letters(options.languages) else UNMEASURED
            large = _enhancer(model, factor, _option(options, "threads", 1))(image)
            large.save(preview, quality=95, dpi=tuple(map(round, large.info["dpi"])))


@hookimpl(wrapper=True)
def filter_ocr_image(page: PageContext, image: Image.Image) -> Generator[None, Image.Image | None, Image.Image]:
    """Enlarge the image for OCR, after other plugins have seen it, where its text is too small."""
    seen = yield
    seen = image if seen is None else seen
    if _is_off(page.options) or seen.info.get("docsr"):
        return seen
    try:
        given = _in_its_raster(undecoded(seen), page)
        large = _enhancer_for(page.options)(given)
    except DocsrError as error:
        log.warning("docsr leaves this page as it is: %s", error)
        return seen
    if large.width <= min(seen.width, squared_size(*given.size, given.info.get("dpi"))[0]) + ROUNDING:
        log.debug("docsr: the text is large enough")
        return seen
    if not _fits(large, page.options):
        log.info("docsr leaves this page as it is: %d x %d px would be too large for OCR", *large.size)
        return seen
    log.info("docsr: %d x %d px enlarged to %d x %d for OCR", *given.size, *large.size)
    if _option(page.options, "replace", False):
        _mark(page.work_folder, page.pageno).touch()
    # OCRmyPDF wants to know the resolution; the text layer fits the page without it.
    dpi = seen.info.get("dpi", (72.0, 72.0))
    large.info |= {"dpi": tuple(at * large.width / seen.width for at in dpi), "docsr": True}
    return large


@hookimpl(wrapper=True)
def optimize_pdf(input_pdf: Path, context: PdfContext) -> Generator[None, Any, Any]:
    """With --docsr-replace: enlarge the visible scans too, of the pages that were enlarged for OCR."""
    options = context.options
    numbers = [number for number in range(len(context.pdfinfo)) if _mark(context.work_folder, number).exists()]
    if numbers:
        enhancer = _enhancer(_model(options), _factor(options), None)
        try:
            for reason in replace_scans(input_pdf, numbers, enhancer, context.get_path("docsr.pdf")):
                log.warning("docsr: %s", reason)
        except DocsrError as error:
            log.warning("docsr leaves the visible pages as they are: %s", error)
    return (yield)


def _mark(work_folder: Path, number: int) -> Path:
    """The file that says that a page was enlarged; workers may be other processes."""
    return work_folder / f"{number + 1:06d}_docsr"


def _noted_raster(work_folder: Path, number: int) -> Path:
    """The file that tells the raster of a page's scan to what sees the page next; workers may be other processes."""
    return work_folder / f"{number + 1:06d}_docsr_raster.json"


def _in_its_raster(image: Image.Image, page: PageContext) -> Image.Image:
    """Return a rendered page in the raster of its scan, where that is another."""
    noted = _noted_raster(page.work_folder, page.pageno)
    raster = json.loads(noted.read_text()) if noted.exists() else None
    return image if raster is None else as_scanned(image, Raster(*map(tuple, raster)))


def _option(options: Any, name: str, default: Any) -> Any:
    """One of docsr's options; callers from Python give only some."""
    value = getattr(options, f"docsr_{name}", None)
    return default if value is None else value


def _is_off(options: Any) -> bool:
    return bool(_option(options, "factor", "auto") == "off")


def _factor(options: Any) -> int | None:
    wanted = str(_option(options, "factor", "auto"))
    return None if wanted == "auto" else int(wanted)


def _model(options: Any) -> str | None:
    """What the user asked for; None: what was measured to read best, which only Latin letters were."""
    asked: str | None = _option(options, "model", None)
    return asked if asked is not None or in_latin_letters(options.languages) else UNMEASURED


def _enhancer_for(options: Any) -> Enhancer:
    return _enhancer(_model(options), _factor(options), _option(options, "threads", 1))


@lru_cache(maxsize=8)
def _enhancer(model: str | None, factor: int | None, threads: int | None) -> Enhancer:
    """One for all pages of a process; it loads a network when the first page needs one."""
    return Enhancer(model, factor, threads=threads)


def _fits(large: Image.Image, options: Any) -> bool:
    """Tell whether OCRmyPDF would hand the image to Tesseract in this size."""
    tesseract = getattr(options, "tesseract", None)
    side = min(getattr(tesseract, "downsample_above", _LARGEST_SIDE), _LARGEST_SIDE)
    mpixels = getattr(options, "max_ocr_image_mpixels", None)
    most = round(mpixels * 1_000_000) if mpixels else None
    return calculate_downsample(large, max_size=(side, side), max_pixels=most, max_bytes=_MOST_BYTES) == large.size


class _Installed:
    """The same hooks for the entry point: pluggy refuses one and the same module twice."""

    if int(version("ocrmypdf").split(".")[0]) >= OLDEST:
        initialize = staticmethod(initialize)
        add_options = staticmethod(add_options)
        check_options = staticmethod(check_options)
        validate = staticmethod(validate)
        rasterize_pdf_page = staticmethod(rasterize_pdf_page)
        filter_ocr_image = staticmethod(filter_ocr_image)
        optimize_pdf = staticmethod(optimize_pdf)


installed = _Installed()
