"""However a PDF page shows its scan, OCRmyPDF's plugin sees the raster that docsr's own reading has, and one plan."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Lock, Thread
from types import SimpleNamespace

import numpy as np
import pikepdf
import pypdfium2
import pytest
from ocrmypdf.builtin_plugins import pypdfium
from pikepdf import Name
from PIL import Image

from docsr.batch.options import EnhanceOptions
from docsr.batch.page_plan import Planner
from docsr.integrations.ocr_pages import share_lock_of_pdfium
from docsr.integrations.ocrmypdf import rasterize_pdf_page
from docsr.integrations.scan_pixels import Raster, as_scanned, raster_of_scan
from docsr.io.document import read_document
from docsr.io.limits import allowing
from docsr.io.pdf import pdfium_image
from docsr.io.raster.decode import page_of
from docsr.page import Dpi, Page, Pixels
from docsr.square import EVEN, KEPT, pixel_shape
from tests.integrations.placed_scans import LOGOS, PLACINGS, placed_scan
from tests.pairs import text_page

RASTERS: dict[str, Dpi] = {
    "standard fax": (204, 98),
    "another": (200, 100),
    "fine fax": (204, 196),
    "on its side": (98, 204),
    "square": (200, 200),
    "coarse square": (75, 75),
}
MEANT = 0.02
"""Part by which a size may differ for it is rounded."""


def scan_of(dpi: Dpi, size: tuple[int, int] = (700, 500)) -> Pixels:
    """Text of 12 px x-height at the finer resolution, of 5 px at 75 dpi, black and white where it is a fax."""
    finer = max(dpi)
    grey = Image.fromarray(text_page(18 if finer > 75 else 8, *size)[0])
    small = grey.resize((round(size[0] * dpi[0] / finer), round(size[1] * dpi[1] / finer)), Image.Resampling.BOX)
    pixels = np.asarray(small)
    return pixels if dpi[0] == dpi[1] else np.where(pixels > 150, 255, 0).astype(np.uint8)


def rendered(path: Path, dpi: float) -> Image.Image:
    """The page as OCRmyPDF renders it."""
    with pypdfium2.PdfDocument(path) as pdf:
        image: Image.Image = pdf[0].render(scale=dpi / 72, grayscale=True).to_pil()
    image.info["dpi"] = dpi, dpi
    return image


def given(path: Path, dpi: float, rotation: int = 0) -> Page:
    """The page as the plugin gives it to what enlarges it."""
    image, raster = rendered(path, dpi), raster_of_scan(path, 0, rotation, dpi)
    if rotation:
        image = image.rotate(rotation, expand=True)
        image.info["dpi"] = dpi, dpi
    return page_of(image if raster is None else as_scanned(image, raster))


def assert_alike(one: Page, other: Page) -> None:
    assert one.width == pytest.approx(other.width, rel=MEANT, abs=2)
    assert one.height == pytest.approx(other.height, rel=MEANT, abs=2)
    assert pixel_shape(one.density) == pytest.approx(pixel_shape(other.density), rel=MEANT)
    small = [np.asarray(Image.fromarray(page.pixels).convert("L").resize((20, 14)), float) for page in (one, other)]
    assert np.abs(small[0] - small[1]).mean() < 6
    plans = [Planner(EnhanceOptions()).page(page)[0] for page in (one, other)]
    assert (plans[0], plans[0].raster) == (plans[1], plans[1].raster)


@pytest.mark.slow_but_one_in(7)
@pytest.mark.parametrize("logo", LOGOS)
@pytest.mark.parametrize("placing", PLACINGS)
@pytest.mark.parametrize("name", RASTERS)
def test_the_raster_of_the_scan_counts(name: str, placing: str, logo: str, tmp_path: Path):
    dpi = RASTERS[name]
    blank = np.full((round(2 * dpi[1]), round(3 * dpi[0])), 255, np.uint8)
    path = placed_scan(tmp_path / "a.pdf", blank, dpi, placing, logo)
    raster = raster_of_scan(path, 0, 0, 600.0)
    assert raster is not None
    wanted = dpi if pixel_shape(dpi) != 1.0 else (max(dpi),) * 2
    assert raster.dpi == pytest.approx(wanted, rel=0.001)
    assert raster.parts == pytest.approx([at / 600 for at in wanted], rel=0.001)


@pytest.mark.slow_but_one_in(4)
@pytest.mark.parametrize(
    ("name", "placing", "logo", "at"),
    [
        *(("standard fax", placing, "", 204.0) for placing in PLACINGS),
        *(("standard fax", "matrix 90", logo, 500.0) for logo in LOGOS),
        *((name, "rotate 90", "stretched", 300.0) for name in RASTERS),
        ("coarse square", "strips", "finer", 400.0),
        ("coarse square", "upright", "", 75.0),
    ],
)
def test_the_plugin_sees_what_docsr_reads(name: str, placing: str, logo: str, at: float, tmp_path: Path):
    dpi = RASTERS[name]
    path = placed_scan(tmp_path / "a.pdf", scan_of(dpi), dpi, placing, logo)
    (seen,) = read_document(path)
    assert seen.dpi == pytest.approx(dpi, rel=MEANT)
    assert_alike(given(path, at), seen)


@pytest.mark.slow_but_one_in(3)
@pytest.mark.parametrize("placing", ["upright", "stencil"])
@pytest.mark.parametrize("dpi", [133.0, 400.0])
def test_a_standard_fax_gets_its_network_at_any_resolution_of_the_rendering(dpi: float, placing: str, tmp_path: Path):
    path = placed_scan(tmp_path / "a.pdf", scan_of((204, 98)), (204, 98), placing)
    plan, _ = Planner(EnhanceOptions()).page(given(path, dpi))
    assert (plan.model, plan.raster) == ("fax_x2", EVEN)


@pytest.mark.slow_but_one_in(3)
@pytest.mark.parametrize("name", ["standard fax", "square"])
@pytest.mark.parametrize("placing", ["rotate 90", "matrix 270"])
def test_square_sheets_too(name: str, placing: str, tmp_path: Path):
    path = placed_scan(tmp_path / "a.pdf", scan_of(RASTERS[name], (600, 600)), RASTERS[name], placing)
    (seen,) = read_document(path)
    assert_alike(given(path, 204.0), seen)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_page_that_is_turned_when_it_is_rendered_has_its_raster_turned(rotation: int, tmp_path: Path):
    upright = scan_of((204, 98), (600, 600))
    dpi = (204.0, 98.0) if rotation == 180 else (98.0, 204.0)
    path = placed_scan(tmp_path / "a.pdf", np.rot90(upright, -rotation // 90), dpi)
    assert_alike(given(path, 204.0, rotation), Page(upright, (204.0, 98.0)))


def test_what_is_rendered_finely_at_the_users_wish_keeps_its_finer_axis(tmp_path: Path):
    fax = placed_scan(tmp_path / "a.pdf", scan_of((204, 98)), (204, 98))
    assert raster_of_scan(fax, 0, 0, 408.0, oversampled=True) == Raster((1.0, 98 / 204), (408.0, 196.0))
    square = placed_scan(tmp_path / "b.pdf", scan_of((75, 75)), (75, 75))
    assert raster_of_scan(square, 0, 0, 300.0, oversampled=True) is None


def test_a_scan_of_square_pixels_is_not_made_larger(tmp_path: Path):
    path = placed_scan(tmp_path / "a.pdf", scan_of((200, 200)), (200, 200))
    assert raster_of_scan(path, 0, 0, 100.0) is None


def test_a_raster_of_more_pixels_than_are_allowed_is_not_made():
    image = Image.new("L", (100, 100), 255)
    with allowing(15_000):
        assert as_scanned(image, Raster((2.0, 1.0), (200.0, 100.0))) is image


def test_a_page_that_is_no_scan_keeps_its_shape(tmp_path: Path):
    path = placed_scan(tmp_path / "a.pdf", scan_of((204, 98)), (204, 98))
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        page = pdf.pages[0]
        page.Resources.Font = pikepdf.Dictionary(
            F1=pikepdf.Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        )
        page.contents_add(b"BT /F1 20 Tf 20 60 Td (Text of its own) Tj ET")
        pdf.save()
    assert raster_of_scan(path, 0, 0, 400.0) is None


def test_pixels_of_a_shape_that_is_not_believed_are_taken_for_square(tmp_path: Path):
    path = placed_scan(tmp_path / "a.pdf", scan_of((200, 200)), (600, 60))
    assert raster_of_scan(path, 0, 0, 600.0) is None
    assert Planner(EnhanceOptions()).page(given(path, 600.0))[0].raster == KEPT


def in_units(path: Path, unit: float) -> Path:
    """The same page, as large, in other units."""
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        page = pdf.pages[0]
        page.obj.MediaBox = pikepdf.Array([round(float(side) / unit, 6) for side in page.mediabox])
        page.obj.UserUnit = unit
        page.contents_add(f"{1 / unit} 0 0 {1 / unit} 0 0 cm".encode(), prepend=True)
        pdf.save()
    return path


@pytest.mark.slow_but_one_in(4)
@pytest.mark.parametrize("unit", [0.5, 2.0, 2.5])
@pytest.mark.parametrize("name", ["standard fax", "square", "coarse square"])
def test_the_plugin_sees_what_docsr_reads_in_pages_of_other_units(name: str, unit: float, tmp_path: Path):
    dpi = RASTERS[name]
    path = in_units(placed_scan(tmp_path / "a.pdf", scan_of(dpi), dpi), unit)
    (seen,) = read_document(path)
    assert seen.dpi == pytest.approx(dpi, rel=MEANT)
    assert_alike(given(path, unit * 300.0), seen)


@pytest.mark.parametrize(("unit", "parts"), [(0.5, 0.5), (1.0, None), (2.0, None)])
def test_what_ocrmypdf_renders_with_counts_and_not_what_it_calls_it(unit: float, parts: float | None, tmp_path: Path):
    """It renders this scan of 1000 px with 2000, 1000 and 500."""
    path = in_units(placed_scan(tmp_path / "a.pdf", scan_of((100, 100), (1000, 600)), (100, 100)), unit)
    assert noted(path, tmp_path, 100.0) == (None if parts is None else [[parts, parts], [100.0, 100.0]])


def test_a_rendering_of_no_resolution_is_taken_as_it_is(tmp_path: Path):
    path = placed_scan(tmp_path / "a.pdf", scan_of((204, 98)), (204, 98))
    assert noted(path, tmp_path, 0.0) == "nothing"


def noted(path: Path, work: Path, dpi: float) -> object:
    """What the plugin notes of a page's raster when OCRmyPDF has rendered it."""
    picture, options = work / "page.png", SimpleNamespace(languages=["eng"])
    rendered(path, dpi or 100.0).save(picture)
    step = rasterize_pdf_page(path, picture, 1, SimpleNamespace(x=dpi, y=dpi), 0, options)
    next(step)
    with pytest.raises(StopIteration):
        step.send(picture)
    note = work / "000001_docsr_raster.json"
    return json.loads(note.read_text()) if note.exists() else "nothing"


def test_docsr_and_ocrmypdf_take_turns_with_pdfium(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pdfium_image, "_locks", [Lock()])
    share_lock_of_pdfium()
    reading = Thread(target=pdfium_image.from_inks, args=[np.zeros((1, 1, 4), np.uint8)])
    with pypdfium._pdfium_lock:
        reading.start()
        reading.join(0.5)
        assert reading.is_alive()
    reading.join(30)
    assert not reading.is_alive()
