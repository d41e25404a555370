"""Pages whose pixels are not square, by every way in: they come out with square pixels and the same physical size."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

import docsr
from docsr.batch.results import Task, planned
from docsr.bench.arms import SQUARED, UNTOUCHED, plan_arms
from docsr.bench.degradations import SHAPES, lower
from docsr.bench.measure import tasks_of
from docsr.bench.report.wording import how
from docsr.bench.suite import SuitePage
from docsr.bench.suite_file import LowerConfig, SourceConfig
from docsr.decide.decision import Plan, factor_for_text, measured_x_height, plan_by_default
from docsr.decide.text_size import measure
from docsr.errors import PageError
from docsr.io.document import read_document
from docsr.io.limits import allowing
from docsr.page import Page
from docsr.square import EVEN, FINER, KEPT, MOST, SQUARE, pixel_shape, squared, squared_size
from docsr.upscale.page import upscale_bands
from docsr.upscalers.catalog import resolve
from tests.command import docsr as run
from tests.pairs import text_page

FAX, FINE, SIDEWAYS = (204, 98), (204, 196), (98, 204)


def faxed(dpi: tuple[int, int]) -> Image.Image:
    """A page of text of 12 px x-height at 204 dpi, as one bit of ``dpi``."""
    grey = Image.fromarray(text_page(18, 700, 500)[0])
    size = round(700 * dpi[0] / 204), round(500 * dpi[1] / 204)
    return grey.resize(size, Image.Resampling.BOX).point(lambda value: 255 * (value > 150)).convert("1")


@given(width=st.integers(1, 3000), height=st.integers(1, 3000), x=st.floats(10, 10_000), y=st.floats(10, 10_000))
def test_the_physical_size_stays_and_no_axis_loses_pixels(width, height, x, y):
    wide, high = squared_size(width, height, (x, y))
    assert wide >= width
    assert high >= height
    shape = pixel_shape((x, y))
    if shape != 1.0:
        assert (wide == width) or (high == height)
        assert wide / width / (high / height) == pytest.approx(1 / shape, rel=0.5 / min(wide, high) + 1e-9)


@pytest.mark.parametrize(
    ("dpi", "shape"),
    [
        (None, 1.0),
        ((300, 300), 1.0),
        ((300, 300 * (1 + SQUARE / 2)), 1.0),
        (FAX, 204 / 98),
        (FINE, 204 / 196),
        (SIDEWAYS, 98 / 204),
        ((4800, 10), 1.0),
        ((10, 10 * MOST * 1.1), 1.0),
    ],
)
def test_which_pixels_are_taken_for_square(dpi, shape):
    assert pixel_shape(dpi) == pytest.approx(shape)


@pytest.mark.parametrize("channels", [(), (3,)])
def test_square_pages_are_left_and_others_get_the_finer_resolution(channels):
    pixels = np.full((98, 204, *channels), 77, np.uint8)
    assert squared(page := Page(pixels, (204, 204))) is page
    for dpi, shape in ((FAX, (204, 204)), (SIDEWAYS, (98, 425))):
        made = squared(Page(pixels, dpi, bilevel=True))
        assert made.pixels.shape == (*shape, *channels)
        assert made.dpi == pytest.approx((204, 204))
        assert (made.pixels == 77).all()
        assert not made.bilevel


def test_a_page_that_would_become_too_large_is_refused_before_it_is_made():
    page = Page(np.zeros((100, 100), np.uint8), (400, 100))
    with allowing(30_000), pytest.raises(PageError, match="100 x 400 px with square pixels, more than 30,000: allow"):
        squared(page)


@pytest.mark.slow_but_one_in(7)
@pytest.mark.parametrize("dpi", [FAX, FINE, SIDEWAYS])
@pytest.mark.parametrize("options", [(), ("--factor", 2), ("--dpi", 300), ("--model", "bicubic", "--factor", 4)])
@pytest.mark.parametrize("suffix", [".tif", ".png", ".jpg"])
def test_a_fax_comes_out_with_square_pixels(dpi, options, suffix, tmp_path, capsys, monkeypatch):
    source, out, report = tmp_path / f"fax{suffix}", tmp_path / "out", tmp_path / "report.json"
    fax = faxed(dpi)
    (fax if suffix != ".jpg" else fax.convert("L")).save(source, dpi=dpi)
    assert run(capsys, monkeypatch, "enhance", source, "--out", out, "--report", report, *options).code == 0
    (row,) = json.loads(report.read_text())
    assert "its pixels are made square" in row["why"]
    with Image.open(out / source.name) as image:
        x, y = image.info["dpi"]
        assert x == pytest.approx(y, abs=0.1)
        assert image.width / x == pytest.approx(fax.width / dpi[0], rel=0.01)
        assert image.height / y == pytest.approx(fax.height / dpi[1], rel=0.01)
        assert row["size_out"] == [image.width, image.height]


@pytest.mark.parametrize(("wanted", "size"), [((), None), (("--dpi", 300), [1029, 735])])
def test_a_dry_run_tells_the_size_that_is_made(wanted, size, tmp_path, capsys, monkeypatch):
    faxed(FAX).save(tmp_path / "fax.tif", dpi=FAX)
    sizes = []
    for number, more in enumerate([("--dry-run",), ()]):
        report = tmp_path / f"{number}.json"
        asked = "--report", report, *wanted, *more
        run(capsys, monkeypatch, "enhance", tmp_path / "fax.tif", "--out", tmp_path / "o", *asked)
        sizes.append(json.loads(report.read_text())[0]["size_out"])
    assert sizes[0] == sizes[1]
    assert size is None or sizes[0] == size


@settings(max_examples=200, deadline=None)
@given(
    size=st.tuples(st.integers(1, 400), st.integers(1, 400)),
    dpi=st.one_of(st.sampled_from([FAX, FINE, SIDEWAYS, (200, 100)]), st.tuples(*[st.integers(50, 600)] * 2)),
    wanted=st.integers(50, 600),
    raster=st.sampled_from([KEPT, FINER, EVEN]),
    factor=st.sampled_from([1, 2]),
)
@example(size=(816, 392), dpi=FAX, wanted=300, raster=EVEN, factor=2)
@example(size=(1000, 500), dpi=FAX, wanted=300, raster=EVEN, factor=2)
@example(size=(864, 572), dpi=FAX, wanted=300, raster=FINER, factor=2)
def test_wanted_dpi_give_the_size_that_was_planned_and_it_is_exact(size, dpi, wanted, raster, factor):
    page = Page(np.full(size[::-1], 255, np.uint8), (float(dpi[0]), float(dpi[1])))
    exact = tuple(max(1, round(Fraction(px * wanted, at))) for px, at in zip(size, dpi, strict=True))
    plan = Plan(factor, "nearest" if factor > 1 else "none", raster=raster)
    told = planned(Task(Path("a"), Path("b")), page, plan, None).as_planned(plan, wanted).size_out
    made = upscale_bands(page, resolve(plan.model, factor, 1), raster=raster, out_dpi=wanted, guard=False)
    assert told == (made.width, made.height) == made.whole().pixels.shape[::-1] == exact
    assert made.dpi == (wanted, wanted)


@pytest.mark.parametrize("more", [("--keep-pixel-shape", "--factor", 2), ("--model", "none")])
def test_pixels_are_kept_where_that_is_asked_for(more, tmp_path, capsys, monkeypatch):
    fax = faxed(FAX)
    fax.save(tmp_path / "fax.tif", dpi=FAX)
    assert run(capsys, monkeypatch, "enhance", tmp_path / "fax.tif", "--out", tmp_path / "o", *more).code == 0
    with Image.open(tmp_path / "o" / "fax.tif") as image:
        assert image.width / fax.width == image.height / fax.height
        assert float(image.info["dpi"][0]) / float(image.info["dpi"][1]) == pytest.approx(204 / 98, rel=1e-3)


def test_text_is_measured_on_square_pixels(tmp_path, capsys, monkeypatch):
    upright = measure(np.asarray(faxed((204, 204)).convert("L")))
    assert upright is not None
    faxed(FAX).save(tmp_path / "fax.tif", dpi=FAX)
    report = tmp_path / "r.json"
    run(capsys, monkeypatch, "enhance", tmp_path / "fax.tif", "--out", tmp_path / "o", "--dry-run", "--report", report)
    assert json.loads(report.read_text())[0]["x_height_in"] == pytest.approx(upright.x_height, rel=0.1)


def test_a_large_fax_is_not_copied_but_its_pixels_are_made_square(tmp_path, capsys, monkeypatch):
    fax = Image.fromarray(text_page(60, 1200, 900)[0]).resize((1200, 432)).convert("1")
    fax.save(tmp_path / "fax.tif", dpi=FAX)
    assert run(capsys, monkeypatch, "enhance", tmp_path / "fax.tif", "--out", tmp_path / "o").code == 0
    with Image.open(tmp_path / "o" / "fax.tif") as image:
        assert image.size == (1200, round(432 * 204 / 98))


def test_a_pdf_of_a_large_fax_stays_as_it_is(tmp_path, capsys, monkeypatch):
    fax = Image.fromarray(text_page(60, 1200, 900)[0]).resize((1200, 432))
    scan = tmp_path / "fax.png"
    fax.save(scan, dpi=FAX)
    run(capsys, monkeypatch, "enhance", scan, "--out", tmp_path, "--format", "pdf", "--keep-pixel-shape")
    assert run(capsys, monkeypatch, "enhance", tmp_path / "fax.pdf", "--out", tmp_path / "o").code == 0
    assert (tmp_path / "o" / "fax.pdf").read_bytes() == (tmp_path / "fax.pdf").read_bytes()


def test_a_fax_in_a_pdf_is_replaced_by_square_pixels(tmp_path, capsys, monkeypatch):
    faxed(FAX).save(tmp_path / "fax.tif", dpi=FAX)
    assert (
        run(
            capsys,
            monkeypatch,
            "enhance",
            tmp_path / "fax.tif",
            "--out",
            tmp_path,
            "--format",
            "pdf",
            "--model",
            "none",
        ).code
        == 0
    )
    (before,) = read_document(tmp_path / "fax.pdf")
    assert before.dpi == pytest.approx(FAX, rel=0.01)
    assert run(capsys, monkeypatch, "enhance", tmp_path / "fax.pdf", "--out", tmp_path / "o").code == 0
    (after,) = read_document(tmp_path / "o" / "fax.pdf")
    assert after.dpi is not None
    assert after.dpi == pytest.approx((after.dpi[0],) * 2, rel=0.01)
    with pikepdf.open(tmp_path / "fax.pdf") as one, pikepdf.open(tmp_path / "o" / "fax.pdf") as two:
        assert [float(x) for x in one.pages[0].mediabox] == [float(x) for x in two.pages[0].mediabox]


def test_images_in_memory_and_paths_alike(tmp_path):
    fax = faxed(FAX)
    fax.save(tmp_path / "fax.tif", dpi=FAX)
    with Image.open(tmp_path / "fax.tif") as image:
        made = docsr.enhance(image, factor=2, model="bicubic")
    of_path = docsr.enhance(tmp_path / "fax.tif", factor=2, model="bicubic")
    assert made.size == of_path.size == (2 * fax.width, 2 * round(fax.height * 204 / 98))
    assert np.array_equal(np.asarray(made), np.asarray(of_path))
    kept = docsr.Enhancer("bicubic", 2, keep_pixel_shape=True)(tmp_path / "fax.tif")
    assert kept.size == (2 * fax.width, 2 * fax.height)


@pytest.mark.parametrize(
    ("dpi", "engine", "model"),
    [
        (FAX, "tesseract", "fax_x2"),
        ((200, 100), "tesseract", "fax_x2"),
        (FAX, "rapidocr", "bicubic"),
        (FINE, "tesseract", "none"),
        (FINE, "rapidocr", "bicubic"),
        ((150, 100), "tesseract", "none"),
        (SIDEWAYS, "tesseract", "none"),
    ],
)
def test_standard_faxes_have_a_network_of_their_own(dpi, engine, model):
    plan = plan_by_default(14.0, engine, pixel_shape(dpi))
    assert plan.model == model
    assert plan.raster == (EVEN if model == "fax_x2" else FINER)
    small = plan_by_default(5.0, engine, pixel_shape(dpi))
    assert small.factor == factor_for_text(5.0, engine)
    assert "fax_x2" not in {plan_by_default(tenth / 10, engine).model for tenth in range(20, 200)}


@pytest.mark.parametrize("name", SHAPES)
def test_the_benchmark_faxes_pages_and_arms_get_square_ones(name):
    page = Page(text_page(40, 900, 420)[0], (300, 300))
    made = lower(page, 204, name, 0)
    assert made.dpi == pytest.approx((204, round(204 / SHAPES[name])))
    assert set(np.unique(made.pixels)) <= {0, 255}
    (auto,) = (arm for arm in plan_arms(["auto"], None)[0] if arm.name == "auto")
    plan = plan_by_default(measured_x_height(squared(made)), "tesseract", pixel_shape(made.dpi))
    arm = auto.on(made, "tesseract")
    assert (arm.model, arm.raster_of(made)) == (plan.model, plan.raster)
    assert plan.raster != KEPT


def test_that_pixels_are_made_square_is_an_arm_where_they_are_not():
    source = SourceConfig(set="s", images="*", lower=(LowerConfig(dpi=(204,), degradation=("fax", *SHAPES)),))
    page = SuitePage("p", "s", Path(), 0, 1, "text", source, "0" * 64)
    arms = plan_arms(["none", "bicubic"], None)[0]
    tasks = [task for task in tasks_of(page, arms, ("tesseract",)) if task.arm.label == SQUARED]
    assert [task.condition.degradation for task in tasks] == list(SHAPES)
    (square,) = {task.arm for task in tasks}
    fax = Page(np.zeros((98, 204), np.uint8), FAX)
    assert squared(fax, square.raster_of(fax)).pixels.shape == (204, 204)
    assert next(arm for arm in arms if arm.name == UNTOUCHED).raster_of(fax) == KEPT


def test_networks_get_a_fax_in_as_many_pixels_and_peers_in_the_finer_raster():
    fax = Page(np.zeros((980, 2040), np.uint8), FAX)
    arms = {arm.name: arm for name in ("compact_x2", "lanczos") for arm in plan_arms([name], None)[0]}
    network, interpolation = arms["compact_x2"], arms["lanczos"]
    assert network.raster_of(fax) == EVEN
    assert interpolation.raster_of(fax) == FINER
    assert squared(fax, EVEN).pixels.shape == (1414, 1414)
    assert squared(fax, EVEN).dpi == pytest.approx((math.sqrt(204 * 98),) * 2)


@pytest.mark.parametrize("name", SHAPES)
def test_a_page_of_fewer_dpi_is_faxed_all_the_same(name):
    made = lower(Page(text_page(12, 360, 240)[0], (91, 91)), 204, name, 0)
    assert (made.width, made.dpi) == (807, (204, round(204 / SHAPES[name])))


def test_compare_shows_a_fax_in_its_shape(tmp_path, capsys, monkeypatch):
    faxed(FAX).save(tmp_path / "fax.tif", dpi=FAX)
    run(capsys, monkeypatch, "enhance", tmp_path / "fax.tif", "--out", tmp_path / "o", "--factor", 2)
    html = tmp_path / "compare.html"
    found = run(capsys, monkeypatch, "compare", tmp_path / "fax.tif", tmp_path / "o" / "fax.tif", "--out", html)
    assert (found.code, "shapes differ" in html.read_text()) == (0, False)


@pytest.mark.parametrize(
    ("name", "said"),
    [("standard_fax", "204 x 98 dpi, fax"), ("fine_fax", "204 x 196 dpi, fax"), ("fax", "204 dpi, fax")],
)
def test_tables_name_the_raster_of_a_fax(name, said):
    assert how(204, name) == said
