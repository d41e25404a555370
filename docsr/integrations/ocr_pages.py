"""Do the work of the OCRmyPDF plugin; this module is loaded when there is a page to work on, and may raise anything.

:mod:`docsr.integrations.ocrmypdf` has the hooks. If something fails here, they keep the page as OCRmyPDF made it.
"""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocrmypdf.imageops import calculate_downsample
from PIL import Image

from docsr.api import Enhancer
from docsr.batch.options import EnhanceOptions
from docsr.choices import MEASURED_ENGINES
from docsr.decide.decision import factor_for_dpi
from docsr.integrations.ocrmypdf import option
from docsr.integrations.scan_pixels import (
    ROUNDING,
    Raster,
    as_scanned,
    overwrite_image,
    own_pixels,
    raster_of_scan,
    replace_scans,
    undecoded,
)
from docsr.io.pdf.pdfium_image import share_lock
from docsr.languages import LATIN, known_among, script_name, scripts_of
from docsr.square import squared_size
from docsr.upscalers.catalog import shipped
from docsr.weights import catalogue, current_name

if TYPE_CHECKING:
    from ocrmypdf import PageContext, PdfContext

log = logging.getLogger(__name__)

TURNABLE_DPI = 200.0
"""Previews below this are enlarged: at 75 dpi Tesseract guesses which way up a page is; enlarged, it knows."""

UNMEASURED = "bicubic"
"""The method for text that no network was measured on."""

_LARGEST_SIDE, _MOST_BYTES = 32767, 2**31 - 1
"""The largest image that Tesseract accepts; OCRmyPDF would reduce a larger one."""


def share_lock_of_pdfium() -> None:
    """Share pdfium's lock with OCRmyPDF, which renders pages in other threads and calls no plugin while it holds it."""
    try:
        from ocrmypdf.builtin_plugins import pypdfium
    except ImportError:  # older versions have only Ghostscript
        return
    lock = getattr(pypdfium, "_pdfium_lock", None)
    if lock is not None:
        share_lock(lock)


share_lock_of_pdfium()  # before anything of docsr calls pdfium


def check(options: Any) -> None:
    """Raise a DocsrError if the options cannot be served; log an old name and a method other than the usual one."""
    asked = option(options, "model", None)
    EnhanceOptions(factor=factor_of(options), model=model_of(options), languages=languages_of(options)).check()
    scripts = scripts_of(languages_of(options)) or (LATIN,)
    if asked is not None:
        current_name(asked, log.warning)
    elif not any(card.helps_with(scripts, MEASURED_ENGINES[0]) for card in catalogue().values()):
        names = " and ".join(map(script_name, scripts))
        log.info("docsr enlarges with %s: no network was measured to help on %s (--docsr-model)", UNMEASURED, names)


def show_own_pixels(
    input_file: Path, output_file: Path, pageno: int, raster_dpi: Any, rotation: int, options: Any
) -> None:
    """Replace a rendering with the scan's own pixels if both show the same, and record the scan's raster."""
    preview = output_file.suffix == ".jpg"  # made for --rotate-pages, which lets Tesseract find the orientation
    if not preview:  # recorded first, since a scan that cannot be decoded has a raster too
        oversampled = bool(getattr(options, "oversample", None))
        raster = raster_of_scan(input_file, pageno - 1, rotation, raster_dpi.x, oversampled=oversampled)
        _raster_file(output_file.parent, pageno - 1).write_text(json.dumps(raster))
    always = preview or factor_of(options) is not None
    own_pixels(input_file, pageno - 1, rotation, output_file, always=always)
    if preview:
        _enlarge_preview(output_file, options)


def _enlarge_preview(preview: Path, options: Any) -> None:
    """Enlarge a page by its dpi: it may lie on its side, and then the size of its text cannot be measured."""
    with Image.open(preview) as image:
        factor = min(factor_for_dpi(image.info.get("dpi", (TURNABLE_DPI, TURNABLE_DPI)), TURNABLE_DPI), 4)
        cards = shipped(factor)
        if cards:
            # The last card is that of the fast network; the other one is for a text size, which is unknown here.
            card, scripts = cards[-1], scripts_of(languages_of(options)) or (LATIN,)
            model = card.name if card.helps_with(scripts, MEASURED_ENGINES[0]) else UNMEASURED
            large = _enhancer(model, factor, option(options, "threads", 1), ())(image)
            overwrite_image(preview, large, dpi=tuple(map(round, large.info["dpi"])))


def enlarged(page: PageContext, image: Image.Image) -> Image.Image:
    """Return the image for OCR: enlarged if its text is too small, else as it is."""
    scanned = _in_its_raster(undecoded(image), page)
    large = _enhancer_for(page.options, option(page.options, "threads", 1))(scanned)
    if large.width <= min(image.width, squared_size(*scanned.size, scanned.info.get("dpi"))[0]) + ROUNDING:
        log.debug("docsr: the text is large enough")
        return image
    if not _fits(large, page.options):
        log.info("docsr leaves this page as it is: %d x %d px would be too large for OCR", *large.size)
        return image
    log.info("docsr: %d x %d px enlarged to %d x %d for OCR", *scanned.size, *large.size)
    if option(page.options, "replace", False):
        _mark(page.work_folder, page.pageno).touch()
    # OCRmyPDF requires a resolution, although the text layer fits the page without it.
    dpi = image.info.get("dpi", (72.0, 72.0))
    large.info |= {"dpi": tuple(at * large.width / image.width for at in dpi), "docsr": True}
    return large


def replace_shown(input_pdf: Path, context: PdfContext) -> None:
    """Enlarge the visible scans of the pages that were enlarged for OCR."""
    options = context.options
    numbers = [number for number in range(len(context.pdfinfo)) if _mark(context.work_folder, number).exists()]
    if numbers:
        enhancer = _enhancer_for(options, None)
        for reason in replace_scans(input_pdf, numbers, enhancer, context.get_path("docsr.pdf")):
            log.warning("docsr: %s", reason)


def _mark(work_folder: Path, number: int) -> Path:
    """Return the file that marks a page as enlarged; a file, because workers may be other processes."""
    return work_folder / f"{number + 1:06d}_docsr"


def _raster_file(work_folder: Path, number: int) -> Path:
    """Return the file with the raster of a page's scan; a file, because workers may be other processes."""
    return work_folder / f"{number + 1:06d}_docsr_raster.json"


def _in_its_raster(image: Image.Image, page: PageContext) -> Image.Image:
    """Return a rendered page in the raster of its scan if that differs, else as it is."""
    file = _raster_file(page.work_folder, page.pageno)
    raster = json.loads(file.read_text()) if file.exists() else None
    return image if raster is None else as_scanned(image, Raster(*map(tuple, raster)))


def factor_of(options: Any) -> int | None:
    """Return the factor that the user asked for; None if the size of the text decides."""
    wanted = str(option(options, "factor", "auto"))
    return None if wanted == "auto" else int(wanted)


def model_of(options: Any) -> str | None:
    """Return the method that the user asked for; None for the best one measured."""
    asked: str | None = option(options, "model", None)
    return None if asked is None else current_name(asked, log.debug)  # the check of the options has warned


def languages_of(options: Any) -> tuple[str, ...]:
    """Return OCRmyPDF's languages whose script is known; data of the user's own have any name."""
    return known_among(options.languages)


def _enhancer_for(options: Any, threads: int | None) -> Enhancer:
    return _enhancer(model_of(options), factor_of(options), threads, languages_of(options))


@lru_cache(maxsize=8)
def _enhancer(model: str | None, factor: int | None, threads: int | None, languages: tuple[str, ...]) -> Enhancer:
    """Return the enhancer of all pages of a process; it loads a network when the first page needs one."""
    return Enhancer(model, factor, threads=threads, languages=languages)


def _fits(large: Image.Image, options: Any) -> bool:
    """Return whether OCRmyPDF would pass the image to Tesseract in this size."""
    tesseract = getattr(options, "tesseract", None)
    side = min(getattr(tesseract, "downsample_above", _LARGEST_SIDE), _LARGEST_SIDE)
    mpixels = getattr(options, "max_ocr_image_mpixels", None)
    most = round(mpixels * 1_000_000) if mpixels else None
    return calculate_downsample(large, max_size=(side, side), max_pixels=most, max_bytes=_MOST_BYTES) == large.size
